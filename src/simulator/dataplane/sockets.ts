// What can be done to a pair of sockets: join them, or cut them so that the peer notices.
import { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

/** Ends with a reset where that is possible: the peer must not take it for the end of the data. */
export function cut(socket: Socket): void {
  if (socket.destroyed) return
  // resetAndDestroy would wait for a pending connect, and throws on TLS.
  if (socket.connecting || socket instanceof TLSSocket || !(socket instanceof Socket)) socket.destroy()
  else socket.resetAndDestroy()
}

/** Pipes both ways, half-close kept; a failure of one side cuts the other. Both are cut after `idleMs` without a byte (0: never). */
export function splice(client: Socket, backend: Socket, idleMs: number): void {
  client.pipe(backend)
  backend.pipe(client)
  watch(client, backend)
  watch(backend, client)
  // Every byte of either direction passes the client's socket.
  client.setTimeout(idleMs, () => {
    cut(client)
    cut(backend)
  })
}

function watch(one: Socket, other: Socket): void {
  one.on('error', () => cut(other))
  one.once('close', (failed) => {
    // After an orderly end `pipe` has ended the other side too, which may still be writing what it was given.
    if (failed || !one.readableEnded) cut(other)
  })
}
