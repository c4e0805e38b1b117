// Several default load balancers: the first with room, and then always the same one.
import { describe, expect, test } from 'vitest'
import type { PoolPlace, PoolWant } from '../../src/core/claim.ts'
import type { ListenerKey, LoadBalancer, Protocol } from '../../src/core/model.ts'
import { assignPool, type Pool, wantKey } from '../../src/core/pool.ts'
import { quotaNamesOf } from '../../src/core/traits.ts'
import { CLB_TRAITS } from '../../src/providers/aliyun/clb/traits.ts'
import {
  backendsOf,
  balancer,
  group,
  listener,
  markOf,
  member,
  NOTE,
  OWNER,
  PLACES,
  service,
  THREE,
  threeMembers,
  toDefault,
  toGroup,
  wantedBy,
} from '../support/build.ts'

const QUOTAS = { listeners: 50, backends: 200, attachments: 50, rules: 40, extensions: 3, groups: Infinity }
const lbOf = (id: string, over: Partial<LoadBalancer> = {}) => balancer({ id, name: `name-${id}`, ...over })
const want = (name: string, port = 8080, over: Partial<PoolWant> = {}): PoolWant => ({
  mark: { owner: OWNER, service: name, port: 80, transport: 'tcp', suffix: '' },
  key: `tcp:${port}`,
  protocol: 'tcp',
  rules: [],
  named: undefined,
  elsewhere: [],
  adopt: false,
  ownGroup: false,
  ...over,
})
const guest = (name: string, count = 1, over: Partial<PoolWant> = {}) =>
  want(name, 80, {
    protocol: 'http',
    rules: Array.from({ length: count }, (_, i) => ({ domain: `${name}-${i}.example.com`, url: '' })),
    ownGroup: true,
    ...over,
  })

function poolOf(lbs: readonly LoadBalancer[], over: Partial<Pool> & { quotas?: Partial<typeof QUOTAS>; groups?: boolean } = {}): Pool {
  const { quotas, groups, ...rest } = over
  return {
    members: lbs.map(({ id }) => id),
    unknown: [],
    readings: new Map(lbs.map((lb) => [lb.id, lb])),
    backends: backendsOf(THREE),
    rules: {
      owner: OWNER,
      note: NOTE,
      backends: groups ? 'vserver-group' : 'auto',
      clusterId: 'cluster-1',
      quotas: { ...QUOTAS, ...quotas },
      quotaNames: quotaNamesOf(CLB_TRAITS),
    },
    placed: new Map(),
    ...rest,
  }
}

const say = (place: PoolPlace) =>
  place.status === 'placed' ? place.loadBalancer : `${place.status}: ${'text' in place ? place.text : place.reason}`
const assign = (pool: Pool, ...wants: readonly PoolWant[]) => assignPool(pool)(wants).map(say)

const on = (name: string, port: number, protocol: Protocol = 'tcp') => listener(protocol, port, toDefault(30000), markOf(name))
/** A listener of `holder` with a rule of `name`. */
const withRule = (lb: LoadBalancer, holder: string, name: string, count = 1): LoadBalancer => ({
  ...lb,
  groups: [...lb.groups, group(`rsp-${name}`, markOf(name), [], { rules: count })],
  listeners: [
    listener('http', 80, toGroup(`rsp-${name}`), markOf(holder), {
      rules: Array.from({ length: count }, (_, i) => ({
        ref: `r-${name}-${i}`,
        name: '',
        domain: `d${i}.example.com`,
        url: '',
        group: `rsp-${name}`,
        settings: undefined,
      })),
    }),
  ],
})

const A = lbOf('lb-a')
const B = lbOf('lb-b')

describe('a port goes to the first load balancer', () => {
  test('in the order of SLB_ID', () => {
    expect(assign(poolOf([A, B]), want('web'))).toEqual(['lb-a'])
    expect(assign(poolOf([B, A]), want('web'))).toEqual(['lb-b'])
  })

  test('whose listener port is free: of a stranger, of another service, and of one that came a line before', () => {
    const taken = lbOf('lb-a', { listeners: [listener('tcp', 8080, toDefault(1), 'by hand')] })
    expect(assign(poolOf([taken, B]), want('web'))).toEqual(['lb-b'])
    expect(assign(poolOf([lbOf('lb-a', { listeners: [on('other', 8080)] }), B]), want('web'))).toEqual(['lb-b'])
    expect(assign(poolOf([A, B]), want('old'), want('new'))).toEqual(['lb-a', 'lb-b'])
  })

  test('that may be used', () => {
    expect(assign(poolOf([lbOf('lb-a', { status: 'locked' }), B]), want('web'))).toEqual(['lb-b'])
    expect(assign(poolOf([lbOf('lb-a', { tags: { [`swarm-slb:${OWNER}`]: 'another' } }), B]), want('web'))).toEqual(['lb-b'])
  })

  test('where a listener by hand is to be adopted', () => {
    const handMade = lbOf('lb-b', { listeners: [listener('tcp', 8080, toDefault(1), 'by hand')] })
    expect(assign(poolOf([A, handMade]), want('web', 8080, { adopt: true }))).toEqual(['lb-b'])
  })

  test('where no other target of the same port is', () => {
    expect(assign(poolOf([A, B]), want('web', 8080, { named: 'lb-a' }), want('web', 8080, { elsewhere: ['lb-a'] }))).toEqual([
      'lb-a',
      'lb-b',
    ])
  })

  test('and leaves to those that name a load balancer what they name, however young they are', () => {
    expect(assign(poolOf([A, B]), want('old'), want('young', 8080, { named: 'lb-a' }))).toEqual(['lb-b', 'lb-a'])
  })
})

describe('room is', () => {
  test('listeners, those of this very reading of the swarm included', () => {
    const wants = [1, 2, 3].map((port) => want(`s${port}`, port))
    expect(assign(poolOf([lbOf('lb-a', { listeners: [on('x', 9)] }), B], { quotas: { listeners: 2 } }), ...wants)).toEqual([
      'lb-a',
      'lb-b',
      'lb-b',
    ])
  })

  test('backends: nodes for each port that needs a group of its own, none where the default group serves', () => {
    const wants = [1, 2, 3].map((port) => want(`s${port}`, port))
    expect(assign(poolOf([A, B], { quotas: { backends: 6 }, groups: true }), ...wants)).toEqual(['lb-a', 'lb-a', 'lb-b'])
    expect(assign(poolOf([A, B], { quotas: { backends: 6 } }), ...wants)).toEqual(['lb-a', 'lb-a', 'lb-a'])
    const stranger = lbOf('lb-a', { members: [member('i-77', { note: 'by hand' })] })
    expect(assign(poolOf([stranger, B], { quotas: { backends: 3 } }), want('web'))).toEqual(['lb-b'])
    expect(assign(poolOf([A, B], { quotas: { backends: 2 } }), want('web', 8080, { ownGroup: true }))[0]).toContain(
      'slb_quota_backendservers_num',
    )
  })

  test('attachments of a server, over all load balancers', () => {
    const full = lbOf('lb-x', { groups: [group('rsp-1', 'g', threeMembers({ port: 1 })), group('rsp-2', 'h', threeMembers({ port: 2 }))] })
    const pool = poolOf([A, B], { quotas: { attachments: 2 }, groups: true })
    expect(assign({ ...pool, readings: new Map([...pool.readings, ['lb-x', full]]) }, want('web'))[0]).toContain(
      'slb_quota_backendserver_attached_num (2)',
    )
  })

  test('nowhere: each load balancer says why', () => {
    const full = lbOf('lb-a', { listeners: [on('x', 9)] })
    const locked = lbOf('lb-b', { status: 'locked' })
    const taken = lbOf('lb-c', { listeners: [on('y', 8080)] })
    expect(assign(poolOf([full, locked, taken], { quotas: { listeners: 1 } }), want('web'))).toEqual([
      'full: no load balancer of SLB_ID has room (name-lb-a: quota slb_quota_listeners_num (1) is used up; name-lb-b: load balancer lb-b is locked; name-lb-c: listener tcp:8080 is taken)',
    ])
  })
})

describe('a port stays', () => {
  const there = lbOf('lb-b', { listeners: [on('web', 8080)] })

  test('where its mark is, even where that load balancer is locked, and without asking for the others', () => {
    expect(assign(poolOf([A, there]), want('web'))).toEqual(['lb-b'])
    expect(assign(poolOf([A, { ...there, status: 'locked' }]), want('web'))).toEqual(['lb-b'])
    expect(assign(poolOf([A, there], { readings: new Map([['lb-b', there]]) }), want('web'))).toEqual(['lb-b'])
  })

  test('when the container port behind it changes', () => {
    const changed = want('web', 8080, { mark: { owner: OWNER, service: 'web', port: 81, transport: 'tcp', suffix: '' } })
    expect(assign(poolOf([A, there]), changed)).toEqual(['lb-b'])
    expect(assign(poolOf([A, there]), changed, want('web'))).toEqual(['lb-a', 'lb-b'])
  })

  test('where it was placed and is not seen yet, though an older service would now come first', () => {
    const quotas = { listeners: 1 }
    const placed = new Map([[wantKey(want('young', 1)), 'lb-a']])
    expect(assign(poolOf([A, B], { quotas, placed }), want('old', 2), want('young', 1))).toEqual(['lb-b', 'lb-a'])
  })

  test('where it was placed when that load balancer vanishes, and goes on where the room was taken meanwhile', () => {
    const placed = new Map([[wantKey(want('web')), 'lb-a']])
    expect(assign(poolOf([lbOf('lb-a', { status: 'missing' }), B], { placed }), want('web'))).toEqual(['lb-a'])
    const stolen = lbOf('lb-a', { listeners: [listener('tcp', 8080, toDefault(1), 'by hand')] })
    expect(assign(poolOf([stolen, B], { placed }), want('web'))).toEqual(['lb-b'])
  })
})

test('nothing new is placed before all have been read', () => {
  const pool = poolOf([A, B], { readings: new Map([['lb-a', A]]) })
  expect(assign(pool, want('web'))).toEqual(['waits: waiting for the load balancers of the pool to be read: lb-b'])
  expect(assign(poolOf([A], { unknown: ['second'] }), want('web'))[0]).toMatch(/^waits: .*second$/)
})

describe('guests', () => {
  const plain = (name: string) => want(name, 80, { protocol: 'http' })

  test('of one listener are on one load balancer, until its rules are used up', () => {
    const quotas = { rules: 3 }
    expect(assign(poolOf([A, B], { quotas }), guest('a'), guest('b'), want('c', 81))).toEqual(['lb-a', 'lb-a', 'lb-a'])
    expect(assign(poolOf([A, B], { quotas }), guest('a', 2), guest('b', 2))).toEqual([
      'lb-a',
      'full: no load balancer of SLB_ID has room (name-lb-a: quota slb_quota_rules_num (3) is used up)',
    ])
  })

  test('go where others of that listener are, also where those say nothing now', () => {
    expect(assign(poolOf([A, withRule(B, 'frozen', 'frozen')]), guest('new'))).toEqual(['lb-b'])
    expect(assign(poolOf([A, withRule(B, 'a', 'a')]), guest('new'), guest('a'))).toEqual(['lb-b', 'lb-b'])
  })

  test('join a listener of ours, and take no listener from the quota', () => {
    const held = lbOf('lb-b', { listeners: [on('site', 80, 'http')] })
    expect(assign(poolOf([A, held], { quotas: { listeners: 1 } }), guest('a'))).toEqual(['lb-b'])
  })

  test('do not join a stranger, nor another protocol', () => {
    const foreign = lbOf('lb-a', { listeners: [listener('http', 80, toDefault(1), 'by hand')] })
    expect(assign(poolOf([foreign, B]), guest('a'))).toEqual(['lb-b'])
    expect(assign(poolOf([lbOf('lb-a', { listeners: [on('x', 80, 'tcp')] }), B]), guest('a'))).toEqual(['lb-b'])
  })

  test('leave the listener itself to the service that names it without rules', () => {
    expect(assign(poolOf([A, B]), guest('a'), plain('site'), plain('second'))).toEqual(['lb-a', 'lb-a', 'lb-b'])
    expect(assign(poolOf([A, withRule(B, 'a', 'a')]), guest('a'), plain('site'))).toEqual(['lb-b', 'lb-b'])
  })

  test('stay where their rules are', () => {
    expect(assign(poolOf([A, withRule(B, 'site', 'a')]), plain('other'), guest('a'))).toEqual(['lb-a', 'lb-b'])
  })
})

describe('with a pool a service', () => {
  const places = (readings: readonly LoadBalancer[]) => ({ ...PLACES, assign: assignPool(poolOf(readings)) })
  const placesOf = (labels: Record<string, string>, lbs: readonly LoadBalancer[] = [lbOf('lb-1'), lbOf('lb-2')]) =>
    wantedBy([service('web', 30000, labels)], { places: places(lbs) })

  test('goes where the pool says', () => {
    const wanted = placesOf({ 'slb.port.80': 'tcp://:8080' }, [lbOf('lb-1', { listeners: [on('x', 8080 as number)] }), lbOf('lb-2')])
    expect(wanted.claims.map(({ loadBalancer }) => loadBalancer)).toEqual(['lb-2'])
  })

  test('that names one of its load balancers and leaves the other open has two', () => {
    const wanted = placesOf({ 'slb.port.80': 'tcp://lb-1:8080;tcp://:8080' })
    expect(wanted.claims.map(({ loadBalancer, key }) => `${loadBalancer} ${key}`)).toEqual(['lb-1 tcp:8080', 'lb-2 tcp:8080'])
  })

  test('is frozen with a reason where nothing has room', () => {
    const taken = (id: string) => lbOf(id, { listeners: [on('x', 8080)] })
    const wanted = placesOf({ 'slb.port.80': 'tcp://:8080' }, [taken('lb-1'), taken('lb-2')])
    expect(wanted.claims).toEqual([])
    expect(wanted.problems.map(({ text }) => text)).toEqual([
      'slb.port.80: no load balancer of SLB_ID has room (name-lb-1: listener tcp:8080 is taken; name-lb-2: listener tcp:8080 is taken)',
    ])
  })
})

test('the same readings give the same places, whatever the order of the services is called with again', () => {
  const keys: readonly ListenerKey[] = ['tcp:1', 'tcp:2', 'tcp:1', 'tcp:3']
  const wants = keys.map((key, i) => want(`s${i}`, 1, { key }))
  const pool = poolOf([A, B], { quotas: { listeners: 2 } })
  const first = assign(pool, ...wants)
  expect(assign(pool, ...wants)).toEqual(first)
  const placed = new Map(wants.map((one, i) => [wantKey(one), first[i] ?? '']))
  expect(assign({ ...pool, placed }, ...wants.toReversed())).toEqual(first.toReversed())
})
