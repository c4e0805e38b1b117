import { request } from 'node:http'
import { describe, expect, test, vi } from 'vitest'
import { group, listener, weigh } from './builders.ts'
import { ask, asked, httpBackend, keptAlive, type Mirrored, mirror, open, pause, testPlane } from './support.ts'

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
