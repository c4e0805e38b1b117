// Groups that more than one listener uses, and members in them that are somebody else's.
import { describe, expect, test } from 'vitest'
import type { ListenerKey } from '../../src/core/model.ts'
import {
  balancer,
  defaults,
  diffOf,
  group,
  healthOf,
  LABEL_RULES,
  listener,
  markOf,
  member,
  newPorts,
  node,
  port,
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
const four = [...THREE, node('n4')]
const ended = { wanted: wantedBy([], { memory: remembers(['web'], { web: 0 }) }) }

describe('the default group', () => {
  test('is left alone when slb.freeze holds all that use it', () => {
    const nodes = [node('n1', { availability: 'drain' }), node('n2'), node('n3')]
    expect(text(diffOf({ services: [web({ 'slb.freeze': 'true' })], lb: inPlace, nodes }).plan)).toEqual([])
  })

  test('is followed when another listener uses it, too', () => {
    const nodes = [node('n1', { availability: 'drain' }), node('n2'), node('n3')]
    const api = service('api', 30005, { 'slb.port.80': 'tcp://:9090' })
    const lb = balancer({ members: threeMembers(), listeners: [webListener(), listener('tcp', 9090, toDefault(30005), markOf('api'))] })
    expect(text(diffOf({ services: [web({ 'slb.freeze': 'true' }), api], lb, nodes }).plan)).toEqual([
      'set weight of i-1 to 0 (was 100) in default group',
    ])
  })

  test('gets new nodes for a listener whose delete is held, and none for one that goes', () => {
    const held = new Set<ListenerKey>(['tcp:8080'])
    expect(text(diffOf({ lb: inPlace, ...ended, held, nodes: four }).plan)).toContain('add i-4 to default group')
    expect(text(diffOf({ lb: inPlace, ...ended, nodes: four }).plan)).toEqual(['delete listener tcp:8080'])
  })

  test('gets new nodes for a listener that a broken label freezes', () => {
    const broken = web({ 'slb.port.80.health-check-interval': 'often' })
    expect(text(diffOf({ services: [broken], lb: inPlace, nodes: four }).plan)).toEqual(['add i-4 to default group'])
  })

  test('with a stranger in it is a problem, and the listeners there stay', () => {
    const lb = balancer({ members: [...threeMembers(), member('i-9', { note: 'db' })], listeners: [webListener()] })
    const result = diffOf({ services: [web()], lb })
    expect(result.plan).toEqual([])
    expect(result.problems[0]?.text).toContain('i-9')
  })
})

describe('a group of one service port', () => {
  const both = { 'slb.port.80': 'tcp://:8080;tcp://:9090' }

  test('that a new listener shares with one that changes its port has both ports', () => {
    const lb = balancer({ members: [...threeMembers(), member('i-9', { note: 'db' })], listeners: [webListener()] })
    const { plan } = diffOf({ services: [web(both, { ports: [port(30001)] })], lb })
    expect(newPorts(plan)).toEqual([30000, 30001])
  })

  test('is used by all its listeners as it is', () => {
    const own = group('rsp-1', markOf('web'), threeMembers({ port: 30000 }), { listeners: ['tcp:8080', 'tcp:9090'] })
    const target = toGroup('rsp-1')
    const lb = balancer({ groups: [own], listeners: [webListener({ target }), listener('tcp', 9090, target, markOf('web'))] })
    expect(text(diffOf({ services: [web(both)], lb }).plan)).toEqual([])
  })

  test('that is published twice has both ports, and then nothing is left to do', () => {
    const twice = service('web', undefined, {}, { ports: [port(30000), port(30001)] })
    const wanted = wantedBy([twice], { rules: { ...LABEL_RULES, expose: 'published' } })
    const settings = wanted.claims[0]?.settings ?? defaults('tcp')
    const lbWith = (members: ReturnType<typeof threeMembers>) =>
      balancer({
        groups: [group('rsp-1', markOf('web'), members, { listeners: ['tcp:30000', 'tcp:30001'] })],
        listeners: [30000, 30001].map((number) => listener('tcp', number, toGroup('rsp-1'), markOf('web'), { settings })),
      })
    const result = (lb: ReturnType<typeof balancer>) => diffOf({ wanted, lb, rules: { ...RULES, backends: 'vserver-group' } })
    const one = threeMembers({ port: 30001 })
    const add = `add i-1:30000, i-2:30000, i-3:30000 to group ${markOf('web')}`
    expect(text(result(lbWith(one)).plan)).toEqual([add])
    expect(result(lbWith([...one, ...threeMembers({ port: 30000 })]))).toMatchObject({ plan: [], recheckAt: undefined })
  })

  test('keeps a member on another port that somebody put there, and is not waited for', () => {
    const members = [...threeMembers({ port: 30000 }), member('i-9', { port: 9999, note: 'by hand' })]
    const own = group('rsp-1', markOf('web'), members, { listeners: ['tcp:8080'] })
    const lb = balancer({ groups: [own], listeners: [webListener({ target: toGroup('rsp-1') })] })
    const result = diffOf({ services: [web()], lb, health: healthOf('normal') })
    expect(result).toMatchObject({ plan: [], recheckAt: undefined })
  })

  test('gets new nodes for a listener whose delete is held, and goes with one that goes', () => {
    const own = group('rsp-1', markOf('web'), threeMembers({ port: 30000 }), { listeners: ['tcp:8080'] })
    const lb = balancer({ groups: [own], listeners: [webListener({ target: toGroup('rsp-1') })] })
    const held = text(diffOf({ lb, ...ended, held: new Set<ListenerKey>(['tcp:8080']), nodes: four }).plan)
    expect(held).toEqual([`add i-4:30000 to group ${markOf('web')}`, 'delete listener tcp:8080'])
    expect(text(diffOf({ lb, ...ended, nodes: four }).plan)).toEqual(['delete listener tcp:8080', `delete group ${markOf('web')}`])
  })

  test('keeps the weight of a node that somebody else put there', () => {
    const members = [member('i-1', { port: 30000, weight: 7, note: 'by hand' }), ...threeMembers({ port: 30000 }).slice(1)]
    const own = group('rsp-1', markOf('web'), members, { listeners: ['tcp:8080'] })
    const lb = balancer({ groups: [own], listeners: [webListener({ target: toGroup('rsp-1') })] })
    expect(text(diffOf({ services: [web()], lb }).plan)).toEqual([])
  })

  test('that leaves a port leaves alone what somebody else put on it', () => {
    const both = [...threeMembers({ port: 30000 }), ...threeMembers({ port: 30001 }), member('i-9', { port: 30000, note: 'by hand' })]
    const own = group('rsp-1', markOf('web'), both, { listeners: ['tcp:8080'] })
    const lb = balancer({ groups: [own], listeners: [webListener({ target: toGroup('rsp-1') })] })
    const { plan } = diffOf({ services: [web({}, { ports: [port(30001)] })], lb, health: healthOf('normal', 30001) })
    expect(text(plan)).toEqual([`remove i-1:30000, i-2:30000, i-3:30000 from group ${markOf('web')}`])
  })

  test('of which there are two is the one that a forwarding rule uses', () => {
    const members = threeMembers({ port: 30000 })
    const lb = balancer({ groups: [group('rsp-2', markOf('web'), []), group('rsp-1', markOf('web'), members, { rules: 1 })] })
    const { plan } = diffOf({ services: [web()], lb, rules: { ...RULES, backends: 'vserver-group' } })
    expect(plan.flatMap(({ changes }) => changes)).toMatchObject([
      { kind: 'createListener', listener: { target: toGroup('rsp-1') } },
      { kind: 'deleteGroup', group: 'rsp-2' },
    ])
  })

  test('that nothing uses is removed after the load balancer is tagged', () => {
    const lb = balancer({ tags: {}, groups: [group('rsp-1', markOf('old'), threeMembers({ port: 1 }))] })
    const { plan } = diffOf({ lb })
    expect(text(plan)).toEqual([`delete group ${markOf('old')}`])
    expect(plan[0]?.after).toContain('tag')
  })

  test.each([
    ['a foreign listener', { listeners: ['tcp:22' as const] }],
    ['a forwarding rule', { rules: 1 }],
  ])('is not removed while %s uses it', (_, over) => {
    const lb = balancer({ groups: [group('rsp-1', markOf('old'), threeMembers({ port: 1 }), over)] })
    expect(diffOf({ lb }).plan).toEqual([])
  })
})
