// Cases about load balancers, and about a cloud that answers badly, on the whole daemon.
import { afterEach, describe, expect, test } from 'vitest'
import type { Tuning } from '../../src/app.ts'
import type { StateFile } from '../../src/simulator/world.ts'
import { type Stand, type StandOptions, startStand, swarmNodes, swarmService, until } from '../support/stand.ts'
import { calls, inSync, logged, pause, problem, runs, writes } from './watching.ts'

let stand: Stand
afterEach(() => stand.close())

type Labels = Readonly<Record<string, string>>
const web = (labels: Labels = {}) => swarmService('web', 30_000, { 'slb.port.80': 'tcp://:80', ...labels })
const api = (labels: Labels = {}) => swarmService('api', 30_009, { 'slb.port.80': 'tcp://:9090', ...labels })
const one = (over: object = {}): StateFile => ({ loadBalancers: [{ id: 'lb-1', name: 'front', address: '127.0.0.1', ...over }] })

const begin = async (services: readonly object[], options: StandOptions = {}, tuning: Tuning = {}) => {
  stand = await startStand(options)
  stand.services(services)
  stand.start(tuning)
}
const ports = () =>
  stand
    .lb()
    .listeners.map(({ port }) => port)
    .sort((a, b) => a - b)
/** Waits as they are for everybody. */
const REAL: Tuning = { rpc: { timeouts: { requestMs: 10_000 }, waits: { firstMs: 200, maxMs: 5000, totalMs: 60_000 } } }

test('U12 what lost its label while no daemon ran is taken back at the next start', async () => {
  await begin([web(), api()])
  await runs(stand, 80, 9090)
  await stand.stop()
  stand.services([swarmService('web', 30_000), api()])
  stand.start()
  await until('listener 80 is gone', () => ports().join() === '9090')
})

test('U15 tags of other people stay, and ours is written once', async () => {
  const tags = ['acs:rm:rgId', 'team', 'kubernetes.reused.by.user'].map((key) => ({ key, value: 'x' }))
  await begin([web()], { state: one({ tags }) })
  await runs(stand, 80)
  stand.services([web({ 'slb.port.80.scheduler': 'rr' })])
  await until('it is changed', () => stand.listener(80)?.config['Scheduler'] === 'rr')
  expect(stand.lb().tags).toEqual([...tags, { key: 'swarm-slb:me', value: 'cluster0123456789' }])
  expect(writes(stand).filter((line) => line.includes('Tag'))).toHaveLength(1)
})

describe('E17: a wish about the load balancer itself', () => {
  test('E17 is no label: it is a problem of its service, and nothing else is broken', async () => {
    await begin([web(), api()])
    await runs(stand, 80, 9090)
    stand.simulator.requests.reset()
    stand.services([web({ 'slb.address-type': 'intranet' }), api({ 'slb.port.80.scheduler': 'rr' })])
    await problem(stand, 'slb.address-type')
    await until('the other service goes on', () => stand.listener(9090)?.config['Scheduler'] === 'rr')
    expect([ports(), stand.lb().addressType]).toEqual([[80, 9090], 'intranet'])
    expect(writes(stand)).toEqual(['Set Scheduler=rr'])
  })
})

describe('E18: which load balancer', () => {
  test('E18 one that does not exist is told by its id, and the others are served', async () => {
    await begin([web()], { env: { SLB_ID: 'lb-1,lb-nowhere' } })
    await runs(stand, 80)
    await until('it is told', () => stand.logged.some((line) => line.includes('lb-nowhere')))
  })

  test('E18 a label that names one which is not allowed is a problem, and nothing is written there', async () => {
    const two = { loadBalancers: [...(one().loadBalancers ?? []), { id: 'lb-2', name: 'theirs', address: '127.0.0.2' }] }
    await begin([web({ 'slb.port.80': 'tcp://theirs:80' }), api()], { state: two })
    await problem(stand, 'theirs')
    await runs(stand, 9090)
    expect(stand.simulator.state.loadBalancers[1]).toMatchObject({ listeners: [], tags: [], backendServers: [] })
  })

  test.each(['kubernetes.do.not.delete', 'ack.aliyun.com'])('E18 one that a Kubernetes cluster made (%s) is not touched', async (key) => {
    await begin([web()], { state: one({ tags: [{ key, value: 'cluster' }] }) })
    await problem(stand, key)
    await pause(150)
    expect(writes(stand)).toEqual([])
  })
})

describe('E19: a load balancer that changes under us', () => {
  const RESYNC = { env: { SLB_RESYNC_INTERVAL: '1s' } }

  test('E19 deleted: it is told, and neither it nor anything in its place is made', async () => {
    await begin([web()], RESYNC)
    await runs(stand, 80)
    stand.simulator.requests.reset()
    stand.simulator.state.loadBalancers.splice(0)
    await until('it is told', () =>
      logged(stand).some(({ message, problem: text }) => message === 'problem' && /does not exist|missing|gone/.test(String(text))),
    )
    expect(writes(stand)).toEqual([])
  })

  test('E19 without our tag: it is still served, and tagged again before the next write', async () => {
    await begin([web()], RESYNC)
    await runs(stand, 80)
    stand.lb().tags = []
    await pause(1200)
    expect(ports()).toEqual([80])
    stand.services([web(), api()])
    await runs(stand, 9090)
    expect(stand.lb().tags).toEqual([{ key: 'swarm-slb:me', value: 'cluster0123456789' }])
  })

  test('E19 with another name: it is the same one by its id, and no second one is looked for', async () => {
    await begin([web({ 'slb.port.80': 'tcp://front:80' })], RESYNC)
    await runs(stand, 80)
    stand.lb().name = 'renamed'
    stand.lb().tags = []
    stand.services([web({ 'slb.port.80': 'tcp://front:80', 'slb.port.80.scheduler': 'rr' })])
    await until('it is followed', () => stand.listener(80)?.config['Scheduler'] === 'rr')
    expect(calls(stand, 'CreateLoadBalancer')).toBe(0)
  })
})

describe('B1: a reading that fails', () => {
  test('B1 changes no backend and is no success; the next one does what is to be done, within two seconds', async () => {
    await begin([web()], { env: { SLB_BACKENDS: 'vserver-group', SLB_RESYNC_INTERVAL: '1s' } })
    await runs(stand, 80)
    await stand.stop()
    stand.simulator.requests.reset()
    stand.simulator.faults.add({ action: 'DescribeVServerGroupAttribute', times: 4, as: '5xx' })
    stand.engine.state.nodes = swarmNodes(4)
    stand.start()
    await until('the failure is told', () => stand.logged.some((line) => line.includes('could not be read')))
    expect(writes(stand)).toEqual([])
    const failed = Date.now()
    await until('the new node is in', () => stand.lb().groups[0]?.servers.length === 4)
    expect(Date.now() - failed).toBeLessThan(2000)
    expect(writes(stand)).toEqual(['AddVServerGroupBackendServers'])
  })
})

describe('B5: what stays', () => {
  test('B5 the end of the daemon deletes nothing and touches no protection', async () => {
    await begin([web()], { state: one({ deleteProtection: 'on', modificationProtection: 'ConsoleProtection' }) })
    await runs(stand, 80)
    const before = structuredClone(stand.lb())
    await stand.stop()
    expect(stand.lb()).toEqual(before)
    expect(stand.lb()).toMatchObject({ deleteProtection: 'on', modificationProtection: 'ConsoleProtection' })
  })

  test('B5 slb.freeze keeps a listener through the loss of its port label', async () => {
    await begin([web(), api()])
    await runs(stand, 80, 9090)
    stand.services([swarmService('web', 30_000, { 'slb.freeze': 'true' }), api()])
    await pause(600)
    expect(ports()).toEqual([80, 9090])
  })
})

test('B6 on a load balancer with an IPv6 address a service comes and goes like on any other', async () => {
  await begin([web(), api()], { state: one({ addressIPVersion: 'ipv6' }), env: { SLB_BACKENDS: 'vserver-group' } })
  await runs(stand, 80, 9090)
  stand.services([api()])
  await until('all of it is gone', () => ports().join() === '9090' && stand.lb().groups.length === 1)
  expect(await inSync(stand)).toBe(true)
})

test('B8 a cloud that is busy or throttles once costs less than a second', async () => {
  await begin([web()], {}, REAL)
  await runs(stand, 80)
  const took: Record<string, number> = {}
  for (const [index, code] of ['ServiceIsConfiguring', 'OperationBusy', 'Throttling.User'].entries()) {
    stand.simulator.faults.add({ action: 'SetLoadBalancerTCPListenerAttribute', as: { code } })
    const begun = performance.now()
    stand.services([web({ 'slb.port.80.persistence-timeout': `${index + 1}` })])
    await until(code, () => stand.listener(80)?.config['PersistenceTimeout'] === index + 1)
    took[code] = performance.now() - begun
  }
  expect(stand.simulator.requests.counts().byCode).toMatchObject({ ServiceIsConfiguring: 1, OperationBusy: 1, 'Throttling.User': 1 })
  expect(Math.max(...Object.values(took))).toBeLessThan(1200)
})

test('B9 twenty ports of one service on a load balancer that takes one write at a time: all are made, one after another', async () => {
  const latencyMs = 20
  const all = Array.from({ length: 20 }, (_, i) => 8000 + i)
  const labels = Object.fromEntries(all.map((port) => [`slb.port.${port}`, `tcp://:${port}`]))
  const published = all.map((port) => ({ target: port, published: port + 20_000 }))
  const begun = performance.now()
  await begin(
    [swarmService('many', 0, labels, published)],
    { simulator: { settings: { latencyMs, busy: { scope: 'instance', durationMs: latencyMs } } } },
    REAL,
  )
  await until('all run', () => all.every((port) => stand.listener(port)?.status === 'running'), 20_000)
  const { byAction } = stand.simulator.requests.counts()
  expect(byAction['StartLoadBalancerListener']).toBeGreaterThanOrEqual(20)
  expect(stand.logged.filter((line) => line.includes('change failed'))).toEqual([])
  // 42 writes of 20 ms are 0.84 s; what is refused as busy is repeated within half a second.
  expect(performance.now() - begun).toBeLessThan(10_000)
})

test('B10 backends that are throttled twice hold a new listener up for a moment, not for half a minute', async () => {
  stand = await startStand()
  stand.simulator.faults.add({ action: 'AddBackendServers', times: 2, as: { code: 'Throttling.User' } })
  stand.services([web()])
  const begun = performance.now()
  stand.start(REAL)
  await runs(stand, 80)
  expect(performance.now() - begun).toBeLessThan(3000)
})
