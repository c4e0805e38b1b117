import { describe, expect, test, vi } from 'vitest'
import { group, listener, weigh } from './builders.ts'
import { ask, asked, deadBackend, dial, httpBackend, keptAlive, open, pause, tcpBackend } from './support.ts'

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
