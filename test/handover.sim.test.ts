// The writer's task is told to end in the middle of a replacement: what it has begun is finished, and the next writer waits for that.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Manager, type Managers, managerNodes, slbTask, startManagers } from './support/managers.ts'
import { swarmService, until } from './support/stand.ts'

const WAIT_MS = 300
const FINISH_MS = 15_000
/** In place the cloud is asked again five times a second. */
const PATIENT = {
  rpc: { timeouts: { requestMs: 1000 }, waits: { firstMs: 200, maxMs: 200, totalMs: 20_000 } },
  leaderWaitMs: WAIT_MS,
  finishMs: FINISH_MS,
}

let swarm: Managers
beforeEach(async () => {
  swarm = await startManagers(['a', 'b'])
})
afterEach(() => swarm.close())

const listeners = () => swarm.simulator.state.loadBalancers[0]?.listeners ?? []
const calls = (action: string) => swarm.simulator.requests.counts().byAction[action] ?? 0
const web = (target: string) => swarmService('web', 30_000, { 'slb.port.80': target })
const other = () => swarmService('other', 30_001, { 'slb.port.80': 'tcp://:9001' })
const serves = (port: number, protocol: string) =>
  listeners().some((one) => one.port === port && one.protocol === protocol && one.status === 'running')
const isStandby = (manager: Manager) => manager.logged.some((line) => line.includes('"role":"standby"'))

/** The listener was deleted, and the cloud does not let the new one be made for longer than a lease lasts, three seconds. */
async function replacing(): Promise<Manager> {
  const a = await swarm.start('a', PATIENT)
  swarm.show({ services: [web('tcp://:9000')] })
  await until('it serves', () => serves(9000, 'tcp'), 15_000)
  swarm.simulator.faults.add({ action: 'CreateLoadBalancerHTTPListener', times: 20, as: { code: 'Throttling.User', status: 400 } })
  swarm.show({ services: [web('http://:9000')] })
  await until('the new one is refused', () => calls('CreateLoadBalancerHTTPListener') >= 2)
  expect(listeners()).toEqual([])
  return a
}
const tellToEnd = () => swarm.show({ tasks: [slbTask('a', { desired: 'shutdown' }), slbTask('b')] })

test('a task that gets the signal finishes its replacement, although Swarm says already that it is not to run', async () => {
  const a = await replacing()
  tellToEnd()
  await a.stop()
  expect(serves(9000, 'http')).toBe(true)
})

test('so does one that reads that it is to end before the signal comes; nothing else begins then', async () => {
  const a = await replacing()
  tellToEnd()
  swarm.show({ services: [web('http://:9000'), other()] })
  await until('it has read so', () => isStandby(a))
  await until('it is finished', () => serves(9000, 'http'), 20_000)
  await a.stop()
  expect(listeners()).toHaveLength(1)
})

test('but not one that is the writer no more for any other reason', async () => {
  const a = await replacing()
  swarm.show({ nodes: managerNodes(['a', 'b'], 'b'), tasks: [slbTask('a', { desired: 'shutdown' }), slbTask('b')] })
  await until('it has read so', () => isStandby(a))
  const before = calls('CreateLoadBalancerHTTPListener')
  await a.stop()
  expect([calls('CreateLoadBalancerHTTPListener'), listeners()]).toEqual([before, []])
})

test('the next writer waits until the task before is gone, and finds everything as it should be', async () => {
  const a = await replacing()
  const b = await swarm.start('b', PATIENT)
  tellToEnd()
  swarm.show({ services: [web('http://:9000'), other()] })
  await a.stop()
  const ended = Date.now()
  expect([serves(9000, 'http'), b.writes]).toEqual([true, []])
  swarm.show({ tasks: [slbTask('b')] })
  await until('the next one writes', () => serves(9001, 'tcp'), 15_000)
  expect(Math.min(...b.writes)).toBeGreaterThanOrEqual(ended)
  expect(calls('CreateLoadBalancerHTTPListener')).toBe(21)
})

test('and does not wait for ever for one that does not end', async () => {
  await swarm.start('b', { ...PATIENT, finishMs: 1000 })
  const told = Date.now()
  tellToEnd()
  swarm.show({ services: [other()] })
  await until('it writes', () => serves(9001, 'tcp'))
  expect(Math.min(...swarm.of('b').writes) - told).toBeGreaterThanOrEqual(WAIT_MS + 1000)
})
