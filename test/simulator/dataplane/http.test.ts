import { Agent, type IncomingMessage, request } from 'node:http'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { PlaneListener } from '../../../src/simulator/plane.ts'
import { group, listener, weigh } from './builders.ts'
import { ask, asked, deadBackend, dial, httpBackend, pause, tcpBackend, testPlane } from './support.ts'

const open = (...listeners: PlaneListener[]) => {
  const { plane } = testPlane()
  plane.sync(listeners)
  return plane
}

const keptAlive = () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(() => agent.destroy())
  return agent
}

/** Answers with the request as it arrived. */
const mirror = () =>
  httpBackend('mirror', async (request, response) => {
    let body = ''
    for await (const bytes of request) body += String(bytes)
    response.setHeader('Content-Type', 'application/json')
    response.end(JSON.stringify({ method: request.method, url: request.url, raw: request.rawHeaders, headers: request.headers, body }))
  })

type Mirrored = { method: string; url: string; raw: string[]; headers: IncomingMessage['headers']; body: string }

describe('an http listener', () => {
  test('forwards method, path, query, headers and body', async () => {
    const web = listener('http', group([await mirror()]))
    open(web)
    const headers = { Host: 'shop.example.com', 'X-Odd-CASE': '1' }
    const answer = await asked(web, { method: 'POST', path: '/a%20b?c=d', headers, body: 'hello' })
    const seen = JSON.parse(answer.body) as Mirrored
    expect(seen).toMatchObject({ method: 'POST', url: '/a%20b?c=d', body: 'hello', headers: { host: 'shop.example.com' } })
    expect(seen.raw).toContain('X-Odd-CASE')
  })

  test.each([
    { name: 'a POST without a body', options: { method: 'POST', headers: { 'Content-Length': '0' } }, length: '0', encoding: undefined },
    { name: 'a DELETE without a length', options: { method: 'DELETE' }, length: '0', encoding: undefined },
    { name: 'a GET', options: { method: 'GET' }, length: undefined, encoding: undefined },
    {
      name: 'a chunked PUT',
      options: { method: 'PUT', headers: { 'Transfer-Encoding': 'chunked' }, body: 'x' },
      length: undefined,
      encoding: 'chunked',
    },
    {
      name: 'a chunked GET',
      options: { method: 'GET', headers: { 'Transfer-Encoding': 'chunked' }, body: 'x' },
      length: undefined,
      encoding: 'chunked',
    },
  ])('frames $name', async ({ options, length, encoding }) => {
    const web = listener('http', group([await mirror()]))
    open(web)
    const seen = JSON.parse((await asked(web, options)).body) as Mirrored
    expect([seen.headers['content-length'], seen.headers['transfer-encoding']]).toEqual([length, encoding])
  })

  test('returns status, reason, headers and repeated headers as the backend gave them', async () => {
    const backend = await httpBackend('a', (_, response) => {
      response.sendDate = false
      response
        .writeHead(418, 'Short and stout', ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'X-Odd-CASE', 'y', 'Content-Length', '2'])
        .end('ok')
    })
    const web = listener('http', group([backend]))
    open(web)
    const answer = await asked(web)
    expect(answer).toMatchObject({ status: 418, body: 'ok', headers: { 'set-cookie': ['a=1', 'b=2'] } })
    expect(answer.rawHeaders).toContain('X-Odd-CASE')
    expect(answer.headers.date).toBeUndefined()
  })

  test('answers HEAD and 304 without a body and keeps the announced length', async () => {
    const backend = await httpBackend('a', (_, response) => response.writeHead(200, { 'Content-Length': 1234 }).end())
    const web = listener('http', group([backend]))
    open(web)
    const answer = await asked(web, { method: 'HEAD' })
    expect(answer).toMatchObject({ status: 200, body: '', headers: { 'content-length': '1234' } })
  })

  test('streams: the first part arrives before the backend has finished', async () => {
    const { promise: goOn, resolve } = Promise.withResolvers<void>()
    const backend = await httpBackend('a', async (_, response) => {
      response.write('first ')
      await goOn
      response.end('second')
    })
    const web = listener('http', group([backend]))
    open(web)
    await pause(20)
    const text = await new Promise<string>((done, failed) => {
      const asking = request({ host: web.address, port: web.port, agent: false }, async (incoming) => {
        let seen = ''
        for await (const bytes of incoming) {
          seen += String(bytes)
          resolve()
        }
        done(seen)
      })
      asking.on('error', failed).end()
    })
    expect(text).toBe('first second')
  })

  test('takes turns over its backends request by request, also on one client connection', async () => {
    const web = listener('http', group([weigh(await httpBackend('a'), 2), weigh(await httpBackend('b'), 1)]))
    open(web)
    await asked(web)
    const agent = keptAlive()
    const names: string[] = []
    for (let i = 0; i < 6; i += 1) names.push((await ask(web, { agent })).body)
    expect(names.filter((name) => name === 'a')).toHaveLength(4)
  })

  test('uses one connection to a backend for many requests', async () => {
    const ports = new Set<number | undefined>()
    const backend = await httpBackend('a', (incoming, response) => {
      ports.add(incoming.socket.remotePort)
      response.end()
    })
    const web = listener('http', group([backend]))
    open(web)
    for (let i = 0; i < 5; i += 1) await asked(web)
    expect(ports.size).toBe(1)
  })
})

test('an http listener that stops leaves its backends, too', async () => {
  let gone = false
  const backend = await httpBackend('a', (incoming, response) => {
    incoming.socket.once('close', () => {
      gone = true
    })
    response.end()
  })
  const { plane } = testPlane()
  const web = listener('http', group([backend]))
  plane.sync([web])
  await asked(web)
  expect(gone).toBe(false)
  plane.sync([])
  await vi.waitFor(() => expect(gone).toBe(true))
})

describe('the headers an http listener adds', () => {
  const all = { for: true, proto: true, slbId: true, slbIp: true, slbPort: true, clientPort: true }
  const none = { for: false, proto: false, slbId: false, slbIp: false, slbPort: false, clientPort: false }

  test('name the client and the listener, each if switched on', async () => {
    const web = listener('http', group([await mirror()]), { headers: all })
    open(web)
    const { headers } = JSON.parse((await asked(web, { localAddress: '127.0.0.77' })).body) as Mirrored
    expect(headers).toMatchObject({ 'x-forwarded-for': '127.0.0.77', 'x-forwarded-proto': 'http', 'slb-id': 'lb-1' })
    expect(headers).toMatchObject({ 'slb-ip': web.address, 'x-forwarded-port': '8080' })
    expect(headers['x-forwarded-client-srcport']).toMatch(/^\d+$/)
  })

  test('append to X-Forwarded-For and replace what the client claims of the others', async () => {
    const web = listener('http', group([await mirror()]), { headers: all })
    open(web)
    const claims = { 'X-Forwarded-For': '1.2.3.4', 'X-Forwarded-Proto': 'https', 'SLB-ID': 'mine' }
    const { headers } = JSON.parse((await asked(web, { localAddress: '127.0.0.77', headers: claims })).body) as Mirrored
    expect(headers).toMatchObject({ 'x-forwarded-for': '1.2.3.4, 127.0.0.77', 'x-forwarded-proto': 'http', 'slb-id': 'lb-1' })
  })

  test('are left out when switched off, in place', async () => {
    const web = listener('http', group([await mirror()]), { headers: all })
    const plane = open(web)
    await asked(web)
    plane.sync([{ ...web, headers: none }])
    const { headers } = JSON.parse((await ask(web)).body) as Mirrored
    expect(Object.keys(headers).filter((name) => /^(x-forwarded|slb)/.test(name))).toEqual([])
  })

  test('do not include those of one connection, in either direction', async () => {
    const backend = await httpBackend('a', (incoming, response) => {
      response.writeHead(200, ['Connection', 'X-Private', 'X-Private', '1', 'Keep-Alive', 'timeout=99', 'X-Public', '1'])
      response.end(JSON.stringify(incoming.headers))
    })
    const web = listener('http', group([backend]))
    open(web)
    const headers = { Connection: 'close, X-Secret', 'X-Secret': '1', TE: 'trailers', 'Proxy-Connection': 'keep-alive', 'X-Open': '1' }
    const answer = await asked(web, { headers })
    const seen = JSON.parse(answer.body) as IncomingMessage['headers']
    expect(Object.keys(seen).sort()).toEqual(['connection', 'host', 'x-forwarded-for', 'x-open'])
    expect(answer.headers).toMatchObject({ 'x-public': '1' })
    expect(answer.headers['x-private'] ?? answer.headers['keep-alive']).toBeUndefined()
  })
})

describe('an http listener whose backend fails', () => {
  test('answers 503 without a backend that has a weight', async () => {
    const [empty, zero] = [listener('http', group([])), listener('http', group([weigh(await httpBackend('a'), 0)]))]
    open(empty, zero)
    expect([(await asked(empty)).status, (await asked(zero)).status]).toEqual([503, 503])
  })

  test('answers 502 when it cannot be reached, and does not try another', async () => {
    const web = listener('http', group([await deadBackend(), await httpBackend('b')], { scheduler: 'rr' }))
    open(web)
    expect((await asked(web)).status).toBe(502)
    expect(await ask(web)).toMatchObject({ status: 200, body: 'b' })
  })

  test.each(['GET', 'POST'])('answers 502 when it resets a %s before the answer', async (method) => {
    const web = listener('http', group([await tcpBackend('a', (socket) => socket.once('data', () => socket.resetAndDestroy()))]))
    open(web)
    expect((await asked(web, { method, body: method === 'POST' ? 'x' : '' })).status).toBe(502)
  })

  test('answers 502 to an answer that is not HTTP', async () => {
    const web = listener('http', group([await tcpBackend('a', (socket) => socket.end('SSH-2.0-x\r\n'))]))
    open(web)
    expect((await asked(web)).status).toBe(502)
  })

  test.each([
    { name: 'a status that does not exist', raw: 'HTTP/1.1 000 Zero\r\nContent-Length: 0\r\n\r\n' },
    { name: 'a reason with control characters', raw: 'HTTP/1.1 200 \x01\r\nContent-Length: 0\r\n\r\n' },
    { name: 'an upgrade that nobody asked for', raw: 'HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n' },
  ])('answers 502 to $name, and goes on', async ({ raw }) => {
    const web = listener('http', group([await tcpBackend('a', (socket) => socket.once('data', () => socket.end(raw)))]))
    open(web)
    expect([(await asked(web)).status, (await ask(web)).status]).toEqual([502, 502])
  })

  test('answers 400 to a path that cannot be passed on, and goes on', async () => {
    const web = listener('http', group([await httpBackend('a')]))
    const redirect = listener('http', group([]), { redirectTo: 443 })
    open(web, redirect)
    await asked(web)
    const redirected = dial(redirect)
    redirected.socket.write('GET /a\x0cb HTTP/1.1\r\nHost: x\r\n\r\n')
    await vi.waitFor(() => expect(redirected.text()).toMatch(/^HTTP\/1.1 400 /))
    for (const upgrade of ['', 'Connection: Upgrade\r\nUpgrade: websocket\r\n']) {
      const client = dial(web)
      client.socket.write(`GET /a\x0cb HTTP/1.1\r\nHost: x\r\n${upgrade}\r\n`)
      await vi.waitFor(() => expect(client.text()).toMatch(/^HTTP\/1.1 400 /))
    }
    expect((await ask(web)).status).toBe(200)
  })

  test('answers 504 when it stays silent for longer than the request timeout', async () => {
    const web = listener('http', group([await httpBackend('a', () => undefined)]), { requestTimeoutMs: 50 })
    open(web)
    expect((await asked(web)).status).toBe(504)
    expect((await ask(web, { method: 'POST', body: 'x'.repeat(100_000) })).status).toBe(504)
  })

  test('is patient with an answer that is slow but moving', async () => {
    const backend = await httpBackend('a', async (_, response) => {
      for (let i = 0; i < 5; i += 1) {
        response.write('.')
        await pause(40)
      }
      response.end()
    })
    const web = listener('http', group([backend]), { requestTimeoutMs: 100 })
    open(web)
    expect((await asked(web)).body).toBe('.....')
  })

  test('cuts the client off when the answer breaks half way', async () => {
    const backend = await httpBackend('a', (_, response) => {
      response.writeHead(200, { 'Content-Length': 1000 })
      response.write('half')
      setTimeout(() => response.destroy(), 20)
    })
    const web = listener('http', group([backend]))
    open(web)
    await expect(asked(web)).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  test('leaves the connection of the client usable after a 502', async () => {
    const web = listener('http', group([await deadBackend(), await httpBackend('b')], { scheduler: 'rr' }))
    open(web)
    await asked(web)
    await ask(web)
    const agent = keptAlive()
    const statuses = [(await ask(web, { agent, method: 'PUT', body: 'x' })).status, (await ask(web, { agent })).status]
    expect(statuses).toEqual([502, 200])
  })
})

describe('a kept-alive connection that the backend has closed meanwhile', () => {
  /** Serves one request a connection and resets it when the next one arrives, without a word. */
  const forgetful = async () => {
    const seen: string[] = []
    const backend = await tcpBackend('a', (socket) => {
      socket.on('error', () => undefined)
      socket.once('data', (first) => {
        seen.push(first.toString().slice(0, first.indexOf(' ')))
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
        socket.once('data', () => socket.resetAndDestroy())
      })
    })
    return { backend, seen }
  }

  test('is replaced once for a request that may be repeated', async () => {
    const { backend, seen } = await forgetful()
    const web = listener('http', group([backend]))
    open(web)
    const answers = [await asked(web), await ask(web), await ask(web)]
    expect(answers.map(({ status, body }) => `${status} ${body}`)).toEqual(['200 ok', '200 ok', '200 ok'])
    expect(seen).toEqual(['GET', 'GET', 'GET'])
  })

  test.each([
    { method: 'POST', body: '' },
    { method: 'PUT', body: 'x' },
  ])('is a 502 for $method, which may not be repeated', async ({ method, body }) => {
    const { backend } = await forgetful()
    const web = listener('http', group([backend]))
    open(web)
    await asked(web)
    expect((await ask(web, { method, body })).status).toBe(502)
  })
})

describe('a client of an http listener', () => {
  test('that goes away ends the request at the backend', async () => {
    let closed = false
    const backend = await httpBackend('a', (_, response) => {
      response.on('close', () => {
        closed = true
      })
    })
    const web = listener('http', group([backend]))
    open(web)
    await asked(web, { signal: AbortSignal.timeout(50) }).catch(() => undefined)
    await vi.waitFor(() => expect(closed).toBe(true))
  })

  test('that is idle is disconnected, before and after a request, and the time can be changed in place', async () => {
    const web = listener('http', group([await httpBackend('a')]))
    const plane = open(web)
    await asked(web)
    plane.sync([{ ...web, idleTimeoutMs: 60 }])
    const [silent, served] = [dial(web), dial(web)]
    served.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await Promise.all([silent.ended, served.ended])
    expect(silent.text()).toBe('')
    expect(served.text()).toMatch(/^HTTP\/1.1 200 OK/)
  })

  test('is not idle while its request is being answered', async () => {
    const slow = await httpBackend('a', (_, response) => void setTimeout(() => response.end('late'), 150))
    const web = listener('http', group([slow]), { idleTimeoutMs: 40 })
    open(web)
    expect((await asked(web)).body).toBe('late')
  })

  test('may be answered by a backend that reads no further, and asks again on the same connection', async () => {
    const backend = await tcpBackend('a', (socket) =>
      socket.once('data', () => {
        socket.pause()
        socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n')
      }),
    )
    const web = listener('http', group([backend]))
    open(web)
    await pause(20)
    const client = dial(web)
    client.socket.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n${'x'.repeat(9_000_000)}`)
    client.socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await vi.waitFor(() => expect(client.text().match(/HTTP\/1.1 413/g)).toHaveLength(2), { timeout: 5_000 })
  })

  test('may be answered before its body has arrived, and asks again on the same connection', async () => {
    const backend = await httpBackend('a', (incoming, response) => {
      if (incoming.method === 'POST') response.writeHead(413, { 'Content-Length': 0 }).end()
      else response.end('a')
    })
    const web = listener('http', group([backend]))
    open(web)
    await asked(web)
    const agent = keptAlive()
    expect((await ask(web, { agent, method: 'POST', body: 'x'.repeat(2_000_000) })).status).toBe(413)
    expect((await ask(web, { agent })).body).toBe('a')
  })
})
