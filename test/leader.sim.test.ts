// Who writes: the leader alone, after a wait, and only while it is certain to lead.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { nodeJson } from './support/engine-json.ts'
import { json } from './support/fake-engine.ts'
import { type Stand, type StandOptions, startStand, swarmNodes, swarmService, until } from './support/stand.ts'

let stand: Stand
beforeEach(async () => {
  stand = await startStand()
})
afterEach(() => stand.close())

const anew = async (options: StandOptions) => {
  await stand.close()
  stand = await startStand(options)
}
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const web = () => swarmService('web', 30000, { 'slb.port.80': 'http://:8080' })
const api = () => swarmService('api', 30001, { 'slb.port.80': 'tcp://:9090' })
const running = (port: number) => stand.listener(port)?.status === 'running'
const counts = () => stand.simulator.requests.counts()
const calls = (action: string) => counts().byAction[action] ?? 0
const logged = (text: string) => stand.logged.filter((line) => line.includes(text))

/** Two managers. We ask the engine of node-1; without a name the other one leads. */
const led = (leader = 'node-2'): object[] => [
  nodeJson({ id: 'node-1', address: '10.9.0.1', managerAddress: '10.9.0.1:2377', leader: leader === 'node-1' }),
  nodeJson({ id: 'node-2', address: '10.9.0.2', managerAddress: '10.9.0.2:2377', leader: leader === 'node-2' }),
  nodeJson({ id: 'node-3', address: '10.9.0.3' }),
]

describe('a standby', () => {
  test('looks at every load balancer and writes nothing, whatever happens', async () => {
    stand.nodes(led())
    stand.services([web()])
    stand.start()
    await until('it has looked', () => calls('DescribeLoadBalancerAttribute') > 0)
    stand.services([web(), api()])
    stand.nodes([...led(), nodeJson({ id: 'node-4', address: '10.9.0.4' })])
    await pause(300)
    expect(counts().writes).toBe(0)
    expect(logged('"role":"standby"')).toHaveLength(1)
  })

  test('makes fewer calls than the leader: one look at its start, then one a resync', async () => {
    await anew({ env: { SLB_RESYNC_INTERVAL: '1s' } })
    stand.nodes(led())
    stand.services([web()])
    stand.start()
    await until('it has looked', () => calls('DescribeLoadBalancerAttribute') === 1)
    stand.services([web(), api()])
    await pause(300)
    expect(calls('DescribeLoadBalancerAttribute')).toBe(1)
    await until('a resync brings the next look', () => calls('DescribeLoadBalancerAttribute') === 2)
  })

  test('that becomes leader waits, then makes a full pass and does what is due', async () => {
    stand.nodes(led())
    stand.services([web()])
    stand.start({ leaderWaitMs: 600 })
    await until('it has looked', () => calls('DescribeLoadBalancerAttribute') > 0)
    const elected = Date.now()
    stand.nodes(swarmNodes(3))
    await pause(350)
    expect(counts().writes).toBe(0)
    await until('the listener runs', () => running(8080))
    expect(Date.now() - elected).toBeGreaterThanOrEqual(600)
  })

  test('that becomes leader trusts no member it remembers', async () => {
    await anew({ env: { SLB_BACKENDS: 'vserver-group' } })
    stand.services([web()])
    stand.start()
    await until('the listener runs', () => running(8080))
    stand.nodes(led())
    await pause(200)
    const [group] = stand.lb().groups
    if (group === undefined) throw new Error('no group')
    const before = calls('DescribeVServerGroupAttribute')
    for (const server of group.servers) if (server.serverId === 'i-2') server.weight = 7
    stand.nodes(swarmNodes(3))
    await until('what another leader may have changed is as it should be', () => group.servers.every(({ weight }) => weight === 100))
    expect(calls('DescribeVServerGroupAttribute')).toBe(before + 1)
  })
})

describe('leadership lost', () => {
  test('ends writing at once and for good', async () => {
    stand.services([web()])
    stand.start()
    await until('the listener runs', () => running(8080))
    stand.nodes(led())
    await until('it is a standby', () => logged('"role":"standby"').length === 1)
    const before = counts().writes
    stand.services([web(), api()])
    await pause(300)
    expect(counts().writes).toBe(before)
  })

  test('in the middle of retries lets no further attempt out', async () => {
    stand.simulator.faults.add({ action: 'AddBackendServers', times: 1000, as: { code: 'ServiceIsConfiguring', status: 400 } })
    stand.services([web()])
    stand.start({ rpc: { timeouts: { requestMs: 1000 }, waits: { firstMs: 20, maxMs: 50, totalMs: 30_000 } } })
    await until('it is told to wait', () => calls('AddBackendServers') >= 5)
    stand.nodes(led())
    await until('it is a standby', () => logged('"role":"standby"').length === 1)
    await pause(100)
    const before = counts().writes
    stand.simulator.faults.clear()
    await pause(400)
    expect(counts().writes).toBe(before)
    expect(stand.lb().listeners).toEqual([])
  })

  test('between two readings is found by the check before a write, and ends in the wait of a new leader', async () => {
    stand.simulator.settings.latencyMs = 150
    stand.services([web()])
    // The check before a write asks /nodes/node-1 alone; a reading asks for the lists in the same moment.
    let checks = 0
    stand.engine.answer('/nodes/node-1', (request, response) => {
      const own = stand.engine.requests.slice(-4)
      const reading = own.includes('/services') || own.includes('/nodes')
      if (!reading) checks += 1
      const answer = reading || checks > 1 ? swarmNodes(1)[0] : led()[0]
      json(200, answer)(request, response)
    })
    stand.start({ leaderWaitMs: 800 })
    await until('the check was asked', () => checks > 0)
    const lost = Date.now()
    await pause(500)
    expect(counts().writes).toBe(0)
    await until('the listener runs', () => running(8080))
    expect(Date.now() - lost).toBeGreaterThanOrEqual(800)
    expect(logged('leadership was lost before a write')).toHaveLength(1)
  })

  test('for a moment while the engine does not answer is the loss of it: the wait begins again', async () => {
    stand.services([web()])
    stand.start({ leaderWaitMs: 700 })
    await until('the listener runs', () => running(8080))
    stand.engine.answer('/info', json(503, { message: 'The swarm does not have a leader.' }))
    stand.engine.emit('service', 'update')
    await until('it is not ready', () => logged('swarm is not ready').length === 1)
    const before = counts().writes
    stand.engine.answer('/info', undefined)
    const back = Date.now()
    stand.services([web(), api()])
    await until('the second listener runs', () => running(9090))
    expect(Date.now() - back).toBeGreaterThanOrEqual(700)
    expect(counts().writes).toBeGreaterThan(before)
  })
})

test('a process that starts on the leader waits where there is another manager, whose daemon may have written until now', async () => {
  stand.nodes(led('node-1'))
  stand.services([web()])
  const started = Date.now()
  stand.start({ leaderWaitMs: 800 })
  await until('the listener runs', () => running(8080))
  expect(Date.now() - started).toBeGreaterThanOrEqual(800)
})

test('a process that starts on the only manager does not wait', async () => {
  stand.services([web()])
  const started = Date.now()
  stand.start({ leaderWaitMs: 20_000 })
  await until('the listener runs', () => running(8080))
  expect(Date.now() - started).toBeLessThan(5000)
})
