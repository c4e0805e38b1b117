// What the suite has tried in all is what CI goes by.
import { expect, test } from 'vitest'
import { totalOf } from './total.ts'

test.each([
  { name: 'enough', tried: [60_000, 40_000], ci: true, enough: true },
  { name: 'one too few in CI', tried: [60_000, 39_999], ci: true, enough: false },
  { name: 'nothing at all in CI', tried: [], ci: true, enough: false },
  { name: 'few at home', tried: [10], ci: false, enough: true },
])('the inputs of all files together: $name', ({ tried, ci, enough }) => {
  expect(totalOf(tried, ci)).toEqual({ line: expect.stringContaining(`${tried.reduce((sum, one) => sum + one, 0)} inputs`), enough })
})
