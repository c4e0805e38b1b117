// The daemon whole, between an engine of paper and the simulated cloud.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { nodeJson } from './support/engine-json.ts'
import { type Stand, startStand, swarmNodes, swarmService, until } from './support/stand.ts'

let stand: Stand
beforeEach(async () => {
  stand = await startStand()
})
afterEach(() => stand.close())

const web = (over: Readonly<Record<string, string>> = {}) => swarmService('web', 30000, { 'slb.port.80': 'http://:8080', ...over })
const running = (port: number) => stand.listener(port)?.status === 'running'
const weights = () => Object.fromEntries(stand.lb().backendServers.map(({ serverId, weight }) => [serverId, weight]))
const writes = () => stand.simulator.requests.counts().writes
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const hang = async () => {
  const before = stand.simulator.requests.counts().total
  await pause(150)
  return stand.simulator.requests.counts().total - before
}

describe('the daemon', () => {
  test('publishes a port on the load balancer and takes it back after the grace', async () => {
    stand.services([web({ 'slb.port.80.health-check-uri': '/license.txt' })])
    stand.start()
    await until('listener 8080 runs', () => running(8080))
    expect(stand.listener(8080)).toMatchObject({ protocol: 'http', backendServerPort: 30000, description: 'swarm-slb/me/web/80-tcp' })
    expect(stand.listener(8080)?.config).toMatchObject({ HealthCheckURI: '/license.txt', HealthCheckHttpCode: 'http_2xx,http_3xx' })
    expect(weights()).toEqual({ 'i-1': 100, 'i-2': 100, 'i-3': 100 })
    expect(stand.lb().tags).toEqual([{ key: 'swarm-slb:me', value: 'cluster0123456789' }])
    stand.services([])
    await until('listener 8080 is gone', () => stand.listener(8080) === undefined)
  })

  test('makes no call while nothing changes, and none for changes that do not matter', async () => {
    stand.services([web()])
    stand.start()
    await until('listener 8080 runs', () => running(8080))
    await pause(100)
    expect(await hang()).toBe(0)
    stand.nodes(swarmNodes(3, { 'node-2': { labels: { zone: 'a' } } }))
    expect(await hang()).toBe(0)
    stand.nodes(swarmNodes(3, { 'node-2': { state: 'unknown' } }))
    expect(await hang()).toBe(0)
    stand.nodes(swarmNodes(3))
    stand.services([web()])
    expect(await hang()).toBe(0)
  })

  test('heals what was changed by hand at the next resync, and leaves what people made or closed', async () => {
    await stand.close()
    stand = await startStand({ env: { SLB_RESYNC_INTERVAL: '1s' } })
    stand.services([web(), swarmService('api', 30001, { 'slb.port.80': 'tcp://:9090' })])
    stand.start()
    await until('both run', () => running(8080) && running(9090))
    const byHand = structuredClone(stand.listener(9090))
    if (byHand === undefined) throw new Error('no listener')
    stand.lb().listeners.push({ ...byHand, port: 22, description: 'ssh', backendServerPort: 22 })
    for (const server of stand.lb().backendServers) if (server.serverId === 'i-2') server.weight = 7
    for (const listener of stand.lb().listeners) if (listener.port === 8080) listener.config['HealthCheckInterval'] = 50
    const api = stand.listener(9090)
    if (api !== undefined) api.status = 'stopped'
    await until('the weight is repaired', () => weights()['i-2'] === 100)
    await until('the option is repaired', () => stand.listener(8080)?.config['HealthCheckInterval'] === 5)
    await until('the closed listener is marked', () => stand.listener(9090)?.description.endsWith('/closed') === true)
    await pause(1200)
    expect(stand.listener(9090)?.status).toBe('stopped')
    expect(stand.listener(22)).toMatchObject({ description: 'ssh', backendServerPort: 22 })
  })

  test('starts again without a write, and finishes what a crash left', async () => {
    stand.services([web()])
    stand.start()
    await until('listener 8080 runs', () => running(8080))
    await stand.stop()
    const before = writes()
    stand.start()
    await pause(300)
    expect(writes()).toBe(before)
    await stand.stop()
    const listener = stand.listener(8080)
    if (listener !== undefined) listener.status = 'stopped'
    stand.start()
    await until('the unfinished create is started', () => running(8080))
  })

  test('follows nodes: join, drain, down, leave', async () => {
    stand.services([web()])
    stand.start()
    await until('listener 8080 runs', () => running(8080))
    stand.nodes(swarmNodes(3, { 'node-2': { availability: 'drain' } }))
    await until('the drained node is at 0', () => weights()['i-2'] === 0)
    stand.nodes(swarmNodes(3))
    await until('it is back', () => weights()['i-2'] === 100)
    stand.nodes([...swarmNodes(3), nodeJson({ id: 'node-4', address: '10.9.0.4' })])
    await until('the new node is in', () => weights()['i-4'] === 100)
    stand.simulator.health.set({ server: 'i-4' }, 'abnormal')
    stand.nodes(swarmNodes(3))
    await until('the node that left is out', () => weights()['i-4'] === undefined)
  })

  test('survives the loss of the engine and of the cloud', async () => {
    stand.services([web()])
    stand.start()
    await until('listener 8080 runs', () => running(8080))
    stand.engine.answer('/services', (_, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end('<html>'))
    stand.engine.emit('service', 'update')
    await pause(200)
    expect(running(8080)).toBe(true)
    stand.engine.answer('/services', undefined)
    stand.simulator.faults.add({ action: 'DescribeLoadBalancerAttribute', times: 3, as: '5xx' })
    stand.services([web(), swarmService('api', 30001, { 'slb.port.80': 'tcp://:9090' })])
    await until('the new listener runs in spite of it', () => running(9090), 8000)
    expect(running(8080)).toBe(true)
  })

  test('a dry run writes nothing', async () => {
    await stand.close()
    stand = await startStand({ env: { SLB_DRY_RUN: 'true' } })
    stand.services([web()])
    stand.start()
    await pause(300)
    expect(writes()).toBe(0)
    expect(stand.simulator.requests.counts().reads).toBeGreaterThan(0)
    expect(stand.logged.filter((line) => line.includes('create listener http:8080')).length).toBe(1)
  })

  test('a swarm that lost all its services keeps its listeners until somebody approves', async () => {
    stand.services([web(), swarmService('api', 30001, { 'slb.port.80': 'tcp://:9090' })])
    stand.start()
    await until('both run', () => running(8080) && running(9090))
    stand.services([])
    await pause(600)
    expect(running(8080) && running(9090)).toBe(true)
  })
})
