// Ports in host mode: the backends are the nodes that run a task, each with the port that its task really has.
import { describe, expect, test } from 'vitest'
import { foldHealth } from '../../src/core/health.ts'
import type { LoadBalancer, Node, TaskReading } from '../../src/core/model.ts'
import {
  backendsOf,
  balancer,
  defaults,
  diffOf,
  kinds,
  listener,
  markOf,
  member,
  NOW,
  node,
  port,
  RULES,
  remembers,
  service,
  THREE,
  text,
  toDefault,
} from '../support/build.ts'
import { chosenBy, edge, edgeBalancer, hostPort, left, on, read, task, zeroed, zone } from '../support/chosen.ts'

const ON_ALL = read(task('n1'), task('n2'), task('n3'))
const inPlace = edgeBalancer([on('i-1'), on('i-2'), on('i-3')])

const diffWith = (tasks: TaskReading, lb: LoadBalancer = inPlace, over: Parameters<typeof diffOf>[0] = {}) =>
  diffOf({ wanted: chosenBy([edge()], { tasks }), lb, ...over })
/** At zero for so long that its time of draining is over. */
const drained = (...servers: readonly string[]) => ({
  seenRunning: new Set<never>(),
  switchingSince: new Map(),
  zeroSince: new Map(servers.map((server) => [`rsp-1|${server}`, NOW - RULES.drain])),
})

describe('a new listener', () => {
  test('gets exactly the nodes that run a task, in a group of its own', () => {
    const { plan } = diffWith(read(task('n1'), task('n3')), balancer())
    expect(kinds(plan)).toEqual(['createGroup', 'createListener'])
    expect(left(balancer(), plan)).toEqual(['i-1:8080=100', 'i-3:8080=100'])
  })

  test('gets each node with the port that its task has there', () => {
    const wanted = chosenBy([edge({ ports: [hostPort(undefined)] })], { tasks: read(task('n1', { on: 32768 }), task('n2', { on: 40001 })) })
    expect(left(balancer(), diffOf({ wanted }).plan)).toEqual(['i-1:32768=100', 'i-2:40001=100'])
  })

  test('gets a node once for each task there', () => {
    const wanted = chosenBy([edge({ ports: [hostPort(undefined)] })], {
      tasks: read(task('n1', { on: 32768 }), task('n1', { on: 32769 }), task('n2', { on: 32768 })),
    })
    expect(left(balancer(), diffOf({ wanted }).plan)).toEqual(['i-1:32768=100', 'i-1:32769=100', 'i-2:32768=100'])
  })

  test('has the weight of each node', () => {
    const nodes = [node('n1', { labels: { 'slb.weight': '7' } }), node('n2')]
    expect(left(balancer(), diffWith(read(task('n1'), task('n2')), balancer(), { nodes }).plan)).toEqual(['i-1:8080=7', 'i-2:8080=100'])
  })

  test.each([
    ['no task runs', read()],
    ['its tasks only begin', read(task('n1', { running: false }))],
    ['its tasks end', read(task('n1', { leaving: true }))],
    ['no task has the port yet', read(task('n1', { ports: [] }))],
    ['only another service has tasks', read(task('n1', { serviceId: 'id-other' }))],
  ])('waits while %s', (_, tasks) => {
    const { plan, verdicts } = diffWith(tasks, balancer())
    expect(plan).toEqual([])
    expect(verdicts).toMatchObject([{ state: 'pending', reason: expect.stringContaining('task') }])
  })

  test('waits without complaint until tasks were read', () => {
    const { claims, problems, services } = chosenBy([edge()], { tasks: { status: 'notAsked' } })
    expect({ claims, problems }).toEqual({ claims: [], problems: [] })
    expect(services.get('edge')?.ports.get('80-tcp')).toMatchObject({ state: 'pending', reason: 'waiting for the tasks to be read' })
  })

  test('is a problem that names TASKS where a proxy refuses them', () => {
    const { claims, problems } = chosenBy([edge()], { tasks: { status: 'refused', reason: 'the proxy answers 403' } })
    expect(claims).toEqual([])
    expect(problems).toMatchObject([{ subject: 'edge', port: '80/tcp', text: expect.stringContaining('TASKS') }])
  })

  test('needs a number in its label where the port has none', () => {
    const wanted = chosenBy([edge({ ports: [hostPort(undefined)] })], { tasks: ON_ALL, target: { listenerPort: undefined } })
    expect(wanted.claims).toEqual([])
    expect(wanted.problems).toMatchObject([{ subject: 'edge', text: expect.stringContaining('tcp://:8080') }])
  })

  test('takes the fixed number of the port where its label has none', () => {
    expect(chosenBy([edge()], { tasks: ON_ALL, target: { listenerPort: undefined } }).claims).toMatchObject([
      { key: 'tcp:8080', port: 8080 },
    ])
  })

  test('tells a port with a fixed number from one without, where both lead to one container port', () => {
    const both = edge({ ports: [hostPort(8080), hostPort(undefined)] })
    const tasks = read(task('n1', { ports: [hostPort(8080), hostPort(32768)] }))
    const ports = chosenBy([both], { tasks }).claims.map(({ selection }) => selection?.places?.map((place) => place.port))
    expect(ports).toEqual([[8080], [32768]])
  })
})

describe('a task', () => {
  test('that runs everywhere it did changes nothing, in whatever order it is listed', () => {
    expect(diffWith(ON_ALL).plan).toEqual([])
    const selectionOf = (tasks: TaskReading) => chosenBy([edge()], { tasks }).claims[0]?.selection
    expect(selectionOf(read(task('n3'), task('n1'), task('n2')))).toEqual(selectionOf(ON_ALL))
  })

  test('that moved takes its backend with it, the new one first', () => {
    const lb = edgeBalancer([on('i-1'), on('i-2')])
    const { plan } = diffWith(read(task('n1'), task('n3')), lb)
    expect(kinds(plan)).toEqual(['addBackends', 'setWeights'])
    expect(left(lb, plan)).toEqual(['i-1:8080=100', 'i-2:8080=0', 'i-3:8080=100'])
  })

  test('that is to end loses its weight before it ends', () => {
    const tasks = read(task('n1', { leaving: true }), task('n2'), task('n3'))
    expect(text(diffWith(tasks).plan)).toEqual(['set weight of i-1:8080 to 0 (was 100) in group swarm-slb/me/edge/80-tcp'])
  })

  test('that is to end keeps its connections until it has, however long that takes', () => {
    const lb = edgeBalancer([zeroed('i-1'), on('i-2')])
    const memory = drained('i-1:8080')
    expect(diffWith(read(task('n1', { leaving: true }), task('n2')), lb, { memory }).plan).toEqual([])
    expect(left(lb, diffWith(read(task('n2')), lb, { memory }).plan)).toEqual(['i-2:8080=100'])
  })

  test('that has ended leaves its backend for the time of draining', () => {
    const lb = edgeBalancer([zeroed('i-1'), on('i-2')])
    const { plan, recheckAt } = diffWith(read(task('n2')), lb)
    expect(plan).toEqual([])
    expect(recheckAt).toBe(NOW + RULES.drain)
  })

  test('that came back to its node before its backend was removed gets the weight back', () => {
    const lb = edgeBalancer([zeroed('i-1'), on('i-2')])
    expect(left(lb, diffWith(read(task('n1'), task('n2')), lb, { memory: drained('i-1:8080') }).plan)).toEqual([
      'i-1:8080=100',
      'i-2:8080=100',
    ])
  })

  test('with a new number is a new backend beside the old one', () => {
    const lb = edgeBalancer([on('i-1', { port: 32768 })])
    const wanted = chosenBy([edge({ ports: [hostPort(undefined)] })], { tasks: read(task('n1', { on: 32769 })) })
    const { plan, recheckAt } = diffOf({ wanted, lb })
    expect(left(lb, plan)).toEqual(['i-1:32768=100', 'i-1:32769=100'])
    expect(recheckAt).toBe(NOW)
    const next = edgeBalancer([on('i-1', { port: 32768 }), on('i-1', { port: 32769 })])
    expect(left(next, diffOf({ wanted, lb: next }).plan)).toEqual(['i-1:32768=0', 'i-1:32769=100'])
  })
})

describe('a rolling update', () => {
  test('of all tasks at once leaves those that still run, until a new task is there', () => {
    const leaving = (...ids: readonly string[]) => ids.map((id) => task(id, { leaving: true }))
    expect(diffWith(read(...leaving('n1', 'n2', 'n3'))).plan).toEqual([])
    expect(left(inPlace, diffWith(read(...leaving('n2', 'n3'))).plan)).toEqual(['i-1:8080=0', 'i-2:8080=100', 'i-3:8080=100'])
    expect(left(inPlace, diffWith(read(task('n1'), ...leaving('n2', 'n3'))).plan)).toEqual(['i-1:8080=100', 'i-2:8080=0', 'i-3:8080=0'])
  })

  test('of all tasks at once does not keep one on a node that drains, where another still runs', () => {
    const nodes = [node('n1', { availability: 'drain' }), node('n2'), node('n3')]
    const tasks = read(...['n1', 'n2'].map((id) => task(id, { leaving: true })))
    expect(left(inPlace, diffWith(tasks, inPlace, { nodes }).plan)).toEqual(['i-1:8080=0', 'i-2:8080=100', 'i-3:8080=0'])
  })

  test('lowers more than a third at a time: the tasks really are gone', () => {
    expect(left(inPlace, diffWith(read(task('n1'))).plan)).toEqual(['i-1:8080=100', 'i-2:8080=0', 'i-3:8080=0'])
  })

  test('does not ask the health check first: another service may have got the port', () => {
    const health = foldHealth(['i-1', 'i-2', 'i-3'].map((server) => ({ listener: 'tcp:80', server, port: 8080, state: 'normal' })))
    expect(left(inPlace, diffWith(read(task('n1'), task('n2')), inPlace, { health }).plan)).toEqual([
      'i-1:8080=100',
      'i-2:8080=100',
      'i-3:8080=0',
    ])
  })
})

describe('a service without any running task', () => {
  test.each([
    ['all were there', inPlace, []],
    ['some had left', edgeBalancer([zeroed('i-1'), on('i-2')]), []],
  ])('keeps its backends as they are, where %s', (_, lb, tasks) => {
    const { plan, verdicts } = diffWith(read(...tasks), lb, { memory: drained('i-1:8080') })
    expect(plan).toEqual([])
    expect(verdicts).toMatchObject([{ state: 'exposed' }])
  })

  test('still follows what it is told of its listener', () => {
    const wanted = chosenBy([edge()], { tasks: read(), target: { settings: defaults('tcp', { bandwidth: 5 }) } })
    expect(kinds(diffOf({ wanted, lb: inPlace }).plan)).toEqual(['updateListener'])
  })
})

describe('a node', () => {
  const lost = (over: Partial<Node>) => [node('n1', over), node('n2'), node('n3')]
  const tasks = read(task('n1', { leaving: true }), task('n2'), task('n3'))

  test.each(['unknown', 'down'] as const)('that Swarm does not hear of (%s) keeps its backend: what its tasks do is not known', (state) => {
    const before = backendsOf(THREE, { now: NOW - 1000 })
    const backends = backendsOf(lost({ state }), { memory: before.memory })
    expect(diffWith(tasks, inPlace, { backends }).plan).toEqual([])
    expect(diffWith(read(task('n2'), task('n3')), inPlace, { backends }).plan).toEqual([])
  })

  test('that is down for long is lowered only where no listener finds it normal', () => {
    const first = backendsOf(lost({ state: 'down' }), { memory: backendsOf(THREE, { now: 0 }).memory, now: 0 })
    const backends = backendsOf(lost({ state: 'down' }), { memory: first.memory })
    const health = (state: 'normal' | 'abnormal') => foldHealth([{ listener: 'tcp:80', server: 'i-1', port: 8080, state }])
    expect(diffWith(tasks, inPlace, { backends, health: health('normal') }).plan).toEqual([])
    expect(left(inPlace, diffWith(tasks, inPlace, { backends, health: health('abnormal') }).plan)).toContain('i-1:8080=0')
  })

  test('that drains is lowered with its task still there, and leaves when that has ended', () => {
    const nodes = lost({ availability: 'drain' })
    expect(left(inPlace, diffWith(ON_ALL, inPlace, { nodes }).plan)).toContain('i-1:8080=0')
    const lb = edgeBalancer([zeroed('i-1'), on('i-2')])
    const memory = drained('i-1:8080')
    expect(left(lb, diffWith(read(task('n2')), lb, { nodes, memory }).plan)).toEqual(['i-2:8080=100'])
  })

  test('without an instance lets no backend be removed', () => {
    const found = new Map(['n1', 'n2'].map((id) => [id, { status: 'found' as const, server: id.replace('n', 'i-') }]))
    const lb = edgeBalancer([zeroed('i-1'), on('i-2')])
    expect(diffWith(read(task('n2')), lb, { backends: backendsOf(THREE, { found }), memory: drained('i-1:8080') }).plan).toEqual([])
  })

  test('with slb.exclude is no backend although it runs a task', () => {
    const nodes = lost({ labels: { 'slb.exclude': 'true' } })
    expect(left(balancer(), diffWith(ON_ALL, balancer(), { nodes }).plan)).toEqual(['i-2:8080=100', 'i-3:8080=100'])
  })

  test('is a backend only where it is chosen and runs a task', () => {
    const nodes = [node('n1', { labels: { zone: 'a' } }), node('n2', { labels: { zone: 'a' } }), node('n3')]
    const wanted = chosenBy([edge()], { tasks: read(task('n1'), task('n3')), target: { nodes: zone('a') } })
    expect(left(balancer(), diffOf({ wanted, nodes }).plan)).toEqual(['i-1:8080=100'])
  })
})

describe('while labels are a problem', () => {
  const frozen = (tasks: TaskReading, labels = {}) => ({ wanted: chosenBy([edge({ labels })], { tasks, frozen: true }) })

  test('tasks are followed', () => {
    const lb = edgeBalancer([on('i-1'), on('i-2')])
    expect(left(lb, diffOf({ ...frozen(read(task('n1'), task('n3'))), lb }).plan)).toEqual(['i-1:8080=100', 'i-2:8080=0', 'i-3:8080=100'])
  })

  test('no node is added where a label chooses: which one is not known', () => {
    const lb = edgeBalancer([on('i-1'), on('i-2')])
    const { plan } = diffOf({ ...frozen(read(task('n1'), task('n3')), { 'slb.nodes': 'workers' }), lb })
    expect(left(lb, plan)).toEqual(['i-1:8080=100', 'i-2:8080=0'])
  })

  test.each<TaskReading>([{ status: 'notAsked' }, { status: 'refused', reason: '403' }])(
    'nothing is changed while tasks are $status',
    (tasks) => {
      expect(diffOf({ ...frozen(tasks), lb: edgeBalancer([on('i-1'), zeroed('i-2')]) }).plan).toEqual([])
    },
  )
})

test('in the grace of a service that is gone no node is added', () => {
  const { memory } = chosenBy([edge()], { tasks: ON_ALL })
  const gone = chosenBy([], { tasks: read(), memory })
  expect(diffOf({ wanted: gone, lb: edgeBalancer([on('i-1'), zeroed('i-2')]) }).plan).toEqual([])
})

describe('a port that another service has now', () => {
  const other = service('other', undefined, {}, { ports: [hostPort(8080)] })
  const theirs = (nodeId: string) => task(nodeId, { serviceId: 'id-other' })
  const wantedWith = (...tasks: ReturnType<typeof task>[]) => chosenBy([edge(), other], { tasks: read(...tasks) })
  const own = (wanted: ReturnType<typeof wantedWith>) => ({
    ...wanted,
    claims: wanted.claims.filter(({ service: name }) => name === 'edge'),
  })

  test('is of no concern on nodes where this service has no backend', () => {
    const wanted = own(wantedWith(task('n1'), task('n2'), theirs('n3')))
    expect(diffOf({ wanted, lb: edgeBalancer([on('i-1'), on('i-2')]) }).plan).toEqual([])
  })

  test('is left at once on the node that it has', () => {
    const lb = edgeBalancer([on('i-1'), on('i-2')])
    const { plan } = diffOf({ wanted: own(wantedWith(task('n1'), theirs('n2'))), lb })
    expect(kinds(plan)).toEqual(['removeBackends'])
    expect(left(lb, plan)).toEqual(['i-1:8080=100'])
  })

  test('closes the listener where nothing else is behind it', () => {
    const { plan } = diffOf({ wanted: own(wantedWith(theirs('n1'))), lb: edgeBalancer([on('i-1')]) })
    expect(kinds(plan)).toContain('stopListener')
  })

  test('closes the listener of a service that is gone', () => {
    const gone = chosenBy([other], { tasks: read(theirs('n1')), memory: remembers(['edge'], { edge: NOW }) })
    const { plan } = diffOf({ wanted: { ...gone, claims: [] }, lb: edgeBalancer([on('i-1')]) })
    expect(kinds(plan)).toContain('stopListener')
  })

  test('closes a listener that leads there through the default group', () => {
    const gone = chosenBy([other], { tasks: read(theirs('n1')), memory: remembers(['old'], { old: NOW }) })
    const lb = balancer({ members: [member('i-1')], listeners: [listener('tcp', 90, toDefault(8080), markOf('old'))] })
    expect(kinds(diffOf({ wanted: { ...gone, claims: [] }, lb }).plan)).toContain('stopListener')
  })

  test('closes the listener when it is one of the routing mesh', () => {
    const mesh = service('mesh', 8080)
    const gone = chosenBy([mesh], { tasks: read(), memory: remembers(['edge'], { edge: NOW }) })
    expect(kinds(diffOf({ wanted: { ...gone, claims: [] }, lb: inPlace }).plan)).toEqual(['stopListener'])
  })
})

describe('a service that changes between the routing mesh and host mode', () => {
  test('moves from the default group to a group of its own', () => {
    const lb = balancer({
      members: ['i-1', 'i-2', 'i-3'].map((id) => member(id)),
      listeners: [listener('tcp', 80, toDefault(30000), markOf('edge'))],
    })
    const { plan } = diffWith(read(task('n2')), lb)
    expect(kinds(plan)).toEqual(['createGroup', 'updateListener'])
    expect(left(balancer(), plan)).toEqual(['i-2:8080=100'])
  })

  test('leaves the ports that every node had', () => {
    const lb = edgeBalancer(['i-1', 'i-2', 'i-3'].map((server) => on(server, { port: 30000 })))
    const { plan } = diffWith(read(task('n2')), lb)
    expect(left(lb, plan)).toContain('i-2:8080=100')
    const next = edgeBalancer([...(lb.groups[0]?.members ?? []), on('i-2')])
    expect(left(next, diffWith(read(task('n2')), next).plan)).toEqual(['i-1:30000=0', 'i-2:30000=0', 'i-2:8080=100', 'i-3:30000=0'])
  })

  test('gets every node back', () => {
    const back = edge({ ports: [port(30000)] })
    const { plan } = diffOf({ wanted: chosenBy([back]), lb: edgeBalancer([on('i-1')]) })
    expect(left(inPlace, plan)).toEqual(expect.arrayContaining(['i-1:30000=100', 'i-2:30000=100', 'i-3:30000=100']))
  })
})

describe('while a service that was in host mode is not settled in another one', () => {
  const was = chosenBy([edge()], { tasks: read(task('n1')) }).memory
  const lb = edgeBalancer([on('i-1')])
  const here = (...services: Parameters<typeof chosenBy>[0]) => chosenBy(services, { tasks: read(task('n1')), memory: was })

  test('no node is added that never ran a task of it', () => {
    const unsettled = edge({ settled: false, ports: [port(30000)] })
    expect(diffOf({ wanted: here(unsettled), lb }).plan).toEqual([])
    const again = chosenBy([unsettled], { tasks: read(), memory: here(unsettled).memory })
    expect(diffOf({ wanted: again, lb }).plan).toEqual([])
  })

  test('nor where that port is gone and the delete of its listener is held', () => {
    const other = edge({ ports: [port(30000, { target: 81 })] })
    const { plan } = diffOf({ wanted: { ...here(other), claims: [] }, lb, held: new Set(['tcp:80']) })
    expect(plan.flatMap(({ changes }) => changes.filter(({ kind }) => kind === 'addBackends'))).toEqual([])
  })

  test('nor, by a process that never saw it in host mode, on a node where that port is another service’s', () => {
    const wanted = chosenBy(
      [edge({ settled: false, ports: [port(30000)] }), service('other', undefined, {}, { ports: [hostPort(8080)] })],
      {
        tasks: read(task('n2', { serviceId: 'id-other' })),
      },
    )
    const alone = { ...wanted, claims: wanted.claims.filter(({ service: name }) => name === 'edge') }
    expect(left(lb, diffOf({ wanted: alone, lb }).plan)).toEqual(['i-1:8080=100', 'i-3:8080=100'])
  })
})
