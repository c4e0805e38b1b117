import { describe, expect, test, vi } from 'vitest'
import { group, listener } from './builders.ts'
import { ask, asked, dial, httpBackend, keptAlive, open, pause, tcpBackend } from './support.ts'

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
