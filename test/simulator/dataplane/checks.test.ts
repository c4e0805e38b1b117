import { createServer, type IncomingMessage } from 'node:http'
import { describe, expect, test } from 'vitest'
import { check, freshAddress, group, listener } from './builders.ts'
import { httpBackend, pause, serve, settled, tcpBackend, testPlane, udpBackend } from './support.ts'

describe('an http check', () => {
  const seenBy = async (more: Parameters<typeof check>[0]) => {
    const seen: IncomingMessage[] = []
    const backend = await httpBackend('a', (incoming, response) => {
      seen.push(incoming)
      response.end()
    })
    const source = freshAddress()
    const { plane } = testPlane({ source })
    plane.sync([listener('tcp', group([backend], { check: check({ type: 'http', ...more }) }))])
    await settled(plane, 'a normal')
    return { probe: seen[0], backend, source }
  }

  test('asks with its method, path and host, from the source address', async () => {
    const { probe, source } = await seenBy({ method: 'GET', uri: '/health?x=1', domain: 'shop.example.com' })
    expect(probe).toMatchObject({ method: 'GET', url: '/health?x=1', headers: { host: 'shop.example.com' } })
    expect(probe?.socket.remoteAddress ?? source).toBe(source)
  })

  test.each(['', '$_ip'])('names the backend address when its domain is "%s"', async (domain) => {
    const { probe, backend } = await seenBy({ domain })
    expect(probe).toMatchObject({ method: 'HEAD', headers: { host: backend.address } })
  })

  test.each([
    { status: 204, codes: ['http_2xx'], state: 'normal' },
    { status: 302, codes: ['http_2xx'], state: 'abnormal' },
    { status: 302, codes: ['http_2xx', 'http_3xx'], state: 'normal' },
    { status: 404, codes: ['http_2xx', 'http_3xx'], state: 'abnormal' },
    { status: 404, codes: ['http_4xx'], state: 'normal' },
    { status: 503, codes: ['http_2xx', 'http_3xx', 'http_4xx'], state: 'abnormal' },
    { status: 503, codes: ['http_5xx'], state: 'normal' },
  ])('that accepts $codes finds $status $state', async ({ status, codes, state }) => {
    const backend = await httpBackend('a', (_, response) => response.writeHead(status).end())
    const { plane } = testPlane()
    plane.sync([listener('http', group([backend], { check: check({ type: 'http', codes }) }))])
    await settled(plane, `a ${state}`)
  })

  test('fails by silence, by anything but HTTP, and by a path that cannot be asked for', async () => {
    const { plane } = testPlane()
    const [silent, other] = [await httpBackend('silent', () => undefined), await tcpBackend('other')]
    const http = check({ type: 'http', timeoutMs: 50 })
    const web = listener('http', group([silent, other], { check: http }))
    const odd = listener('http', group([await httpBackend('odd')], { check: { ...http, uri: '/a b' } }))
    plane.sync([web, odd])
    await settled(plane, 'silent abnormal', 'other abnormal', 'odd abnormal')
  })

  test('waits for the interval where the timeout is shorter', async () => {
    const backend = await httpBackend('a', (_, response) => void setTimeout(() => response.end(), 60))
    const { plane } = testPlane()
    plane.sync([listener('http', group([backend], { check: check({ type: 'http', timeoutMs: 1, intervalMs: 2_000 }) }))])
    await settled(plane, 'a normal')
  })

  test('has one probe in flight at most', async () => {
    let [now, most, count] = [0, 0, 0]
    const server = createServer((_, response) => {
      now += 1
      count += 1
      most = Math.max(most, now)
      response.on('close', () => {
        now -= 1
      })
    })
    const { plane } = testPlane()
    const slow = await serve('a', server)
    const web = listener('http', group([slow], { check: check({ type: 'http', intervalMs: 1, timeoutMs: 30 }) }))
    for (let i = 0; i < 20; i += 1) {
      plane.sync([{ ...web, group: { ...web.group } }])
      await pause(10)
    }
    expect(count).toBeGreaterThan(2)
    expect(most).toBe(1)
  })
})

describe('a udp check', () => {
  const udp = (more: Parameters<typeof check>[0] = {}) => check({ type: 'udp', timeoutMs: 60, ...more })

  test.each([
    { name: 'takes silence for health', answer: () => undefined, more: {}, state: 'normal' },
    { name: 'takes any answer for health', answer: () => 'what?', more: {}, state: 'normal' },
    {
      name: 'with an expected answer finds it',
      answer: (text: string) => (text === 'ping' ? 'pong' : 'what?'),
      more: { request: 'ping', expect: 'pong' },
      state: 'normal',
    },
    {
      name: 'with an expected answer fails by another',
      answer: () => 'gnop',
      more: { request: 'ping', expect: 'pong' },
      state: 'abnormal',
    },
    {
      name: 'with an expected answer fails by silence',
      answer: () => undefined,
      more: { request: 'ping', expect: 'pong' },
      state: 'abnormal',
    },
  ])('$name', async ({ answer, more, state }) => {
    const { plane } = testPlane()
    plane.sync([listener('udp', group([await udpBackend('a', answer)], { check: udp(more) }))])
    await settled(plane, `a ${state}`)
  })

  test('fails by an ICMP refusal, with and without a source address', async () => {
    const gone = await udpBackend('gone')
    await gone.close()
    const planes = [testPlane().plane, testPlane({ source: freshAddress() }).plane]
    for (const plane of planes) plane.sync([listener('udp', group([gone], { check: udp({ intervalMs: 5_000 }) }))])
    for (const plane of planes) await settled(plane, 'gone abnormal')
  })
})
