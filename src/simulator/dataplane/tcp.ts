// tcp listeners: one connection of the client, one to a backend, bytes both ways. A backend that refuses is not replaced by another:
// like the cloud's, this balancer works below the connection, so the client sees a reset.
import { connect, createServer, type Socket } from 'node:net'
import type { PlaneListener } from '../plane.ts'
import type { Front, FrontOptions } from './front.ts'
import { createPersistence } from './persistence.ts'
import type { Backend } from './pool.ts'
import { callFrom, type PlaneSettings } from './settings.ts'
import { cut, splice } from './sockets.ts'
import { openStreamServer } from './stream-server.ts'

export function createTcpFront(listener: PlaneListener, options: FrontOptions): Front {
  const { pool, settings } = options
  let idleMs = listener.idleTimeoutMs
  const persistence = createPersistence(listener.persistenceMs)
  const choose = (clientAddress: string, clientPort: number): Backend | undefined => {
    const now = performance.now()
    const flow = { clientAddress, clientPort, address: listener.address, port: listener.port }
    const backend = pool.pick(flow, persistence.recall(clientAddress, now))
    if (backend !== undefined) persistence.remember(clientAddress, backend.id, now)
    return backend
  }
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (client) => {
    if (client.destroyed) return
    const backend = choose(client.remoteAddress ?? '', client.remotePort ?? 0)
    if (backend === undefined) cut(client)
    else join(client, backend, { ...settings, idleMs })
  })
  const { close } = openStreamServer(server, listener, options)
  return {
    update({ persistenceMs, idleTimeoutMs }) {
      persistence.setTime(persistenceMs)
      idleMs = idleTimeoutMs
    },
    close,
  }
}

function join(client: Socket, { address, port }: Backend, settings: PlaneSettings & { readonly idleMs: number }): void {
  const backend = connect({ host: address, port, allowHalfOpen: true, noDelay: true, ...callFrom(settings) })
  const giveUp = () => {
    backend.destroy()
    cut(client)
  }
  backend.setTimeout(settings.connectTimeoutMs, giveUp)
  backend.once('error', giveUp)
  client.once('error', giveUp)
  client.once('close', giveUp)
  backend.once('connect', () => {
    backend.setTimeout(0, giveUp)
    backend.removeListener('error', giveUp)
    client.removeListener('error', giveUp)
    client.removeListener('close', giveUp)
    splice(client, backend, settings.idleMs)
  })
}
