import { setTimeout as sleep } from 'node:timers/promises'
import nock from 'nock'
import { describe, expect, test } from 'vitest'
import { connectEngine } from '../../src/swarm/client.ts'
import { checkLeadership, createLease, type LeadershipMemory, nextLeadership } from '../../src/swarm/leader.ts'
import { infoJson, nodeJson } from '../support/engine-json.ts'
import { startFakeEngine } from '../support/fake-engine.ts'

nock.restore()

describe('the right to write', () => {
  const L = { isLeader: true, ready: true }
  const standby = { isLeader: false, ready: true }
  const lost = { isLeader: true, ready: false }
  type Step = readonly [seconds: number, seen: typeof L, expected: string]

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

describe('the check of leadership', () => {
  const managers = (leader: string) =>
    ['a', 'b'].map((id) => nodeJson({ id, address: '10.0.0.1', managerAddress: '10.0.0.1:2377', leader: id === leader }))
  test.each([
    ['yes', 'on the leader', infoJson({ nodeId: 'a' }), managers('a'), true],
    ['no', 'on another manager', infoJson({ nodeId: 'a' }), managers('b'), false],
    ['no', 'where the engine became another node', infoJson({ nodeId: 'b' }), managers('a'), false],
    ['no', 'without a quorum', infoJson({ nodeId: 'a', error: 'no leader' }), managers('a'), false],
    ['no', 'on a worker', { Swarm: { NodeID: 'a', LocalNodeState: 'active', ControlAvailable: false } }, managers('a'), false],
  ])('says %s %s', async (_, __, info, nodes, expected) => {
    const fake = await startFakeEngine({ info, nodes })
    expect(await checkLeadership(connectEngine({ host: fake.host }), 'a', AbortSignal.timeout(1000))).toBe(expected)
    await fake.close()
  })

  test('rejects where nothing answers', async () => {
    await expect(checkLeadership(connectEngine({ host: 'unix:///nowhere' }), 'a', AbortSignal.timeout(1000))).rejects.toThrow('ENOENT')
  })
})
