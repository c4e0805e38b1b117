// What somebody undoes each time rests, with what waits for it, and nothing else does.
import { describe, expect, test } from 'vitest'
import { type DriftMemory, dampen, NO_DRIFT, noteRepaired } from '../../src/core/drift.ts'
import type { Chain, Change, Plan } from '../../src/core/model.ts'
import { MINUTE, member, NOW, toDefault } from '../support/build.ts'

const chain = (id: string, change: Change, after: readonly string[] = []): Chain => ({ id, service: 's', after, changes: [change] })
const start = (port: number, after: readonly string[] = []) =>
  chain(`listener tcp:${port}`, { kind: 'startListener', key: `tcp:${port}`, protocol: 'tcp' }, after)
const create = (port: number, after: readonly string[] = []) =>
  chain(
    `listener tcp:${port}`,
    { kind: 'createListener', listener: { key: `tcp:${port}`, port, protocol: 'tcp', note: '', target: toDefault(1), settings: {} } },
    after,
  )
const remove = (port: number, after: readonly string[] = []): Chain => ({
  ...chain(`delete tcp:${port}`, { kind: 'deleteListener', key: `tcp:${port}`, protocol: 'tcp' }, after),
  deletes: `tcp:${port}`,
})
const about = { group: 'default', name: 'default group' } as const
const weight = chain('default group', { kind: 'setWeights', ...about, members: [member('i-1')], was: [member('i-1', { weight: 7 })] })
const add = chain('default group', { kind: 'addBackends', ...about, members: [member('i-1')] })

type Look = { readonly plan: Plan; readonly driftOnly?: boolean; readonly at?: number; readonly failed?: boolean }

/** Looks one after another, a minute apart; what a look leaves in its plan is carried out. */
function looks(these: readonly Look[], before: DriftMemory = NO_DRIFT) {
  let memory = before
  const results = these.map(({ plan, driftOnly = true, at, failed = false }, index) => {
    const now = at ?? NOW + index * MINUTE
    const result = dampen(plan, memory, { driftOnly, now })
    memory = failed ? result.memory : result.plan.reduce((known, one) => noteRepaired(known, one, now), result.memory)
    return result
  })
  return { results, memory, last: results.at(-1) }
}
const times = (count: number, look: Look) => Array.from({ length: count }, () => look)
const made = (these: readonly Look[]) => looks(these).results.map(({ plan }) => plan.length > 0)
const NO_MORE = NOW + 5 * MINUTE
/** A fight over this chain has come to its rest. */
const atRest = (one: Chain) => looks(times(4, { plan: [one] })).memory
const during = (plan: Plan, before: DriftMemory, driftOnly = true) => dampen(plan, before, { driftOnly, now: NO_MORE })

describe('a repair that somebody undoes', () => {
  test('is made three times in a row, then left for an hour', () => {
    expect(made(times(5, { plan: [start(1)] }))).toEqual([true, true, true, false, false])
    const late = { plan: [start(1)], at: NOW + 64 * MINUTE }
    expect(looks([...times(4, { plan: [start(1)] }), late]).last?.plan).toEqual([start(1)])
  })

  test('counts whatever else is wanted at each look; what a new wish asks for is none yet', () => {
    expect(made(times(6, { plan: [start(1)], driftOnly: false }))).toEqual([true, true, true, true, false, false])
  })

  test('is in a row although looks for something else find it in order', () => {
    const pair = [{ plan: [start(1)] }, { plan: [], driftOnly: false }]
    expect(made([...pair, ...pair, ...pair, ...pair])).toEqual([true, false, true, false, true, false, false, false])
  })

  test('is in none when the first look after it found it in order', () => {
    const look = { plan: [start(1)] }
    expect(made([look, look, { plan: [] }, look, look, { plan: [] }, look])).toEqual([true, true, false, true, true, false, true])
  })

  test('is in none with one of an hour ago', () => {
    const hourly = [0, 61, 122, 183, 244].flatMap((minutes) => [
      { plan: [start(1)], driftOnly: false, at: NOW + minutes * MINUTE },
      { plan: [], driftOnly: false, at: NOW + (minutes + 60) * MINUTE },
    ])
    expect(looks(hourly).results.filter(({ plan }) => plan.length > 0)).toHaveLength(5)
  })

  test('does not count where it was not carried out', () => {
    expect(made(times(9, { plan: [start(1)], failed: true }))).not.toContain(false)
  })

  test('is made at once and does not count where it may only not be seen yet', () => {
    const soon = Array.from({ length: 9 }, (_, index) => ({ plan: [start(1)], driftOnly: false, at: NOW + index * 500 }))
    expect(made(soon)).not.toContain(false)
    const thrice = times(3, { plan: [start(1)] })
    expect(made([...thrice, { plan: [start(1)], at: NOW + 2 * MINUTE + 500 }, { plan: [start(1)] }]).slice(3)).toEqual([true, false])
  })

  test('is another one with other changes to the same thing, and after it was deleted or closed by us', () => {
    const other: Chain = { ...start(1), changes: [{ kind: 'startListener', key: 'tcp:1', protocol: 'http' }] }
    expect(during([other], atRest(start(1))).plan).toEqual([other])
    const back = (between: Chain) => [{ plan: [start(1)] }, { plan: [between], driftOnly: false }]
    for (const between of [other, remove(1), chain('close tcp:1', { kind: 'stopListener', key: 'tcp:1', protocol: 'tcp', note: '' })])
      expect(made(times(6, { plan: [] }).flatMap(() => back(between)))).not.toContain(false)
  })

  test('is no delete: those are the business of the guard', () => {
    expect(made(times(6, { plan: [remove(1)] }))).not.toContain(false)
  })
})

describe('a repair that rests', () => {
  test.each([true, false])('keeps none beside it back, and is told (nothing else is wanted: %s)', (driftOnly) => {
    const { plan, resting } = during([start(1), start(2)], atRest(start(1)), driftOnly)
    expect(plan).toEqual([start(2)])
    expect(resting).toEqual(['start listener tcp:1'])
  })

  test('takes a delete with it that waits for it', () => {
    expect(during([start(1), remove(2, ['listener tcp:1'])], atRest(start(1))).plan).toEqual([])
  })

  test('goes ahead where something that opens waits for it, in however many steps', () => {
    const plan = [add, chain('between', { kind: 'createGroup', name: 'g', members: [] }, ['default group']), create(2, ['between'])]
    expect(during(plan, atRest(add)).plan).toEqual(plan)
    expect(during([add], atRest(add)).plan).toEqual([])
  })

  test('goes nowhere for another that rests', () => {
    const both = looks(times(4, { plan: [add, create(2, ['default group'])] })).memory
    expect(during([add, create(2, ['default group'])], both).plan).toEqual([])
  })

  test('and only weighs keeps nobody waiting', () => {
    const plan = [weight, create(2, ['default group'])]
    expect(during(plan, atRest(weight)).plan).toEqual([plan[1]])
  })
})
