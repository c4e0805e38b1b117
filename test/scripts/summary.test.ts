// The end of `npm test`: what the table shows, and what keeps a run from passing.
import { describe, expect, test } from 'vitest'
import { SUITES } from '../../scripts/suites.ts'
import { reasons, type Suite, skips, summaryTable } from '../../scripts/summary.ts'
import config from '../../vitest.config.ts'

const suite = (name: string, more: Partial<Suite> = {}): Suite => ({
  ...{ name, files: 2, tests: 10, failed: 0, skipped: [], seconds: 1.25, output: '' },
  ...more,
})
const LEFT_OUT = suite('lab', { files: 0, tests: 0, seconds: 0, leftOut: 'needs root' })
const SKIPPING = suite('unit', { skipped: ['a page is shown', 'a page is hidden'] })

test('the table has a row for each suite and one for all', () => {
  expect(summaryTable([suite('unit', { tests: 1000 }), suite('model', { failed: 3, seconds: 61 }), LEFT_OUT]).split('\n')).toEqual([
    'suite | files | tests | failed | skipped | seconds',
    '------|-------|-------|--------|---------|--------',
    'unit  |     2 |  1000 |      0 |       0 |     1.3',
    'model |     2 |    10 |      3 |       0 |    61.0',
    'lab   |     - |     - |      - |     all |     0.0',
    'all   |     4 |  1010 |      3 |       0 |    62.3',
  ])
})

describe('a run has passed', () => {
  test('when nothing failed', () => {
    expect(reasons([suite('unit'), SKIPPING, LEFT_OUT], false, [])).toEqual([])
  })

  test('not when a suite failed, whatever the others did', () => {
    expect(reasons([suite('unit', { failed: 2 }), suite('model'), suite('fuzz', { failed: 1 })], false, [])).toEqual([
      'unit: 2 failed',
      'fuzz: 1 failed',
    ])
  })

  test('in CI not when something was skipped, unless the reason is listed', () => {
    const allowed = [{ test: 'a page is shown', reason: 'no screen' }]
    expect(reasons([SKIPPING, LEFT_OUT], true, allowed)).toEqual([
      'unit: skipped without a listed reason: a page is hidden',
      'lab: left out, needs root',
    ])
    expect(skips([SKIPPING, LEFT_OUT], allowed)).toEqual([
      'SKIPPED unit: a page is shown (no screen)',
      'SKIPPED unit: a page is hidden',
      'SKIPPED lab: needs root',
    ])
  })
})

test('every project of vitest is a suite, and what needs an engine comes last', () => {
  const projects = (config.test?.projects ?? []).map((project) =>
    typeof project === 'object' && 'test' in project ? project.test?.name : project,
  )
  expect(SUITES.map(({ name }) => name).toSorted()).toEqual(projects.toSorted())
  const real = SUITES.filter(({ beside }) => beside !== true).map((plan) => plan.real === true)
  expect(real.toSorted()).toEqual(real)
})
