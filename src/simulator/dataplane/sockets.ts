// What can be done to a pair of sockets: join them, or cut them so that the peer notices.
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'

/** Ends with a reset where that is possible: the peer must not take it for the end of the data. */
export function cut(socket: Socket): void {
  if (resettable(socket)) socket.resetAndDestroy()
  else socket.destroy()
}

/**
 * Node waits for a pending connect before it resets, and refuses to reset TLS. While a shutdown is under way libuv refuses as well, and
 * then (Node 24) the descriptor stays open for good and the process spins when it exits.
 */
const resettable = (socket: Socket) =>
  !socket.destroyed && !socket.connecting && !(socket instanceof TLSSocket) && (!socket.writableEnded || socket.writableFinished)

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
