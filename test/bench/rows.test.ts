import { describe, expect, test } from 'vitest'
import { quantile } from './figures.ts'
import { budgetOf, jsonRow, overBudget, type Row, table } from './rows.ts'
import type { Scenario } from './scenario.ts'
import type { Measured, Mode } from './world.ts'

const OFF: Mode = { backends: 'default group', rates: 'off' }
const PUBLISHED: Mode = { backends: 'default group', rates: 'published' }
const measured = (over: Partial<Measured> = {}): Measured => ({ reads: 4, writes: 2, made: 2, calls: 6, failed: 0, wallMs: 500, ...over })
const row = (budget: Row['budget'], over: Partial<Measured> = {}): Row => ({
  scenario: 'one more',
  mode: OFF,
  measured: measured(over),
  budget,
  peer: '',
})

describe('a run is over its budget', () => {
  test.each([
    ['calls at the bound', { calls: 6 }, {}, false],
    ['one call more', { calls: 6 }, { calls: 7 }, true],
    ['exactly the writes asked for', { made: 2, reads: 5 }, {}, false],
    ['a write too many', { made: 2, reads: 5 }, { made: 3 }, true],
    ['a write too few', { made: 2, reads: 5 }, { made: 1 }, true],
    ['a refused attempt of a write', { made: 2, reads: 5 }, { writes: 3 }, false],
    ['too many reads', { made: 2, reads: 5 }, { reads: 6 }, true],
    ['too much time', { wallMs: 499 }, {}, true],
    ['a refused attempt where none may be', { made: 2, writes: 2 }, { writes: 3 }, true],
    ['a request of a client that failed', { failed: 0 }, { failed: 1 }, true],
    ['no bound', {}, { calls: 10_000 }, false],
  ])('%s', (_, budget, over, expected) => {
    expect(overBudget(row(budget, over))).toBe(expected)
  })
})

test('at the published rates the writes stay, and each begun time box may cost four reads', () => {
  const scenario: Scenario = {
    name: 'cold start',
    peer: '',
    budget: { 'default group': { calls: 415 }, 'own groups': { calls: 620 } },
    run: async () => measured(),
  }
  const off = measured({ reads: 4, made: 402 })
  expect(budgetOf(scenario, OFF, off, undefined)).toEqual({ calls: 415 })
  expect(budgetOf(scenario, PUBLISHED, measured({ wallMs: 31_000 }), off)).toEqual({ made: 402, reads: 4 + 3 * 4 })
})

test('the table and the file say what was measured and what was allowed', () => {
  const over = row({ calls: 5 })
  expect(table([over])).toMatch(/one more +default group, no rate limit +4 +2 +6 +500 ms +<= 5 calls +OVER BUDGET/)
  expect(jsonRow(over)).toEqual({
    scenario: 'one more',
    mode: 'default group, no rate limit',
    reads: 4,
    writes: 2,
    calls: 6,
    wallMs: 500,
    budget: 5,
  })
  expect(jsonRow(row({ wallMs: 700 })).budget).toBe(700)
  expect(jsonRow(row({ made: 2, reads: 5 })).budget).toBe(7)
})

test('quantiles go by nearest rank', () => {
  expect(quantile([4, 1, 3, 2], 0.5)).toBe(2)
  expect(quantile([4, 1, 3, 2], 0.95)).toBe(4)
})
