// How long until a load balancer is tried again.
import { expect, test } from 'vitest'
import { type Ending, lookAgain, nextPace, STEADY } from '../src/pace.ts'
import type { Outcome } from '../src/reconcile.ts'

function waits(...endings: readonly Ending[]): (number | undefined)[] {
  let pace = STEADY
  return endings.map((ending) => {
    const next = nextPace(pace, ending)
    pace = next.pace
    return next.wait
  })
}
const times = (count: number, ending: Ending) => Array.from({ length: count }, () => ending)

test('what failed is tried again later and later, at most every minute', () => {
  expect(waits(...times(8, 'failed'))).toEqual([200, 1000, 2000, 5000, 10_000, 30_000, 60_000, 60_000])
})

test('what could not be begun although there was time, too, at most every 5 seconds', () => {
  expect(waits(...times(7, 'stalled'))).toEqual([200, 400, 800, 1600, 3200, 5000, 5000])
})

test('what only lacked time is gone on with at once', () => {
  expect(waits('failed', 'failed', 'cut', 'failed')).toEqual([200, 1000, 0, 200])
})

test('a pass that ended well begins anew', () => {
  expect(waits('failed', 'failed', 'well', 'failed', 'stalled', 'well', 'stalled')).toEqual([
    200,
    1000,
    undefined,
    200,
    200,
    undefined,
    200,
  ])
})

test.each([
  ['at once, after a write', { recheckAt: 1000, applied: 1 }, 1000],
  ['in half a minute, where nothing was written', { recheckAt: 1000, applied: 0 }, 31_000],
  ['in half a minute, where nothing could be written', { recheckAt: 900, applied: undefined }, 31_000],
  ['at its time, where that was to come when it looked', { recheckAt: 1001, applied: 0 }, 1001],
  ['never, where nothing is due', { recheckAt: undefined, applied: undefined }, undefined],
] as const)('what a look saw as due is looked at %s', (_, { recheckAt, applied }, wanted) => {
  const result = applied === undefined ? undefined : { applied: Array.from({ length: applied }), failed: [], pending: 0, unknown: false }
  expect(lookAgain({ status: 'looked', look: { at: 1000, recheckAt }, result } as unknown as Outcome)).toBe(wanted)
})
