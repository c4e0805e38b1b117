import { describe, expect, test, vi } from 'vitest'
import { check, freshAddress, group, listener, weigh } from './builders.ts'
import { asked, deadBackend, dial, httpBackend, pause, settled, states, tcpBackend, testPlane } from './support.ts'

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
