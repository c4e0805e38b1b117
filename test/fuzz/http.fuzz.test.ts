// Requests of any shape to the pages: each gets an answer, short and without what was asked, and the server goes on.
import { once } from 'node:events'
import { connect } from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { serveHttp } from '../../src/http/server.ts'
import { board, silent } from '../support/board.ts'
import { fuzz } from './measure.ts'
import { anyText, like } from './texts.ts'

/** All that comes back until the connection ends. */
async function send(port: number, bytes: Buffer): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  const parts: Buffer[] = []
  socket.on('data', (chunk: Buffer) => void parts.push(chunk))
  socket.on('error', () => {})
  socket.end(bytes)
  await once(socket, 'close')
  return Buffer.concat(parts).toString('latin1')
}

const path = like(
  '/status.json',
  '/metrics',
  '/healthz',
  '/readyz',
  '/',
  '/%2e%2e/etc/passwd',
  '/status.json?x=%00',
  '//host/x',
  '*',
  '/__proto__',
)
const printable = (text: string) => text.replaceAll(/[\r\n]/g, '')

test('any request is answered, or its connection ended', async () => {
  const server = await serveHttp({ address: '127.0.0.1:0', board: board(), health: async () => [], log: silent })
  const port = Number(server.address.split(':').at(-1))
  await fuzz({
    name: 'requests',
    inputs: fc.record({
      method: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'get', 'X'),
      path,
      header: anyText,
      raw: fc.option(anyText, { freq: 4, nil: undefined }),
    }),
    count: 2500,
    run: async ({ method, path: wanted, header, raw }) => {
      const request = raw ?? `${method} ${printable(wanted)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Y: ${printable(header)}\r\n\r\n`
      const answer = await send(port, Buffer.from(request))
      if (answer !== '') expect(answer).toMatch(/^HTTP\/1\.1 \d{3} /)
      expect(answer).not.toContain('    at ')
      return { size: answer.length, most: 30_000 }
    },
  })
  expect(await send(port, Buffer.from('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'))).toContain('ok')
  await server.close()
})
