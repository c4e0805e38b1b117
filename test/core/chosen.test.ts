// Which nodes a service wants, by labels of its own and of the nodes, and whose the weights are.
import { describe, expect, test } from 'vitest'
import { choiceProblems } from '../../src/core/choice-problems.ts'
import type { Wanted } from '../../src/core/claims.ts'
import { digest, serviceDigests } from '../../src/core/digest.ts'
import type { LoadBalancer, Node, Task } from '../../src/core/model.ts'
import { selectionOf } from '../../src/core/selection.ts'
import {
  backendsOf,
  balancer,
  diffOf,
  kinds,
  listener,
  markOf,
  member,
  NOTE,
  NOW,
  node,
  OWNER,
  port,
  RULES,
  THREE,
  text,
  threeMembers,
  toDefault,
} from '../support/build.ts'
import { chosenBy, edge, edgeBalancer, left, on, read, target, task, zeroed, zone } from '../support/chosen.ts'

const mesh = edge({ ports: [port(8080)] })
const inA = (id: string, over: Partial<Node> = {}) => node(id, { labels: { zone: 'a' }, ...over })
const TWO_IN_A = [inA('n1'), inA('n2'), node('n3')]
const inPlace = edgeBalancer([on('i-1'), on('i-2'), on('i-3')])
const wantsA = chosenBy([mesh], { target: { nodes: zone('a') } })
const drained = (...members: readonly string[]) => ({
  seenRunning: new Set<never>(),
  switchingSince: new Map(),
  zeroSince: new Map(members.map((one) => [`rsp-1|${one}`, NOW - RULES.drain])),
})

test('every node and no word about weights is no choice', () => {
  expect(selectionOf(mesh, port(8080), target(), undefined)).toBeUndefined()
})

describe('a service that chooses its nodes', () => {
  test('gets a group of its own with these nodes', () => {
    const { plan } = diffOf({ wanted: wantsA, nodes: TWO_IN_A })
    expect(kinds(plan)).toEqual(['createGroup', 'createListener'])
    expect(left(balancer(), plan)).toEqual(['i-1:8080=100', 'i-2:8080=100'])
  })

  test('moves there from the default group', () => {
    const lb = balancer({ members: threeMembers(), listeners: [listener('tcp', 80, toDefault(8080), markOf('edge'))] })
    const { plan } = diffOf({ wanted: wantsA, nodes: TWO_IN_A, lb })
    expect(kinds(plan)).toEqual(['createGroup', 'updateListener'])
    expect(left(balancer(), plan)).toEqual(['i-1:8080=100', 'i-2:8080=100'])
  })

  test('lets the others drain, then go', () => {
    expect(left(inPlace, diffOf({ wanted: wantsA, nodes: TWO_IN_A, lb: inPlace }).plan)).toEqual([
      'i-1:8080=100',
      'i-2:8080=100',
      'i-3:8080=0',
    ])
    const lb = edgeBalancer([on('i-1'), on('i-2'), zeroed('i-3')])
    const early = diffOf({ wanted: wantsA, nodes: TWO_IN_A, lb })
    expect(early).toMatchObject({ plan: [], recheckAt: NOW + RULES.drain })
    expect(left(lb, diffOf({ wanted: wantsA, nodes: TWO_IN_A, lb, memory: drained('i-3:8080') }).plan)).toEqual([
      'i-1:8080=100',
      'i-2:8080=100',
    ])
  })

  test('never loses its last weight to a choice', () => {
    const lb = edgeBalancer([on('i-3')])
    const nodes = [inA('n1', { availability: 'drain' }), inA('n2', { availability: 'drain' }), node('n3')]
    expect(diffOf({ wanted: wantsA, nodes, lb }).plan).toEqual([])
  })

  test('gets a node that is given the label, and loses one from which it is taken', () => {
    const lb = edgeBalancer([on('i-1'), on('i-2')])
    expect(left(lb, diffOf({ wanted: wantsA, nodes: [inA('n1'), node('n2'), inA('n3')], lb }).plan)).toEqual([
      'i-1:8080=100',
      'i-2:8080=0',
      'i-3:8080=100',
    ])
  })

  test('gives weight back to a node that is chosen again', () => {
    const lb = edgeBalancer([on('i-1'), zeroed('i-2')])
    expect(left(lb, diffOf({ wanted: wantsA, nodes: TWO_IN_A, lb }).plan)).toEqual(['i-1:8080=100', 'i-2:8080=100'])
  })

  test.each<[string, Partial<Node>, string[]]>([
    ['slb.exclude', { labels: { zone: 'a', 'slb.exclude': 'true' } }, ['i-2:8080=100']],
    ['slb.weight', { labels: { zone: 'a', 'slb.weight': '7' } }, ['i-1:8080=7', 'i-2:8080=100']],
  ])('minds %s of its nodes', (_, first, expected) => {
    expect(left(balancer(), diffOf({ wanted: wantsA, nodes: [node('n1', first), inA('n2')] }).plan)).toEqual(expected)
  })

  test('knows a node by the instance id of its label', () => {
    const found = new Map([['n1', { status: 'found' as const, server: 'i-labelled' }]])
    const { plan } = diffOf({ wanted: wantsA, backends: backendsOf([inA('n1')], { found }) })
    expect(left(balancer(), plan)).toEqual(['i-labelled:8080=100'])
  })

  test('follows drain as ever', () => {
    const lb = edgeBalancer([on('i-1'), on('i-2')])
    const nodes = [inA('n1', { availability: 'drain' }), inA('n2')]
    expect(left(lb, diffOf({ wanted: wantsA, nodes, lb }).plan)).toEqual(['i-1:8080=0', 'i-2:8080=100'])
  })

  test('of two records of one server only the one in the better state is asked for its labels', () => {
    const found = new Map(['old', 'new'].map((id) => [id, { status: 'found' as const, server: 'i-1' }]))
    const backends = backendsOf([inA('old', { state: 'down' }), node('new'), inA('n2')], {
      found: new Map([...found, ['n2', { status: 'found', server: 'i-2' }]]),
    })
    expect(left(balancer(), diffOf({ wanted: wantsA, backends }).plan)).toEqual(['i-2:8080=100'])
  })

  test('has no node added while its labels are a problem: which one is not known', () => {
    const wanted = chosenBy([edge({ ports: [port(8080)], labels: { 'slb.port.80.nodes': 'workers' } })], { frozen: true })
    const lb = edgeBalancer([on('i-1')])
    expect(diffOf({ wanted, lb }).plan).toEqual([])
    expect(kinds(diffOf({ wanted: chosenBy([mesh], { frozen: true }), lb }).plan)).toEqual(['addBackends'])
  })
})

describe('a choice that leaves nobody', () => {
  const wants = (nodes: readonly Node[], wanted = wantsA, service = mesh) =>
    choiceProblems(wanted.claims, [service], nodes, backendsOf(nodes))

  test('creates nothing', () => {
    const { plan, verdicts } = diffOf({ wanted: wantsA })
    expect(plan).toEqual([])
    expect(verdicts).toMatchObject([{ state: 'pending' }])
  })

  test.each<[string, LoadBalancer]>([
    ['as they are', inPlace],
    ['with one that we lowered', edgeBalancer([on('i-1'), zeroed('i-2')])],
  ])('keeps the backends that are there, %s', (_, lb) => {
    expect(diffOf({ wanted: wantsA, lb, memory: drained('i-2:8080') }).plan).toEqual([])
  })

  test('keeps them too while the nodes that it means are not resolved yet', () => {
    const backends = backendsOf(TWO_IN_A, { found: new Map([['n3', { status: 'found', server: 'i-3' }]]) })
    expect(diffOf({ wanted: wantsA, backends, lb: edgeBalancer([on('i-3')]) }).plan).toEqual([])
  })

  test('still follows drain', () => {
    const nodes = [node('n1', { availability: 'drain' }), ...THREE.slice(1)]
    expect(text(diffOf({ wanted: wantsA, lb: inPlace, nodes }).plan)).toEqual([
      `set weight of i-1:8080 to 0 (was 100) in group ${markOf('edge')}`,
    ])
  })

  test.each([
    ['slb.nodes', { 'slb.nodes': 'node.labels.zone==a' }],
    ['slb.port.80.nodes', { 'slb.port.80.nodes': 'node.labels.zone==a', 'slb.nodes': 'all' }],
    ['slb.port.80/tcp.nodes@front', { 'slb.port.80/tcp.nodes@front': 'node.labels.zone==a' }],
  ])('is a problem of its service that names %s', (label, labels) => {
    const service = edge({ ports: [port(8080)], labels })
    expect(wants(THREE, wantsA, service)).toEqual([
      { kind: 'label', subject: 'edge', port: '80/tcp', text: `${label}: node.labels.zone==a matches no node of this swarm` },
    ])
  })

  test('says so where the nodes are left out otherwise', () => {
    const out = { labels: { zone: 'a', 'slb.exclude': 'true' } }
    expect(wants([node('n1', out), node('n2')])).toMatchObject([{ text: expect.stringContaining('slb.exclude') }])
  })

  test('says so where tasks run on other nodes only', () => {
    const wanted = chosenBy([edge()], { tasks: read(task('n3')), target: { nodes: zone('a') } })
    expect(wants(TWO_IN_A, wanted)).toMatchObject([{ text: expect.stringContaining('its tasks run only on other nodes') }])
    const excluded = [node('n3', { labels: { 'slb.exclude': 'true' } })]
    expect(wants(excluded, chosenBy([edge()], { tasks: read(task('n3')) }))).toMatchObject([
      { text: expect.stringContaining('slb.exclude') },
    ])
  })

  test.each([
    ['a node matches', TWO_IN_A, wantsA],
    ['no task runs at all', TWO_IN_A, chosenBy([edge()], { tasks: read(), target: { nodes: zone('a') } })],
    ['nothing is chosen', THREE, chosenBy([mesh])],
  ])('is none where %s', (_, nodes, wanted) => {
    expect(wants(nodes, wanted)).toEqual([])
  })
})

describe('weights that are left to people', () => {
  const kept = chosenBy([mesh], { target: { weights: 'kept' } })
  const diffWith = (lb: LoadBalancer, nodes: readonly Node[] = THREE) => diffOf({ wanted: kept, lb, nodes })

  test.each([7, 100])('stay as they were set: %j', (weight) => {
    const nodes = [node('n1', { labels: { 'slb.weight': '50' } }), ...THREE.slice(1)]
    expect(diffWith(edgeBalancer([on('i-1', { weight }), on('i-2'), on('i-3')]), nodes).plan).toEqual([])
  })

  test('stay at zero, and that is not worth a word', () => {
    expect(diffWith(edgeBalancer([on('i-1', { weight: 0 }), on('i-2'), on('i-3')]))).toMatchObject({ plan: [], respected: [] })
  })

  test('stay although the node has slb.weight=0', () => {
    const nodes = [node('n1', { labels: { 'slb.weight': '0' } }), ...THREE.slice(1)]
    expect(diffWith(inPlace, nodes).plan).toEqual([])
  })

  test('are the usual ones for a new member', () => {
    const lb = edgeBalancer([on('i-1', { weight: 7 }), on('i-2', { weight: 7 })])
    expect(left(lb, diffWith(lb).plan)).toEqual(['i-1:8080=7', 'i-2:8080=7', 'i-3:8080=100'])
  })

  test('are lowered for a node that drains, and raised again to what the node has', () => {
    const lb = edgeBalancer([on('i-1', { weight: 7 }), on('i-2'), on('i-3')])
    const drain = [node('n1', { availability: 'drain' }), ...THREE.slice(1)]
    expect(left(lb, diffWith(lb, drain).plan)).toContain('i-1:8080=0')
    const low = edgeBalancer([zeroed('i-1'), on('i-2'), on('i-3')])
    expect(left(low, diffWith(low, [node('n1', { labels: { 'slb.weight': '50' } }), ...THREE.slice(1)]).plan)).toContain('i-1:8080=50')
  })

  test('that a person raised over our zero keep their number, without our sign', () => {
    const lb = edgeBalancer([on('i-1', { weight: 7, note: `${NOTE}/0` }), on('i-2'), on('i-3')])
    expect(diffWith(lb).plan[0]?.changes).toMatchObject([{ kind: 'setWeights', members: [{ weight: 7, note: NOTE }] }])
  })

  test('stay while labels are a problem', () => {
    const wanted = chosenBy([edge({ ports: [port(8080)], labels: { 'slb.weights': 'ignore' } })], { frozen: true })
    expect(diffOf({ wanted, lb: edgeBalancer([on('i-1', { weight: 7 }), on('i-2'), on('i-3')]) }).plan).toEqual([])
  })

  test('leave the servers of others alone, as ever', () => {
    const lb = edgeBalancer([on('i-1'), on('i-2'), on('i-3'), member('i-9', { port: 8080, note: 'by hand' })])
    expect(diffWith(lb).plan).toEqual([])
  })
})

describe('what is looked at again', () => {
  const digestOf = (nodes: readonly Node[], wanted: Wanted) =>
    digest(serviceDigests(wanted, wanted.claims, inPlace, OWNER), wanted, backendsOf(nodes), inPlace, OWNER)
  const frozen = (...tasks: readonly Task[]) => chosenBy([edge()], { tasks: read(...tasks), frozen: true })

  test.each([
    ['a label of a node that a service chooses by', digestOf(TWO_IN_A, wantsA), digestOf([inA('n1'), node('n2'), node('n3')], wantsA)],
    [
      'a task',
      digestOf(THREE, chosenBy([edge()], { tasks: read(task('n1')) })),
      digestOf(THREE, chosenBy([edge()], { tasks: read(task('n2')) })),
    ],
    ['a task of a frozen port', digestOf(THREE, frozen(task('n1'))), digestOf(THREE, frozen(task('n1', { leaving: true })))],
  ])('changes with %s', (_, one, other) => {
    expect(one).not.toBe(other)
  })

  test.each([
    ['labels of nodes that nobody chooses by', digestOf(TWO_IN_A, chosenBy([mesh])), digestOf(THREE, chosenBy([mesh]))],
    ['the order of tasks', digestOf(THREE, frozen(task('n1'), task('n2'))), digestOf(THREE, frozen(task('n2'), task('n1')))],
  ])('does not change with %s', (_, one, other) => {
    expect(one).toBe(other)
  })
})
