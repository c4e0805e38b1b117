import { describe, expect, test } from 'vitest'
import { createLimiter, type Limiter } from '../../../../src/providers/aliyun/clb/limiter.ts'
import { WIDTH_RULES } from '../../../../src/providers/aliyun/clb/width.ts'
import { failureOf, refusal, signal } from './support.ts'
import { type Clock, createClock } from './virtual-clock.ts'

const limiterOf = (clock: Clock) => createLimiter({ now: clock.now, rest: clock.sleep, rules: WIDTH_RULES })

const LATENCY = 100

/**
 * A load balancer as our calls see it: each takes 100 ms, and those that come while it is locked are turned away at the end of theirs
 * and come again in place, after 0.2 s doubling to 5 s, times 0.5..1.
 */
function cloud(clock: Clock, refuse: (nth: number) => string | undefined) {
  let calls = 0
  let jitter = 0
  const wait = (attempt: number) => {
    jitter = (jitter + 0.37) % 0.5
    return Math.min(5_000, 200 * 2 ** attempt) * (0.5 + jitter)
  }
  const call = async (onBusy: (code: string) => void) => {
    for (let attempt = 0; ; attempt += 1) {
      calls += 1
      const code = refuse(calls)
      await clock.sleep(LATENCY)
      if (code === undefined) return
      onBusy(code)
      await clock.sleep(wait(attempt))
    }
  }
  return { call, calls: () => calls }
}

/** Any write takes the lock for as long as it lasts. */
function lockOf(clock: Clock, ms = LATENCY) {
  let until = 0
  return () => {
    if (clock.now() < until) return 'BackendServer.configuring'
    until = clock.now() + ms
    return undefined
  }
}

type Call = (onBusy: (code: string) => void) => Promise<void>

/** Listeners are created and then started, each in a chain of its own. */
const chains = (limiter: Limiter, count: number, call: Call) =>
  Promise.all(
    Array.from({ length: count }, async () => {
      await limiter.run('Create', 0, signal, call)
      await limiter.run('Start', 0.5, signal, call)
    }),
  )

describe('the limiter', () => {
  test('brings twenty listeners through an instance-wide lock within half as much again as one by one', async () => {
    const clock = createClock()
    const { call } = cloud(clock, lockOf(clock))
    await clock.run(chains(limiterOf(clock), 20, call))
    expect(clock.now()).toBeLessThan(40 * LATENCY * 1.5)
  })

  test('needs no longer for the next twenty: it remembers', async () => {
    const clock = createClock()
    const { call, calls } = cloud(clock, lockOf(clock))
    const limiter = limiterOf(clock)
    await clock.run(chains(limiter, 20, call))
    const before = calls()
    await clock.run(chains(limiter, 20, call))
    expect(calls() - before).toBe(40)
  })

  test.each([120, 150, 200, 400])('learns to pause where a lock of %i ms outlasts the answer', async (ms) => {
    const clock = createClock()
    const { call } = cloud(clock, lockOf(clock, ms))
    await clock.run(chains(limiterOf(clock), 20, call))
    expect(clock.now()).toBeLessThan(40 * ms * 1.5)
  })

  test('makes a cold start of 200 listeners in little more than a tenth of one by one', async () => {
    const clock = createClock()
    const { call } = cloud(clock, () => undefined)
    await clock.run(chains(limiterOf(clock), 200, call))
    expect(clock.now()).toBeLessThanOrEqual(40 * LATENCY + 4 * LATENCY)
  })

  test.each([1, 2, 3, 5, 20, 100, 380])('loses less than 0.7 s to one busy answer to call %i of a cold start', async (nth) => {
    const clock = createClock()
    const smooth = cloud(clock, () => undefined)
    await clock.run(chains(limiterOf(clock), 200, smooth.call))
    const usual = clock.now()
    const { call } = cloud(clock, (n) => (n === nth ? 'ServiceIsConfiguring' : undefined))
    await clock.run(chains(limiterOf(clock), 200, call))
    expect(clock.now() - usual - usual).toBeLessThan(700)
  })

  test.each(['ListenerProcessing', 'VServerGroupProcessing', 'Operation.Deny', 'Throttling.User'])(
    'does not get narrower for %s, which is not about the load balancer',
    async (code) => {
      const clock = createClock()
      const { call } = cloud(clock, (nth) => (nth % 3 === 0 ? code : undefined))
      const limiter = limiterOf(clock)
      await clock.run(chains(limiter, 20, call))
      expect(limiter.width).toBeGreaterThanOrEqual(9)
    },
  )

  test('never has more calls under way than its width', async () => {
    const clock = createClock()
    const limiter = limiterOf(clock)
    let under = 0
    let worst = 0
    const call = async () => {
      under += 1
      worst = Math.max(worst, under)
      await clock.sleep(LATENCY)
      under -= 1
    }
    await clock.run(chains(limiter, 100, call))
    expect(worst).toBe(10)
  })

  test('lets the urgent go first, and otherwise who came first', async () => {
    const clock = createClock()
    const limiter = createLimiter({ now: clock.now, rules: { ...WIDTH_RULES, start: 1, max: 1 } })
    const order: string[] = []
    const one = (name: string, priority: number) =>
      limiter.run(name, priority, signal, async () => {
        order.push(name)
        await clock.sleep(1)
      })
    await clock.run(Promise.all([one('begun', 0), one('a', 0), one('b', 0), one('urgent', 5), one('c', 0)]))
    expect(order).toEqual(['begun', 'urgent', 'a', 'b', 'c'])
  })

  test('gives up waiting for a place when told, and then nothing is sent', async () => {
    const clock = createClock()
    const limiter = createLimiter({ now: clock.now, rules: { ...WIDTH_RULES, start: 1, max: 1 } })
    const stop = new AbortController()
    let sent = 0
    const first = limiter.run('Create', 0, stop.signal, () => clock.sleep(100))
    const second = failureOf(
      limiter.run('Create', 0, stop.signal, async () => {
        sent += 1
      }),
    )
    stop.abort()
    expect(await second).toMatchObject({ status: 'pending', action: 'Create' })
    await clock.run(first)
    expect(sent).toBe(0)
    expect(await failureOf(limiter.run('Create', 0, stop.signal, async () => {}))).toMatchObject({ status: 'pending' })
  })

  test('gives a place back after a failure', async () => {
    const clock = createClock()
    const limiter = createLimiter({ now: clock.now, rules: { ...WIDTH_RULES, start: 1, max: 1 } })
    await failureOf(limiter.run('Create', 0, signal, () => Promise.reject(refusal('InvalidParameter'))))
    expect(await limiter.run('Create', 0, signal, async () => 'through')).toBe('through')
  })
})
