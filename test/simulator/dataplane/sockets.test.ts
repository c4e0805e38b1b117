import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { cut } from '../../../src/simulator/dataplane/sockets.ts'
import { tcpBackend } from './support.ts'

async function connected() {
  const { promise: seen, resolve } = Promise.withResolvers<string>()
  const backend = await tcpBackend('a', (socket) => {
    socket.resume()
    socket.on('error', (err: NodeJS.ErrnoException) => resolve(String(err.code)))
    socket.on('end', () => resolve('end'))
  })
  const socket = connect({ host: backend.address, port: backend.port })
  const errors: Error[] = []
  socket.on('error', (err) => errors.push(err))
  await once(socket, 'connect')
  return { socket, errors, seen }
}

test('a cut socket is reset', async () => {
  const { socket, seen } = await connected()
  cut(socket)
  expect(await seen).toBe('ECONNRESET')
})

test('a socket that is cut while it is ending is closed, not left open by a reset that fails', async () => {
  const { socket, errors, seen } = await connected()
  socket.end()
  cut(socket)
  await once(socket, 'close')
  expect([await seen, errors]).toEqual(['end', []])
})

test('a socket that is cut before it is connected, or twice, is closed', async () => {
  const { socket } = await connected()
  const early = connect({ host: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 })
  for (const one of [early, socket]) {
    cut(one)
    cut(one)
    await once(one, 'close')
  }
})
