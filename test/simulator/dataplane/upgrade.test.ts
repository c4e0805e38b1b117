import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import { describe, expect, test, vi } from 'vitest'
import { group, listener } from './builders.ts'
import { ask, deadBackend, dial, httpBackend, pause, serve, testPlane } from './support.ts'

const KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
const ACCEPT = createHash('sha1').update(`${KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
const HANDSHAKE = `GET /chat HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: ${KEY}\r\n\r\n`

/** Accepts every upgrade and echoes; keeps what it was asked. */
async function echoing() {
  const asked: IncomingMessage[] = []
  const server = createServer((_, response) => void response.end('plain'))
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    asked.push(request)
    socket.on('error', () => undefined)
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${ACCEPT}\r\n\r\nwelcome;`,
    )
    socket.write(head)
    socket.pipe(socket)
  })
  return { backend: await serve('ws', server), asked }
}

describe('an upgrade through an http listener', () => {
  test('passes the handshake, early bytes of both sides, and then everything', async () => {
    const { backend, asked } = await echoing()
    const { plane } = testPlane()
    const web = listener('http', group([backend]))
    plane.sync([web])
    await pause(20)
    const client = dial(web, '127.0.0.78')
    client.socket.write(`${HANDSHAKE}early;`)
    await vi.waitFor(() => expect(client.text()).toMatch(/\r\n\r\nwelcome;early;$/))
    client.socket.write('later')
    await vi.waitFor(() => expect(client.text()).toMatch(/early;later$/))
    expect(client.text()).toMatch(/^HTTP\/1.1 101 Switching Protocols\r\n/)
    expect(client.text()).toContain(`Sec-WebSocket-Accept: ${ACCEPT}`)
    expect(asked[0]?.headers).toMatchObject({ upgrade: 'websocket', connection: 'Upgrade', 'x-forwarded-for': '127.0.0.78' })
  })

  test('stays open when the listener changes, and is cut when it stops', async () => {
    const { backend } = await echoing()
    const { plane } = testPlane()
    const web = listener('http', group([backend]))
    plane.sync([web])
    await pause(20)
    const client = dial(web)
    client.socket.write(HANDSHAKE)
    await vi.waitFor(() => expect(client.text()).toContain('welcome;'))
    plane.sync([{ ...web, group: group([]), idleTimeoutMs: 1 }])
    client.socket.write('still')
    await vi.waitFor(() => expect(client.text()).toMatch(/still$/))
    plane.sync([])
    expect(await client.ended).toBe('reset')
  })

  test('ends when no byte came for the request timeout', async () => {
    const { backend } = await echoing()
    const { plane } = testPlane()
    const web = listener('http', group([backend]), { requestTimeoutMs: 60 })
    plane.sync([web])
    await pause(20)
    const client = dial(web)
    client.socket.write(HANDSHAKE)
    expect(await client.ended).toBe('reset')
    expect(client.text()).toContain('welcome;')
  })

  test.each([
    {
      name: 'an answer of its own from a backend that knows none',
      status: /^HTTP\/1.1 200 OK\r\n.*\r\n\r\nplain$/s,
      backends: () => httpBackend('a', (_, response) => void response.end('plain')),
    },
    { name: '502 from a backend that cannot be reached', status: /^HTTP\/1.1 502 /, backends: () => deadBackend() },
  ])('gets $name', async ({ status, backends }) => {
    const { plane } = testPlane()
    const web = listener('http', group([await backends()]))
    plane.sync([web])
    await pause(20)
    const client = dial(web)
    client.socket.write(HANDSHAKE)
    expect(await client.ended).toBe('end')
    expect(client.text()).toMatch(status)
  })

  test('gets 503 without a backend and 504 from a silent one', async () => {
    const { plane } = testPlane()
    const silent = await serve(
      'silent',
      createServer().on('upgrade', () => undefined),
    )
    const [none, mute] = [listener('http', group([])), listener('http', group([silent]), { requestTimeoutMs: 50 })]
    plane.sync([none, mute])
    await pause(20)
    const clients = [dial(none), dial(mute)]
    for (const client of clients) {
      client.socket.write(HANDSHAKE)
      await client.ended
    }
    expect(clients.map((client) => client.text().slice(0, 12))).toEqual(['HTTP/1.1 503', 'HTTP/1.1 504'])
  })

  test('that only offers HTTP/2 is answered as the plain request it is', async () => {
    const { plane } = testPlane()
    const web = listener('http', group([await httpBackend('a')]))
    plane.sync([web])
    await pause(20)
    const headers = { Connection: 'Upgrade, HTTP2-Settings', Upgrade: 'h2c', 'HTTP2-Settings': 'AAMAAABkAAQAAP__' }
    expect(await ask(web, { headers })).toMatchObject({ status: 200, body: 'a' })
  })
})
