// Rule 5: deletes pass the guard; the rest of the plan does not wait for it.
import { describe, expect, test } from 'vitest'
import { approve, type GuardRules, guard, heldHash, holdAll, type Ledger, newLedger } from '../../src/core/guard.ts'
import type { Chain, ListenerKey, Plan } from '../../src/core/model.ts'

const NOW = 10_000_000
const RULES: GuardRules = { maxDeletes: { count: 5, percent: 25 }, release: 1_800_000, window: 600_000 }

const deletes = (...ports: readonly number[]): Plan =>
  ports.map((port): Chain => {
    const key: ListenerKey = `tcp:${port}`
    return {
      id: `delete ${key}`,
      service: `s${port}`,
      after: [],
      changes: [{ kind: 'deleteListener', key, protocol: 'tcp' }],
      deletes: key,
    }
  })
const range = (from: number, count: number) => Array.from({ length: count }, (_, index) => from + index)

/** All load balancers read; this many listeners owned, this many of them still wanted or kept. */
const ledger = (owned: number, alive: number, over: Partial<Ledger> = {}): Ledger => ({
  ...newLedger(['lb-1']),
  counts: new Map([['lb-1', { owned, alive }]]),
  ...over,
})
const ran = (plan: Plan) => plan.flatMap((chain) => (chain.deletes === undefined ? [] : [chain.deletes]))

describe('guard', () => {
  test('a few deletes are free', () => {
    const result = guard(deletes(1, 2, 3, 4, 5), 'lb-1', ledger(10, 5), RULES, NOW)
    expect(ran(result.run)).toHaveLength(5)
    expect(result.ledger.held.size).toBe(0)
  })

  test('more than that are held, and the rest of the plan runs', () => {
    const other: Chain = { id: 'listener tcp:99', service: 'new', after: [], changes: [] }
    const result = guard([...deletes(...range(1, 7)), other], 'lb-1', ledger(14, 7), RULES, NOW)
    expect(ran(result.run)).toHaveLength(5)
    expect(result.run).toContain(other)
    expect([...result.ledger.held.values()].map(({ key }) => key)).toEqual(['tcp:6', 'tcp:7'])
  })

  test('a quarter of what is owned is free where that is more', () => {
    expect(ran(guard(deletes(...range(1, 30)), 'lb-1', ledger(100, 70), RULES, NOW).run)).toHaveLength(25)
  })

  test('what was deleted in the window still counts as owned: the share does not shrink while it is used', () => {
    const deleted = new Map(range(1, 10).map((n) => [`lb-1|tcp:${n}|s${n}@1`, NOW - 1000] as const))
    expect(ran(guard(deletes(...range(11, 30)), 'lb-1', ledger(90, 60, { deleted }), RULES, NOW).run)).toHaveLength(15)
  })

  test('the window slides: what ran ten minutes ago does not count any more', () => {
    const first = guard(deletes(1, 2, 3, 4, 5), 'lb-1', ledger(10, 5), RULES, NOW)
    const soon = guard(deletes(6), 'lb-1', first.ledger, RULES, NOW + 1000)
    expect(ran(soon.run)).toEqual([])
    expect(ran(guard(deletes(6), 'lb-1', soon.ledger, RULES, NOW + RULES.window).run)).toEqual(['tcp:6'])
  })

  test('a delete that has to be tried again is counted once', () => {
    const once = guard(deletes(1, 2, 3, 4, 5), 'lb-1', ledger(10, 5), RULES, NOW)
    const again = guard(deletes(1, 2, 3, 4, 5), 'lb-1', once.ledger, RULES, NOW + 1000)
    expect(ran(again.run)).toHaveLength(5)
  })

  test('the window is shared by all load balancers', () => {
    const counts = new Map([
      ['lb-1', { owned: 5, alive: 3 }],
      ['lb-2', { owned: 5, alive: 3 }],
    ])
    const first = guard(deletes(1, 2, 3, 4, 5), 'lb-1', ledger(0, 0, { counts }), RULES, NOW)
    expect(ran(guard(deletes(1), 'lb-2', first.ledger, RULES, NOW).run)).toEqual([])
  })

  test('a held delete runs when its own wish stood unchanged for the release time', () => {
    const held = guard(deletes(...range(1, 6)), 'lb-1', ledger(12, 6), RULES, NOW).ledger
    const early = guard(
      deletes(6),
      'lb-1',
      {
        ...held,
        deleted: new Map([
          ['a', NOW],
          ['b', NOW],
          ['c', NOW],
          ['d', NOW],
          ['e', NOW],
        ]),
      },
      RULES,
      NOW + 1000,
    )
    expect(ran(early.run)).toEqual([])
    expect(ran(guard(deletes(6), 'lb-1', held, { ...RULES, maxDeletes: { count: 0, percent: 0 } }, NOW + RULES.release).run)).toEqual([
      'tcp:6',
    ])
  })

  test('the wish disappearing releases it, and its time begins anew', () => {
    const none: GuardRules = { ...RULES, maxDeletes: { count: 0, percent: 0 } }
    const held = guard(deletes(1), 'lb-1', ledger(2, 1), none, NOW).ledger
    const gone = guard([], 'lb-1', held, none, NOW + 1000).ledger
    expect(gone.held.size).toBe(0)
    const back = guard(deletes(1), 'lb-1', gone, none, NOW + RULES.release).ledger
    expect([...back.held.values()][0]?.since).toBe(NOW + RULES.release)
  })

  test('the time of a wish is its own: the same listener of another service waits anew', () => {
    const none: GuardRules = { ...RULES, maxDeletes: { count: 0, percent: 0 } }
    const held = guard(deletes(1), 'lb-1', ledger(2, 1), none, NOW).ledger
    const other = deletes(1).map((chain) => ({ ...chain, service: 'else' }))
    expect(ran(guard(deletes(1), 'lb-1', held, none, NOW + RULES.release).run)).toEqual(['tcp:1'])
    expect(ran(guard(other, 'lb-1', held, none, NOW + RULES.release).run)).toEqual([])
  })

  test('what waits for a load balancer that was never read has no time of its own', () => {
    const counts = new Map([
      ['lb-1', { owned: 3, alive: 2 }],
      ['lb-2', undefined],
    ])
    expect(guard(deletes(1), 'lb-1', ledger(0, 0, { counts }), RULES, NOW).recheckAt).toBeUndefined()
  })

  test('nothing wanted any more is held until approved, however long', () => {
    const all = ledger(3, 0)
    expect(holdAll(all)).toContain('no service wants any')
    const held = guard(deletes(1, 2, 3), 'lb-1', all, RULES, NOW)
    expect(ran(held.run)).toEqual([])
    expect(ran(guard(deletes(1, 2, 3), 'lb-1', held.ledger, RULES, NOW + 10 * RULES.release).run)).toEqual([])
  })

  test('the last single listener is not held', () => {
    expect(ran(guard(deletes(1), 'lb-1', ledger(1, 0), RULES, NOW).run)).toEqual(['tcp:1'])
  })

  test('on a load balancer that was taken over everything is held until approved, however long', () => {
    const taken = ledger(10, 9, { taken: new Set(['lb-1']) })
    const held = guard(deletes(1), 'lb-1', taken, RULES, NOW)
    expect(ran(held.run)).toEqual([])
    expect(ran(guard(deletes(1), 'lb-1', held.ledger, RULES, NOW + 10 * RULES.release).run)).toEqual([])
    expect(ran(guard(deletes(1), 'lb-2', held.ledger, RULES, NOW).run)).toEqual(['tcp:1'])
  })

  test('nothing is deleted before every load balancer was read', () => {
    const counts = new Map([
      ['lb-1', { owned: 5, alive: 4 }],
      ['lb-2', undefined],
    ])
    const result = guard(deletes(1), 'lb-1', ledger(0, 0, { counts }), RULES, NOW)
    expect(ran(result.run)).toEqual([])
  })

  test('an approval releases exactly what was shown, and any part of it', () => {
    const held = guard(deletes(1, 2), 'lb-1', ledger(2, 0), RULES, NOW).ledger
    const approved = approve(held, [...held.held.values()])
    expect(ran(guard(deletes(2, 3), 'lb-1', approved, RULES, NOW + 1000).run)).toEqual(['tcp:2'])
  })

  test('an approval does not cover the same listener of another service', () => {
    const held = guard(deletes(1, 2), 'lb-1', ledger(2, 0), RULES, NOW).ledger
    const approved = approve(held, [...held.held.values()])
    const [chain] = deletes(1)
    expect(chain && ran(guard([{ ...chain, service: 'else' }], 'lb-1', approved, RULES, NOW).run)).toEqual([])
  })

  test('the hash names a set, not an order', () => {
    const held = [...guard(deletes(1, 2), 'lb-1', ledger(2, 0), RULES, NOW).ledger.held.values()]
    expect(heldHash(held)).toBe(heldHash(held.toReversed()))
    expect(heldHash(held)).not.toBe(heldHash(held.slice(1)))
  })

  test('what waits for a held delete is held with it', () => {
    const group: Chain = {
      id: 'remove group g',
      service: undefined,
      after: ['delete tcp:1'],
      changes: [{ kind: 'deleteGroup', group: 'g', name: 'g' }],
    }
    expect(guard([...deletes(1, 2), group], 'lb-1', ledger(2, 0), RULES, NOW).run).toEqual([])
  })

  test('an approval ends with the wish that was shown', () => {
    const held = guard(deletes(1, 2), 'lb-1', ledger(2, 0), RULES, NOW).ledger
    const approved = approve(held, [...held.held.values()])
    const redeployed = guard([], 'lb-1', approved, RULES, NOW + 1000).ledger
    expect(ran(guard(deletes(1, 2), 'lb-1', redeployed, RULES, NOW + 2000).run)).toEqual([])
  })
})
