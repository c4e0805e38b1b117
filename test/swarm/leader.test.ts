import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { type Answer, createLease, type LeadershipMemory, nextLeadership, type Seen } from '../../src/swarm/leader.ts'

describe('the right to write', () => {
  const L: Seen = { writes: true, ready: true, elsewhere: false }
  const standby: Seen = { writes: false, ready: true, elsewhere: true }
  const lost: Seen = { writes: false, ready: false, elsewhere: true }
  /** Its task is not seen to be there yet, and no other one either. */
  const early: Seen = { writes: false, ready: true, elsewhere: false }
  const others: Seen = { writes: true, ready: true, elsewhere: true }
  const ending: Seen = { ...others, ending: true }
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
      'waits for a task that is to end until it is gone',
      [
        [0, { ...standby, ending: true }, 'waits'],
        [1, ending, 'waits, again at 16'],
        [16, ending, 'waits, again at 26'],
        [19, others, 'writes, gained'],
      ],
    ],
    [
      'waits for it no longer than it may go on, 10 s',
      [
        [0, ending, 'waits, again at 15'],
        [15, ending, 'waits, again at 25'],
        [24.9, ending, 'waits, again at 25'],
        [25, ending, 'writes, gained'],
      ],
    ],
    [
      'stays with a writer beside whom another task is to end',
      [
        [0, L, 'writes, gained'],
        [5, ending, 'writes'],
        [6, ending, 'writes'],
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
  const leaseOf = (check: (signal: AbortSignal) => Promise<Answer>, timeoutMs = 1000) => {
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

  test.each([
    ['went on by 3 s while the other one stood still, as in a machine that was suspended', 3000],
    ['was set back, so that nobody knows how long it has been', -1],
  ])('is checked anew where the wall clock %s', async (_, wall) => {
    const clock = { wall: 1_000_000, checks: 0 }
    const check = async () => {
      clock.checks += 1
      return clock.checks === 1
    }
    const lease = createLease({ check, now: () => 0, wall: () => clock.wall })
    lease.grant()
    expect([await lease.held(), await lease.held(), clock.checks]).toEqual([true, true, 1])
    clock.wall += wall
    expect([await lease.held(), clock.checks]).toEqual([false, 2])
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

  describe('of a task that is to end', () => {
    const WAYS = [10_000, 9_999, 3_000, 0]
    /** Confirmed once, then told to finish by the check or by a reading; held so long after the confirmation? */
    const heldAfter = async (ms: number, told: 'by a check' | 'by a reading') => {
      const answers: Answer[] = [true]
      const { clock, lease } = leaseOf(async () => answers.shift() ?? 'leaving')
      const finishing = createLease({
        check: async () => answers.shift() ?? 'leaving',
        now: () => clock.now,
        wall: () => clock.now,
        onLost: () => finishing.finish(),
      })
      const one = told === 'by a check' ? finishing : lease
      one.grant()
      expect(await one.held()).toBe(true)
      if (told === 'by a reading') one.finish()
      clock.now = ms
      return one.held()
    }

    test.each(['by a check', 'by a reading'] as const)(
      'told %s, is good for what has begun until 10 s after it was confirmed',
      async (told) => {
        expect(await Promise.all(WAYS.map((ms) => heldAfter(ms, told)))).toEqual([false, true, true, true])
      },
    )

    test('is not held where it was never confirmed, or was lost before', async () => {
      const { lease } = leaseOf(async () => true)
      lease.finish()
      expect(await lease.held()).toBe(false)
      lease.grant()
      lease.finish()
      expect(await lease.held()).toBe(false)
      lease.grant()
      expect(await lease.held()).toBe(true)
      lease.revoke()
      lease.finish()
      expect(await lease.held()).toBe(false)
    })

    test('asks nobody any more', async () => {
      const { clock, lease } = leaseOf(async () => true)
      lease.grant()
      await lease.held()
      lease.finish()
      clock.now = 9000
      expect([await lease.held(), clock.checks]).toEqual([true, 1])
    })
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
