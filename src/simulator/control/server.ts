// The simulator's own control port: JSON over HTTP to load, watch, slow down, break and edit the simulated cloud while it runs.
import fastify, { type FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Faults } from '../faults.ts'
import { faultSchema } from '../faults.ts'
import type { RunningServer } from '../gateway/server.ts'
import type { HealthTable } from '../health-table.ts'
import type { RequestLog } from '../request-log.ts'
import { patchSettings, type Settings } from '../settings.ts'
import type { World } from '../world.ts'
import * as byHand from './by-hand.ts'

export type Controlled = {
  readonly state: World
  readonly settings: Settings
  readonly faults: Faults
  readonly requests: RequestLog
  readonly health: HealthTable
  sync(): void
  problems(): readonly string[]
}

const MAX_STATE = 64 * 1024 * 1024

export async function serveControl(controlled: Controlled, host: string, port: number): Promise<RunningServer> {
  const app = fastify({ logger: false, bodyLimit: MAX_STATE, forceCloseConnections: true })
  app.setErrorHandler((err, _request, reply) => {
    if (err instanceof byHand.NothingThere) return reply.code(404).send({ error: err.message })
    if (err instanceof z.ZodError) return reply.code(400).send({ error: z.prettifyError(err) })
    const { statusCode = 500, message } = err as { statusCode?: number; message: string }
    return reply.code(statusCode).send({ error: message })
  })
  watching(app, controlled)
  tuning(app, controlled)
  editing(app, controlled)
  const url = await app.listen({ host, port })
  return { url, close: () => app.close() }
}

/** GET /health, /state, /requests; PUT /state; DELETE /requests or POST /requests/reset. */
function watching(app: FastifyInstance, { state, requests, problems, sync }: Controlled): void {
  app.get('/health', () => {
    const found = problems()
    const listeners = state.loadBalancers.flatMap((each) => each.listeners)
    const running = listeners.filter(({ status }) => status === 'running').length
    return {
      status: found.length === 0 ? 'ok' : 'degraded',
      problems: found,
      loadBalancers: state.loadBalancers.length,
      listeners: listeners.length,
      running,
    }
  })
  app.get('/state', () => state)
  app.put('/state', (request) => {
    byHand.replaceWorld(state, request.body)
    sync()
    return { ok: true }
  })
  const filter = z.object({ action: z.string().optional(), limit: z.coerce.number().int().min(0).default(1000) })
  app.get('/requests', (request) => {
    const { action, limit } = filter.parse(request.query)
    const entries = requests.entries().filter((entry) => action === undefined || entry.action === action)
    return { counts: requests.counts(), requests: limit === 0 ? [] : entries.slice(-limit) }
  })
  const reset = () => {
    requests.reset()
    return { ok: true }
  }
  app.delete('/requests', reset)
  app.post('/requests/reset', reset)
}

/** GET, PATCH /settings; GET, POST, DELETE /faults; PUT, DELETE /health-table. */
function tuning(app: FastifyInstance, { settings, faults, health }: Controlled): void {
  app.get('/settings', () => settings)
  app.patch('/settings', (request) => {
    patchSettings(settings, request.body)
    return settings
  })
  app.get('/faults', () => faults.list())
  app.post('/faults', (request) => {
    for (const fault of z
      .union([z.array(faultSchema), faultSchema])
      .transform((some) => [some].flat())
      .parse(request.body))
      faults.add(fault)
    return faults.list()
  })
  app.delete('/faults', () => {
    faults.clear()
    return []
  })
  const entry = z.strictObject({
    server: z.string(),
    loadBalancerId: z.string().optional(),
    listenerPort: z.number().optional(),
    port: z.number().optional(),
    state: z.enum(['normal', 'abnormal', 'unavailable']),
  })
  app.put('/health-table', (request) => {
    const { state: wanted, ...key } = entry.parse(request.body)
    health.set(key, wanted)
    return { ok: true }
  })
  app.delete('/health-table', () => {
    health.clear()
    return { ok: true }
  })
}

const patchBody = z.record(z.string(), z.unknown())
const listenerPath = z.object({ id: z.string(), protocol: z.string(), port: z.coerce.number() })
const serverPath = z.object({ id: z.string(), server: z.string(), port: z.coerce.number().optional() })
const idPath = z.object({ id: z.string() })

/** Changes by hand: PATCH and DELETE of listeners and servers, PATCH of load balancers and instances. Load balancers go by id or name. */
function editing(app: FastifyInstance, { state, sync }: Controlled): void {
  const route = (method: 'PATCH' | 'DELETE', url: string, edit: (path: unknown, patch: byHand.Patch) => void) =>
    app.route({
      method,
      url,
      handler: (request) => {
        edit(request.params, method === 'PATCH' ? patchBody.parse(request.body) : {})
        sync()
        return { ok: true }
      },
    })
  route('PATCH', '/instances/:id', (path, patch) => byHand.editInstance(state, idPath.parse(path).id, patch))
  route('PATCH', '/load-balancers/:id', (path, patch) => byHand.editLoadBalancer(state, idPath.parse(path).id, patch))
  const listener = '/load-balancers/:id/listeners/:protocol/:port'
  route('PATCH', listener, (path, patch) => {
    const { id, protocol, port } = listenerPath.parse(path)
    byHand.editListener(state, id, protocol, port, patch)
  })
  route('DELETE', listener, (path) => {
    const { id, protocol, port } = listenerPath.parse(path)
    byHand.deleteListener(state, id, protocol, port)
  })
  const lists = [
    ['/load-balancers/:id/backends/:server', byHand.defaultServers],
    ['/groups/:id/backends/:server', byHand.groupServers],
    ['/groups/:id/backends/:server/:port', byHand.groupServers],
  ] as const
  for (const [url, listOf] of lists) {
    route('PATCH', url, (path, patch) => {
      const { id, server: serverId, port } = serverPath.parse(path)
      byHand.editBackend(state, listOf(id), { serverId, port }, patch)
    })
    route('DELETE', url, (path) => {
      const { id, server: serverId, port } = serverPath.parse(path)
      byHand.deleteBackend(state, listOf(id), { serverId, port })
    })
  }
}
