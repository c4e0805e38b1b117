// A service in host mode, from its tasks to the backends of the cloud. Swarm announces no task: they are listed again and again.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type PortJson, serviceJson, taskJson } from './support/engine-json.ts'
import { type Stand, startStand, swarmNodes, until } from './support/stand.ts'

let stand: Stand
beforeEach(async () => {
  stand = await startStand()
})
afterEach(() => stand.close())

const PORT: PortJson = { target: 80, published: 8080, mode: 'host' }
const edge = (labels: Readonly<Record<string, string>> = {}, port: PortJson = PORT) =>
  serviceJson({ name: 'edge', labels: { 'slb.port.80': 'tcp://:80', ...labels }, ports: [port] })
const task = (node: string, over: Partial<Parameters<typeof taskJson>[0]> = {}) =>
  taskJson({ id: `task-${node}`, service: 'id-edge', node, ports: [PORT], ...over })

const TASKS_MS = 30
const start = () => stand.start({ tasksMs: TASKS_MS })
function tasks(...list: readonly object[]): void {
  stand.engine.state.tasks = [...list]
}
const calls = (action: string) => stand.simulator.requests.counts().byAction[action] ?? 0
/** What the listener's group has: `i-1:8080=100`. */
const backends = () => (stand.lb().groups[0]?.servers ?? []).map(({ serverId, port, weight }) => `${serverId}:${port}=${weight}`).sort()
const has = (...wanted: readonly string[]) =>
  until(`${wanted.join(' ')} (now ${backends().join(' ')})`, () => backends().join() === wanted.join())

describe('a global service', () => {
  test('gets exactly the nodes that run a task, and its default group stays empty', async () => {
    stand.services([edge()])
    tasks(task('node-1'), task('node-3'))
    start()
    await has('i-1:8080=100', 'i-3:8080=100')
    await until('it runs', () => stand.listener(80)?.status === 'running')
    expect(stand.lb().backendServers).toEqual([])
  })

  test('waits for its first task, then has it within one look', async () => {
    stand.services([edge()])
    start()
    await until('tasks are asked for', () => stand.engine.requests.filter((path) => path === '/tasks').length > 2)
    expect(stand.lb().listeners).toEqual([])
    tasks(task('node-2'))
    await has('i-2:8080=100')
  })
})

describe('a task', () => {
  test('that moves takes its backend along', async () => {
    stand.services([edge()])
    tasks(task('node-1'), task('node-2'))
    start()
    await has('i-1:8080=100', 'i-2:8080=100')
    tasks(task('node-1'), task('node-3'))
    await has('i-1:8080=100', 'i-3:8080=100')
  })

  test('that is to end loses its weight while it still runs, and its place once it has ended', async () => {
    stand.services([edge()])
    tasks(task('node-1'), task('node-2'))
    start()
    await has('i-1:8080=100', 'i-2:8080=100')
    tasks(task('node-1', { desired: 'shutdown' }), task('node-2'))
    await has('i-1:8080=0', 'i-2:8080=100')
    // Longer than SLB_DRAIN: it still has connections.
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(backends()).toEqual(['i-1:8080=0', 'i-2:8080=100'])
    tasks(task('node-2'))
    await has('i-2:8080=100')
  })

  test('with another number is another backend', async () => {
    const any: PortJson = { target: 80, mode: 'host' }
    const at = (published: number) => ({ ports: [{ target: 80, published, mode: 'host' }] })
    stand.services([edge({}, any)])
    tasks(task('node-1', at(32768)), task('node-2', at(40000)))
    start()
    await has('i-1:32768=100', 'i-2:40000=100')
    tasks(task('node-1', at(32769)), task('node-2', at(40000)))
    await has('i-1:32769=100', 'i-2:40000=100')
  })
})

test('a service without tasks keeps its backends, and makes no call while nothing changes', async () => {
  stand.services([edge()])
  tasks(task('node-1'), task('node-2'))
  start()
  await has('i-1:8080=100', 'i-2:8080=100')
  tasks()
  const asked = stand.engine.requests.length
  await until('tasks were read again', () => stand.engine.requests.length > asked + 20)
  const before = stand.simulator.requests.counts()
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(stand.simulator.requests.counts()).toEqual(before)
  expect(backends()).toEqual(['i-1:8080=100', 'i-2:8080=100'])
})

test('a label that is broken freezes the listener, not its backends', async () => {
  stand.services([edge()])
  tasks(task('node-1'), task('node-2'))
  start()
  await has('i-1:8080=100', 'i-2:8080=100')
  stand.services([edge({ 'slb.port.80.health-check-interval': 'often' })])
  tasks(task('node-1'), task('node-3'))
  await has('i-1:8080=100', 'i-3:8080=100')
  expect(calls('DeleteLoadBalancerListener')).toBe(0)
})

test('a choice of nodes by label follows the labels of nodes', async () => {
  const zone = { labels: { zone: 'a' } }
  stand.nodes(swarmNodes(3, { 'node-1': zone, 'node-2': zone }))
  stand.services([
    serviceJson({
      name: 'web',
      labels: { 'slb.port.80': 'tcp://:80', 'slb.nodes': 'node.labels.zone==a' },
      ports: [{ target: 80, published: 30000 }],
    }),
  ])
  start()
  await has('i-1:30000=100', 'i-2:30000=100')
  stand.nodes(swarmNodes(3, { 'node-2': zone, 'node-3': zone }))
  await has('i-2:30000=100', 'i-3:30000=100')
})
