// Rules 2 and 3: members that are in doubt stay. Who cannot be looked up may be the one that is missing.
import { describe, expect, test } from 'vitest'
import { foldHealth } from '../../src/core/health.ts'
import type { ListenerKey } from '../../src/core/model.ts'
import {
  backendsOf,
  balancer,
  defaults,
  diffOf,
  found,
  group,
  healthOf,
  listener,
  MINUTE,
  markOf,
  member,
  NOTE,
  NOW,
  node,
  service,
  THREE,
  text,
  threeMembers,
  toDefault,
  toGroup,
  web,
  webListener,
} from '../support/build.ts'

const inPlace = balancer({ members: threeMembers(), listeners: [webListener()] })
const sick = healthOf('abnormal')
const two = THREE.slice(0, 2)
const zero = (server: string, note = `${NOTE}/0`) => member(server, { weight: 0, note })
const withThird = (third: ReturnType<typeof member>) =>
  balancer({ members: [...threeMembers().slice(0, 2), third], listeners: [webListener()] })

describe('a node that cannot be looked up', () => {
  const unknown = found(two)
  const n4 = node('n4')
  const later = (minutes: number, nodes = [...two, n4]) => {
    const before = backendsOf(nodes, { found: unknown })
    return backendsOf(nodes, { found: unknown, memory: before.memory, now: NOW + minutes * MINUTE })
  }

  test('is a problem of that node after ten minutes', () => {
    expect(later(9).problems).toEqual([])
    expect(later(9).protect).toBe('all')
    expect(later(9).recheckAt).toBe(NOW + 10 * MINUTE)
    expect(later(10).problems).toMatchObject([{ kind: 'node', subject: 'n4', text: expect.stringContaining('10.0.0.4') }])
    expect(later(10).protect).toEqual(new Set(['10.0.0.4']))
  })

  test('protects after ten minutes what may be on its address, for as long as it lasts', () => {
    const backends = later(11)
    const result = diffOf({ services: [web()], lb: inPlace, backends, health: sick, now: NOW + 11 * MINUTE })
    expect(text(result.plan)).toEqual([])
  })

  test('protects no server that was seen to leave from another address', () => {
    const before = backendsOf(THREE)
    const left = backendsOf([...two, n4], { found: unknown, memory: before.memory })
    const lines = (address: string) => {
      const backends = { ...left, protect: new Set([address]) }
      return text(diffOf({ services: [web()], lb: inPlace, backends, health: sick }).plan)
    }
    expect(lines('10.0.0.4')).toEqual(['set weight of i-3 to 0 (was 100) in default group'])
    expect(lines('10.0.0.3')).toEqual([])
  })

  test('protects also while it is down: its member is not taken for one that nobody owns', () => {
    const nodes = [...two, node('n3', { state: 'down' })]
    const first = backendsOf(nodes, { found: unknown })
    const lb = withThird(zero('i-3'))
    const before = diffOf({ services: [web()], lb, backends: first })
    const now = NOW + MINUTE
    const backends = backendsOf(nodes, { found: unknown, memory: first.memory, now })
    expect(text(diffOf({ services: [web()], lb, backends, memory: before.memory, now, health: sick }).plan)).toEqual([])
  })

  test('protects nothing where it would be no backend anyway', () => {
    const nodes = [...two, node('n4', { labels: { 'slb.exclude': 'true' } })]
    expect(backendsOf(nodes, { found: unknown }).protect).toEqual(new Set())
  })

  test('when none could be looked up for more than ten minutes after a restart, nobody is removed', () => {
    const first = backendsOf(THREE, { found: new Map() })
    const now = NOW + 11 * MINUTE
    const backends = backendsOf(THREE, { found: new Map(), memory: first.memory, now })
    expect(text(diffOf({ services: [web()], lb: inPlace, backends, health: sick, now }).plan)).toEqual([])
  })
})

describe('a node that is lost', () => {
  const down = [node('n1', { state: 'down' }), node('n2'), node('n3')]
  const lostFor = (ms: number) => {
    const before = backendsOf(down, { memory: backendsOf(THREE, { now: NOW - ms }).memory, now: NOW - ms })
    return backendsOf(down, { memory: before.memory })
  }

  test('keeps its weight until SLB_NODE_DOWN_GRACE is over', () => {
    expect(diffOf({ services: [web()], lb: inPlace, backends: lostFor(MINUTE - 1), health: sick }).plan).toEqual([])
    expect(lostFor(MINUTE - 1).recheckAt).toBe(NOW + 1)
    expect(text(diffOf({ services: [web()], lb: inPlace, backends: lostFor(MINUTE), health: sick }).plan)).toEqual([
      'set weight of i-1 to 0 (was 100) in default group',
    ])
  })

  test('but healthy is not asked about again before the next resync', () => {
    const result = diffOf({ services: [web()], lb: inPlace, backends: lostFor(10 * MINUTE), health: healthOf('normal') })
    expect(result.plan).toEqual([])
    expect(result.recheckAt).toBeUndefined()
  })

  test.each([
    ['is down', lostFor(10 * MINUTE), 'n1', 'n1 is down'],
    ['left', backendsOf(THREE.slice(1), { memory: backendsOf(THREE).memory }), 'n1', 'n1 left the swarm'],
    ['was never seen', backendsOf(THREE.slice(1)), 'i-1', 'it is no node of this swarm'],
  ])('and %s is told, with the reason why it keeps its weight', (_, backends, subject, how) => {
    const told = (over: Parameters<typeof diffOf>[0]) => diffOf({ services: [web()], lb: inPlace, backends, ...over }).problems
    const problem = (why: string) => [{ kind: 'node', subject, text: `i-1 keeps its weight although ${how}: ${why}` }]
    expect(told({ health: healthOf('normal') })).toEqual(problem('a health check finds it well'))
    expect(told({ health: foldHealth([]) })).toEqual(problem('its health is not known'))
    const out = balancer({ members: [member('i-1'), zero('i-9'), member('i-2')], listeners: [webListener()] })
    expect(told({ health: sick, lb: out })).toEqual(problem('a third of its group is out already'))
    expect(told({ health: sick, lb: balancer({ members: [member('i-1')], listeners: [webListener()] }) })).toEqual(
      problem('no other has a weight'),
    )
    expect(told({ health: sick })).toEqual([])
  })

  test('is told once, in however many groups it is', () => {
    const own = group('rsp-1', markOf('api'), threeMembers({ port: 30001 }), { listeners: ['tcp:7000'] })
    const lb = balancer({
      members: threeMembers(),
      groups: [own],
      listeners: [webListener(), listener('tcp', 7000, toGroup('rsp-1'), markOf('api'))],
    })
    const services = [web(), service('api', 30001, { 'slb.port.80': 'tcp://:7000' })]
    const health = healthOf('normal', 30000, ['tcp:8080', 'tcp:7000'])
    expect(diffOf({ services, lb, backends: lostFor(10 * MINUTE), health }).problems).toHaveLength(1)
  })

  describe('of which the answer about health says nothing', () => {
    const plan = (lb = inPlace, services = [web()]) => diffOf({ services, lb, backends: lostFor(10 * MINUTE), health: foldHealth([]) })

    test('although a listener is checked keeps its weight, and is asked about again', () => {
      expect(plan().plan).toEqual([])
      expect(plan().needsHealth).toBe(true)
      const own = group('rsp-1', markOf('web'), threeMembers({ port: 30000 }), { listeners: ['tcp:8080'] })
      expect(plan(balancer({ groups: [own], listeners: [webListener({ target: toGroup('rsp-1') })] })).plan).toEqual([])
    })

    test.each([
      ['is stopped', { status: 'stopped', note: markOf('web', '/closed') } as const, {}],
      ['is not checked', { settings: defaults('tcp', { 'health-check-switch': 'off' }) }, { 'slb.port.80.health-check-switch': 'off' }],
    ])('where its listener %s is lowered', (_, over, labels) => {
      const lb = balancer({ members: threeMembers(), listeners: [webListener(over)] })
      expect(text(plan(lb, [web(labels)]).plan)).toEqual(['set weight of i-1 to 0 (was 100) in default group'])
    })

    test('is lowered where another listener of the group tells', () => {
      const lb = balancer({ members: threeMembers(), listeners: [webListener(), listener('tcp', 9090, toDefault(30002), markOf('db'))] })
      const services = [web(), service('db', 30002, { 'slb.port.80': 'tcp://:9090' })]
      const health = healthOf('abnormal', 30002, ['tcp:9090'])
      expect(text(diffOf({ services, lb, backends: lostFor(10 * MINUTE), health }).plan)).toEqual([
        'set weight of i-1 to 0 (was 100) in default group',
      ])
    })
  })

  test('and then unknown to Swarm stays as it is: the time of being down is neither over nor forgotten', () => {
    const unknown = [node('n1', { state: 'unknown' }), node('n2'), node('n3')]
    const backends = backendsOf(unknown, { memory: lostFor(10 * MINUTE).memory })
    expect(text(diffOf({ services: [web()], lb: inPlace, backends, health: sick }).plan)).toEqual([])
    const again = backendsOf(down, { memory: backends.memory })
    expect(again.wishes.get('i-1')).toMatchObject({ reason: 'down', weight: 0 })
  })

  test('in a group of two may still be lowered: one is the least that a third means', () => {
    const pair = down.slice(0, 2)
    const before = backendsOf(pair, { memory: backendsOf(two, { now: 0 }).memory, now: 0 })
    const lb = balancer({ members: threeMembers().slice(0, 2), listeners: [webListener()] })
    const result = diffOf({ services: [web()], lb, backends: backendsOf(pair, { memory: before.memory }), health: sick })
    expect(text(result.plan)).toEqual(['set weight of i-1 to 0 (was 100) in default group'])
  })

  test('keeps its weight where any listener of its group finds it normal, and no other group is asked', () => {
    const groups = [group('rsp-1', markOf('api'), threeMembers({ port: 30001 }), { listeners: ['tcp:7000'] })]
    const third = listener('tcp', 9090, toDefault(30002), markOf('db'))
    const own = listener('tcp', 7000, toGroup('rsp-1'), markOf('api'))
    const lb = balancer({ members: threeMembers(), groups, listeners: [webListener(), third, own] })
    const services = [
      web(),
      service('api', 30001, { 'slb.port.80': 'tcp://:7000' }),
      service('db', 30002, { 'slb.port.80': 'tcp://:9090' }),
    ]
    const rows = (...normal: ListenerKey[]) =>
      foldHealth(
        (['tcp:9090', 'tcp:8080', 'tcp:7000'] as const).map((key) => ({
          listener: key,
          server: 'i-1',
          port: 1,
          state: normal.includes(key) ? ('normal' as const) : ('abnormal' as const),
        })),
      )
    const lines = (health: ReturnType<typeof foldHealth>) => text(diffOf({ services, lb, backends: lostFor(10 * MINUTE), health }).plan)
    const inDefault = 'set weight of i-1 to 0 (was 100) in default group'
    const inGroup = `set weight of i-1:30001 to 0 (was 100) in group ${markOf('api')}`
    expect(lines(rows())).toEqual([inDefault, inGroup])
    expect(lines(rows('tcp:7000'))).toEqual([inDefault])
    expect(lines(rows('tcp:8080'))).toEqual([inGroup])
    expect(lines(rows('tcp:9090'))).toEqual([inGroup])
  })

  test('counts against the third of its group while it is at 0', () => {
    const both = [node('n1', { state: 'down' }), node('n2', { state: 'down' }), node('n3')]
    const before = backendsOf(both, { memory: backendsOf(THREE, { now: 0 }).memory, now: 0 })
    const lb = balancer({ members: [zero('i-1'), ...threeMembers().slice(1)], listeners: [webListener()] })
    expect(diffOf({ services: [web()], lb, backends: backendsOf(both, { memory: before.memory }), health: sick }).plan).toEqual([])
  })
})

describe('a node that is no backend any more', () => {
  test('because it is excluded goes after the drain time', () => {
    const nodes = [node('n1', { labels: { 'slb.exclude': 'true' } }), node('n2'), node('n3')]
    const backends = backendsOf(nodes, { memory: backendsOf(THREE).memory })
    const lb = balancer({ members: [zero('i-1'), member('i-2'), member('i-3')], listeners: [webListener()] })
    const first = diffOf({ services: [web()], lb, backends })
    expect(first.plan).toEqual([])
    const later = diffOf({ services: [web()], lb, backends, now: first.recheckAt ?? 0, memory: first.memory })
    expect(text(later.plan)).toEqual(['remove i-1 from default group'])
  })

  test('but was put there by somebody else stays, at 0, until it leaves the swarm', () => {
    const nodes = [node('n1', { labels: { 'slb.exclude': 'true' } }), node('n2'), node('n3')]
    const lb = balancer({ members: [zero('i-1', 'by docker-machine/0'), member('i-2'), member('i-3')], listeners: [webListener()] })
    const first = diffOf({ services: [web()], lb, nodes })
    expect(diffOf({ services: [web()], lb, nodes, now: NOW + MINUTE, memory: first.memory }).plan).toEqual([])
  })

  test('is not removed where it is the last member of its group', () => {
    const left = backendsOf([], { memory: backendsOf([node('n3')]).memory })
    const removed = (...others: ReturnType<typeof member>[]) => {
      const lb = balancer({ members: [...others, zero('i-3')], listeners: [webListener()] })
      const first = diffOf({ services: [web()], lb, backends: left })
      return text(diffOf({ services: [web()], lb, backends: left, now: NOW + MINUTE, memory: first.memory, health: sick }).plan)
    }
    expect(removed(member('i-9', { note: 'db' }))).toEqual(['remove i-3 from default group'])
    expect(removed()).toEqual([])
  })

  test('because it drains stays a member at 0', () => {
    const nodes = [node('n1', { availability: 'drain' }), node('n2'), node('n3')]
    const lb = balancer({ members: [zero('i-1'), member('i-2'), member('i-3')], listeners: [webListener()] })
    const first = diffOf({ services: [web()], lb, nodes })
    expect(diffOf({ services: [web()], lb, nodes, now: NOW + 100 * MINUTE, memory: first.memory }).plan).toEqual([])
  })

  test('because it left long ago may be put back by a person', () => {
    const at = NOW - 100 * MINUTE
    const left = backendsOf(two, { memory: backendsOf(THREE, { now: at }).memory, now: at })
    const backends = backendsOf(two, { memory: left.memory })
    const result = diffOf({ services: [web()], lb: withThird(member('i-3', { note: 'database' })), backends, health: sick })
    expect(text(result.plan)).toEqual([])
  })
})
