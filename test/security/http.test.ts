// The two servers against clients that mean no good: nothing can be changed over http, and nobody can hold them up.
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import nock from 'nock'
import { beforeAll, describe, expect, type TestContext, test } from 'vitest'
import { ask } from '../../src/http/client.ts'
import type { Limits } from '../../src/http/plain-server.ts'
import { serveHttp, serveSocket } from '../../src/http/server.ts'
import { board, silent } from '../support/board.ts'

// Raw sockets are to be raw: what stands between tests and the network would take part in the conversation.
beforeAll(() => nock.restore())

/** Deadlines of a second, so that nobody waits for them. */
const QUICK = { headersMs: 500, requestMs: 800, checkMs: 100 }

async function begin({ onTestFinished }: TestContext, how: { readonly limits?: Limits } = { limits: QUICK }) {
  const serving = await serveHttp({ address: '127.0.0.1:0', board: board(), health: async () => [], log: silent, ...how })
  onTestFinished(serving.close)
  const port = Number(serving.address.split(':')[1])
  return { port, alive: async () => (await ask({ host: '127.0.0.1', port }, { path: '/healthz', timeoutMs: 8000 })).text === 'ok\n' }
}

/** A client that says this and then waits. Answers with what it got when the server hung up. */
const rude = (port: number, ...lines: readonly string[]) => rudeFrom('127.0.0.1', port, lines)

/** @param localAddress where it seems to come from */
function rudeFrom(localAddress: string, port: number, lines: readonly string[]) {
  const socket: Socket = connect({ port, host: '127.0.0.1', localAddress })
  let got = ''
  socket.on('data', (part) => (got += part.toString('latin1')))
  socket.on('error', () => {})
  socket.on('connect', () => socket.write(lines.join('\r\n')))
  const closed = new Promise<string>((resolve) => socket.on('close', () => resolve(got)))
  return { socket, closed }
}

const METHODS = ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'CONNECT', 'PROPFIND', 'PURGE', 'BREW']
const PATHS = ['/', '/healthz', '/readyz', '/metrics', '/status.json', '/approve', '/config']

describe('nothing is changed over http', () => {
  test.for(METHODS.filter((method) => method !== 'CONNECT'))('%s reaches nothing on any path', async (method, context) => {
    const { port, alive } = await begin(context)
    for (const path of PATHS) {
      const answer = await rude(port, `${method} ${path} HTTP/1.1`, 'host: x', 'connection: close', 'content-length: 0', '', '').closed
      expect(answer, path).toMatch(/^HTTP\/1\.1 (400|404|405) /)
    }
    expect(await alive()).toBe(true)
  })

  test('approve is not there: it is on the unix socket alone, which only its owner may open', async (context) => {
    const { port } = await begin(context)
    const body = { hash: 'abc' }
    expect((await ask({ host: '127.0.0.1', port }, { method: 'POST', path: '/approve', body, timeoutMs: 3000 })).status).toBe(404)
  })
})

describe('addresses that lead elsewhere', () => {
  test.for([
    '/../../etc/passwd',
    '/..%2f..%2fetc%2fpasswd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/metrics/../../../proc/self/environ',
    '//etc/passwd',
    '/metrics%00.json',
    '/status.json;x',
    'http://169.254.169.254/latest/meta-data/',
    '/\\..\\..\\etc\\passwd',
  ])('%s', async (path, context) => {
    const { port, alive } = await begin(context)
    const answer = await rude(port, `GET ${path} HTTP/1.1`, 'host: x', 'connection: close', '', '').closed
    expect(answer).toMatch(/^HTTP\/1\.1 (400|404) /)
    expect(answer.length).toBeLessThan(400)
    expect(await alive()).toBe(true)
  })

  test.for(['evil.example.com', '', 'a'.repeat(3000), '127.0.0.1:1@evil', '<script>', '[::1', 'x\u0000y'])(
    'a host called %j changes no answer',
    async (host, context) => {
      const { port, alive } = await begin(context)
      const answer = await rude(port, 'GET /healthz HTTP/1.1', `host: ${host}`, 'connection: close', '', '').closed
      expect(answer).toMatch(/^HTTP\/1\.1 (200 OK|400 Bad Request)\r\n/)
      expect(answer).not.toContain('evil')
      expect(answer).not.toContain('<script>')
      expect(await alive()).toBe(true)
    },
  )

  test.for([
    ['two lengths', ['POST /status.json HTTP/1.1', 'host: x', 'content-length: 4', 'content-length: 50', '', 'abcd']],
    ['a length and chunks', ['POST / HTTP/1.1', 'host: x', 'content-length: 4', 'transfer-encoding: chunked', '', '0', '', '']],
    ['a folded header', ['GET / HTTP/1.1', 'host: x', 'a: b', ' c', '', '']],
    ['HTTP/2', ['PRI * HTTP/2.0', '', 'SM', '', '']],
    ['TLS', ['\u0016\u0003\u0001\u0000\u00a5\u0001']],
  ] as const)('%s is refused and cut off', async ([, lines], context) => {
    const { port, alive } = await begin(context)
    const answer = await rude(port, ...lines, '', '').closed
    expect(answer).toMatch(/^HTTP\/1\.1 (400|404) /)
    expect(await alive()).toBe(true)
  })
})

describe('clients that are slow on purpose', () => {
  test('are cut off while they send headers, a byte at a time', async (context) => {
    const { port, alive } = await begin(context)
    const { socket, closed } = rude(port, 'GET / HTTP/1.1', 'host: x', 'x-a: ')
    const drip = setInterval(() => socket.write('b'), 50)
    context.onTestFinished(() => clearInterval(drip))
    expect(await closed).toMatch(/^(HTTP\/1\.1 408|HTTP\/1\.1 400|$)/)
    expect(await alive()).toBe(true)
  })

  test('are cut off while they send a body, a byte at a time', async (context) => {
    const { port, alive } = await begin(context)
    const { socket, closed } = rude(
      port,
      'POST /status.json HTTP/1.1',
      'host: x',
      'content-type: application/json',
      'content-length: 1000',
      '',
      '{',
    )
    const drip = setInterval(() => socket.write(' '), 50)
    context.onTestFinished(() => clearInterval(drip))
    expect(await closed).toMatch(/^HTTP\/1\.1 4\d\d /)
    expect(await alive()).toBe(true)
  })

  test('are cut off when they say nothing at all', async (context) => {
    const { port } = await begin(context)
    expect(await rude(port).closed).toMatch(/^(HTTP\/1\.1 40[08]|$)/)
  })

  test('and read nothing, hold nobody up', async (context) => {
    const { port, alive } = await begin(context)
    const readers = Array.from({ length: 40 }, () =>
      rude(port, ...Array.from({ length: 20 }, () => 'GET /metrics HTTP/1.1\r\nhost: x\r\n'), ''),
    )
    for (const { socket } of readers) socket.pause()
    context.onTestFinished(() => {
      for (const { socket } of readers) socket.destroy()
    })
    expect(await alive()).toBe(true)
  })
})

test('slow clients are cut off within 7 s, with the limits that the daemon has', { timeout: 30_000 }, async (context) => {
  const { port, alive } = await begin(context, {})
  const began = performance.now()
  const body = ['POST /status.json HTTP/1.1', 'host: x', 'content-type: application/json', 'content-length: 1000', '', '{']
  const slow = [rude(port), rude(port, 'GET / HTTP/1.1', 'host: x', 'x-a: '), rude(port, ...body)]
  const drip = setInterval(() => {
    for (const { socket } of slow.slice(1)) socket.write('b')
  }, 250)
  context.onTestFinished(() => clearInterval(drip))
  const after = await Promise.all(slow.map(({ closed }) => closed.then(() => (performance.now() - began) / 1000)))
  for (const seconds of after) expect(seconds).toBeGreaterThan(3)
  for (const seconds of after) expect(seconds).toBeLessThan(7.5)
  expect(await alive()).toBe(true)
})

test.each(['/', '/healthz', '/taskz', '/readyz', '/metrics', '/status.json', '/nothing'])(
  '%s is kept by nobody and is no other type than it says',
  async (path) => {
    const serving = await serveHttp({ address: '127.0.0.1:0', board: board(), health: async () => [], log: silent })
    const { headers } = await fetch(`http://${serving.address}${path}`).finally(serving.close)
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('content-type')).toMatch(/^(text\/plain|application\/json);/)
  },
)

test('whoever fills the port from elsewhere keeps no health check out', async (context) => {
  const { port, alive } = await begin(context)
  const others = Array.from({ length: 100 }, () => rudeFrom('127.0.0.2', port, ['GET /healthz HTTP/1.1', 'x: ']))
  context.onTestFinished(() => {
    for (const { socket } of others) socket.destroy()
  })
  await Promise.all(others.map(({ socket }) => once(socket, 'connect')))
  expect(await alive()).toBe(true)
})

test('a thousand idle connections are not kept: the daemon goes on, and holds no more memory than before', {
  timeout: 30_000,
}, async (context) => {
  const { port, alive } = await begin(context)
  const before = process.memoryUsage().rss
  const idle: ReturnType<typeof rude>[] = []
  context.onTestFinished(() => {
    for (const { socket } of idle) socket.destroy()
  })
  // In parts: the system's own queue of new connections is shorter than a thousand.
  for (let part = 0; part < 10; part += 1) {
    const some = Array.from({ length: 100 }, () => rude(port, ''))
    idle.push(...some)
    await Promise.all(some.map(({ socket }) => once(socket, 'connect')))
  }
  // More than the server keeps are closed at once, the others when their time is over.
  await Promise.all(idle.map(({ closed }) => closed))
  expect(await alive()).toBe(true)
  expect((process.memoryUsage().rss - before) / 1e6).toBeLessThan(60)
})

test('limits of the unix socket are the same', async (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'swarm-slb-'))
  context.onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const path = join(directory, 'slb.sock')
  let approved = 0
  const approve = () => {
    approved += 1
    return { approved: [], hash: '', error: '' }
  }
  const serving = await serveSocket({ path, board: board(), approve, log: silent })
  context.onTestFinished(serving.close)
  const send = (headers: Readonly<Record<string, string>>, body: string) =>
    new Promise<number>((resolve, reject) => {
      const wish = request({ socketPath: path, method: 'POST', path: '/approve', headers, agent: false }, (answer) => {
        answer.resume().on('end', () => resolve(answer.statusCode ?? 0))
      })
      wish.on('error', reject).end(body)
    })
  const type = { 'content-type': 'application/json' }
  expect(await send(type, JSON.stringify({ hash: 'a', more: 'x'.repeat(2000) }))).toBe(413)
  expect(await send(type, '{"__proto__":{"hash":"a"}}')).toBe(400)
  expect(await send({ 'content-type': 'text/plain' }, '{}')).toBe(400)
  expect(await send({ 'content-type': 'application/x-www-form-urlencoded' }, 'hash=a')).toBe(415)
  expect(approved).toBe(0)
  expect(existsSync(path)).toBe(true)
})
