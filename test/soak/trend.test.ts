// What a leak looks like in figures, and what does not look like one.
import { expect, test } from 'vitest'
import { rise } from './trend.ts'

test.each([
  ['nothing, of a constant', [5, 5, 5, 5, 5, 5], 0],
  ['what is never given back', [0, 1, 2, 3, 4, 5, 6, 7, 8], 6],
  ['nothing, of ups and downs', [4, 6, 4, 6, 5, 6, 4, 6, 4], 0],
  ['nothing, of a machine that gets busier', [3, 9, 30, 5, 20, 40, 50, 3, 60], 0],
  ['what stays beneath that', [3, 9, 30, 5, 20, 40, 50, 7, 60], 4],
  ['nothing, of one sample', [7], 0],
  ['nothing, of none', [], 0],
])('the rise is %s', (_, given, wanted) => {
  expect(rise(given)).toBe(wanted)
})
