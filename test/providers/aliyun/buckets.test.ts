import { describe, expect, test } from 'vitest'
import { createBuckets, LATE_MS, RATES, refill, waitFor } from '../../../src/providers/aliyun/buckets.ts'

const never = new AbortController().signal
const place = { priority: 0, share: 'lb' }

describe('what a bucket holds', () => {
  const rate = { tokens: 90, perMs: 60_000 }
  test.each([
    { name: 'full at first', level: { tokens: 90, at: 0 }, now: 0, tokens: 90, wait: 0 },
    { name: 'never more than full', level: { tokens: 80, at: 0 }, now: 600_000, tokens: 90, wait: 0 },
    { name: 'one more every 667 ms', level: { tokens: 0, at: 0 }, now: 2_000, tokens: 3, wait: 0 },
    { name: 'empty: the time of one token', level: { tokens: 0, at: 0 }, now: 0, tokens: 0, wait: 60_000 / 90 },
    { name: 'half a token: half the time', level: { tokens: 0.5, at: 0 }, now: 0, tokens: 0.5, wait: 30_000 / 90 },
    { name: 'paused: until the end of the pause', level: { tokens: 1, at: 500 }, now: 100, tokens: 1, wait: 400 },
    { name: 'after a pause one goes at once', level: { tokens: 1, at: 500 }, now: 500, tokens: 1, wait: 0 },
  ])('$name', ({ level, now, tokens, wait }) => {
    expect(refill(level, rate, now).tokens).toBeCloseTo(tokens)
    expect(waitFor(level, rate, now)).toBeCloseTo(wait)
  })
})

/** How many calls get a token right now. */
async function atOnce(buckets: ReturnType<typeof createBuckets>, action: string, kind: 'read' | 'write', tries: number) {
  const stop = new AbortController()
  let passed = 0
  const calls = Array.from({ length: tries }, () => buckets.take(action, kind, place, stop.signal).then(() => (passed += 1)))
  await new Promise((resolve) => setImmediate(resolve))
  stop.abort()
  await Promise.allSettled(calls)
  return passed
}

describe('buckets', () => {
  test.each([
    { kind: 'write', share: 1, expected: 90 },
    { kind: 'write', share: 0.5, expected: 45 },
    { kind: 'read', share: 1, expected: 50 },
    { kind: 'read', share: 0.1, expected: 5 },
    { kind: 'read', share: 0.01, expected: 1 },
  ] as const)('a $kind has $expected tokens at once with a share of $share', async ({ kind, share, expected }) => {
    expect(await atOnce(createBuckets({ share, now: () => 0 }), 'DoIt', kind, 120)).toBe(expected)
  })

  test('are one for each action', async () => {
    const buckets = createBuckets({ share: 1, now: () => 0 })
    expect(await atOnce(buckets, 'CreateVServerGroup', 'write', 100)).toBe(90)
    expect(await atOnce(buckets, 'CreateVServerGroup', 'write', 100)).toBe(0)
    expect(await atOnce(buckets, 'DeleteVServerGroup', 'write', 100)).toBe(90)
  })

  test('fill at the rate times the share', async () => {
    let now = 0
    const buckets = createBuckets({ share: 0.5, now: () => now })
    await atOnce(buckets, 'DoIt', 'write', 100)
    now = LATE_MS + RATES.write.perMs / 3
    expect(await atOnce(buckets, 'DoIt', 'write', 100)).toBe(15)
  })

  test('pause for a moment when a burst ends, once, as its first call may have arrived late', async () => {
    let now = 0
    const buckets = createBuckets({ share: 1, now: () => now })
    const token = RATES.write.perMs / RATES.write.tokens
    await atOnce(buckets, 'DoIt', 'write', 90)
    now = LATE_MS + token - 1
    expect(await atOnce(buckets, 'DoIt', 'write', 1)).toBe(0)
    now = LATE_MS + token
    expect(await atOnce(buckets, 'DoIt', 'write', 1)).toBe(1)
    now = LATE_MS + 2 * token
    expect(await atOnce(buckets, 'DoIt', 'write', 1)).toBe(1)
  })

  test('do not pause again where a few tokens came together while nobody asked', async () => {
    let now = 0
    const buckets = createBuckets({ share: 1, now: () => now })
    const token = RATES.write.perMs / RATES.write.tokens
    await atOnce(buckets, 'DoIt', 'write', 90)
    now = LATE_MS + 5 * token
    expect(await atOnce(buckets, 'DoIt', 'write', 9)).toBe(5)
    now = LATE_MS + 6 * token
    expect(await atOnce(buckets, 'DoIt', 'write', 9)).toBe(1)
  })

  test('a share of less than a token a time gives one token in a longer time', async () => {
    let now = 0
    const buckets = createBuckets({ share: 0.1, now: () => now, rates: { read: { tokens: 5, perMs: 100 }, write: RATES.write } })
    expect(await atOnce(buckets, 'DoIt', 'read', 3)).toBe(1)
    now = 199
    expect(await atOnce(buckets, 'DoIt', 'read', 3)).toBe(0)
    now = 200
    expect(await atOnce(buckets, 'DoIt', 'read', 3)).toBe(1)
  })

  test('keep to the lower rate of an action that has one', async () => {
    expect(await atOnce(createBuckets({ share: 1, now: () => 0 }), 'ListTagResources', 'read', 100)).toBe(10)
  })

  test('without a limit everybody goes, but not who has given up', async () => {
    const buckets = createBuckets({ share: 0.05, unlimited: true })
    buckets.throttled('DoIt')
    expect(await atOnce(buckets, 'DoIt', 'write', 500)).toBe(500)
    await expect(buckets.take('DoIt', 'write', place, AbortSignal.abort())).rejects.toThrow()
  })

  test('who waits goes by priority, then in turns between load balancers', async () => {
    const buckets = createBuckets({ share: 1, rates: { read: { tokens: 1, perMs: 40 }, write: RATES.write } })
    await buckets.take('DoIt', 'read', place, never)
    const order: string[] = []
    const wait = (share: string, priority: number, name: string) =>
      buckets.take('DoIt', 'read', { priority, share }, never).then(() => order.push(name))
    await Promise.all([wait('a', 0, 'a1'), wait('a', 0, 'a2'), wait('b', 0, 'b1'), wait('b', 1, 'urgent')])
    expect(order).toEqual(['urgent', 'a1', 'b1', 'a2'])
  })

  test('after a throttled call everybody pauses, then one goes and the others at the rate', async () => {
    let now = 0
    const buckets = createBuckets({ share: 1, now: () => now, pauseMs: 500 })
    await buckets.take('DoIt', 'write', place, never)
    buckets.throttled('DoIt')
    expect(await atOnce(buckets, 'DoIt', 'write', 10)).toBe(0)
    expect(await atOnce(buckets, 'Other', 'write', 10)).toBe(10)
    now = 500
    expect(await atOnce(buckets, 'DoIt', 'write', 10)).toBe(1)
    now = 500 + 60_000 / 90
    expect(await atOnce(buckets, 'DoIt', 'write', 10)).toBe(1)
  })

  test('calls that were waiting already take part in the pause, and go on by themselves', async () => {
    const buckets = createBuckets({ share: 1, pauseMs: 60, rates: { read: { tokens: 1, perMs: 20 }, write: RATES.write } })
    await buckets.take('DoIt', 'read', place, never)
    const started = performance.now()
    const waiting = buckets.take('DoIt', 'read', place, never)
    buckets.throttled('DoIt')
    await waiting
    expect(performance.now() - started).toBeGreaterThan(55)
  })
})
