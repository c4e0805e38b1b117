// One pass over one load balancer: what it does around the plan, and what it remembers for the next one.
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { approve } from '../src/core/guard.ts'
import type { Service } from '../src/core/model.ts'
import { ServersRefused } from '../src/providers/provider.ts'
import { createWorker } from '../src/worker.ts'
import {
  backendsOf,
  balancer,
  listener,
  MINUTE,
  markOf,
  member,
  NOW,
  node,
  OWNER,
  port,
  remembers,
  service,
  THREE,
  threeMembers,
  toDefault,
  wantedBy,
  web,
  webListener,
} from './support/build.ts'
import { callError, memoryProvider } from './support/memory-provider.ts'
import { offerOf, sharedBy } from './support/passes.ts'
import { ground, inPlace, pass } from './support/worker-ground.ts'

describe('the tag of a load balancer', () => {
  test('is written before the first write, and once', async () => {
    const its = ground({ lb: balancer({ tags: {} }) })
    await pass(its, { services: [web()] })
    expect(its.provider.written[0]?.change).toMatchObject({ kind: 'tagLoadBalancer', tags: { [`swarm-slb:${OWNER}`]: 'cluster-1' } })
    await pass(its, { services: [web(), service('api', 30001, { 'slb.port.80': 'tcp://:9090' })] })
    expect(its.provider.written.filter(({ change }) => change.kind === 'tagLoadBalancer')).toHaveLength(1)
  })

  test('is not written where there is nothing to write', async () => {
    const its = ground({ lb: balancer({ tags: {} }) })
    await pass(its, {})
    expect(its.provider.opened).toHaveLength(1)
    expect(its.lines()).toEqual([])
  })

  test.each([
    ['another cluster', { [`swarm-slb:${OWNER}`]: 'cluster-2' }],
    ['this cluster under another owner', { 'swarm-slb:before': 'cluster-1' }],
  ])('that names %s: nothing is written, and that is a problem', async (_, tags) => {
    const its = ground({ lb: balancer({ tags }) })
    await pass(its, { services: [web()] })
    expect(its.lines()).toEqual([])
    expect(its.outcomes.at(-1)).toMatchObject({
      look: { problems: [{ kind: 'loadBalancer', text: expect.stringContaining('nothing is written') }] },
    })
  })
})

describe('a load balancer without a tag', () => {
  test('gets the tag alone, and nothing else before it was read again', async () => {
    const its = ground({ lb: balancer({ tags: {} }) })
    await pass(its, { services: [web()] })
    expect(its.lines()).toEqual([`tag load balancer swarm-slb:${OWNER}=cluster-1`])
    expect(its.worker.recheckAt()).toBeLessThanOrEqual(its.clock.now + 1000)
    its.clock.now += 1000
    await pass(its, { services: [web()] })
    expect(its.provider.lb().listeners).toHaveLength(1)
  })

  test('gets nothing more where another swarm wrote the same tag a moment later', async () => {
    const its = ground({ lb: balancer({ tags: {} }) })
    await pass(its, { services: [web()] })
    its.provider.edit((lb) => ({ ...lb, tags: { [`swarm-slb:${OWNER}`]: 'cluster-2' } }))
    its.clock.now += 1000
    await pass(its, { services: [web()] })
    expect(its.lines()).toHaveLength(1)
    expect(its.provider.lb().tags).toEqual({ [`swarm-slb:${OWNER}`]: 'cluster-2' })
  })
})

describe('a load balancer that was taken over', () => {
  const taken = () =>
    balancer({
      tags: { [`swarm-slb:${OWNER}`]: 'cluster-1', 'swarm-slb:taken': `${OWNER}/cluster-0` },
      members: threeMembers(),
      listeners: [webListener(), listener('tcp', 9090, toDefault(30001), markOf('api'))],
    })
  /** Of a process that has run for long: nothing is in grace any more. */
  const wish = { wanted: wantedBy([web()], { memory: remembers(['web']) }) }

  test('loses no listener without approval, not even a single one, and however long it is wanted', async () => {
    const its = ground({ lb: taken() })
    await pass(its, wish)
    its.clock.now += 60 * MINUTE
    await pass(its, { ...wish, resync: true })
    expect(its.lines()).toEqual([])
    expect(its.outcomes.at(-1)).toMatchObject({ look: { wished: [expect.objectContaining({ deletes: 'tcp:9090' })], run: [] } })
  })

  test('is an ordinary one again when all of it is wanted', async () => {
    const its = ground({ lb: taken() })
    await pass(its, { services: [web(), service('api', 30001, { 'slb.port.80': 'tcp://:9090' })] })
    expect(its.provider.lb().tags).toEqual({ [`swarm-slb:${OWNER}`]: 'cluster-1' })
    expect(its.provider.lb().listeners).toHaveLength(2)
  })

  test('is an ordinary one again when what was not wanted went with approval', async () => {
    const provider = memoryProvider([taken()])
    const shared = sharedBy('lb-1')
    const quiet = { finished: () => {}, applied: () => {}, failed: () => {}, broken: () => {} }
    const stop = new AbortController().signal
    const worker = createWorker({ id: 'lb-1', provider, shared, boxMs: 10_000, now: () => NOW, stop, giveUp: stop, ...quiet })
    const look = async () => {
      worker.offer(offerOf({ ...wish, fresh: true }))
      await worker.idle()
    }
    await look()
    shared.ledger = approve(shared.ledger, [...shared.ledger.held.values()])
    await look()
    expect(provider.lb().listeners.map(({ key }) => key)).toEqual(['tcp:8080'])
    await look()
    expect(Object.keys(provider.lb().tags)).toEqual([`swarm-slb:${OWNER}`])
  })
})

describe('a tag that pauses', () => {
  const paused = (value: string) => balancer({ tags: { [`swarm-slb:${OWNER}`]: 'cluster-1', 'swarm-slb:pause': value } })

  test('keeps the plan back and remembers since when', async () => {
    const its = ground({ lb: paused('true alice') })
    await pass(its, { services: [web()] })
    const [first] = its.outcomes
    const since = first?.status === 'looked' ? first.look.pause?.since : undefined
    its.clock.now += MINUTE
    await pass(its, { services: [web()], resync: true })
    expect(its.lines()).toEqual([])
    expect(its.outcomes.at(-1)).toMatchObject({ look: { pause: { since, by: 'alice' } } })
    expect(Math.abs(Date.now() - (since ?? 0))).toBeLessThan(10_000)
  })

  test('does not end the approvals of other load balancers', async () => {
    const its = sharedBy('lb-1')
    its.ledger = { ...its.ledger, approved: new Set(['lb-2|tcp:1|x']) }
    const quiet = { finished: () => {}, applied: () => {}, failed: () => {}, broken: () => {} }
    const stop = new AbortController().signal
    const provider = memoryProvider([paused('true')])
    const worker = createWorker({ id: 'lb-1', provider, shared: its, boxMs: 10_000, now: () => NOW, stop, giveUp: stop, ...quiet })
    worker.offer(offerOf({ services: [web()] }))
    await worker.idle()
    expect(its.ledger.approved).toEqual(new Set(['lb-2|tcp:1|x']))
  })

  test('is asked again at the time when it is over, by the wall clock, whatever the clock that waits go by says', async () => {
    const its = ground({ lb: paused(new Date(Date.now() + 200).toISOString()) })
    const begun = its.clock.now
    await pass(its, { services: [web()] })
    expect(its.provider.lb().listeners).toEqual([])
    const dueAt = its.worker.recheckAt() ?? 0
    expect(dueAt - begun).toBeGreaterThan(0)
    expect(dueAt - begun).toBeLessThanOrEqual(200)
    await sleep(200)
    its.clock.now = dueAt
    await pass(its, { services: [web()] })
    expect(its.provider.lb().listeners).toHaveLength(1)
  })
})

describe('a repair that somebody undoes each time', () => {
  const undone = () =>
    ground({
      lb: inPlace(),
      around: (change, effect) => {
        if (change.kind !== 'setWeights') effect()
      },
    })
  const drifted = balancer({ members: [member('i-1', { weight: 7 }), ...threeMembers().slice(1)], listeners: [webListener()] })

  /** Each look finds it undone again; `offered`: what is wanted beside it at that look. */
  async function fight(looks: number, offered: (look: number) => readonly Service[] = () => [], resync = true) {
    let repairs = 0
    const its = ground({
      lb: inPlace(),
      around: (change, effect) => {
        effect()
        if (change.kind === 'setWeights') repairs += 1
      },
    })
    await pass(its, { services: [web()] })
    const look = async (number: number) => {
      its.clock.now += MINUTE
      its.provider.edit((lb) => ({ ...lb, members: drifted.members }))
      await pass(its, { services: [web(), ...offered(number)], resync })
    }
    for (let number = 0; number < looks; number++) await look(number)
    return { its, look, repairs: () => repairs }
  }
  const other = (index: number) => service(`other-${index}`, 31_000 + index, { 'slb.port.80': `tcp://:${9000 + index}` })
  const others = (count: number) => Array.from({ length: count }, (_, index) => other(index))
  const RESTS = { look: { resting: ['set weight of i-1 to 100 (was 7) in default group'] } }

  test('is made three times, then reported and left', async () => {
    const { its, repairs } = await fight(6)
    expect(repairs()).toBe(3)
    expect(its.outcomes.at(-1)).toMatchObject(RESTS)
  })

  test('is noticed although something else is wanted at each look, and rests although something else is wanted then', async () => {
    const { its, look, repairs } = await fight(6, (number) => others(number + 1), false)
    // The first may be what the new wish asks for.
    expect(repairs()).toBe(4)
    expect(its.outcomes.at(-1)).toMatchObject(RESTS)
    await look(6)
    expect(repairs()).toBe(4)
    expect(its.provider.lb().listeners.map(({ key }) => key)).toContain('tcp:9006')
    its.clock.now += 55 * MINUTE
    await look(7)
    expect(repairs()).toBe(4)
    its.clock.now += 5 * MINUTE
    await look(8)
    expect(repairs()).toBe(5)
  })

  test('is noticed although passes for something else, which find it in order, come between', async () => {
    const { its, look, repairs } = await fight(0)
    for (let number = 0; number < 6; number++) {
      await pass(its, { services: [web(), ...others(number)] })
      await pass(its, { services: [web()] })
      await look(number)
    }
    expect(repairs()).toBe(3)
  })

  test('is noticed although something else fails at each look', async () => {
    let repairs = 0
    const its = ground({
      lb: inPlace(),
      around: (change, effect) => {
        if (change.kind === 'createListener') throw callError('failed')
        effect()
        if (change.kind === 'setWeights') repairs += 1
      },
    })
    for (let look = 0; look < 8; look++) {
      its.clock.now += MINUTE
      its.provider.edit(() => drifted)
      await pass(its, { services: [web(), other(0)], resync: true })
    }
    expect(repairs).toBe(4)
  })

  test('is none on a standby: it sees it any number of times and knows what it would do', async () => {
    const its = undone()
    for (let look = 0; look < 6; look++) {
      its.provider.edit(() => drifted)
      await pass(its, { services: [web()], mayWrite: false, resync: true })
    }
    const last = its.outcomes.at(-1)
    expect(last?.status === 'looked' && last.look.wished).toHaveLength(1)
  })
})

describe('who closed it', () => {
  test('is told from its weight where the cloud keeps no changed description: a ready node at 0 is raised', async () => {
    const dropped = () =>
      its.provider.edit((lb) => ({ ...lb, members: lb.members.map((one) => ({ ...one, note: one.note.replace(/\/0$/, '') })) }))
    const its = ground({
      lb: inPlace(),
      around: (change, effect) => {
        effect()
        if (change.kind === 'setWeights') dropped()
      },
    })
    await pass(its, { services: [web()], nodes: [node('n1', { availability: 'drain' }), ...THREE.slice(1)] })
    expect(its.provider.lb().members[0]).toMatchObject({ server: 'i-1', weight: 0 })
    await pass(its, { services: [web()] })
    expect(its.provider.lb().members[0]).toMatchObject({ server: 'i-1', weight: 100 })
  })

  test('is not a person where we did and its mark could not be written', async () => {
    const its = ground({
      lb: inPlace(),
      around: (change, effect) => {
        effect()
        if (change.kind === 'stopListener') its.provider.edit((lb) => ({ ...lb, listeners: [webListener({ status: 'stopped' })] }))
      },
    })
    await pass(its, { services: [web()] })
    const moved = web({}, { settled: false, ports: [] })
    await pass(its, { services: [moved, service('thief', undefined, {}, { ports: [port(30000)] })] })
    expect(its.provider.lb().listeners[0]).toMatchObject({ status: 'stopped' })
    await pass(its, { services: [web()] })
    expect(its.provider.lb().listeners[0]).toMatchObject({ status: 'running', note: markOf('web') })
  })
})

test('what a standby would delete does not count for the leader that it may become', async () => {
  const names = ['a', 'b', 'c', 'd', 'e']
  const listeners = names.map((name, index) => listener('tcp', 9000 + index, toDefault(31_000 + index), markOf(name)))
  const its = ground({ lb: balancer({ members: threeMembers(), listeners: [webListener(), ...listeners] }) })
  const wanted = () =>
    wantedBy([web()], { memory: remembers(['web', ...names], Object.fromEntries(names.map((name) => [name, 0]))), now: its.clock.now })
  for (let look = 0; look < 3; look++) {
    await pass(its, { wanted: wanted(), mayWrite: false, resync: true })
    its.clock.now += MINUTE
  }
  await pass(its, { wanted: wanted(), fresh: true })
  expect(its.provider.lb().listeners.map(({ key }) => key)).toEqual(['tcp:8080'])
})

test('an approval ends with the right to write', async () => {
  const lb = balancer({
    members: threeMembers(),
    listeners: [webListener(), listener('tcp', 9090, toDefault(30001), markOf('api'))],
  })
  const provider = memoryProvider([lb])
  const shared = sharedBy('lb-1')
  const quiet = { finished: () => {}, applied: () => {}, failed: () => {}, broken: () => {} }
  const stop = new AbortController().signal
  const worker = createWorker({ id: 'lb-1', provider, shared, boxMs: 10_000, now: () => NOW, stop, giveUp: stop, ...quiet })
  const wanted = wantedBy([], { memory: remembers(['web', 'api'], { web: 0, api: 0 }) })
  const look = async (mayWrite: boolean) => {
    worker.offer(offerOf({ wanted, mayWrite, fresh: true }))
    await worker.idle()
  }
  await look(true)
  shared.ledger = approve(shared.ledger, [...shared.ledger.held.values()])
  await look(false)
  await look(true)
  expect(provider.written).toEqual([])
  shared.ledger = approve(shared.ledger, [...shared.ledger.held.values()])
  await look(true)
  expect(provider.lb().listeners).toEqual([])
})

test.each([
  ['without an answer about health', () => Promise.reject(callError('failed'))],
  ['with one that says nothing', () => []],
])('%s nothing is lowered for being lost, all else goes on, and it is asked again soon', async (_, health) => {
  const its = ground({ lb: inPlace(), health })
  const { memory } = backendsOf(THREE, { now: its.clock.now })
  const backends = backendsOf([node('n1', { availability: 'drain' }), node('n2')], { memory, now: its.clock.now })
  await pass(its, { services: [web()], backends })
  expect(its.lines()).toEqual(['set weight of i-1 to 0 (was 100) in default group'])
  expect(its.worker.recheckAt()).toBe(its.clock.now + 5000)
})

describe('a node that the cloud refuses', () => {
  test('does not let the last good one be drained', async () => {
    const lb = balancer({ members: [member('i-1')], listeners: [webListener()] })
    const around = (change: { readonly kind: string }, effect: () => void) => {
      if (change.kind === 'addBackends') throw new ServersRefused(['i-2'], callError('failed', 'ObtainIpFail'))
      effect()
    }
    const its = ground({ lb, around })
    await pass(its, { services: [web()], nodes: [node('n1', { availability: 'drain' }), node('n2')] })
    expect(its.provider.lb().members).toMatchObject([{ server: 'i-1', weight: 100 }])
  })

  test('with all others leaves the listener where it is', async () => {
    const its = ground({
      lb: inPlace(),
      around: (change, effect) => {
        effect()
        if (change.kind !== 'createGroup') return
        its.provider.edit((lb) => ({ ...lb, groups: lb.groups.map((one) => ({ ...one, members: [] })) }))
        const servers = change.members.map(({ server }) => server)
        throw new ServersRefused(servers, callError('failed', 'InvalidBackendServers'))
      },
    })
    await pass(its, { services: [web({}, { ports: [port(30001)] })] })
    expect(its.provider.lb().listeners[0]?.target).toEqual(toDefault(30000))
  })
})
