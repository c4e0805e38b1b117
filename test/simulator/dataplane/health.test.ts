import { createServer, type IncomingMessage } from 'node:http'
import { describe, expect, test, vi } from 'vitest'
import type { DataPlane } from '../../../src/simulator/plane.ts'
import { check, freshAddress, group, listener, weigh } from './builders.ts'
import { asked, deadBackend, dial, httpBackend, pause, serve, tcpBackend, testPlane, udpBackend } from './support.ts'

const states = (plane: DataPlane) => plane.health('lb-1').map(({ server, state }) => `${server} ${state}`)
const settled = (plane: DataPlane, ...expected: string[]) => vi.waitFor(() => expect(states(plane)).toEqual(expected), { interval: 5 })

/** The backend that one new connection reaches. */
const reach = async (at: { readonly address: string; readonly port: number }) => {
  const client = dial(at)
  await vi.waitFor(() => expect(client.text()).not.toBe(''), { interval: 5 })
  client.socket.destroy()
  return client.text()
}

const counting = () => {
  const counted = { probes: 0 }
  const count = () => {
    counted.probes += 1
  }
  return { counted, count }
}

describe('health', () => {
  test('has one row for each listener, server and port', async () => {
    const a = await tcpBackend('a')
    const { plane } = testPlane()
    const web = listener('tcp', group([a], { check: check() }))
    plane.sync([web, { ...web, port: 8081, running: false }, { ...web, loadBalancerId: 'lb-2', port: 8082 }])
    await vi.waitFor(() =>
      expect(plane.health('lb-1')).toEqual([
        { loadBalancerId: 'lb-1', listenerPort: 8080, protocol: 'tcp', server: 'a', port: a.port, state: 'normal' },
        { loadBalancerId: 'lb-1', listenerPort: 8081, protocol: 'tcp', server: 'a', port: a.port, state: 'unavailable' },
      ]),
    )
    expect(plane.health('lb-2')).toHaveLength(1)
    expect(plane.health('lb-3')).toEqual([])
  })

  test('is known after one probe, and then changes after as many results in a row as the check says', async () => {
    const port = (await deadBackend()).port
    const address = freshAddress()
    const at = { server: 'a', address, port, weight: 100 }
    const { plane, lines } = testPlane()
    plane.sync([listener('tcp', group([at], { check: check({ intervalMs: 40, healthyThreshold: 3, unhealthyThreshold: 2 }) }))])
    expect(states(plane)).toEqual(['a unavailable'])
    await settled(plane, 'a abnormal')
    const { counted, count } = counting()
    const backend = await tcpBackend('a', count, { address, port })
    await settled(plane, 'a normal')
    expect(counted.probes).toBe(3)
    await backend.close()
    await settled(plane, 'a abnormal')
    expect(lines.map(({ message, state }) => `${message}: ${state}`)).toEqual(
      ['abnormal', 'normal', 'abnormal'].map((state) => `backend health changed: ${state}`),
    )
  })

  test('is unavailable while the check is off, and traffic goes to every weight', async () => {
    const { plane } = testPlane()
    const web = listener('tcp', group([await tcpBackend('a')]))
    plane.sync([web])
    await pause(30)
    expect(states(plane)).toEqual(['a unavailable'])
    expect(await reach(web)).toBe('a:')
  })

  test('of a weight of 0 is checked, too', async () => {
    const { plane } = testPlane()
    plane.sync([listener('tcp', group([weigh(await tcpBackend('a'), 0), weigh(await deadBackend(), 0)], { check: check() }))])
    await settled(plane, 'a normal', 'dead abnormal')
  })

  test('shows the own group and the groups of rules, the own check first', async () => {
    const [a, b] = [await httpBackend('a'), await httpBackend('b')]
    const own = group([a], { check: check() })
    const ruled = group([a, b], { check: check({ type: 'http', codes: ['http_5xx'] }) })
    const { plane } = testPlane()
    plane.sync([listener('http', own, { rules: [{ id: 'r', domain: '', url: '/x', group: ruled }] })])
    await settled(plane, 'a normal', 'b abnormal')
  })
})

describe('traffic', () => {
  test('goes to normal backends only', async () => {
    const { plane } = testPlane()
    const web = listener('tcp', group([await deadBackend(), await tcpBackend('a')], { check: check() }))
    plane.sync([web])
    await settled(plane, 'dead abnormal', 'a normal')
    for (let i = 0; i < 4; i += 1) expect(await reach(web)).toBe('a:')
  })

  test('goes to all that have a weight when all of them are abnormal', async () => {
    const { plane } = testPlane()
    const wrong = check({ port: (await deadBackend()).port })
    const web = listener('tcp', group([weigh(await tcpBackend('zero'), 0), await tcpBackend('a'), await tcpBackend('b')], { check: wrong }))
    plane.sync([web])
    await settled(plane, 'zero abnormal', 'a abnormal', 'b abnormal')
    expect([await reach(web), await reach(web)]).toEqual(['a:', 'b:'])
  })

  test('goes to a new backend only after its first good probe, when others are normal', async () => {
    const [a, mute] = [await httpBackend('a'), await httpBackend('mute', () => undefined)]
    const slow = check({ type: 'http', intervalMs: 2_000 })
    const { plane } = testPlane()
    const web = listener('http', group([a], { check: slow }))
    plane.sync([web])
    await settled(plane, 'a normal')
    plane.sync([{ ...web, group: group([a, mute], { check: slow }) }])
    await pause(30)
    expect(states(plane)).toEqual(['a normal', 'mute unavailable'])
    const bodies = [(await asked(web)).body, (await asked(web)).body, (await asked(web)).body]
    expect(bodies).toEqual(['a', 'a', 'a'])
  })

  test('of a new listener does not wait for the first probe', async () => {
    const backend = await httpBackend('a', (incoming, response) => {
      if (incoming.method === 'GET') response.end('served')
    })
    const { plane } = testPlane()
    const web = listener('http', group([backend], { check: check({ type: 'http', intervalMs: 2_000 }) }))
    plane.sync([web])
    expect((await asked(web)).body).toBe('served')
    expect(states(plane)).toEqual(['a unavailable'])
  })

  test('that is under way goes on when its backend becomes abnormal', async () => {
    const a = await tcpBackend('a')
    const { plane } = testPlane()
    const web = listener('tcp', group([a], { check: check() }))
    plane.sync([web])
    await settled(plane, 'a normal')
    const client = dial(web)
    await vi.waitFor(() => expect(client.text()).toBe('a:'))
    plane.sync([{ ...web, group: group([a], { check: check({ port: (await deadBackend()).port }) }) }])
    await settled(plane, 'a abnormal')
    client.socket.write('on')
    await vi.waitFor(() => expect(client.text()).toBe('a:on'))
  })
})

describe('a sync', () => {
  test('keeps the health of what stays, probes what is new at once, and forgets what is gone', async () => {
    const [a, b] = [await tcpBackend('a'), await tcpBackend('b')]
    const slow = check({ intervalMs: 60_000 })
    const { plane } = testPlane()
    const web = listener('tcp', group([a], { check: slow }))
    plane.sync([web])
    await settled(plane, 'a normal')
    plane.sync([{ ...web, group: group([weigh(a, 1), b], { check: { ...slow } }) }])
    expect(states(plane)).toEqual(['a normal', 'b unavailable'])
    await settled(plane, 'a normal', 'b normal')
    plane.sync([{ ...web, group: group([b], { check: slow }) }])
    expect(states(plane)).toEqual(['b normal'])
  })

  test('with another check keeps the state and probes at once', async () => {
    const a = await tcpBackend('a')
    const { plane } = testPlane()
    const web = listener('tcp', group([a], { check: check({ intervalMs: 60_000 }) }))
    plane.sync([web])
    await settled(plane, 'a normal')
    plane.sync([{ ...web, group: group([a], { check: check({ port: (await deadBackend()).port, unhealthyThreshold: 3 }) }) }])
    expect(states(plane)).toEqual(['a normal'])
    await settled(plane, 'a abnormal')
    plane.sync([{ ...web, group: group([a]) }])
    expect(states(plane)).toEqual(['a unavailable'])
  })

  test('that takes a backend or a rule away ends its probes', async () => {
    const { counted, count } = counting()
    const probed = await tcpBackend('a', count)
    const [stays, checked] = [group([await httpBackend('b')], { check: check() }), { check: check() }]
    const { plane } = testPlane()
    const web = listener('http', stays)
    const without = { ...web, rules: [{ id: 'r', domain: '', url: '/x', group: stays }] }
    for (const backends of [[probed], [probed, ...stays.backends]]) {
      plane.sync([
        { ...web, group: group(backends, checked), rules: [{ id: 's', domain: '', url: '/y', group: group([probed], checked) }] },
      ])
      const soFar = counted.probes
      await vi.waitFor(() => expect(counted.probes).toBeGreaterThan(soFar + 3))
      plane.sync([without])
      await pause(20)
      const before = counted.probes
      await pause(100)
      expect(counted.probes).toBe(before)
    }
  })

  test('that stops a listener does not count the probe in flight', async () => {
    const { plane, lines } = testPlane()
    plane.sync([listener('http', group([await httpBackend('a', () => undefined)], { check: check({ type: 'http', intervalMs: 1_000 }) }))])
    await pause(20)
    plane.sync([])
    await pause(20)
    expect(lines).toEqual([])
  })

  test('that stops a listener ends its probes', async () => {
    const { counted, count } = counting()
    const { plane } = testPlane()
    const web = listener('tcp', group([await tcpBackend('a', count)], { check: check() }))
    plane.sync([web])
    await vi.waitFor(() => expect(counted.probes).toBeGreaterThan(2))
    plane.sync([{ ...web, running: false }])
    await pause(10)
    const before = counted.probes
    await pause(80)
    expect([counted.probes, states(plane)]).toEqual([before, ['a unavailable']])
  })
})

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
