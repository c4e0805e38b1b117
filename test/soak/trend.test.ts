// The line through figures.
import { describe, expect, test } from 'vitest'
import { growth, lowest } from './trend.ts'

const samples = (...values: readonly number[]) => values.map((value, index) => ({ at: 1000 * index, value }))

describe('growth', () => {
  test.each([
    ['nothing, of a constant', samples(5, 5, 5, 5), 0],
    ['all of a straight line', samples(0, 1, 2, 3, 4), 4],
    ['nothing, of ups and downs', samples(4, 6, 4, 6, 5, 6, 4, 6, 4), 0],
    ['nothing, of one sample', samples(7), 0],
    ['nothing, of none', [], 0],
  ])('is %s', (_, given, wanted) => {
    expect(growth(given)).toBeCloseTo(wanted, 6)
  })
})

test('the lowest of each three say what stays', () => {
  expect(lowest(samples(5, 4, 9, 7, 3, 8, 6), 3).map(({ value }) => value)).toEqual([4, 3, 6])
  expect(growth(lowest(samples(3, 9, 30, 3, 20, 40, 50, 3, 60), 3))).toBeCloseTo(0, 6)
  expect(growth(lowest(samples(3, 9, 30, 5, 20, 40, 50, 7, 60), 3))).toBeCloseTo(4, 0)
})
