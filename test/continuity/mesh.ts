// The routing mesh as a load balancer sees it: every node answers on every published port, whichever node the task is on.
import { createServer as createHttpServer } from 'node:http'
import { createServer, type Server, type Socket } from 'node:net'

export type Kind = 'http' | 'tcp'

export interface Mesh {
  /** These nodes answer on this port from now on. */
  publish(kind: Kind, port: number, addresses: readonly string[]): Promise<void>
  /** No connection is accepted there any more; those that are open go on. */
  withdraw(port: number, addresses?: readonly string[]): void
  close(): Promise<void>
}

/** tcp: each line comes back. */
const echo = (socket: Socket) => socket.on('error', () => {}).pipe(socket)

export function startMesh(): Mesh {
  const open = new Map<string, Server>()
  const sockets = new Set<Socket>()
  const track = (server: Server) =>
    server.on('connection', (socket: Socket) => {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
    })
  return {
    async publish(kind, port, addresses) {
      const listening = addresses.map((address) => {
        const server =
          kind === 'tcp' ? createServer(echo) : createHttpServer({ keepAliveTimeout: 60_000 }, (_, response) => response.end('ok'))
        open.set(`${address}:${port}`, track(server))
        return new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, address, resolve))
      })
      await Promise.all(listening)
    },
    withdraw(port, addresses) {
      for (const [place, server] of open) {
        const [address = '', at] = place.split(':')
        if (Number(at) !== port || addresses?.includes(address) === false) continue
        server.close()
        open.delete(place)
      }
    },
    async close() {
      const closed = [...open.values()].map((server) => new Promise((resolve) => server.close(resolve)))
      for (const socket of sockets) socket.destroy()
      await Promise.all(closed)
    },
  }
}
