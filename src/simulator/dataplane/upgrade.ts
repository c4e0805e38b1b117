// WebSocket and other upgrades: the handshake goes through like any request, then the two connections are joined.
import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { callBackend, type Exchange, statusOf } from './backend-call.ts'
import { responseHeaders } from './headers.ts'
import { splice } from './sockets.ts'

export type UpgradeExchange = Exchange & {
  readonly socket: Socket
  /** What the client sent behind its handshake. */
  readonly head: Buffer
}

/** WebSocket alone: clients that merely offer h2c get their answer in HTTP/1.1. */
export const wantsUpgrade = (request: Pick<IncomingMessage, 'headers'>): boolean => request.headers.upgrade?.toLowerCase() === 'websocket'

export function refuseUpgrade(socket: Socket, status: 400 | 404 | 502 | 503 | 504): void {
  if (!socket.destroyed) socket.end(headText(status, STATUS_CODES[status], ['Connection', 'close', 'Content-Length', '0']), 'latin1')
}

export function forwardUpgrade(exchange: UpgradeExchange): void {
  const { socket, head, listener } = exchange
  let begun = false
  const call = callBackend(exchange, { agent: false, upgrade: true, onTimeout: () => refuse(504) })
  const refuse = (status: 502 | 504) => {
    if (!begun) refuseUpgrade(socket, status)
    call.destroy()
  }
  socket.on('error', () => call.destroy())
  socket.once('close', () => call.destroy())
  call.on('error', (err) => refuse(statusOf(err)))
  call.once('upgrade', (incoming, backend, backendHead) => {
    begun = true
    socket.write(headText(101, incoming.statusMessage, switchingHeaders(exchange, incoming)), 'latin1')
    if (backendHead.length > 0) socket.write(backendHead)
    if (head.length > 0) backend.write(head)
    backend.setTimeout(0)
    splice(socket, backend, listener.requestTimeoutMs)
  })
  call.once('response', (incoming) => {
    begun = true
    decline(exchange, incoming)
  })
  call.end()
}

const switchingHeaders = ({ sticky, backend }: UpgradeExchange, incoming: IncomingMessage) => [
  ...responseHeaders(incoming, sticky, backend.id),
  ...['Connection', 'Upgrade', 'Upgrade', incoming.headers.upgrade ?? 'websocket'],
]

/** The backend answers like a server that knows no upgrade; its answer ends with the connection. */
function decline({ socket, sticky, backend }: UpgradeExchange, incoming: IncomingMessage): void {
  const headers = [...responseHeaders(incoming, sticky, backend.id), 'Connection', 'close']
  socket.write(headText(incoming.statusCode ?? 502, incoming.statusMessage, headers), 'latin1')
  incoming.on('error', () => socket.destroy())
  incoming.pipe(socket)
}

function headText(status: number, message: string | undefined, raw: readonly string[]): string {
  const fields = raw.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${raw[at + 1]}\r\n`] : []))
  return `HTTP/1.1 ${status} ${message ?? ''}\r\n${fields.join('')}\r\n`
}
