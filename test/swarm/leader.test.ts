import type { RequestListener } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import nock from 'nock'
import { describe, expect, test } from 'vitest'
import { connectEngine } from '../../src/swarm/client.ts'
import { checkWriter, createLease, type LeadershipMemory, nextLeadership, type Seen } from '../../src/swarm/leader.ts'
import type { WriterRule } from '../../src/swarm/writer.ts'
import { infoJson, nodeJson, serviceJson, taskJson } from '../support/engine-json.ts'
import { type EngineState, json, startFakeEngine } from '../support/fake-engine.ts'

nock.restore()

describe('the right to write', () => {
  const L: Seen = { writes: true, ready: true, elsewhere: false }
  const standby: Seen = { writes: false, ready: true, elsewhere: true }
  const lost: Seen = { writes: false, ready: false, elsewhere: true }
  /** Its task is not seen to be there yet, and no other one either. */
  const early: Seen = { writes: false, ready: true, elsewhere: false }
  const others: Seen = { writes: true, ready: true, elsewhere: true }
  type Step = readonly [seconds: number, seen: Seen, expected: string]

  const steps = (...all: readonly Step[]) => {
    let memory: LeadershipMemory | undefined
    return all.map(([at, seen]) => {
      const next = nextLeadership(memory, seen, at * 1000)
      memory = next.memory
      return `${next.mayWrite ? 'writes' : 'waits'}${next.gained ? ', gained' : ''}${next.recheckAt === undefined ? '' : `, again at ${next.recheckAt / 1000}`}`
    })
  }
  test.each<[string, readonly Step[]]>([
    [
      'is there at once for a process that starts on the leader',
      [
        [0, L, 'writes, gained'],
        [5, L, 'writes'],
        [99, L, 'writes'],
      ],
    ],
    [
      'comes 15 s after a standby was seen to lead, with one full pass',
      [
        [0, standby, 'waits'],
        [40, L, 'waits, again at 55'],
        [54.9, L, 'waits, again at 55'],
        [55, L, 'writes, gained'],
        [60, L, 'writes'],
      ],
    ],
    [
      'comes after the wait too when leadership changed in the first seconds',
      [
        [0, standby, 'waits'],
        [3, L, 'waits, again at 18'],
        [18, L, 'writes, gained'],
      ],
    ],
    [
      'ends at once with leadership',
      [
        [0, L, 'writes, gained'],
        [9, standby, 'waits'],
        [12, L, 'waits, again at 27'],
        [27, L, 'writes, gained'],
      ],
    ],
    [
      'ends at once when the engine is not ready',
      [
        [0, L, 'writes, gained'],
        [9, lost, 'waits'],
        [10, L, 'waits, again at 25'],
        [25, L, 'writes, gained'],
      ],
    ],
    [
      'is not there for a process that starts on an engine that is not ready',
      [
        [0, lost, 'waits'],
        [2, L, 'waits, again at 17'],
        [17, L, 'writes, gained'],
      ],
    ],
    [
      'begins the wait anew with each loss',
      [
        [0, standby, 'waits'],
        [10, L, 'waits, again at 25'],
        [20, lost, 'waits'],
        [21, L, 'waits, again at 36'],
        [25, L, 'waits, again at 36'],
      ],
    ],
    [
      'comes after the wait to a process that starts as the writer while another one is there that may have written until now',
      [
        [0, others, 'waits, again at 15'],
        [15, others, 'writes, gained'],
      ],
    ],
    [
      'comes without a wait where nobody was the writer and nobody else was there since the start',
      [
        [0, early, 'waits'],
        [1, early, 'waits'],
        [2, L, 'writes, gained'],
      ],
    ],
    [
      'comes after the wait where somebody else was there in between',
      [
        [0, early, 'waits'],
        [1, standby, 'waits'],
        [2, L, 'waits, again at 17'],
      ],
    ],
    [
      'comes after the wait where it was there and lost before, with nobody else to be seen',
      [
        [0, L, 'writes, gained'],
        [1, early, 'waits'],
        [2, L, 'waits, again at 17'],
      ],
    ],
    [
      'stays with a writer beside whom others are there',
      [
        [0, L, 'writes, gained'],
        [5, others, 'writes'],
      ],
    ],
    [
      'never comes to a standby',
      [
        [0, standby, 'waits'],
        [100, standby, 'waits'],
      ],
    ],
  ])('%s', (_, all) => {
    expect(steps(...all)).toEqual(all.map(([, , expected]) => expected))
  })

  test('tells since when', () => {
    const first = nextLeadership(undefined, standby, 5)
    expect([first.since, nextLeadership(first.memory, standby, 9).since, nextLeadership(first.memory, L, 9).since]).toEqual([5, 5, 9])
  })
})

describe('the lease', () => {
  /** `answers`: what the check says each time; the clock moves by hand. */
  const leaseOf = (check: (signal: AbortSignal) => Promise<boolean>, timeoutMs = 1000) => {
    const clock = { now: 0, checks: 0 }
    const counted = (signal: AbortSignal) => {
      clock.checks += 1
      return check(signal)
    }
    return { clock, lease: createLease({ check: counted, timeoutMs, now: () => clock.now }) }
  }

  test('is never held by a standby, whatever the check says, which is not even asked', async () => {
    const { clock, lease } = leaseOf(async () => true)
    expect(await lease.held()).toBe(false)
    expect(clock.checks).toBe(0)
  })

  test('holds for less than 3 s from the beginning of a check', async () => {
    const { clock, lease } = leaseOf(async () => {
      clock.now += 500
      return true
    })
    lease.grant()
    const held: boolean[] = []
    for (const at of [0, 2000, 2999, 3000, 3001]) {
      clock.now = Math.max(clock.now, at)
      held.push(await lease.held())
    }
    expect(held).toEqual([true, true, true, true, true])
    expect(clock.checks).toBe(2)
  })

  test('is not held on the word of a check that began 3 s ago: the process was frozen in between', async () => {
    const { clock, lease } = leaseOf(async () => {
      clock.now += 3000
      return true
    })
    lease.grant()
    expect(await lease.held()).toBe(false)
  })

  test('is one check for all who ask at the same time', async () => {
    const { clock, lease } = leaseOf(async () => {
      await sleep(10)
      return true
    })
    lease.grant()
    expect(await Promise.all([lease.held(), lease.held(), lease.held()])).toEqual([true, true, true])
    expect(clock.checks).toBe(1)
  })

  test.each([
    ['says no', async () => false],
    ['fails', async () => Promise.reject(new Error('no engine'))],
    ['does not answer', () => new Promise<boolean>(() => {})],
  ])('is not held when the check %s, and the next one asks again', async (_, check) => {
    const { clock, lease } = leaseOf(check, 30)
    lease.grant()
    expect([await lease.held(), await lease.held()]).toEqual([false, false])
    expect(clock.checks).toBe(2)
  })

  test('tells when a check said no, and not when it got no answer', async () => {
    let lost = 0
    const onLost = () => {
      lost += 1
    }
    const answers = [async () => true, async () => false, () => Promise.reject(new Error('no engine'))]
    const check = () => answers.shift()?.() ?? Promise.resolve(true)
    const lease = createLease({ check, maxAgeMs: 0, now: () => 0, onLost })
    lease.grant()
    for (const expected of [0, 1, 1]) {
      await lease.held()
      expect(lost).toBe(expected)
    }
  })

  test('aborts a check that did not answer in time', async () => {
    const aborted = Promise.withResolvers<void>()
    const { lease } = leaseOf((signal) => {
      signal.addEventListener('abort', () => aborted.resolve())
      return new Promise(() => {})
    }, 20)
    lease.grant()
    expect(await lease.held()).toBe(false)
    await aborted.promise
  })

  test('ends at once when it is revoked, and what was asked before counts no more', async () => {
    const answers: PromiseWithResolvers<boolean>[] = []
    const { lease } = leaseOf(() => {
      const answer = Promise.withResolvers<boolean>()
      answers.push(answer)
      return answer.promise
    })
    lease.grant()
    const before = lease.held()
    lease.revoke()
    lease.grant()
    const after = lease.held()
    answers[0]?.resolve(true)
    expect(await before).toBe(false)
    answers[1]?.resolve(false)
    expect(await after).toBe(false)

    lease.revoke()
    expect(await lease.held()).toBe(false)
  })
})

describe('the check before a write, without ids of an own task', () => {
  const managers = (leader: string) =>
    ['a', 'b'].map((id) => nodeJson({ id, address: '10.0.0.1', managerAddress: '10.0.0.1:2377', leader: id === leader }))
  const check = (host: string, mode: WriterRule['mode']) =>
    checkWriter(connectEngine({ host }), { mode, own: undefined }, 'a', AbortSignal.timeout(1000))
  const worker = { Swarm: { NodeID: 'a', LocalNodeState: 'active', ControlAvailable: false } }
  test.each([
    ['yes', 'on the leader', infoJson({ nodeId: 'a' }), managers('a'), true, true],
    ['no', 'on another manager, unless this process always writes', infoJson({ nodeId: 'a' }), managers('b'), false, true],
    ['no', 'where the engine became another node', infoJson({ nodeId: 'b' }), managers('a'), false, false],
    ['no', 'without a quorum', infoJson({ nodeId: 'a', error: 'no leader' }), managers('a'), false, false],
    ['no', 'on a worker', worker, managers('a'), false, false],
  ])('says %s %s', async (_, __, info, nodes, auto, always) => {
    const fake = await startFakeEngine({ info, nodes })
    expect(await check(fake.host, 'auto')).toBe(auto)
    expect(await check(fake.host, 'leader')).toBe(auto)
    expect(await check(fake.host, 'always')).toBe(always)
    expect(fake.requests).not.toContain('/tasks')
    await fake.close()
  })

  test('rejects where nothing answers', async () => {
    await expect(check('unix:///nowhere', 'auto')).rejects.toThrow('ENOENT')
  })
})

describe('the check before a write, of a task', () => {
  const own = { serviceId: 'slb', taskId: 'task-a', nodeId: 'a' }
  const nodes = (leader: string) =>
    ['a', 'b'].map((id) => nodeJson({ id, address: '10.0.0.1', managerAddress: '10.0.0.1:2377', leader: id === leader }))
  const services = [serviceJson({ id: 'slb', name: 'slb' })]
  const task = (id: string) => taskJson({ id: `task-${id}`, service: 'slb', node: id })
  const [a, b] = [task('a'), task('b')]
  const check = async (state: Partial<EngineState>, mode: WriterRule['mode'] = 'auto', answer?: RequestListener) => {
    const fake = await startFakeEngine({ info: infoJson({ nodeId: 'a' }), services, ...state })
    fake.answer('/tasks', answer)
    const engine = connectEngine({ host: fake.host })
    const said = await checkWriter(engine, { mode, own }, 'a', AbortSignal.timeout(1000)).catch(String)
    return fake.close().then(() => said)
  }

  test.each<[says: boolean, where: string, state: Partial<EngineState>]>([
    [true, 'on the leader that runs it', { nodes: nodes('a'), tasks: [a, b] }],
    [false, 'where the leader runs one', { nodes: nodes('b'), tasks: [a, b] }],
    [true, 'where the leader runs none', { nodes: nodes('b'), tasks: [a] }],
    [false, 'where it is not in the list', { nodes: nodes('a'), tasks: [b] }],
    [false, 'without a quorum', { info: infoJson({ nodeId: 'a', error: 'no leader' }), nodes: nodes('a'), tasks: [a] }],
  ])('says %s %s', async (says, _, state) => {
    expect(await check(state)).toBe(says)
  })

  test('goes by the leader where tasks are refused, by the own node even where the engine is another one', async () => {
    const refused = json(403, { message: 'no' })
    expect(await check({ nodes: nodes('a') }, 'auto', refused)).toBe(true)
    expect(await check({ nodes: nodes('b') }, 'auto', refused)).toBe(false)
    expect(await check({ nodes: nodes('b'), info: infoJson({ nodeId: 'b' }) }, 'auto', refused)).toBe(false)
  })

  test('does not ask for tasks where it does not go by them', async () => {
    const never = json(500, { message: 'never asked' })
    expect(await check({ nodes: nodes('a') }, 'leader', never)).toBe(true)
    expect(await check({ nodes: nodes('b') }, 'leader', never)).toBe(false)
    expect(await check({ nodes: nodes('b') }, 'always', never)).toBe(true)
    expect(await check({ nodes: nodes('b'), info: infoJson({ nodeId: 'a', error: 'no leader' }) }, 'always', never)).toBe(false)
  })

  test('is no answer where the list of tasks failed', async () => {
    expect(await check({ nodes: nodes('a') }, 'auto', json(500, { message: 'broken' }))).toMatch(/500 broken/)
  })
})
