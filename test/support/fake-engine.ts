// A Docker Engine of paper: a real HTTP server that gives captured JSON, with answers that can be spoiled and an event stream to write to.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

export type FakeEngine = {
  /** As DOCKER_HOST. */
  readonly host: string
  /** What is answered; change it at will. The first node is the engine's own. */
  readonly state: EngineState
  /** Paths asked for so far, without the query. */
  readonly requests: string[]
  /** Answers this path differently from now on; `undefined` takes that back. */
  answer(path: string, reply: RequestListener | undefined): void
  /** Sends an event down every open stream. */
  emit(type: string, action: string, attributes?: Readonly<Record<string, string>>): void
  /** Sends these bytes, as one chunk. */
  send(bytes: string | Uint8Array): void
  /** Ends every open stream in good order, or resets its connection. */
  cut(how: 'end' | 'reset'): void
  streams(): number
  close(): Promise<void>
}

export type EngineState = { info: object; nodes: object[]; services: object[]; tasks: object[] }

/** `at`: a path for a unix socket; a free port of 127.0.0.1 without it. */
export async function startFakeEngine(state: Partial<EngineState> = {}, at?: string): Promise<FakeEngine> {
  const own: EngineState = {
    info: fixture('info'),
    nodes: fixture<object[]>('nodes'),
    services: fixture<object[]>('services'),
    tasks: [],
    ...state,
  }
  const answers = new Map<string, RequestListener>()
  const requests: string[] = []
  const streams = new Set<ServerResponse>()
  const sockets = new Set<Socket>()

  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://engine')
    requests.push(pathname)
    const special = answers.get(pathname)
    if (special) return special(request, response)
    if (pathname === '/events') {
      streams.add(response)
      response.on('close', () => streams.delete(response))
      return response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders()
    }
    if (pathname === '/tasks') return tasksOf(own, searchParams.get('filters'))(request, response)
    const body = documentAt(own, pathname)
    json(body === undefined ? 404 : 200, body ?? { message: `${pathname} not found` })(request, response)
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await once(at === undefined ? server.listen(0, '127.0.0.1') : server.listen(at), 'listening')

  const send = (bytes: string | Uint8Array) => {
    for (const stream of streams) stream.write(bytes)
  }
  return {
    host: at === undefined ? `tcp://127.0.0.1:${(server.address() as AddressInfo).port}` : `unix://${at}`,
    state: own,
    requests,
    answer: (path, reply) => void (reply ? answers.set(path, reply) : answers.delete(path)),
    emit: (Type, Action, Attributes = {}) => send(`${JSON.stringify({ Type, Action, Actor: { ID: 'x', Attributes }, scope: 'swarm' })}\n`),
    send,
    cut: (how) => {
      for (const stream of streams) how === 'end' ? stream.end() : stream.socket?.resetAndDestroy()
    },
    streams: () => streams.size,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await once(server.close(), 'close')
    },
  }
}

/** A ready answer, as the Engine sends them. */
export const json =
  (status: number, body: unknown): RequestListener =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }

/** Captured from an engine in swarm mode: `info`, `info-worker`, `info-inactive`, `info-noquorum`, `nodes`, `services`. */
export const fixture = <T = object>(name: string): T => JSON.parse(fixtureText(`${name}.json`))

export const fixtureText = (file: string) => readFileSync(new URL(`../fixtures/engine/${file}`, import.meta.url), 'utf8')

function documentAt({ info, nodes, services }: EngineState, path: string): unknown {
  const [, kind, id] = path.split('/')
  if (kind === 'info') return info
  const list = kind === 'nodes' ? nodes : kind === 'services' ? services : undefined
  return id === undefined ? list : list?.find((entry) => 'ID' in entry && entry.ID === id)
}

/** Tasks of the services that the filter names; like the engine, 404 where one of them is not there. */
function tasksOf({ tasks, services }: EngineState, filters: string | null): RequestListener {
  const { service = [] }: { readonly service?: readonly string[] } = JSON.parse(filters ?? '{}')
  const gone = service.find((id) => !services.some((one) => 'ID' in one && one.ID === id))
  if (gone !== undefined) return json(404, { message: `service ${gone} not found` })
  const wanted = tasks.filter((task) => 'ServiceID' in task && service.some((id) => id === task.ServiceID))
  return json(200, service.length === 0 ? tasks : wanted)
}
