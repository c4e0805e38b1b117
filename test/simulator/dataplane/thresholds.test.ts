import { expect, test } from 'vitest'
import { follow, type Track, UNKNOWN } from '../../../src/simulator/dataplane/thresholds.ts'

const after = (results: string, start: Track = UNKNOWN) =>
  [...results].reduce((track, result) => follow(track, result === '+', { healthyThreshold: 2, unhealthyThreshold: 3 }), start).state

test.each([
  { results: '', state: 'unavailable' },
  { results: '+', state: 'normal' },
  { results: '-', state: 'abnormal' },
  { results: '+--', state: 'normal' },
  { results: '+---', state: 'abnormal' },
  { results: '+--+--', state: 'normal' },
  { results: '+---+', state: 'abnormal' },
  { results: '+---+-+', state: 'abnormal' },
  { results: '+---++', state: 'normal' },
])('two good or three bad results in a row: "$results" is $state', ({ results, state }) => {
  expect(after(results)).toBe(state)
})
