// Rows for people: every published port has a state and a reason, whatever became of it.
import { describe, expect, test } from 'vitest'
import type { LoadBalancer, Node, Service } from '../src/core/model.ts'
import { NO_WANTS } from '../src/core/region-wants.ts'
import type { Desire } from '../src/desired.ts'
import { balancerRow, driftLines, heldPage, type Known, know, portRows } from '../src/page.ts'
import { CallError, ServersRefused } from '../src/providers/provider.ts'
import { NOTHING_REMEMBERED, type Remembered, reconcileOne } from '../src/reconcile.ts'
import {
  balancer,
  listener,
  MINUTE,
  markOf,
  member,
  NOW,
  node,
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
import { callError, type MemoryOptions, memoryProvider } from './support/memory-provider.ts'
import { offerOf, sharedBy } from './support/passes.ts'

type Scene = MemoryOptions & {
  readonly lb?: Partial<LoadBalancer>
  readonly services?: readonly Service[]
  readonly nodes?: readonly Node[]
  /** Services that this process saw alive, and when they went. */
  readonly gone?: Readonly<Record<string, number>>
  readonly remembered?: Remembered
  readonly before?: Known
}

const NEVER = new AbortController().signal

/** One pass, and the pages that follow from it. */
async function shown({ lb = {}, services = [], nodes = THREE, gone = {}, remembered = NOTHING_REMEMBERED, before, ...options }: Scene) {
  const provider = memoryProvider([balancer(lb)], options)
  const shared = sharedBy('lb-1')
  const wanted = wantedBy(services, { memory: remembers([...services.map(({ name }) => name), ...Object.keys(gone)], gone) })
  const { backends, rules, claims } = offerOf({ wanted, nodes })
  const turn = { begin: NEVER, wait: NEVER, priority: 0 }
  const hooks = { begins: () => {}, applied: () => {}, failed: () => {}, now: () => NOW }
  const task = { id: 'lb-1', provider, wanted, backends, rules, remembered, members: 'fresh' as const, driftOnly: false, mayWrite: true }
  const outcome = await reconcileOne({ ...task, turnOf: () => turn, hooks, now: () => NOW, signal: NEVER }, shared, () => {})
  const known = new Map([['lb-1', know('lb-1', outcome, before)]])
  const desire: Desire = {
    ...{
      wanted,
      backends,
      rules,
      claimsOf: () => claims,
      wants: NO_WANTS,
      loadBalancers: ['lb-1'],
      unanswered: '',
      named: new Set(),
      problems: [],
      unresolved: [],
      recheckAt: undefined,
    },
  }
  const [one] = known.values()
  if (one === undefined) throw new Error('nothing is known')
  return {
    rows: portRows(desire, known, shared.ledger),
    balancer: balancerRow(one),
    held: heldPage(shared.ledger, () => 'front'),
    drift: driftLines(known.values()),
    known: one,
  }
}

const place = { loadBalancer: 'front', listener: 'tcp:8080', address: '192.0.2.1:8080' }
const inPlace = { members: threeMembers(), listeners: [webListener()] }

describe('a published port', () => {
  test('that just got its listener is exposed, with the address people use', async () => {
    const { rows } = await shown({ services: [web()] })
    expect(rows).toEqual([{ service: 'web', port: '80/tcp', ...place, state: 'exposed', reason: '' }])
  })

  test('whose listener could not be made is pending, with what the cloud said', async () => {
    const { rows } = await shown({
      services: [web()],
      around: (change, effect) => {
        if (change.kind === 'createListener') throw callError('failed', 'Forbidden.RAM')
        effect()
      },
    })
    expect(rows).toMatchObject([{ ...place, state: 'pending', reason: 'Test: Forbidden.RAM: as told' }])
  })

  test.each([
    ['the tag of its load balancer', 'tagLoadBalancer', { tags: {} }],
    ['the backends of its load balancer', 'addBackends', {}],
  ])('whose listener waits for %s, which is refused, says that', async (_, kind, lb) => {
    const { rows } = await shown({
      lb,
      services: [web()],
      around: (change, effect) => {
        if (change.kind === kind) throw callError('failed', 'Forbidden.RAM')
        effect()
      },
    })
    expect(rows).toMatchObject([{ state: 'pending', reason: 'Test: Forbidden.RAM: as told' }])
  })

  test('whose listener runs is exposed, although one of its nodes was refused', async () => {
    const { rows } = await shown({
      services: [web()],
      around: (change, effect) => {
        effect()
        if (change.kind === 'addBackends') throw new ServersRefused(['i-1'], callError('failed', 'InvalidServerId'))
      },
    })
    expect(rows).toMatchObject([{ ...place, state: 'exposed', reason: '' }])
  })

  test('whose listener the cloud has no room for is a problem with the name of the quota', async () => {
    const full = new CallError({ status: 'failed', action: 'Create', code: 'OverLimit', message: 'no', quota: 'quota_of_listeners' })
    const { known } = await shown({
      services: [web()],
      around: (change, effect) => {
        if (change.kind === 'createListener') throw full
        effect()
      },
    })
    expect(known.refused).toMatchObject([{ kind: 'quota', subject: 'web', text: expect.stringContaining('quota_of_listeners') }])
  })

  test('without a label is unexposed, with the label to add', async () => {
    const { rows } = await shown({ services: [service('db', 30002)] })
    expect(rows).toMatchObject([{ service: 'db', listener: '', address: '', state: 'unexposed' }])
    expect(rows[0]?.reason).toContain('slb.port.80: tcp://:80')
  })

  test.each<[string, string, Scene]>([
    ['frozen', 'scheduler', { lb: inPlace, services: [web({ 'slb.port.80.scheduler': 'fastest' })] }],
    ['frozen', 'slb.freeze', { lb: inPlace, services: [web({ 'slb.freeze': 'true' })] }],
    ['frozen', 'not in SLB_ID or SLB_ALLOW', { services: [web({ 'slb.port.80': 'tcp://elsewhere:8080' })] }],
    ['pending', 'waiting for Swarm', { services: [web({}, { ports: [port(undefined)], settled: false })] }],
    ['pending', 'no node can be a backend yet', { services: [web()], nodes: [] }],
    ['refused', 'is not ours', { lb: { listeners: [webListener({ note: 'by hand' })] }, services: [web()] }],
    ['refused', 'held by service web', { lb: inPlace, services: [web(), service('b', 30001, { 'slb.port.80': 'tcp://:8080' })] }],
    [
      'closed',
      'stopped by hand',
      { lb: { ...inPlace, listeners: [webListener({ status: 'stopped', note: markOf('web', '/closed') })] }, services: [web()] },
    ],
    ['removing', 'service web is gone', { lb: inPlace, gone: { web: NOW } }],
    ['refused', 'nothing is written', { lb: { tags: { 'swarm-slb:me': 'another' } }, services: [web()] }],
    ['refused', 'is locked', { lb: { status: 'locked' }, services: [web()] }],
  ])('that is %s says why: %s', async (state, reason, scene) => {
    const { rows } = await shown(scene)
    const [row] = rows.filter((one) => one.state === state)
    expect(row?.reason, JSON.stringify(rows)).toContain(reason)
  })

  test('of a load balancer that could not be read is pending with the error, and later keeps what was known', async () => {
    const fails = {
      opens: () => {
        throw callError('unknown', 'Timeout')
      },
    }
    const first = await shown({ services: [web()], ...fails })
    expect(first.rows).toMatchObject([{ service: 'web', state: 'pending', reason: 'Test: Timeout: as told' }])
    const good = await shown({ lb: inPlace, services: [web()] })
    const later = await shown({ services: [web()], ...fails, before: good.known })
    expect(later.rows).toMatchObject([{ ...place, state: 'exposed' }])
    expect(later.balancer).toMatchObject({ name: 'front', state: 'active', reason: 'Test: Timeout: as told' })
  })

  test('whose service is gone has no row once its listener is deleted', async () => {
    const { rows } = await shown({ lb: inPlace, gone: { web: NOW - MINUTE } })
    expect(rows).toEqual([])
  })

  test('rows are in the order of names and of numbers', async () => {
    const many = service('a', 30000, {}, { ports: [port(30000, { target: 443 }), port(30001, { target: 80 }), port(30002, { target: 9 })] })
    const { rows } = await shown({ services: [web(), many] })
    expect(rows.map((row) => `${row.service} ${row.port}`)).toEqual(['a 9/tcp', 'a 80/tcp', 'a 443/tcp', 'web 80/tcp'])
  })
})

describe('deletes that are held', () => {
  const two = [webListener(), listener('tcp', 9090, toDefault(30001), markOf('api'))]

  test('are told with their reason, here and at the port', async () => {
    const { held, rows } = await shown({ lb: { members: threeMembers(), listeners: two }, gone: { web: 0, api: 0 } })
    expect(held.reason).toBe('no service wants any of the 2 listeners any more')
    expect(held.hash).toMatch(/^[0-9a-f]{12}$/)
    expect(held.deletes.map(({ listener: key, service: name, loadBalancer }) => `${loadBalancer} ${key} ${name}`)).toEqual([
      'front tcp:8080 web',
      'front tcp:9090 api',
    ])
    expect(rows.map(({ state, reason }) => `${state} ${reason}`)).toEqual([
      'held its delete is held: no service wants any of the 2 listeners any more',
      'held its delete is held: no service wants any of the 2 listeners any more',
    ])
  })

  test('are none where nothing is held', async () => {
    expect((await shown({ services: [web()] })).held).toEqual({ hash: '', reason: '', deletes: [] })
  })
})

describe('a load balancer', () => {
  test('counts its listeners, ours among them, and its nodes', async () => {
    const foreign = listener('tcp', 22, toDefault(22), 'ssh')
    const members = [member('i-1'), member('i-2'), member('i-3', { weight: 0, note: 'by hand' })]
    const { balancer: row } = await shown({ lb: { members, listeners: [webListener(), foreign] }, services: [web()] })
    expect(row).toMatchObject({
      name: 'front',
      address: '192.0.2.1',
      state: 'active',
      listeners: 2,
      owned: 1,
      backends: { active: 2, drained: 1 },
    })
  })

  test.each([
    [{ status: 'locked' }, 'unusable', 'is locked'],
    [{ tags: { 'ack.aliyun.com': 'c1' } }, 'unusable', 'Kubernetes'],
    [{ tags: { 'swarm-slb:me': 'another' } }, 'readOnly', 'names cluster another'],
  ] as const)('that may not be written to says why', async (lb, state, reason) => {
    expect((await shown({ lb, services: [web()] })).balancer).toMatchObject({ state, reason: expect.stringContaining(reason) })
  })
})

describe('drift', () => {
  test('names what people did and we leave', async () => {
    const lb = {
      members: [member('i-1', { weight: 0 }), member('i-2'), member('i-3')],
      listeners: [webListener({ status: 'stopped', note: markOf('web', '/closed') })],
    }
    const { drift } = await shown({ lb, services: [web()], nodes: [node('n1'), node('n2'), node('n3')] })
    expect(drift).toEqual([
      expect.stringContaining('front: n1 (i-1) was set to weight 0 by hand and stays so'),
      'front: listener tcp:8080 was stopped by hand and stays so',
    ])
  })
})
