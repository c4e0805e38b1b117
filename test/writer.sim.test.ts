// Three managers with a daemon each, as tasks of one service: exactly one of them writes, and whoever begins waits for the one before.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Tuning } from '../src/app.ts'
import { json } from './support/fake-engine.ts'
import { type Manager, type Managers, managerNodes, slbTask, startManagers } from './support/managers.ts'
import { swarmService, until } from './support/stand.ts'

const IDS = ['a', 'b', 'c']
const WAIT_MS = 300

let swarm: Managers
beforeEach(async () => {
  swarm = await startManagers(IDS)
})
afterEach(() => swarm.close())

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
/** A busy machine may take its time. */
const eventually = <T>(look: () => T) => expect.poll(look, { timeout: 10_000 })
let wishes = 0
/** A change that somebody has to make. */
const wish = () => {
  wishes += 1
  const port = 8000 + wishes
  // Another service each time: labels of one that change so often count only now and then.
  swarm.show({ services: [swarmService(`web-${wishes}`, 30000, { 'slb.port.80': `tcp://:${port}` })] })
  return port
}
const done = (port: number) =>
  swarm.simulator.state.loadBalancers[0]?.listeners.some((listener) => listener.port === port && listener.status === 'running') === true
/** Waits until one of them has done what somebody wished. */
const work = async () => {
  const port = wish()
  await until('the listener runs', () => done(port))
}
const role = async (manager: Manager): Promise<string> => JSON.parse(await manager.page('/status.json')).role
const rolesOf = async (ids: readonly string[]) => (await Promise.all(ids.map((id) => role(swarm.of(id))))).join(' ')
const roles = () => rolesOf(IDS)
const wrote = () =>
  swarm
    .running()
    .filter((id) => swarm.of(id).writes.length > 0)
    .join(' ')
/** What is done is in the log a moment later. */
const forget = async () => {
  await pause(100)
  for (const id of swarm.running()) swarm.of(id).writes.length = 0
}
const startAll = async (tuning: Tuning = {}) => {
  for (const id of IDS) await swarm.start(id, { leaderWaitMs: WAIT_MS, finishMs: 200, ...tuning })
  await eventually(() => roles().catch(() => '')).toMatch(/leader/)
}

describe('of three managers', () => {
  test('the leader writes while it runs a healthy task', async () => {
    await startAll()
    await work()
    await eventually(async () => [wrote(), await roles()]).toEqual(['a', 'leader standby standby'])
  })

  test('the first other one takes over when the leader is drained, after the wait, and says why', async () => {
    await startAll()
    await work()
    await forget()
    swarm.show({ tasks: [slbTask('a', { desired: 'shutdown' }), slbTask('b'), slbTask('c')] })
    const drained = Date.now()
    await work()
    await eventually(async () => [wrote(), await roles()]).toEqual(['b', 'standby leader standby'])
    expect(Math.min(...swarm.of('b').writes) - drained).toBeGreaterThanOrEqual(WAIT_MS)
    expect(JSON.parse(await swarm.of('b').page('/status.json'))).toMatchObject({
      leader: 'b',
      reason: 'the leader a runs no healthy task of this service',
    })
    expect(JSON.parse(await swarm.of('c').page('/status.json')).leader).toBe('b')
  })

  test('another one writes where the task on the leader never came to run, and goes on when leadership moves to such a one', async () => {
    swarm.show({ tasks: [slbTask('a', { state: 'preparing' }), slbTask('b', { state: 'rejected', desired: 'shutdown' }), slbTask('c')] })
    // Nobody has to wait: longer than the test lasts.
    await startAll({ leaderWaitMs: 60_000 })
    await work()
    await eventually(wrote).toBe('c')
    swarm.show({ nodes: managerNodes(IDS, 'b') })
    await forget()
    await work()
    await eventually(wrote).toBe('c')
  })

  test('the new leader takes over from one that wrote in place of the old', async () => {
    swarm.show({ tasks: [slbTask('b'), slbTask('c')] })
    await startAll()
    await work()
    await eventually(wrote).toBe('b')
    await forget()
    swarm.show({ nodes: managerNodes(IDS, 'c') })
    await work()
    await eventually(async () => [wrote(), await roles()]).toEqual(['c', 'standby standby leader'])
  })

  test('none writes within the wait of another, however tasks and leadership move', async () => {
    await startAll()
    const scenes = [
      { writer: 'a' },
      { tasks: [slbTask('b'), slbTask('c')], writer: 'b' },
      { nodes: managerNodes(IDS, 'c'), writer: 'c' },
      { tasks: [slbTask('b')], writer: 'b' },
      { nodes: managerNodes(IDS, 'b'), tasks: IDS.map((id) => slbTask(id)), writer: 'b' },
      { nodes: managerNodes(IDS, 'a'), writer: 'a' },
    ]
    for (const { writer, ...scene } of scenes) {
      swarm.show(scene)
      const before = swarm.of(writer).writes.length
      // There is always something to do, for whoever may.
      for (let step = 0; step < 100 && swarm.of(writer).writes.length === before; step++) {
        wish()
        await pause(50)
      }
      expect(swarm.of(writer).writes.length, writer).toBeGreaterThan(before)
    }
    const all = IDS.flatMap((id) => swarm.of(id).writes.map((at) => ({ id, at }))).toSorted((a, b) => a.at - b.at)
    const handed = all.flatMap(({ id, at }, index) => {
      const before = all[index - 1]
      return before === undefined || before.id === id ? [] : [at - before.at]
    })
    expect(handed).toHaveLength(4)
    // The one before may finish what it had begun, which here takes some milliseconds.
    expect(Math.min(...handed)).toBeGreaterThan(WAIT_MS / 2)
  }, 20_000)

  test('a task that starts anew on the leader waits while another one may be writing', async () => {
    await swarm.start('b')
    await swarm.start('c')
    const began = Date.now()
    const port = wish()
    const fresh = await swarm.start('a', { leaderWaitMs: WAIT_MS })
    await until('the listener runs', () => done(port))
    await eventually(() => fresh.writes[0]).toBeGreaterThanOrEqual(began + WAIT_MS)
  })
})

describe('a writer that the cloud does not answer any more', () => {
  const health = (id: string) => swarm.of(id).page('/taskz')
  /** Its instance has a role, and no keys are given; the others have keys. */
  const BY_ROLE = { ALIBABA_CLOUD_ACCESS_KEY_ID: '', ALIBABA_CLOUD_ACCESS_KEY_SECRET: '' }
  const startTwo = async () => {
    swarm.simulator.settings.metadata.credentialSeconds = 1
    await swarm.start('a', { leaderWaitMs: WAIT_MS, patienceMs: 500 }, BY_ROLE)
    await swarm.start('b', { leaderWaitMs: WAIT_MS, patienceMs: 500 })
    await work()
    await eventually(async () => [wrote(), await rolesOf(['a', 'b'])]).toEqual(['a', 'leader standby'])
    expect([await health('a'), await health('b')]).toEqual(['ok\n', 'ok\n'])
  }
  const takeRole = () => {
    swarm.simulator.settings.metadata.role = ''
    return pause(1100)
  }

  test('because its role was taken away, makes way: its health check fails, and when its task is gone the next one writes', async () => {
    await startTwo()
    await takeRole()
    await forget()
    const port = wish()
    await eventually(() => health('a')).toMatch(/^makes way for another manager's task: .*no credentials/)
    expect([await health('b'), done(port)]).toEqual(['ok\n', false])
    swarm.show({ tasks: [slbTask('b')] })
    await until('the listener runs', () => done(port), 10_000)
    await eventually(wrote).toBe('b')
  })

  test('stays where nobody else is healthy, and goes on when it has its role again', async () => {
    await startTwo()
    await takeRole()
    swarm.show({ tasks: [slbTask('a'), slbTask('b', { state: 'starting' })] })
    const port = wish()
    await pause(1000)
    expect([await health('a'), done(port)]).toEqual(['ok\n', false])
    swarm.simulator.settings.metadata.role = 'swarm-slb'
    await until('the listener runs', () => done(port), 20_000)
  })
})

describe('the Raft leader writes', () => {
  test('where a proxy refuses tasks, although its task is not healthy', async () => {
    swarm.show({ tasks: [slbTask('b'), slbTask('c')] })
    for (const id of IDS) (await swarm.start(id)).engine.answer('/tasks', json(403, { message: 'Forbidden' }))
    await work()
    await eventually(roles).toBe('leader standby standby')
  })

  test('with SLB_WRITER=leader, and no task is asked for', async () => {
    swarm.show({ tasks: [slbTask('b')] })
    for (const id of IDS) await swarm.start(id, {}, { SLB_WRITER: 'leader' })
    await work()
    await eventually(wrote).toBe('a')
    expect(swarm.of('a').engine.requests).not.toContain('/tasks')
  })
})

test('with SLB_WRITER=always the one replica writes wherever it runs', async () => {
  swarm.show({ tasks: [slbTask('c')] })
  await swarm.start('c', {}, { SLB_WRITER: 'always' })
  await work()
  expect(await role(swarm.of('c'))).toBe('leader')
})

test('tasks are not read again and again where there is one manager and no port in host mode', async () => {
  await swarm.close()
  swarm = await startManagers(['a'])
  const { engine } = await swarm.start('a')
  const readings = () => engine.requests.filter((path) => path === '/tasks').length
  await until('it has read', () => readings() > 0)
  await pause(600)
  // Its start takes one or two; every 30 ms would be twenty.
  expect(readings()).toBeLessThan(6)
})

describe('ready_to_lead', () => {
  const ready = async (id: string) => Number(/^swarm_slb_ready_to_lead (\d)/m.exec(await swarm.of(id).page('/metrics'))?.[1])

  test('is 1 on the leader and on a standby that reads swarm and cloud', async () => {
    await startAll()
    await eventually(async () => Promise.all(IDS.map(ready))).toEqual([1, 1, 1])
  })

  test('is looked for again and again, is 0 while the cloud refuses the standby, and comes back by itself', async () => {
    await swarm.start('a')
    await swarm.start('b', { proofMs: 100 })
    await eventually(() => ready('b').catch(() => 0)).toBe(1)
    const looks = () => swarm.simulator.requests.counts().byAction['DescribeLoadBalancerAttribute'] ?? 0
    const before = looks()
    await until('it looks again', () => looks() >= before + 3)
    swarm.simulator.faults.add({ action: 'DescribeLoadBalancerAttribute', times: 10_000, as: { code: 'Forbidden.RAM', status: 403 } })
    await eventually(() => ready('b')).toBe(0)
    expect(JSON.parse(await swarm.of('b').page('/status.json')).readyToLead).toEqual({
      ok: false,
      reason: expect.stringContaining('Forbidden.RAM'),
    })
    swarm.simulator.faults.clear()
    await eventually(() => ready('b')).toBe(1)
  })

  test('is 0 where the engine does not answer', async () => {
    await swarm.start('b')
    await eventually(() => ready('b').catch(() => 0)).toBe(1)
    swarm.of('b').engine.answer('/info', json(500, { message: 'no' }))
    await eventually(() => ready('b')).toBe(0)
  })
})
