// One udp client's way to its backend: a connected socket, so that only this backend can answer and its refusal is seen.
import { createSocket } from 'node:dgram'
import type { Backend } from './pool.ts'
import type { PlaneSettings } from './settings.ts'

export interface UdpSession {
  readonly backend: Backend
  send(bytes: Buffer): void
  close(): void
}

export type UdpSessionOptions = {
  readonly backend: Backend
  readonly settings: Pick<PlaneSettings, 'source' | 'udpIdleMs'>
  readonly reply: (bytes: Buffer) => void
  /** Idle for too long, refused by the backend, or closed by the listener. */
  readonly onClose: () => void
}

/** Datagrams held back while the socket is being set up (a turn of the event loop or two). */
const MOST_WAITING = 64

export function openUdpSession({ backend, settings, reply, onClose }: UdpSessionOptions): UdpSession {
  const socket = createSocket(backend.address.includes(':') ? 'udp6' : 'udp4')
  let waiting: Buffer[] | undefined = []
  let open = true
  const close = () => {
    if (!open) return
    open = false
    clearTimeout(idle)
    socket.close()
    onClose()
  }
  const idle = setTimeout(close, settings.udpIdleMs)
  socket.on('error', close)
  socket.on('message', (bytes) => {
    idle.refresh()
    reply(bytes)
  })
  socket.on('connect', () => {
    for (const bytes of waiting ?? []) socket.send(bytes)
    waiting = undefined
  })
  const connect = () => socket.connect(backend.port, backend.address)
  if (settings.source === undefined) connect()
  else socket.bind({ address: settings.source }, connect)
  return {
    backend,
    send(bytes) {
      idle.refresh()
      if (waiting === undefined) socket.send(bytes)
      else if (waiting.length < MOST_WAITING) waiting.push(bytes)
    },
    close,
  }
}
