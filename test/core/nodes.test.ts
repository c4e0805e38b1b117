// §5: what a node's state, availability and labels mean for its server, in every group.
import { describe, expect, test } from 'vitest'
import { foldHealth } from '../../src/core/health.ts'
import type { Node } from '../../src/core/model.ts'
import { parseNodeChoice } from '../../src/core/node-choice.ts'
import {
  backendsOf,
  balancer,
  diffOf,
  MINUTE,
  member,
  NODE_RULES,
  NOW,
  node,
  THREE,
  text,
  threeMembers,
  web,
  webListener,
} from '../support/build.ts'

const inPlace = balancer({ members: threeMembers(), listeners: [webListener()] })
const wishOf = (one: Node) => backendsOf([one]).wishes.get('i-1')

describe('two records of one instance', () => {
  const same = new Map(['old', 'new'].map((id) => [id, { status: 'found' as const, server: 'i-1' }]))
  const old = node('old', { state: 'down' })

  test.each([
    ['the one that is ready', node('new'), 'ready'],
    ['the one that is paused', node('new', { availability: 'pause' }), 'pause'],
    ['the one that drains', node('new', { availability: 'drain' }), 'drain'],
  ])('%s counts, whatever their order', (_, good, reason) => {
    for (const nodes of [
      [old, good],
      [good, old],
    ]) {
      const before = backendsOf(nodes, { found: same, now: 0 })
      const { wishes } = backendsOf(nodes, { found: same, memory: before.memory, now: NOW })
      expect([...wishes.values()]).toMatchObject([{ server: 'i-1', reason }])
    }
  })

  test('one of them leaves: the server has not', () => {
    const before = backendsOf([old, node('new')], { found: same })
    expect(backendsOf([node('new')], { found: same, memory: before.memory }).departed.size).toBe(0)
  })
})

describe('the weight of a node', () => {
  test.each([
    ['0', 0],
    ['7', 7],
    [' 100 ', 100],
  ])('is what slb.weight says: %j', (text, weight) => {
    expect(wishOf(node('n1', { labels: { 'slb.weight': text } }))).toMatchObject({ weight, mode: 'set' })
  })

  test.each(['101', '-1', '1.5', 'heavy', ''])('is 100 and a problem where slb.weight is %j', (text) => {
    const { wishes, problems } = backendsOf([node('n1', { labels: { 'slb.weight': text } })])
    expect(wishes.get('i-1')).toMatchObject({ weight: 100 })
    expect(problems).toMatchObject([{ kind: 'node', subject: 'n1', text: expect.stringContaining('slb.weight') }])
  })
})

describe('SLB_NODES', () => {
  const nodes = [node('n1', { role: 'manager' }), node('n2')]
  test.each([
    ['all', ['i-1', 'i-2']],
    ['managers', ['i-1']],
    ['workers', ['i-2']],
    ['node.role==worker', ['i-2']],
  ])('%s', (text, expected) => {
    const parsed = parseNodeChoice(text)
    const choose = parsed.ok ? parsed.value : []
    const { wishes } = backendsOf(nodes, { rules: { ...NODE_RULES, choose } })
    expect([...wishes.values()].filter(({ add }) => add).map(({ server }) => server)).toEqual(expected)
  })
})

test.each(['down', 'disconnected'] as const)('a node that is %s for the grace is lost', (state) => {
  const lost = [node('n1', { state })]
  const before = backendsOf(lost, { memory: backendsOf([node('n1')], { now: 0 }).memory, now: 0 })
  expect(backendsOf(lost, { memory: before.memory }).wishes.get('i-1')).toMatchObject({ reason: 'down', weight: 0 })
})

describe('what somebody should know of nodes', () => {
  const problems = (nodes: readonly Node[], how: Parameters<typeof backendsOf>[1] = {}) => backendsOf(nodes, how).problems

  test('is that none of them is ready, with what they are instead', () => {
    const text = 'none of the 3 nodes is ready (2 down, 1 unknown); the last backends keep their weight'
    const lost = [node('n1', { state: 'down' }), node('n2', { state: 'unknown' }), node('n3', { state: 'down' })]
    expect(problems(lost)).toEqual([{ kind: 'node', subject: 'swarm', text }])
    expect(problems([...lost.slice(1), node('n1')])).toEqual([])
    expect(problems([])).toEqual([])
  })

  test('is that an address leads nowhere any more, and which instance stays', () => {
    const { memory } = backendsOf([node('n1')])
    const found = new Map([['n1', { status: 'unresolved' as const, reason: 'no instance with the private address 10.0.0.9 in vpc-1' }]])
    const moved = node('n1', { address: '10.0.0.9' })
    expect(problems([moved], { memory, found })).toMatchObject([
      { subject: 'n1', text: expect.stringContaining('i-1, which it was before, stays') },
    ])
    expect(backendsOf([moved], { memory, found }).wishes.get('i-1')).toMatchObject({ weight: 100, mode: 'set' })
  })
})

describe('a node that is another instance now', () => {
  const other = new Map([['n1', { status: 'found' as const, server: 'i-8' }]])
  const before = backendsOf([node('n1')])
  const moved = (ms: number, memory = before.memory, over: Partial<Node> = {}, found = other) =>
    backendsOf([node('n1', { address: '10.0.0.8', ...over })], { memory, now: NOW + ms, found })
  const first = moved(0)
  const advice = 'if that is not so, its node label slb.instance-id says which it is'

  test('is one at once, and a problem for an hour that says what it was and why', () => {
    expect(first.wishes.get('i-8')).toMatchObject({ weight: 100, mode: 'set', add: true })
    const problems = [{ kind: 'node', subject: 'n1', text: `was i-1 and is i-8 now, by its address 10.0.0.8: ${advice}` }]
    expect(first.problems).toEqual(problems)
    expect(first.recheckAt).toBe(NOW + 60 * MINUTE)
    expect(moved(59 * MINUTE, first.memory).problems).toEqual(problems)
    expect(moved(60 * MINUTE, moved(59 * MINUTE, first.memory).memory).problems).toEqual([])
  })

  test('by a label is told to be that', () => {
    const { problems } = moved(0, before.memory, { labels: { 'slb.instance-id': 'i-8' } })
    expect(problems).toMatchObject([{ text: 'was i-1 and is i-8 now, by its node label slb.instance-id' }])
  })

  test('is told to be none any more at once when it is the old one again', () => {
    expect(moved(MINUTE, first.memory, {}, new Map([['n1', { status: 'found', server: 'i-1' }]])).problems).toEqual([])
  })

  test.each([
    ['its old instance', ['i-8'], threeMembers(), 'i-1 keeps its weight although n1 is i-8 now'],
    [
      'the other one, when it is the old one again',
      ['i-8', 'i-1'],
      [...threeMembers(), member('i-8')],
      'i-8 keeps its weight although n1 is i-1 now',
    ],
  ])('is named with %s, however long that keeps its weight', (_, servers, members, said) => {
    const lb = balancer({ members, listeners: [webListener()] })
    const rest = ['n2', 'n3'].map((id) => [id, { status: 'found' as const, server: id.replace('n', 'i-') }] as const)
    let { memory } = backendsOf(THREE)
    for (const server of servers)
      ({ memory } = backendsOf(THREE, { memory, found: new Map([['n1', { status: 'found', server }], ...rest]) }))
    const backends = backendsOf(THREE, { memory, found: new Map(rest), now: NOW + 120 * MINUTE })
    const rows = [...servers, 'i-1'].map((server) => ({ listener: 'tcp:8080' as const, server, port: 30000, state: 'normal' as const }))
    expect(diffOf({ services: [web()], lb, backends, health: foldHealth(rows) }).problems).toEqual([
      { kind: 'node', subject: 'n1', text: `${said}: a health check finds it well` },
    ])
  })
})

describe('a node that is paused', () => {
  test('is not added', () => {
    const nodes = [...THREE, node('n4', { availability: 'pause' })]
    expect(diffOf({ services: [web()], lb: inPlace, nodes }).plan).toEqual([])
  })

  test('keeps its weight, whatever it is', () => {
    const nodes = [node('n1', { availability: 'pause' }), ...THREE.slice(1)]
    const lb = balancer({ members: [member('i-1', { weight: 7 }), ...threeMembers().slice(1)], listeners: [webListener()] })
    expect(diffOf({ services: [web()], lb, nodes }).plan).toEqual([])
  })
})

describe('a server that Docker Machine put into the default group', () => {
  const lbWith = (note: string, weight: number) =>
    balancer({ members: [member('i-1', { note, weight }), ...threeMembers().slice(1)], listeners: [webListener()] })

  test('is used as it is', () => {
    expect(diffOf({ services: [web()], lb: lbWith('by docker-machine', 100) }).plan).toEqual([])
  })

  test('keeps its description when its weight is set', () => {
    const changeOf = (lb: ReturnType<typeof lbWith>, first: Node) =>
      diffOf({ services: [web()], lb, nodes: [first, ...THREE.slice(1)] }).plan[0]?.changes[0]
    expect(changeOf(lbWith('by docker-machine', 7), node('n1'))).toMatchObject({ members: [{ weight: 100, note: 'by docker-machine' }] })
    expect(changeOf(lbWith('by docker-machine', 100), node('n1', { availability: 'drain' }))).toMatchObject({
      members: [{ weight: 0, note: 'by docker-machine/0' }],
    })
    expect(changeOf(lbWith('by docker-machine/0', 0), node('n1'))).toMatchObject({ members: [{ weight: 100, note: 'by docker-machine' }] })
  })

  test('is no stranger while some node cannot be looked up: it may be that one', () => {
    const lb = balancer({ members: [member('i-1', { note: '' }), ...threeMembers().slice(1)], listeners: [webListener()] })
    const found = new Map(['n2', 'n3'].map((id) => [id, { status: 'found' as const, server: id.replace('n', 'i-') }]))
    const result = (nodes: readonly Node[]) => diffOf({ services: [web()], lb, backends: backendsOf(nodes, { found }) })
    expect(result(THREE).problems).toEqual([])
    expect(text(result(THREE).plan)).toEqual([])
    expect(result(THREE.slice(1)).problems).toMatchObject([{ kind: 'loadBalancer', text: expect.stringContaining('i-1') }])
  })
})
