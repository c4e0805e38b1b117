// The accepting side shared by tcp, http and https: bound until closed, and closed together with every connection it accepted.
import type { Server, Socket } from 'node:net'
import type { PlaneListener } from '../plane.ts'
import { keepBinding, listen } from './binding.ts'
import type { Front, FrontOptions } from './front.ts'
import { cut } from './sockets.ts'

export function openStreamServer(
  server: Server,
  { address, port }: PlaneListener,
  { onProblem, settings, admits }: FrontOptions,
): Pick<Front, 'close'> {
  const stop = new AbortController()
  const clients = new Set<Socket>()
  // Before whatever serves the connection: that finds it closed.
  server.prependListener('connection', (client: Socket) => {
    if (!admits(client.remoteAddress)) cut(client)
  })
  server.on('connection', (client: Socket) => {
    if (client.destroyed) return
    clients.add(client)
    client.once('close', () => clients.delete(client))
  })
  // While accepting, for example for lack of file descriptors: it shows in the log, and the listener goes on.
  server.on('error', (err) => {
    if (server.listening) settings.log.warn({ address, port, err: err.message }, 'listener socket error')
  })
  const bind = () => listen(server, port, address)
  const bound = keepBinding({ bind, onProblem, longestWaitMs: settings.rebindMs }, stop.signal)
  return {
    async close() {
      stop.abort()
      // In this turn, so that the port is free for whoever binds it next.
      const closed = server.listening ? closeServer(server) : undefined
      for (const client of clients) cut(client)
      await bound
      await (closed ?? (server.listening ? closeServer(server) : undefined))
    },
  }
}

const closeServer = (server: Server) => new Promise<void>((resolve) => server.close(() => resolve()))
