// The one importer of dockerode: the Engine calls we make, each with a deadline of its own, each answer checked before it is believed.
import './leave-out.ts'
import { type ClientRequest, Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { addAbortSignal, type Readable } from 'node:stream'
import { inspect } from 'node:util'
import Docker from 'dockerode'
import type { z } from 'zod'
import { type Endpoint, EndpointError, type EndpointSettings, resolveEndpoint } from './endpoint.ts'
import { EngineError, toEngineError } from './errors.ts'
import { createRecall } from './recall.ts'
import { type EngineInfo, type EngineNode, type EngineService, type EngineTask, wire } from './wire.ts'

export type EngineSettings = EndpointSettings & {
  /** A call without a complete answer after this long is an error. Swarm elections block calls for 13.5 s. Default 30 s. */
  readonly callTimeoutMs?: number
}

/** Every call rejects with EngineError, or with the signal's reason once that is aborted. */
export interface Engine {
  info(signal: AbortSignal): Promise<EngineInfo>
  /** One that has not changed since the last call is the same object. */
  services(signal: AbortSignal): Promise<readonly EngineService[]>
  nodes(signal: AbortSignal): Promise<readonly EngineNode[]>
  node(id: string, signal: AbortSignal): Promise<EngineNode>
  /** Tasks of these services, those that ended long ago too. Rejects with status 404 where one of the services is not there any more. */
  tasks(serviceIds: readonly string[], signal: AbortSignal): Promise<readonly EngineTask[]>
  /** The swarm's service and node events; resolves with the response headers. The signal ends the stream too. */
  events(signal: AbortSignal): Promise<Readable>
}

const CALL_TIMEOUT_MS = 30_000
/** Services that one call asks about. */
const TASKS_OF = 100
const EVENTS: Docker.GetEventsOptions = { filters: { type: ['service', 'node'], scope: ['swarm'] } }

/** Throws EndpointError; opens no connection yet. No API version is asked for: each engine answers with its own default. */
export function connectEngine({ callTimeoutMs = CALL_TIMEOUT_MS, ...settings }: EngineSettings): Engine {
  const endpoint = resolveEndpoint(settings)
  const calls = createDocker(endpoint, true)
  // Apart from the calls, so that nothing done to those (agents, timeouts) can end the stream.
  const events = createDocker(endpoint, false)

  // Its type has no options, the function does.
  const info = calls.info as (this: Docker, options: object) => Promise<unknown>

  const call = async <S extends z.ZodType>(
    path: string,
    schema: S,
    send: (abortSignal: AbortSignal) => Promise<unknown>,
    signal: AbortSignal,
  ) => {
    const operation = `GET ${path}`
    return parse(operation, schema, await withDeadline(operation, callTimeoutMs, send, signal))
  }
  const recalled = createRecall((entries) => parse('GET /services', wire.services, entries))
  return {
    info: (signal) => call('/info', wire.info, (abortSignal) => info.call(calls, { abortSignal }), signal),
    services: async (signal) => recalled(await call('/services', wire.list, (abortSignal) => calls.listServices({ abortSignal }), signal)),
    nodes: (signal) => call('/nodes', wire.nodes, (abortSignal) => calls.listNodes({ abortSignal }), signal),
    node: (id, signal) =>
      call(`/nodes/${id}`, wire.node, (abortSignal) => calls.getNode(encodeURIComponent(id)).inspect({ abortSignal }), signal),
    async tasks(serviceIds, signal) {
      const list = (service: string[]) => (abortSignal: AbortSignal) => calls.listTasks({ filters: { service }, abortSignal })
      return (await Promise.all(batches(serviceIds).map((ids) => call('/tasks', wire.tasks, list(ids), signal)))).flat()
    },
    async events(signal) {
      const open = async (abortSignal: AbortSignal) => {
        // An IncomingMessage behind an older type.
        const stream = (await events.getEvents({ ...EVENTS, abortSignal })) as Readable
        // A reset that comes before anybody iterates over the stream would otherwise end the process.
        return stream.on('error', () => {})
      }
      return addAbortSignal(signal, await withDeadline('GET /events', callTimeoutMs, open, signal))
    },
  }
}

/** The filter travels in the request line, which proxies limit to some kilobytes. */
const batches = (ids: readonly string[]): string[][] =>
  Array.from({ length: Math.ceil(ids.length / TASKS_OF) }, (_, index) => ids.slice(index * TASKS_OF, (index + 1) * TASKS_OF))

function createDocker(endpoint: Endpoint, keepAlive: boolean): Docker {
  const { tls, ...address } = { tls: {}, ...endpoint }
  // Node's own default for idle connections, spelled out because an own agent starts without.
  const agent = new (endpoint.protocol === 'https' ? HttpsAgent : HttpAgent)(keepAlive ? { keepAlive, timeout: 5000 } : {})
  // docker-modem fills every field that is not there from the environment: `undefined` keeps it out.
  const nothing = { host: undefined, port: undefined, socketPath: undefined, ca: undefined, cert: undefined, key: undefined }
  const options = { ...nothing, timeout: undefined, ...address, ...tls, agent: ignoringRedirects(agent) }
  try {
    return new Docker(options)
  } catch (cause) {
    // It reads DOCKER_HOST and DOCKER_CERT_PATH all the same.
    throw new EndpointError(`DOCKER_HOST or DOCKER_CERT_PATH of the environment: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    })
  }
}

/** docker-modem follows redirects with a second request whose errors nobody hears: one unreachable target would end the process. */
function ignoringRedirects(agent: HttpAgent): HttpAgent {
  type Adding = { addRequest(request: ClientRequest, ...rest: readonly unknown[]): void }
  const adding = agent as unknown as Adding
  const add = adding.addRequest.bind(agent)
  // It also writes all options of every request out as text, for a debug line that nobody reads: with its sockets, an agent is long.
  Object.assign(agent, { [inspect.custom]: () => 'agent' })
  adding.addRequest = (request, ...rest) => {
    request.prependOnceListener('response', (response) => {
      delete response.headers.location
    })
    add(request, ...rest)
  }
  return agent
}

/** A race, because dockerode's promise never settles once a body is cut off, whatever it was told to do. */
async function withDeadline<T>(operation: string, ms: number, run: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const stop = new AbortController()
  const onAbort = () => stop.abort(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  const timer = setTimeout(() => stop.abort(new EngineError('timeout', operation, `no complete answer within ${ms} ms`)), ms)
  const stopped = new Promise<never>((_, reject) => {
    stop.signal.addEventListener('abort', () => reject(stop.signal.reason), { once: true })
  })
  try {
    return await Promise.race([run(stop.signal), stopped])
  } catch (error) {
    if (stop.signal.aborted) throw stop.signal.reason
    throw toEngineError(operation, error)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
}

function parse<S extends z.ZodType>(operation: string, schema: S, body: unknown): z.output<S> {
  // dockerode hands over the bytes as they are where the body is not JSON.
  if (Buffer.isBuffer(body)) throw new EngineError('malformed', operation, 'the answer is not JSON')
  const result = schema.safeParse(body)
  if (result.success) return result.data
  const [issue] = result.error.issues
  throw new EngineError('malformed', operation, `unexpected answer at ${issue?.path.join('.') || 'the top'}: ${issue?.message}`)
}
