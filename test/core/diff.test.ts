// The rules that protect people (docs/how-it-works.md), one table each: what is wanted and what is there in, the plan as text out.
import { describe, expect, test } from 'vitest'
import { NO_MEMORY } from '../../src/core/diff-input.ts'
import type { HealthState } from '../../src/core/health.ts'
import { foldHealth } from '../../src/core/health.ts'
import type { ListenerKey } from '../../src/core/model.ts'
import {
  backendsOf,
  balancer,
  defaults,
  diffOf,
  found,
  group,
  listener,
  MINUTE,
  markOf,
  member,
  NOTE,
  NOW,
  node,
  RULES,
  remembers,
  service,
  THREE,
  text,
  threeMembers,
  toDefault,
  toGroup,
  wantedBy,
  web,
  webListener,
} from '../support/build.ts'

const inPlace = balancer({ members: threeMembers(), listeners: [webListener()] })
const seenRunning = { ...NO_MEMORY, seenRunning: new Set<ListenerKey>(['tcp:8080']) }
const all = (state: HealthState, keys: readonly ListenerKey[] = ['tcp:8080'], port = 30000) =>
  foldHealth(keys.flatMap((key) => ['i-1', 'i-2', 'i-3'].map((server) => ({ listener: key, server, port, state }))))

describe('a published port becomes a listener', () => {
  test('on the default group: nodes first, then the listener', () => {
    const { plan } = diffOf({ services: [web()] })
    expect(text(plan)).toEqual(['add i-1, i-2, i-3 to default group', 'create listener tcp:8080 -> default group on port 30000'])
    expect(plan.find(({ id }) => id === 'listener tcp:8080')?.after).toContain('default group')
  })

  test('on a group of its own where only groups are used, created with its members in one change', () => {
    const { plan } = diffOf({ services: [web()], rules: { ...RULES, backends: 'vserver-group' } })
    expect(text(plan)).toEqual([
      `create group ${markOf('web')} with i-1:30000, i-2:30000, i-3:30000`,
      `create listener tcp:8080 -> group ${markOf('web')}`,
    ])
  })

  test('on a group of its own where the default group holds a stranger or serves a foreign listener', () => {
    const stranger = balancer({ members: [...threeMembers(), member('i-9', { note: 'database' })] })
    const foreign = balancer({ members: threeMembers(), listeners: [listener('tcp', 22, toDefault(22), 'ssh by hand')] })
    for (const lb of [stranger, foreign]) {
      expect(text(diffOf({ services: [web()], lb }).plan)).toContain(`create listener tcp:8080 -> group ${markOf('web')}`)
    }
  })

  test('not before a node can be a backend', () => {
    const result = diffOf({ services: [web()], nodes: [node('n1', { state: 'down' })] })
    expect(result.plan).toEqual([])
    expect(result.verdicts[0]).toMatchObject({ state: 'pending', reason: 'no node can be a backend yet' })
  })

  test('and nothing is left to do once it is there', () => {
    expect(diffOf({ services: [web()], lb: inPlace }).plan).toEqual([])
  })

  test('one changed option is one update with that option only', () => {
    const changed = web({ 'slb.port.80.scheduler': 'rr' })
    expect(text(diffOf({ services: [changed], lb: inPlace }).plan)).toEqual(['update listener tcp:8080: scheduler wrr -> rr'])
  })

  test('removing an option restores its default', () => {
    const lb = balancer({ members: threeMembers(), listeners: [webListener({ settings: { ...defaults('tcp'), scheduler: 'rr' } })] })
    expect(text(diffOf({ services: [web()], lb }).plan)).toEqual(['update listener tcp:8080: scheduler rr -> wrr'])
  })
})

describe('rule 1: what has no mark of ours is never touched', () => {
  const byHand = listener('tcp', 8080, toDefault(30000), 'made in the console')

  test('a foreign listener on a wanted port is a problem, not a change', () => {
    const result = diffOf({ services: [web()], lb: balancer({ members: threeMembers(), listeners: [byHand] }) })
    expect(result.plan).toEqual([])
    expect(result.problems[0]?.text).toContain('is not ours')
    expect(result.problems[0]?.text).toContain('slb.port.80.adopt')
  })

  test('another owner of a mark is as foreign as no mark, even with adopt', () => {
    const theirs = listener('tcp', 8080, toDefault(30000), 'swarm-slb/them/web/80-tcp')
    const result = diffOf({
      services: [web({ 'slb.port.80.adopt': 'true' })],
      lb: balancer({ members: threeMembers(), listeners: [theirs] }),
    })
    expect(result.plan).toEqual([])
    expect(result.verdicts[0]).toMatchObject({ state: 'refused' })
  })

  test('adopt takes over a listener without a mark in one update', () => {
    const result = diffOf({
      services: [web({ 'slb.port.80.adopt': 'true' })],
      lb: balancer({ members: threeMembers(), listeners: [byHand] }),
    })
    expect(text(result.plan)).toEqual([`update listener tcp:8080: note -> ${markOf('web')}`])
  })

  test('foreign listeners, groups and servers do not appear in any plan', () => {
    const lb = balancer({
      members: [...threeMembers(), member('i-9', { note: '', weight: 0 })],
      groups: [group('rsp-x', 'by hand', [member('i-9', { port: 22, note: '' })], { listeners: ['tcp:22'] })],
      listeners: [webListener(), listener('tcp', 22, toGroup('rsp-x'), 'ssh')],
    })
    expect(diffOf({ services: [web()], lb }).plan).toEqual([])
  })

  test('a mark edited away by hand releases the listener', () => {
    const lb = balancer({ members: threeMembers(), listeners: [webListener({ note: 'mine now' })] })
    expect(diffOf({ services: [], lb, wanted: wantedBy([], { memory: remembers(['web'], { web: 0 }) }) }).plan).toEqual([])
  })

  test('a member of our own group whose note was edited away is left alone', () => {
    const lb = balancer({
      groups: [
        group('rsp-1', markOf('web'), [...threeMembers({ port: 30000 }), member('i-9', { port: 30000, note: 'by hand' })], {
          listeners: ['tcp:8080'],
        }),
      ],
      listeners: [webListener({ target: toGroup('rsp-1') })],
    })
    expect(diffOf({ services: [web()], lb }).plan).toEqual([])
  })
})

describe('rule 2: an answer that is not certain is never "nothing there"', () => {
  const gone = [node('n1'), node('n2')]

  test('while one node has no instance, no member is lowered or removed for absence', () => {
    const nodes = [...gone, node('n4')]
    const backends = backendsOf(nodes, { found: found(gone) })
    expect(diffOf({ services: [web()], lb: inPlace, backends, health: all('abnormal') }).plan).toEqual([])
  })

  test('drain of a resolved node goes on meanwhile', () => {
    const nodes = [node('n1', { availability: 'drain' }), node('n2'), node('n3'), node('n4')]
    const backends = backendsOf(nodes, { found: found(nodes.slice(0, 3)) })
    expect(text(diffOf({ services: [web()], lb: inPlace, backends }).plan)).toEqual(['set weight of i-1 to 0 (was 100) in default group'])
  })

  test('an id once known outlives a lookup that fails', () => {
    const before = backendsOf(THREE)
    const later = backendsOf(THREE, { memory: before.memory, found: new Map() })
    expect([...later.wishes.keys()]).toEqual(['i-1', 'i-2', 'i-3'])
    expect(later.protect).not.toBe('all')
  })
})

describe('rule 3: no set of backends loses its last weight', () => {
  test('draining every node leaves one with its weight', () => {
    const nodes = THREE.map((one) => ({ ...one, availability: 'drain' as const }))
    const lines = text(diffOf({ services: [web()], lb: inPlace, backends: backendsOf(nodes) }).plan)
    expect(lines).toEqual(['set weight of i-1, i-2 to 0 (was 100) in default group'])
  })

  test('at most a third is lowered for being down at a time', () => {
    const down = (id: string) => node(id, { state: 'down' })
    const before = backendsOf(THREE, { now: NOW - 2 * MINUTE })
    const since = backendsOf([down('n1'), down('n2'), node('n3')], { memory: before.memory, now: NOW - 2 * MINUTE })
    const backends = backendsOf([down('n1'), down('n2'), node('n3')], { memory: since.memory })
    const result = diffOf({ services: [web()], lb: inPlace, backends, health: all('abnormal') })
    expect(text(result.plan)).toEqual(['set weight of i-1 to 0 (was 100) in default group'])
  })

  test('a node that is down for Swarm but healthy for the load balancer keeps its weight', () => {
    const down = [node('n1', { state: 'down' }), node('n2'), node('n3')]
    const since = backendsOf(down, { memory: backendsOf(THREE, { now: 0 }).memory, now: 0 })
    const backends = backendsOf(down, { memory: since.memory })
    expect(diffOf({ services: [web()], lb: inPlace, backends }).needsHealth).toBe(true)
    expect(diffOf({ services: [web()], lb: inPlace, backends, health: all('normal') }).plan).toEqual([])
    expect(text(diffOf({ services: [web()], lb: inPlace, backends, health: all('abnormal') }).plan)).toEqual([
      'set weight of i-1 to 0 (was 100) in default group',
    ])
  })

  test('unknown changes nothing, however long', () => {
    const unknown = THREE.map((one) => ({ ...one, state: 'unknown' as const }))
    const before = backendsOf(THREE, { now: 0 })
    const backends = backendsOf(unknown, { memory: backendsOf(unknown, { memory: before.memory, now: 1 }).memory })
    expect(diffOf({ services: [web()], lb: inPlace, backends, health: all('abnormal') }).plan).toEqual([])
  })

  test('the last member is never removed', () => {
    const before = backendsOf([node('n1')], { now: 0 })
    const backends = backendsOf([], { memory: before.memory })
    const lb = balancer({ members: [member('i-1', { weight: 0, note: `${NOTE}/0` })], listeners: [webListener()] })
    expect(diffOf({ services: [web()], lb, backends, health: all('abnormal') }).plan).toEqual([])
  })
})

describe('nodes that come and go', () => {
  test('a node that joins is added at once with its weight', () => {
    const nodes = [...THREE, node('n4', { labels: { 'slb.weight': '40' } })]
    expect(text(diffOf({ services: [web()], lb: inPlace, nodes }).plan)).toEqual(['add i-4 (weight 40) to default group'])
  })

  test('a node that left goes to weight 0, and out after the drain time', () => {
    const two = THREE.slice(0, 2)
    const left = backendsOf(two, { memory: backendsOf(THREE, { now: NOW - 1000 }).memory, now: NOW })
    expect(text(diffOf({ services: [web()], lb: inPlace, backends: left, health: all('abnormal') }).plan)).toEqual([
      'set weight of i-3 to 0 (was 100) in default group',
    ])
    const lowered = balancer({
      members: [...threeMembers().slice(0, 2), member('i-3', { weight: 0, note: `${NOTE}/0` })],
      listeners: [webListener()],
    })
    const waiting = diffOf({ services: [web()], lb: lowered, backends: left })
    expect(waiting.plan).toEqual([])
    expect(waiting.recheckAt).toBe(NOW + RULES.drain)
    const later = diffOf({ services: [web()], lb: lowered, backends: left, now: NOW + RULES.drain, memory: waiting.memory })
    expect(text(later.plan)).toEqual(['remove i-3 from default group'])
  })

  test('a server that somebody put into the default group is removed only when its node was seen to leave', () => {
    const members = [...threeMembers().slice(0, 2), member('i-3', { note: 'by docker-machine', weight: 0 })]
    const lb = balancer({ members, listeners: [webListener()] })
    const two = THREE.slice(0, 2)
    const unseen = diffOf({ services: [web()], lb, backends: backendsOf(two), now: NOW + MINUTE, health: all('abnormal') })
    expect(text(unseen.plan)).toEqual([])
    const seen = backendsOf(two, { memory: backendsOf(THREE).memory })
    const first = diffOf({ services: [web()], lb, backends: seen, health: all('abnormal') })
    const result = diffOf({ services: [web()], lb, backends: seen, now: NOW + MINUTE, health: all('abnormal'), memory: first.memory })
    expect(text(result.plan)).toEqual(['remove i-3 from default group'])
  })

  test('an excluded node and one that drains go to weight 0 with our sign behind the description', () => {
    const nodes = [node('n1', { labels: { 'slb.exclude': 'true' } }), node('n2', { availability: 'drain' }), node('n3')]
    const { plan } = diffOf({ services: [web()], lb: inPlace, nodes })
    const [change] = plan[0]?.changes ?? []
    expect(change).toMatchObject({
      kind: 'setWeights',
      members: [
        { server: 'i-1', weight: 0, note: `${NOTE}/0` },
        { server: 'i-2', weight: 0 },
      ],
    })
  })
})

describe('rule 4: a problem freezes, and only certain things delete', () => {
  const owned = inPlace

  test('a broken label freezes the listener as it is, but a draining node is still followed', () => {
    const broken = web({ 'slb.port.80.health-check-interval': 'often' })
    expect(diffOf({ services: [broken], lb: owned }).plan).toEqual([])
    const nodes = [node('n1', { availability: 'drain' }), node('n2'), node('n3')]
    expect(text(diffOf({ services: [broken], lb: owned, nodes }).plan)).toEqual(['set weight of i-1 to 0 (was 100) in default group'])
  })

  test('slb.freeze leaves even the members of its own group', () => {
    const lb = balancer({
      groups: [group('rsp-1', markOf('web'), threeMembers({ port: 30000 }), { listeners: ['tcp:8080'] })],
      listeners: [webListener({ target: toGroup('rsp-1') })],
    })
    const nodes = [node('n1', { availability: 'drain' }), node('n2'), node('n3')]
    expect(diffOf({ services: [web({ 'slb.freeze': 'true' })], lb, nodes }).plan).toEqual([])
    expect(diffOf({ services: [web({ 'slb.port.80.scheduler': 'best' })], lb, nodes }).plan).toHaveLength(1)
  })

  test('a service that is gone keeps its listener for the grace, then it goes', () => {
    const during = wantedBy([], { memory: remembers(['web'], { web: NOW - 29_000 }) })
    const result = diffOf({ lb: owned, wanted: during })
    expect(result.plan).toEqual([])
    expect(result.recheckAt).toBe(NOW + 1000)
    const after = wantedBy([], { memory: remembers(['web'], { web: NOW - 30_000 }) })
    expect(text(diffOf({ lb: owned, wanted: after }).plan)).toEqual(['delete listener tcp:8080'])
  })

  test('a listener whose service this process never saw alive waits ten minutes', () => {
    const young = { ...remembers([]), startedAt: NOW - 9 * MINUTE }
    expect(diffOf({ lb: owned, wanted: wantedBy([], { memory: young }) }).plan).toEqual([])
    const old = { ...remembers([]), startedAt: NOW - 10 * MINUTE }
    expect(text(diffOf({ lb: owned, wanted: wantedBy([], { memory: old }) }).plan)).toEqual(['delete listener tcp:8080'])
  })

  test.each([
    [
      'the label is gone',
      service(
        'web',
        30000,
        { 'slb.port.443': 'tcp://:443' },
        {
          ports: [
            { target: 80, published: 30000, transport: 'tcp', mode: 'ingress' },
            { target: 443, published: 30001, transport: 'tcp', mode: 'ingress' },
          ],
        },
      ),
    ],
    ['the port is gone', service('web', 30000, {}, { ports: [] })],
    ['slb.enable is false', web({ 'slb.enable': 'false' })],
  ])('the listener goes at once when %s', (_, changed) => {
    expect(text(diffOf({ lb: owned, services: [changed] }).plan)).toContain('delete listener tcp:8080')
  })

  test('a move on the same load balancer deletes the old listener after the new one is made', () => {
    const { plan } = diffOf({ lb: owned, services: [web({ 'slb.port.80': 'tcp://:9090' })] })
    expect(text(plan)).toEqual(['create listener tcp:9090 -> default group on port 30000', 'delete listener tcp:8080'])
    expect(plan.find(({ deletes }) => deletes === 'tcp:8080')?.after).toContain('listener tcp:9090')
  })

  test('a move to another load balancer waits until the new place is up', () => {
    const moved = web({ 'slb.port.80': 'tcp://lb-2:8080' })
    expect(diffOf({ lb: owned, services: [moved], isUp: () => false }).plan).toEqual([])
    expect(text(diffOf({ lb: owned, services: [moved], isUp: () => true }).plan)).toEqual(['delete listener tcp:8080'])
  })

  test('a move to a place that another service holds leaves the old listener where it is', () => {
    const other = listener('tcp', 9090, toDefault(30005), markOf('api'))
    const api = service('api', 30005, { 'slb.port.80': 'tcp://:9090' })
    const lb = balancer({ members: threeMembers(), listeners: [webListener(), other] })
    expect(diffOf({ lb, services: [web({ 'slb.port.80': 'tcp://:9090' }), api] }).plan).toEqual([])
  })

  describe('but nothing keeps a listener open that leads to another service', () => {
    const thief = service('thief', 30000, {}, { ports: [{ target: 80, published: 30000, transport: 'tcp', mode: 'ingress' }] })

    test.each([
      ['in grace', [thief], remembers(['web', 'thief'], { web: NOW - 1000 })],
      ['frozen', [service('web', 30001, { 'slb.port.80': 'nonsense' }), thief], remembers(['web', 'thief'])],
      ['frozen whole', [service('web', 30001, { 'slb.port.80': 'tcp://:8080', 'slb.freeze': 'true' }), thief], remembers(['web', 'thief'])],
      [
        'being allocated',
        [service('web', undefined, { 'slb.port.80': 'tcp://:8080' }, { settled: false }), thief],
        remembers(['web', 'thief']),
      ],
    ])('%s: it is stopped at once, with the reason behind its mark', (_, services, memory) => {
      const { plan } = diffOf({ lb: owned, wanted: wantedBy(services, { memory }) })
      expect(plan.flatMap(({ changes }) => changes)).toContainEqual({
        kind: 'stopListener',
        key: 'tcp:8080',
        protocol: 'tcp',
        note: markOf('web', '/stopped'),
      })
      expect(plan.every(({ deletes }) => deletes === undefined)).toBe(true)
    })

    test('a service that is not settled takes nothing away from anybody', () => {
      const unsettled = { ...thief, settled: false }
      expect(
        diffOf({ lb: owned, wanted: wantedBy([unsettled], { memory: remembers(['web', 'thief'], { web: NOW - 1000 }) }) }).plan,
      ).toEqual([])
    })

    test('a delete, which the guard may hold, comes after the closing, which it may not', () => {
      const { plan } = diffOf({ lb: owned, wanted: wantedBy([thief], { memory: remembers(['web', 'thief'], { web: 0 }) }) })
      expect(plan.map(({ id, deletes }) => [id, deletes])).toEqual([
        ['close tcp:8080', undefined],
        ['delete tcp:8080', 'tcp:8080'],
      ])
      expect(plan[1]?.after).toContain('close tcp:8080')
    })

    test('a listener that is wanted elsewhere by now is stopped, switched and started, in that order', () => {
      const moved = web({}, { ports: [{ target: 80, published: 30001, transport: 'tcp', mode: 'ingress' }] })
      const { plan } = diffOf({ lb: owned, services: [moved, thief] })
      expect(plan.map(({ id }) => id)).toEqual([`group ${markOf('web')}`, 'close tcp:8080', 'listener tcp:8080'])
      expect(plan[2]?.after).toContain('close tcp:8080')
      expect(plan[2]?.changes.map(({ kind }) => kind)).toEqual(['updateListener', 'startListener'])
    })

    test('and stays stopped where no node can serve its own port yet', () => {
      const moved = web({}, { ports: [{ target: 80, published: 30001, transport: 'tcp', mode: 'ingress' }] })
      const { plan } = diffOf({
        lb: owned,
        services: [moved, thief],
        nodes: THREE.map((one) => ({ ...one, availability: 'pause' as const })),
      })
      expect(plan.flatMap(({ changes }) => changes.map(({ kind }) => kind))).toEqual(['stopListener'])
    })

    test('it is started again when it points at its own service', () => {
      const lb = balancer({ members: threeMembers(), listeners: [webListener({ status: 'stopped', note: markOf('web', '/stopped') })] })
      expect(text(diffOf({ lb, services: [web()], memory: seenRunning }).plan)).toEqual([
        `update listener tcp:8080: note -> ${markOf('web')}`,
        'start listener tcp:8080',
      ])
    })
  })
})

describe('rule 6: add before remove, update in place', () => {
  test('a protocol change is one replacement', () => {
    expect(text(diffOf({ lb: inPlace, services: [web({ 'slb.port.80': 'http://:8080' })] }).plan)).toEqual([
      'replace listener tcp:8080 by http:8080 -> default group on port 30000',
    ])
  })

  test('a hash scheduler cannot be changed in place and is a replacement too', () => {
    expect(text(diffOf({ lb: inPlace, services: [web({ 'slb.port.80.scheduler': 'sch' })] }).plan)).toEqual([
      'replace listener tcp:8080 by tcp:8080 -> default group on port 30000',
    ])
  })

  const moved = web({}, { ports: [{ target: 80, published: 30001, transport: 'tcp', mode: 'ingress' }] })

  test('a changed published port on the default group: old and new side by side in a group, then one switch', () => {
    const { plan } = diffOf({ lb: inPlace, services: [moved] })
    expect(plan.map(({ id }) => id)).toEqual([`group ${markOf('web')}`, 'listener tcp:8080'])
    expect(plan[0]?.changes[0]).toMatchObject({ kind: 'createGroup' })
    const ports = new Set(
      plan[0]?.changes.flatMap((change) => (change.kind === 'createGroup' ? change.members.map((one) => one.port) : [])),
    )
    expect([...ports].sort()).toEqual([30000, 30001])
    expect(plan[1]?.changes[0]).toMatchObject({ kind: 'updateListener', target: toGroup(markOf('web')), set: {} })
  })

  test('without the old port where that is another service by now', () => {
    const thief = service('thief', 30000)
    const { plan } = diffOf({ lb: inPlace, services: [moved, thief] })
    const ports = new Set(
      plan[0]?.changes.flatMap((change) => (change.kind === 'createGroup' ? change.members.map((one) => one.port) : [])),
    )
    expect([...ports]).toEqual([30001])
  })

  describe('in its own group', () => {
    const both = [...threeMembers({ port: 30000 }), ...threeMembers({ port: 30001 })]
    const old = group('rsp-1', markOf('web'), threeMembers({ port: 30000 }), { listeners: ['tcp:8080'] })
    const lbWith = (members: typeof both) =>
      balancer({ groups: [{ ...old, members }], listeners: [webListener({ target: toGroup('rsp-1') })] })

    test('the new port is added beside the old one', () => {
      expect(text(diffOf({ lb: lbWith(threeMembers({ port: 30000 })), services: [moved] }).plan)).toEqual([
        `add i-1:30001, i-2:30001, i-3:30001 to group ${markOf('web')}`,
      ])
    })

    test('the old port stays while the new one is not healthy, and goes when it is', () => {
      const asked = diffOf({ lb: lbWith(both), services: [moved] })
      expect(asked.needsHealth).toBe(true)
      expect(diffOf({ lb: lbWith(both), services: [moved], health: all('abnormal', ['tcp:8080'], 30001) }).plan).toEqual([])
      expect(text(diffOf({ lb: lbWith(both), services: [moved], health: all('normal', ['tcp:8080'], 30001) }).plan)).toEqual([
        `remove i-1:30000, i-2:30000, i-3:30000 from group ${markOf('web')}`,
      ])
    })

    test('the old port goes at once when it is another service by now', () => {
      expect(text(diffOf({ lb: lbWith(both), services: [moved, service('thief', 30000)] }).plan)).toEqual([
        `remove i-1:30000, i-2:30000, i-3:30000 from group ${markOf('web')}`,
      ])
    })
  })
})

describe('rule 7: the holder keeps a listener', () => {
  const young = service('young', 30001, { 'slb.port.80': 'tcp://:8080' }, { createdAt: '2026-02-01T00:00:00Z' })

  test('a free listener goes to the older service, the other one hears why', () => {
    const result = diffOf({ services: [young, web()] })
    expect(text(result.plan)).toContain('create listener tcp:8080 -> default group on port 30000')
    expect(result.verdicts.find(({ state }) => state === 'refused')).toMatchObject({ service: 'young' })
  })

  test('the one in the mark keeps it, even if the other is older', () => {
    const lb = balancer({ members: threeMembers(), listeners: [listener('tcp', 8080, toDefault(30001), markOf('young'))] })
    const result = diffOf({ services: [web(), young], lb })
    expect(result.plan).toEqual([])
    expect(result.verdicts.find(({ state }) => state === 'refused')).toMatchObject({ service: 'web' })
  })

  test('also in grace', () => {
    const memory = remembers(['web', 'young'], { web: NOW - 1000 })
    const result = diffOf({ lb: inPlace, wanted: wantedBy([young], { memory }) })
    expect(result.plan).toEqual([])
    expect(result.problems[0]?.text).toContain('held by service web')
  })

  test('when its claim has ended the listener is handed over in place: one update, no delete', () => {
    const { plan } = diffOf({ lb: inPlace, wanted: wantedBy([young], { memory: remembers(['web', 'young'], { web: 0 }) }) })
    expect(plan.every(({ deletes }) => deletes === undefined)).toBe(true)
    const update = plan.flatMap(({ changes }) => changes).find(({ kind }) => kind === 'updateListener')
    expect(update).toMatchObject({ note: markOf('young'), target: toGroup(markOf('young')) })
  })
})

describe('rule 8: what Swarm has not settled stays as it is', () => {
  test('a service that is being allocated keeps its listener although its ports are gone for now', () => {
    const unsettled = web({}, { settled: false, ports: [] })
    expect(diffOf({ lb: inPlace, services: [unsettled] }).plan).toEqual([])
  })

  test('a node becomes a backend when it is first seen ready', () => {
    const joining = [...THREE, node('n4', { state: 'unknown' })]
    expect(diffOf({ lb: inPlace, services: [web()], nodes: joining }).plan).toEqual([])
  })
})

describe('rule 9: people may close, we do not reopen', () => {
  test('a weight that a person set to 0 stays, one that we set is raised', () => {
    const members = [member('i-1', { weight: 0 }), member('i-2', { weight: 0, note: `${NOTE}/0` }), member('i-3')]
    const result = diffOf({ services: [web()], lb: balancer({ members, listeners: [webListener()] }) })
    expect(result.plan[0]?.changes[0]).toMatchObject({ kind: 'setWeights', members: [{ server: 'i-2', weight: 100, note: NOTE }] })
    expect(result.respected[0]).toContain('i-1')
  })

  test('where the cloud keeps no changed description, a ready node at 0 is raised', () => {
    const members = [member('i-1', { weight: 0 }), member('i-2'), member('i-3')]
    const lb = balancer({ members, listeners: [webListener()] })
    expect(text(diffOf({ services: [web()], lb, rules: { ...RULES, notesKept: false } }).plan)).toEqual([
      'set weight of i-1 to 100 (was 0) in default group',
    ])
  })

  test('a listener found stopped after it was seen running was closed by a person: marked, not started', () => {
    const lb = balancer({ members: threeMembers(), listeners: [webListener({ status: 'stopped' })] })
    const result = diffOf({ services: [web()], lb, memory: seenRunning })
    expect(text(result.plan)).toEqual([`update listener tcp:8080: note -> ${markOf('web', '/closed')}`])
    expect(result.verdicts[0]).toMatchObject({ state: 'closed' })
  })

  test('after a restart: /closed stays, no suffix is an unfinished create and is started', () => {
    const closed = balancer({ members: threeMembers(), listeners: [webListener({ status: 'stopped', note: markOf('web', '/closed') })] })
    expect(diffOf({ services: [web()], lb: closed }).plan).toEqual([])
    const unfinished = balancer({ members: threeMembers(), listeners: [webListener({ status: 'stopped' })] })
    expect(text(diffOf({ services: [web()], lb: unfinished }).plan)).toEqual(['start listener tcp:8080'])
  })

  test('a closed listener that a person starts again loses the sign', () => {
    const lb = balancer({ members: threeMembers(), listeners: [webListener({ note: markOf('web', '/closed') })] })
    expect(text(diffOf({ services: [web()], lb }).plan)).toEqual([`update listener tcp:8080: note -> ${markOf('web')}`])
  })

  test('a replacement does not open what a person closed', () => {
    const lb = balancer({ members: threeMembers(), listeners: [webListener({ status: 'stopped', note: markOf('web', '/closed') })] })
    expect(diffOf({ services: [web({ 'slb.port.80': 'http://:8080' })], lb }).plan).toEqual([])
  })

  test('other drift is repaired: a weight, an option, a member', () => {
    const lb = balancer({
      members: [member('i-1', { weight: 7 }), member('i-2')],
      listeners: [webListener({ settings: { ...defaults('tcp'), 'health-check-interval': 50 } })],
    })
    expect(text(diffOf({ services: [web()], lb }).plan)).toEqual([
      'add i-3 to default group',
      'set weight of i-1 to 100 (was 7) in default group',
      'update listener tcp:8080: health-check-interval 50 -> 5',
    ])
  })
})

describe('groups of our own', () => {
  test('one that nothing uses any more is removed; of two with one mark the referenced one counts', () => {
    const members = threeMembers({ port: 30000 })
    const lb = balancer({
      groups: [group('rsp-2', markOf('web'), members), group('rsp-1', markOf('web'), members, { listeners: ['tcp:8080'] })],
      listeners: [webListener({ target: toGroup('rsp-1') })],
    })
    const { plan } = diffOf({ services: [web()], lb })
    expect(plan.flatMap(({ changes }) => changes)).toEqual([{ kind: 'deleteGroup', group: 'rsp-2', name: markOf('web') }])
  })

  test('goes after its listener', () => {
    const lb = balancer({
      groups: [group('rsp-1', markOf('web'), threeMembers({ port: 30000 }), { listeners: ['tcp:8080'] })],
      listeners: [webListener({ target: toGroup('rsp-1') })],
    })
    const { plan } = diffOf({ lb, wanted: wantedBy([], { memory: remembers(['web'], { web: 0 }) }) })
    expect(plan.map(({ id }) => id)).toEqual(['delete tcp:8080', 'remove group rsp-1'])
    expect(plan[1]?.after).toContain('delete tcp:8080')
  })

  test('never moves back to the default group', () => {
    const lb = balancer({
      members: threeMembers(),
      groups: [group('rsp-1', markOf('web'), threeMembers({ port: 30000 }), { listeners: ['tcp:8080'] })],
      listeners: [webListener({ target: toGroup('rsp-1') })],
    })
    expect(diffOf({ services: [web()], lb }).plan).toEqual([])
  })
})
