import { connect } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { serveHttp } from '../../src/http/server.ts'
import type { AskHealth } from '../../src/http/status.ts'
import { board as makeBoard, silent } from '../support/board.ts'

let close = async () => {}
afterEach(async () => close())

async function start(board = makeBoard(), health: AskHealth = async () => [], address = '127.0.0.1:0') {
  const serving = await serveHttp({ address, board, health, log: silent })
  close = serving.close
  return `http://${serving.address.replace('[::]', '127.0.0.1')}`
}

async function get(url: string, init?: RequestInit) {
  const answer = await fetch(url, init)
  return { status: answer.status, text: await answer.text(), headers: answer.headers }
}

describe('health', () => {
  test('is good while the loop turns, also on a standby and without a swarm', async () => {
    for (const role of ['leader', 'standby', 'unready'] as const) {
      const url = await start(makeBoard({ role, reason: 'no quorum' }))
      expect(await get(`${url}/healthz`)).toMatchObject({ status: 200, text: 'ok\n' })
      await close()
    }
  })

  test('is bad when the loop is stuck', async () => {
    expect(await get(`${await start(makeBoard({}, false))}/healthz`)).toMatchObject({ status: 503, text: 'the loop is stuck\n' })
  })

  test('of a task is bad before the swarm was read, and where another task has to write instead', async () => {
    expect(await get(`${await start(makeBoard({ makesWay: undefined }))}/taskz`)).toMatchObject({ status: 503 })
    await close()
    expect(await get(`${await start(makeBoard({ makesWay: 'no route' }))}/taskz`)).toMatchObject({ status: 503 })
    await close()
    expect(await get(`${await start()}/taskz`)).toMatchObject({ status: 200, text: 'ok\n' })
  })

  test('readiness names the role, or why there is none', async () => {
    expect(await get(`${await start(makeBoard({ role: 'standby' }))}/readyz`)).toMatchObject({ status: 200, text: 'standby\n' })
    await close()
    const unready = await get(`${await start(makeBoard({ role: 'unready', reason: 'no quorum' }))}/readyz`)
    expect(unready).toMatchObject({ status: 503, text: 'no quorum\n' })
  })
})

test.each(['/readyz', '/taskz'])('the reason on %s is one line that steers no terminal', async (path) => {
  const reason = 'GET /info: 500 \u001b[2Jgone\nok\u202e\u200b'
  const url = await start(makeBoard({ role: 'unready', reason, makesWay: reason }))
  const { status, text } = await get(url + path)
  expect(status).toBe(503)
  expect(text).toMatch(/GET \/info: 500 \\u001b\[2Jgone\\u000aok\\u202e\\u200b\n$/)
})

describe('the status page', () => {
  test('shows the board, with the health of backends where it is known', async () => {
    const url = await start(makeBoard(), async () => [{ loadBalancer: 'my-slb', listener: 'http:8080', healthy: 2, total: 3 }])
    const page = JSON.parse((await get(`${url}/status.json`)).text)
    expect(page).toMatchObject({
      version: '1.2.3',
      role: 'leader',
      ports: [{ backends: { healthy: 2, total: 3 } }, { state: 'unexposed' }],
    })
    expect(page.ports[1]).not.toHaveProperty('backends')
  })

  test('asks for health once, however many look', async () => {
    let asked = 0
    const url = await start(makeBoard(), async () => {
      asked += 1
      return []
    })
    await Promise.all([get(`${url}/status.json`), get(`${url}/status.json`)])
    await get(`${url}/status.json`)
    expect(asked).toBe(1)
  })

  test('comes without health when the cloud does not answer', async () => {
    const url = await start(makeBoard(), async () => {
      throw new Error('cloud outage')
    })
    const answer = await get(`${url}/status.json`)
    expect(answer.status).toBe(200)
    expect(answer.text).not.toContain('outage')
  })

  test('holds no raw control character', async () => {
    const url = await start(makeBoard({ reason: 'a\u009b31mb\u202ec' }))
    const { text } = await get(`${url}/status.json`)
    expect(text).not.toMatch(/[\u0080-\u009f\u202e]/)
    expect(JSON.parse(text).reason).toBe('a\u009b31mb\u202ec')
  })
})

test('the root lists the pages', async () => {
  const { text } = await get(`${await start()}/`)
  for (const name of ['/healthz', '/taskz', '/readyz', '/metrics', '/status.json']) expect(text).toContain(name)
})

describe('bad input', () => {
  test.each([
    ['an unknown page', '/admin', {}, 404],
    ['another method', '/healthz', { method: 'DELETE' }, 404],
    ['a broken escape', '/%zz', {}, 400],
    ['a long path', `/${'a'.repeat(3000)}`, {}, 404],
    ['large headers', '/', { headers: { 'x-a': 'b'.repeat(8000) } }, 431],
    ['a large body', '/status.json', { method: 'POST', body: 'x'.repeat(5000) }, 413],
  ])('%s gets a short error and nothing else', async (_, path, init, status) => {
    const answer = await get(`${await start()}${path}`, init)
    expect(answer.status).toBe(status)
    expect(answer.text.length).toBeLessThan(40)
    expect(answer.text).not.toContain('{')
    expect([...answer.headers.keys()]).not.toContain('x-powered-by')
    expect([...answer.headers.keys()]).not.toContain('server')
  })

  test('what is not HTTP gets 400 and is cut off', async () => {
    const url = new URL(await start())
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(url.port), url.hostname, () => socket.write('EHLO you\r\n\r\n'))
      let text = ''
      socket.on('data', (chunk) => {
        text += chunk
      })
      socket.on('close', () => resolve(text))
      socket.on('error', reject)
    })
    expect(answer).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/)
    expect(answer.length).toBeLessThan(100)
  })
})

describe('listening', () => {
  test.each(['127.0.0.1:0', '0.0.0.0:0', '[::]:0', ':0'])('works on %s', async (address) => {
    const url = await start(makeBoard(), async () => [], address)
    expect(await get(`${url.replace('0.0.0.0', '127.0.0.1')}/healthz`)).toMatchObject({ status: 200 })
  })

  test('says which address is taken', async () => {
    const url = await start()
    const taken = serveHttp({ address: new URL(url).host, board: makeBoard(), health: async () => [], log: silent })
    await expect(taken).rejects.toThrow(/cannot listen on 127.0.0.1:\d+ \(SLB_HTTP_ADDR\): EADDRINUSE/)
  })

  test('starts nothing when it is off', async () => {
    expect((await serveHttp({ address: 'off', board: makeBoard(), health: async () => [], log: silent })).address).toBe('')
  })
})
