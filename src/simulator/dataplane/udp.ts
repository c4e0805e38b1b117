// udp listeners: a client address and port keeps one backend and one socket to it until it was silent for some time.
// A session outlives a weight of 0, but not the removal of its backend: nothing else would move a client that keeps talking.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import type { PlaneListener } from '../plane.ts'
import { keepBinding } from './binding.ts'
import type { Front, FrontOptions } from './front.ts'
import type { Pool } from './pool.ts'
import type { PlaneSettings } from './settings.ts'
import { openUdpSession, type UdpSession } from './udp-session.ts'

/** Each holds a socket: beyond this many clients at a time, the one longest silent loses its session. */
const MOST_SESSIONS = 8_192

export function createUdpFront(listener: PlaneListener, { pool, settings, admits, onProblem }: FrontOptions): Front {
  const { address, port } = listener
  const stop = new AbortController()
  const server = createSocket(socketType(address))
  const sessions = createSessions(pool, settings, listener, server)
  server.on('message', (bytes, client) => {
    if (admits(client.address)) sessions.of(client)?.send(bytes)
  })
  const bound = keepBinding({ bind: () => bindTo(server, address, port), onProblem, longestWaitMs: settings.rebindMs }, stop.signal)
  void bound.then(() => server.on('error', (err) => settings.log.warn({ address, port, err: err.message }, 'listener socket error')))
  return {
    update: () => undefined,
    async close() {
      stop.abort()
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      sessions.close()
      await Promise.all([bound, closed])
    },
  }
}

function createSessions(pool: Pool, settings: PlaneSettings, { address, port }: PlaneListener, server: Socket) {
  // In the order of last use: the first is the one longest silent.
  const sessions = new Map<string, UdpSession>()
  const start = (key: string, client: RemoteInfo): UdpSession | undefined => {
    const backend = pool.pick({ clientAddress: client.address, clientPort: client.port, address, port })
    if (backend === undefined) return undefined
    const onClose = () => {
      if (sessions.get(key) === session) sessions.delete(key)
    }
    const reply = (bytes: Buffer) => server.send(bytes, client.port, client.address, () => undefined) // a client that went away is no error
    const session = openUdpSession({ backend, settings, onClose, reply })
    return session
  }
  return {
    of(client: RemoteInfo): UdpSession | undefined {
      const key = `${client.address}|${client.port}`
      const before = sessions.get(key)
      const session = before !== undefined && pool.has(before.backend) ? before : start(key, client)
      if (session !== before) before?.close()
      sessions.delete(key)
      if (session !== undefined) sessions.set(key, session)
      if (sessions.size > MOST_SESSIONS) sessions.values().next().value?.close()
      return session
    },
    close() {
      for (const session of sessions.values()) session.close()
    },
  }
}

const socketType = (address: string) => (address.includes(':') ? 'udp6' : 'udp4')

function bindTo(server: Socket, address: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (err: Error) => reject(err)
    server.once('error', failed)
    server.once('close', resolve)
    server.bind({ address, port }, () => {
      server.removeListener('error', failed)
      server.removeListener('close', resolve)
      resolve()
    })
  })
}
