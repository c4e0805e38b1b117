// Cases about nodes and backends, on the whole daemon between an engine of paper and the simulated cloud.
import { afterEach, describe, expect, test } from 'vitest'
import type { ServerGroup } from '../../src/simulator/world.ts'
import { backendsOf, found, MINUTE, NOW, node } from '../support/build.ts'
import { nodeJson, type PortJson, serviceJson, taskJson } from '../support/engine-json.ts'
import { type Stand, type StandOptions, startStand, swarmNodes, swarmService, until } from '../support/stand.ts'
import { calls, logged, pause, problem, runs, writes, writesOf } from './watching.ts'

let stand: Stand
afterEach(() => stand.close())

const begin = async (options: StandOptions = {}) => {
  stand = await startStand(options)
}
const GROUPS = { SLB_BACKENDS: 'vserver-group', SLB_RESYNC_INTERVAL: '1s' }
const web = (labels: Readonly<Record<string, string>> = {}) => swarmService('web', 30_000, { 'slb.port.80': 'tcp://:80', ...labels })

const group = (): ServerGroup | undefined => stand.lb().groups.find(({ name }) => name.startsWith('swarm-slb/'))
/** `i-1=100`, of the group that the listener forwards to. */
const weights = () => {
  const { vServerGroupId: id } = stand.listener(80) ?? {}
  const servers = id === undefined ? stand.lb().backendServers : (stand.lb().groups.find((one) => one.id === id)?.servers ?? [])
  return servers.map(({ serverId, weight }) => `${serverId}=${weight}`).sort()
}
const has = (...wanted: readonly string[]) =>
  until(wanted.join(), () => weights().join() === wanted.join()).catch((error: Error) => {
    throw new Error(`${error.message}; there were ${weights().join()}`)
  })
const ALL = ['i-1=100', 'i-2=100', 'i-3=100'] as const

async function serve(service: object = web()): Promise<void> {
  stand.services([service])
  stand.start({ tasksMs: 20 })
  await runs(stand, 80)
}

describe('which nodes', () => {
  test('E1 one label of nodes chooses those that carry it, two those that carry both', async () => {
    await begin()
    stand.nodes(swarmNodes(3, { 'node-1': { labels: { a: 'b' } }, 'node-2': { labels: { a: 'b', c: 'd' } } }))
    await serve(web({ 'slb.nodes': 'node.labels.a==b' }))
    await has('i-1=100', 'i-2=100')
    stand.services([web({ 'slb.nodes': 'node.labels.a==b && node.labels.c==d' })])
    await has('i-2=100')
  })

  test('E2 from the mesh to host mode and back the backends change and the listener stays', async () => {
    await begin()
    const at = (port: PortJson) => serviceJson({ name: 'web', labels: { 'slb.port.80': 'tcp://:80' }, ports: [port] })
    const host: PortJson = { target: 80, published: 8080, mode: 'host' }
    await serve(at({ target: 80, published: 30_000 }))
    await has(...ALL)
    stand.engine.state.tasks = [taskJson({ id: 't', service: 'id-web', node: 'node-2', ports: [host] })]
    stand.services([at(host)])
    await has('i-2=100')
    stand.services([at({ target: 80, published: 30_000 })])
    await has(...ALL)
    expect([calls(stand, 'DeleteLoadBalancerListener'), calls(stand, 'StopLoadBalancerListener')]).toEqual([0, 0])
  })

  test('E3 a paused node stays, a drained one is lowered, an active one is back', async () => {
    await begin()
    await serve()
    await has(...ALL)
    stand.simulator.requests.reset()
    stand.nodes(swarmNodes(3, { 'node-2': { availability: 'pause' } }))
    await pause(200)
    expect(writes(stand)).toEqual([])
    stand.nodes(swarmNodes(3, { 'node-2': { availability: 'drain' } }))
    await has('i-1=100', 'i-2=0', 'i-3=100')
    stand.nodes(swarmNodes(3))
    await has(...ALL)
  })

  test('E4 a node that is excluded by its label gets nothing more, and is back without it', async () => {
    await begin()
    await serve()
    stand.nodes(swarmNodes(3, { 'node-2': { labels: { 'slb.exclude': 'true' } } }))
    await has('i-1=100', 'i-2=0', 'i-3=100')
    stand.nodes(swarmNodes(3))
    await has(...ALL)
  })

  test('E6 only our own backends of a group are weighed, a server that somebody put there is not', async () => {
    await begin({ env: GROUPS })
    await serve()
    const labelled = (weight: string) => swarmNodes(3, { 'node-1': { labels: { 'slb.weight': weight } } })
    group()?.servers.push({ serverId: 'i-7', port: 30_000, weight: 33, type: 'ecs', description: 'by hand' })
    for (const [weight, all] of [
      ['60', 60],
      ['80', 80],
      ['0', 0],
      ['100', 100],
    ] as const) {
      stand.nodes(labelled(weight))
      await has(`i-1=${all}`, 'i-2=100', 'i-3=100', 'i-7=33')
    }
  })

  test('E7 a task on a node that nobody knows, or on none, is passed over, and the others are served', async () => {
    await begin()
    const host: PortJson = { target: 80, published: 8080, mode: 'host' }
    const task = (node: string) => taskJson({ id: `t-${node}`, service: 'id-web', node, ports: [host] })
    stand.engine.state.tasks = [task('node-1'), task('node-99'), task(''), task('node-3')]
    await serve(serviceJson({ name: 'web', labels: { 'slb.port.80': 'tcp://:80' }, ports: [host] }))
    await has('i-1=100', 'i-3=100')
    expect(logged(stand).filter(({ level }) => level === 'error')).toEqual([])
  })
})

describe('E9: more and fewer tasks', () => {
  test('E9 behind the mesh change nothing on the cloud', async () => {
    await begin()
    await serve()
    stand.simulator.requests.reset()
    for (let time = 0; time < 3; time += 1) stand.services([web()])
    await pause(150)
    expect(stand.simulator.requests.counts().total).toBe(0)
  })

  test('E9 in host mode are followed', async () => {
    await begin()
    const host: PortJson = { target: 80, published: 8080, mode: 'host' }
    const on = (...nodes: readonly string[]) => {
      stand.engine.state.tasks = nodes.map((one) => taskJson({ id: `t-${one}`, service: 'id-web', node: one, ports: [host] }))
    }
    on('node-1')
    await serve(serviceJson({ name: 'web', labels: { 'slb.port.80': 'tcp://:80' }, ports: [host] }))
    on('node-1', 'node-2', 'node-3')
    await has(...ALL)
    on('node-3')
    await has('i-3=100')
  })

  test('E9 weights set by hand survive with weights: ignore, and are corrected without it', async () => {
    await begin({ env: GROUPS })
    await serve(web({ 'slb.weights': 'ignore' }))
    await has(...ALL)
    for (const server of group()?.servers ?? []) if (server.serverId === 'i-2') server.weight = 7
    await pause(1500)
    expect(weights()).toEqual(['i-1=100', 'i-2=7', 'i-3=100'])
    stand.services([web()])
    await has(...ALL)
  })
})

describe('B2: one that is bad holds up no other', () => {
  test('B2 a node without an instance: the others serve', async () => {
    await begin()
    stand.nodes([...swarmNodes(3), nodeJson({ id: 'node-4', address: '10.99.0.1' })])
    await serve()
    await has(...ALL)
  })

  test('B2 and after ten minutes it is a problem of that node, by its name', () => {
    const nodes = [node('n1'), node('n2')]
    const known = new Map(
      [...found(nodes)].map(([id, one]) => [id, id === 'n2' ? ({ status: 'unresolved', reason: 'none' } as const) : one]),
    )
    const { memory } = backendsOf(nodes, { found: known })
    const { problems, wishes } = backendsOf(nodes, { found: known, memory, now: NOW + 10 * MINUTE })
    expect(problems).toMatchObject([{ kind: 'node', subject: 'n2' }])
    expect([...wishes.keys()]).toEqual(['i-1'])
  })

  test('B2 a port with a bad label: the other ports are served, and the problem names the label', async () => {
    await begin()
    const ports = [
      { target: 80, published: 30_000 },
      { target: 81, published: 30_001 },
    ]
    const labels = { 'slb.port.80': 'tcp://:80', 'slb.port.81': 'tcp://:81', 'slb.port.81.scheduler': 'fastest' }
    await serve(swarmService('web', 0, labels, ports))
    await problem(stand, 'slb.port.81.scheduler')
    expect(stand.listener(81)).toBeUndefined()
  })
})

test('B11 a drained node is at weight 0; one that leaves is removed after its time', async () => {
  await begin()
  await serve()
  stand.nodes(swarmNodes(3, { 'node-3': { availability: 'drain' } }))
  await has('i-1=100', 'i-2=100', 'i-3=0')
  await pause(400)
  expect(weights()).toContain('i-3=0')
  stand.nodes(swarmNodes(2))
  await has('i-1=100', 'i-2=100')
})

test('B12 ten nodes that join within a moment are one pass and one call', async () => {
  await begin({ state: { instances: Array.from({ length: 13 }, (_, i) => ({ id: `i-${i + 1}`, privateIp: `10.9.0.${i + 1}` })) } })
  stand.services([web()])
  stand.start({ settleMs: { service: 20, node: 400 } })
  await runs(stand, 80)
  const lines = await writesOf(
    stand,
    () => {
      for (let count = 4; count <= 13; count += 1) stand.nodes(swarmNodes(count))
    },
    1,
  )
  expect(lines).toEqual(['AddBackendServers'])
  expect(stand.lb().backendServers).toHaveLength(13)
})
