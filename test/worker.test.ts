// One load balancer kept in step: when it is looked at, what is trusted, and what is tried again.
import { describe, expect, test } from 'vitest'
import { ServersRefused } from '../src/providers/provider.ts'
import { balancer, MINUTE, node, service, THREE, web } from './support/build.ts'
import { callError } from './support/memory-provider.ts'
import { offerOf, PASS_RULES } from './support/passes.ts'
import { api, ground, inPlace, isCreate, pass } from './support/worker-ground.ts'

describe('no call is made while nothing is due', () => {
  test('the same wish, a label of a node that is not ours, a node that is unknown for a while', async () => {
    const its = ground()
    await pass(its, { services: [web()] })
    await pass(its, { services: [web()] })
    await pass(its, { services: [web()], nodes: [node('n1', { labels: { zone: 'a' } }), node('n2'), node('n3')] })
    await pass(its, { services: [web({ 'com.example': 'note' })] })
    its.clock.now += MINUTE
    await pass(its, { services: [web()] })
    expect(its.provider.opened).toHaveLength(1)
  })

  test('a wish for another load balancer', async () => {
    const its = ground()
    await pass(its, { services: [web()] })
    await pass(its, { services: [web(), api({ 'slb.port.80': 'tcp://lb-2:9090' })] })
    expect(its.provider.opened).toHaveLength(1)
  })

  test.each([
    ['a changed label', { services: [web({ 'slb.port.80.scheduler': 'rr' })] }],
    ['a service that is gone', { services: [] }],
    ['a node that is drained', { services: [web()], nodes: [node('n1', { availability: 'drain' }), node('n2'), node('n3')] }],
    ['a resync', { services: [web()], resync: true }],
    ['leadership just gained', { services: [web()], fresh: true }],
    ['the right to write', { services: [web()], mayWrite: false }],
  ] as const)('but %s is due', async (_, wish) => {
    const its = ground()
    await pass(its, { services: [web()] })
    await pass(its, wish)
    expect(its.provider.opened).toHaveLength(2)
  })

  test('nor before its time, and then once', async () => {
    const its = ground({ lb: inPlace() })
    const leaving = { wanted: offerOf({ services: [] }).wanted, rules: { ...PASS_RULES, removalGrace: 5000 } }
    const wanted = {
      ...leaving.wanted,
      memory: { ...leaving.wanted.memory, alive: new Set(['web']), missingSince: new Map([['web', its.clock.now]]) },
    }
    await pass(its, { ...leaving, wanted })
    expect(its.worker.recheckAt()).toBe(its.clock.now + 5000)
    its.clock.now += 4999
    await pass(its, { ...leaving, wanted })
    expect(its.provider.opened).toHaveLength(1)
    its.clock.now += 1
    await pass(its, { ...leaving, wanted })
    expect(its.provider.opened).toHaveLength(2)
    expect(its.lines()).toContain('delete listener tcp:8080')
  })

  test('a load balancer that cannot be used is looked at every five minutes, whatever resyncs there are', async () => {
    const its = ground({ lb: balancer({ status: 'locked' }) })
    for (let minute = 0; minute < 11; minute++) {
      await pass(its, { services: [web()], resync: true })
      its.clock.now += MINUTE
    }
    expect(its.provider.opened).toHaveLength(3)
    its.provider.edit((lb) => ({ ...lb, status: 'active' }))
    its.clock.now += 4 * MINUTE
    await pass(its, { services: [web()], resync: true })
    await pass(its, { services: [web()], resync: true })
    expect(its.provider.opened).toHaveLength(5)
  })

  test('after an approval the next offer is due', async () => {
    const its = ground()
    await pass(its, { services: [web()] })
    its.worker.poke()
    await pass(its, { services: [web()] })
    expect(its.provider.opened).toHaveLength(2)
  })
})

describe('what is trusted', () => {
  test('nothing at the start, then what is known, and at a resync a part is read again', async () => {
    const its = ground()
    await pass(its, { services: [web()] })
    await pass(its, { services: [web(), api()] })
    await pass(its, { services: [web(), api()], resync: true })
    await pass(its, { services: [web(), api()], fresh: true })
    expect(its.provider.opened.map(({ members }) => members)).toEqual(['fresh', 'cached', 'audit', 'fresh'])
  })

  test('an outcome that is unknown leads to a fresh reading before anything is repeated', async () => {
    let lost = true
    const its = ground({
      around: (change, effect) => {
        effect()
        if (!isCreate(change) || !lost) return
        lost = false
        throw callError('unknown')
      },
    })
    await pass(its, { services: [] })
    await pass(its, { services: [web()] })
    its.clock.now += 200
    await pass(its, { services: [web()] })
    expect(its.provider.opened.map(({ members }) => members)).toEqual(['fresh', 'cached', 'fresh'])
    expect(its.lines().filter((line) => line.startsWith('create listener'))).toHaveLength(1)
    expect(its.outcomes.at(-1)).toMatchObject({ status: 'looked', look: { wished: [] } })
  })

  test('a first reading that failed is tried again as a fresh one', async () => {
    let broken = true
    const its = ground({
      opens: () => {
        if (broken) throw callError('unknown')
      },
    })
    await pass(its, { services: [web()] })
    broken = false
    its.clock.now += 200
    await pass(its, { services: [web()] })
    expect(its.provider.opened.map(({ members }) => members)).toEqual(['fresh', 'fresh'])
    expect(its.lines()).toContain('create listener tcp:8080 -> default group on port 30000')
  })
})

test('a fresh reading that failed is tried again as one after leadership was gained, too', async () => {
  let broken = false
  const its = ground({
    opens: () => {
      if (broken) throw callError('failed')
    },
  })
  await pass(its, { services: [web()], mayWrite: false })
  broken = true
  await pass(its, { services: [web()], fresh: true })
  broken = false
  its.clock.now += 200
  await pass(its, { services: [web()] })
  await pass(its, { services: [web(), api()] })
  expect(its.provider.opened.map(({ members }) => members)).toEqual(['fresh', 'fresh', 'fresh', 'cached'])
})

describe('trying again', () => {
  test('comes later after each failure in a row, at most every minute', async () => {
    const its = ground({
      opens: () => {
        throw callError('failed')
      },
    })
    const waits: number[] = []
    for (let i = 0; i < 9; i++) {
      await pass(its, { services: [web()] })
      const at = its.worker.recheckAt() ?? Number.NaN
      waits.push(at - its.clock.now)
      its.clock.now = at
    }
    expect(waits).toEqual([200, 1000, 2000, 5000, 10_000, 30_000, 60_000, 60_000, 60_000])
    expect(its.provider.opened).toHaveLength(9)
  })

  test('is not brought forward by a resync, but by a changed wish', async () => {
    const its = ground({
      opens: () => {
        throw callError('failed')
      },
    })
    await pass(its, { services: [web()] })
    await pass(its, { services: [web()], resync: true })
    expect(its.provider.opened).toHaveLength(1)
    await pass(its, { services: [web(), api()] })
    expect(its.provider.opened).toHaveLength(2)
  })

  test('comes later and later, too, where nothing may be begun although there is time', async () => {
    const its = ground({
      around: () => {
        throw callError('pending')
      },
    })
    const waits: number[] = []
    for (let i = 0; i < 7; i++) {
      await pass(its, { services: [web()] })
      const at = its.worker.recheckAt() ?? Number.NaN
      waits.push(at - its.clock.now)
      its.clock.now = at
    }
    expect(waits).toEqual([200, 400, 800, 1600, 3200, 5000, 5000])
  })

  test('begins anew after a pass that succeeded', async () => {
    let broken = true
    const its = ground({
      opens: () => {
        if (broken) throw callError('failed')
      },
    })
    for (let i = 0; i < 3; i++) {
      await pass(its, { services: [web()] })
      its.clock.now = its.worker.recheckAt() ?? 0
    }
    broken = false
    await pass(its, { services: [web()] })
    expect(its.worker.recheckAt()).toBeUndefined()
    broken = true
    await pass(its, { services: [web(), api()] })
    expect(its.worker.recheckAt()).toBe(its.clock.now + 200)
  })

  test('one failed change leaves the others done, and only it is tried again', async () => {
    let broken = true
    const its = ground({
      around: (change, effect) => {
        if (broken && isCreate(change) && change.listener.port === 8080) throw callError('failed')
        effect()
      },
    })
    await pass(its, { services: [web(), api()] })
    expect(its.failed).toEqual(['create listener tcp:8080 -> default group on port 30000: Test: Test: as told'])
    expect(its.provider.lb().listeners.map(({ key }) => key)).toEqual(['tcp:9090'])
    broken = false
    its.clock.now += 200
    const before = its.lines().length
    await pass(its, { services: [web(), api()] })
    expect(its.lines().slice(before)).toEqual(['create listener tcp:8080 -> default group on port 30000'])
  })
})

test('a node that the cloud refuses is tried in all groups once, and again after ten minutes', async () => {
  let refused = 0
  const its = ground({
    around: (change, effect) => {
      if (change.kind !== 'addBackends' || !change.members.some(({ server }) => server === 'i-4')) return effect()
      refused += 1
      throw new ServersRefused(['i-4'], callError('failed', 'ObtainIpFail'))
    },
  })
  const ports = [1, 2, 3, 4, 5]
  const services = ports.map((i) => service(`s${i}`, 31_000 + i, { 'slb.port.80': `tcp://:${7000 + i}` }))
  const rules = { ...PASS_RULES, backends: 'vserver-group' as const }
  await pass(its, { services, rules })
  const start = its.clock.now
  while (its.clock.now < start + 10 * MINUTE) {
    await pass(its, { services, rules, nodes: [...THREE, node('n4')] })
    its.clock.now = its.worker.recheckAt() ?? Number.NaN
  }
  expect([refused, its.provider.opened.length]).toEqual([5, 3])
  expect(its.outcomes.at(-1)).toMatchObject({
    look: { problems: [{ kind: 'node', subject: 'n4', text: expect.stringContaining('ObtainIpFail') }] },
  })
  await pass(its, { services, rules, nodes: [...THREE, node('n4')] })
  expect(refused).toBe(10)
})

test('a pass that may not write looks, remembers and writes nothing', async () => {
  const its = ground()
  await pass(its, { services: [web()], mayWrite: false })
  expect(its.provider.opened).toHaveLength(1)
  expect(its.provider.written).toEqual([])
  expect(its.outcomes[0]).toMatchObject({ status: 'looked', result: undefined })
  await pass(its, { services: [web()], mayWrite: true })
  expect(its.lines()).toHaveLength(2)
})
