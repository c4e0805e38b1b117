// One pass over one load balancer: what it does around the plan, and what it remembers for the next one.
import { describe, expect, test } from 'vitest'
import { approve } from '../src/core/guard.ts'
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

describe('a repair that somebody undoes each time', () => {
  const undone = () =>
    ground({
      lb: inPlace(),
      around: (change, effect) => {
        if (change.kind !== 'setWeights') effect()
      },
    })
  const drifted = balancer({ members: [member('i-1', { weight: 7 }), ...threeMembers().slice(1)], listeners: [webListener()] })

  test('is made three times, then reported and left', async () => {
    let repairs = 0
    const its = ground({
      lb: inPlace(),
      around: (change, effect) => {
        effect()
        if (change.kind === 'setWeights') repairs += 1
      },
    })
    await pass(its, { services: [web()] })
    for (let look = 0; look < 6; look++) {
      its.provider.edit(() => drifted)
      await pass(its, { services: [web()], resync: true })
    }
    expect(repairs).toBe(3)
    expect(its.outcomes.at(-1)).toMatchObject({ look: { resting: ['set weight of i-1 to 100 (was 7) in default group'] } })
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

test('without an answer about health nothing is lowered for being lost, all else goes on, and it is asked again soon', async () => {
  const its = ground({
    lb: inPlace(),
    health: () => {
      throw callError('failed')
    },
  })
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
