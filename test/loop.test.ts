// When a pass runs: after wakes and their settling, at the times asked for, at every resync, and never two at once.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { createLoop, type Loop, type LoopOptions, type Why } from '../src/loop.ts'

const now = () => performance.now()

type Run = {
  readonly loop: Loop
  /** When each pass began, milliseconds since the start, and why. */
  readonly passes: { readonly at: number; readonly why: Why }[]
  readonly most: () => number
  end(): Promise<void>
}

const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(ends.splice(0).map((end) => end()))
})

function start(over: Partial<LoopOptions> = {}, body: (count: number) => Promise<void> | void = () => {}): Run {
  const stop = new AbortController()
  const passes: Run['passes'][number][] = []
  const begun = now()
  let running = 0
  let most = 0
  const loop = createLoop({
    resyncMs: 60_000,
    settleMs: { service: 30, node: 500 },
    now,
    ...over,
    pass: async (why) => {
      passes.push({ at: now() - begun, why })
      running += 1
      most = Math.max(most, running)
      await body(passes.length)
      running -= 1
    },
  })
  const done = loop.run(stop.signal)
  const end = async () => {
    stop.abort()
    await done
  }
  ends.push(end)
  return { loop, passes, most: () => most, end }
}

const times = ({ passes }: Run) => passes.map(({ at }) => at)
const gap = (run: Run, from: number, to: number) => (times(run)[to] ?? Number.NaN) - (times(run)[from] ?? Number.NaN)

describe('wakes', () => {
  test('the first pass runs at once and is a full one', async () => {
    const run = start()
    await sleep(10)
    expect(run.passes.map(({ why }) => why)).toEqual([{ resync: true }])
  })

  test('a burst makes one pass', async () => {
    const run = start()
    await sleep(10)
    for (let i = 0; i < 20; i++) run.loop.wake('service')
    await sleep(120)
    expect(run.passes.map(({ why }) => why)).toEqual([{ resync: true }, { resync: false }])
  })

  test('a burst that does not end starves nobody: the delay counts from the first wake', async () => {
    const run = start()
    await sleep(10)
    const woken = now()
    while (now() - woken < 250) {
      run.loop.wake('service')
      await sleep(5)
    }
    expect(run.passes.length).toBeGreaterThanOrEqual(3)
  })

  test('service events settle sooner than node events, and the earlier wins', async () => {
    const run = start()
    await sleep(10)
    const woken = now()
    run.loop.wake('node')
    await sleep(60)
    expect(run.passes).toHaveLength(1)
    run.loop.wake('service')
    await sleep(100)
    expect(run.passes).toHaveLength(2)
    expect(now() - woken).toBeLessThan(500)
    await sleep(500)
    expect(run.passes, 'the node event was served by the same pass').toHaveLength(2)
  })

  test('a node event alone waits for its own time', async () => {
    const run = start()
    await sleep(10)
    run.loop.wake('node')
    await sleep(200)
    expect(run.passes).toHaveLength(1)
    await sleep(500)
    expect(run.passes).toHaveLength(2)
  })

  test('one during a pass is not lost, and no two passes run at once', async () => {
    const gate = Promise.withResolvers<void>()
    const run = start({}, (count) => (count === 1 ? gate.promise : undefined))
    await sleep(10)
    run.loop.wake('service')
    run.loop.wake('node')
    await sleep(80)
    expect(run.passes).toHaveLength(1)
    gate.resolve()
    await sleep(80)
    expect(run.passes).toHaveLength(2)
    expect(run.most()).toBe(1)
  })

  test('one that comes before the loop runs is served by the first pass', async () => {
    const passes: Why[] = []
    const stop = new AbortController()
    const loop = createLoop({
      pass: async (why) => void passes.push(why),
      resyncMs: 60_000,
      settleMs: { service: 30, node: 200 },
      now,
    })
    loop.wake('service')
    const done = loop.run(stop.signal)
    await sleep(80)
    expect(passes).toEqual([{ resync: true }])
    stop.abort()
    await done
  })
})

describe('times', () => {
  test('a resync comes every interval, with or without wakes', async () => {
    const run = start({ resyncMs: 60 })
    run.loop.wake('service')
    await sleep(200)
    const resyncs = run.passes.filter(({ why }) => why.resync)
    expect(resyncs.length).toBeGreaterThanOrEqual(3)
    expect(resyncs.length).toBeLessThanOrEqual(4)
  })

  test('a time that was asked for brings one pass then, which is no resync', async () => {
    const run = start()
    await sleep(10)
    run.loop.at(now() + 50)
    run.loop.at(now() + 5000)
    await sleep(30)
    expect(run.passes).toHaveLength(1)
    await sleep(120)
    expect(run.passes.map(({ why }) => why.resync)).toEqual([true, false])
  })

  test('an earlier time wins over a later one, and no time changes nothing', async () => {
    const run = start()
    await sleep(10)
    run.loop.at(now() + 5000)
    run.loop.at(undefined)
    run.loop.at(now() + 20)
    await sleep(100)
    expect(run.passes).toHaveLength(2)
    expect(gap(run, 0, 1)).toBeLessThan(100)
  })

  test('a time asked for during a pass is kept', async () => {
    let loop: Loop | undefined
    const run = start({}, (count) => {
      if (count === 1) loop?.at(now() + 40)
    })
    loop = run.loop
    await sleep(120)
    expect(run.passes).toHaveLength(2)
  })

  test('a time in the past means now', async () => {
    const run = start()
    await sleep(10)
    run.loop.at(now() - 1000)
    await sleep(30)
    expect(run.passes).toHaveLength(2)
  })
})

test('the end of the signal ends the rest at once, and lets a pass finish', async () => {
  const gate = Promise.withResolvers<void>()
  const run = start({}, () => gate.promise)
  await sleep(10)
  let ended = false
  const end = run.end().then(() => {
    ended = true
  })
  await sleep(20)
  expect(ended).toBe(false)
  gate.resolve()
  await end
  expect(run.passes).toHaveLength(1)
})

describe('a pass that took long', () => {
  test('makes times that are asked for wait twice as long, and no wake', async () => {
    const run = start({}, (count) => (count === 1 ? sleep(60) : undefined))
    await sleep(70)
    run.loop.at(0)
    await sleep(40)
    expect(run.passes, 'still resting').toHaveLength(1)
    run.loop.wake('service')
    await sleep(60)
    expect(run.passes, 'woken').toHaveLength(2)
    expect(gap(run, 0, 1)).toBeLessThan(60 + 2 * 60 + 60)
  })
})
