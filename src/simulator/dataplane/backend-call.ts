// The request to a backend, as http and upgrade traffic share it.
import { type Agent, type ClientRequest, type IncomingMessage, request as open } from 'node:http'
import type { PlaneListener, PlaneSticky } from '../plane.ts'
import { requestHeaders } from './headers.ts'
import type { Backend } from './pool.ts'
import type { Flow } from './scheduler.ts'
import { callFrom, type PlaneSettings } from './settings.ts'

/** One request, and where it was decided to go. */
export type Exchange = {
  readonly request: IncomingMessage
  readonly listener: PlaneListener
  readonly flow: Flow
  readonly backend: Backend
  readonly sticky: PlaneSticky
  readonly settings: PlaneSettings
}

export type CallOptions = {
  /** False: a connection for this request alone. */
  readonly agent: Agent | false
  readonly upgrade: boolean
  /** No byte came or went for the listener's request timeout. */
  readonly onTimeout: () => void
}

export function callBackend(exchange: Exchange, { agent, upgrade, onTimeout }: CallOptions): ClientRequest {
  const { request, listener, flow, backend, sticky, settings } = exchange
  const call = open({
    host: backend.address,
    port: backend.port,
    ...callFrom(settings),
    agent,
    method: request.method ?? 'GET',
    path: request.url ?? '/',
    headers: requestHeaders(request, listener, sticky, flow, upgrade),
    ...(listener.requestTimeoutMs > 0 && { timeout: listener.requestTimeoutMs }),
  })
  // Without a limit of ours the agent's idle time would arrive here as a timeout.
  if (listener.requestTimeoutMs > 0) call.once('timeout', onTimeout)
  limitConnect(call, settings.connectTimeoutMs)
  return call
}

/** Ends as ETIMEDOUT, like a connect that the system gives up. */
function limitConnect(call: ClientRequest, limitMs: number): void {
  call.once('socket', (socket) => {
    if (!socket.connecting) return
    const timer = setTimeout(() => call.destroy(Object.assign(new Error('connect timed out'), { code: 'ETIMEDOUT' })), limitMs)
    const clear = () => clearTimeout(timer)
    socket.once('connect', clear)
    socket.once('close', clear)
  })
}

/** The status the client gets for an error before the answer. */
export const statusOf = (err: NodeJS.ErrnoException): 502 | 504 => (err.code === 'ETIMEDOUT' ? 504 : 502)
