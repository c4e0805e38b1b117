// How long until a load balancer is tried again.
import { expect, test } from 'vitest'
import { type Ending, nextPace, STEADY } from '../src/pace.ts'

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
