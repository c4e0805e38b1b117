import { describe, expect, test } from 'vitest'
import { createMemberCache, withAdded, withRemoved, withWeights } from '../../../../src/providers/aliyun/clb/members.ts'
import { member, members } from './support.ts'

describe('members after a write', () => {
  const old = members(2)
  test('hold what was added, once', () => {
    expect(withAdded(old, [member('i-2'), member('i-3'), member('i-2', 30001)])).toEqual([...old, member('i-3'), member('i-2', 30001)])
  })

  test('lack what was removed, and only on that port', () => {
    expect(withRemoved([...old, member('i-1', 30001)], [member('i-1', 30001), member('i-9')])).toEqual(old)
  })

  test('have the new weight and note where they were there before', () => {
    expect(withWeights(old, [member('i-1', 30000, 0, 'swarm-slb/me/0'), member('i-9', 30000, 5)])).toEqual([
      member('i-1', 30000, 0, 'swarm-slb/me/0'),
      member('i-2'),
    ])
  })

  test('keep their note where none was sent', () => {
    expect(withWeights(old, [member('i-1', 30000, 7, '')])).toEqual([member('i-1', 30000, 7), member('i-2')])
  })
})

describe('the member cache', () => {
  test('knows what was put and what our writes did since', () => {
    const cache = createMemberCache(10)
    cache.put('rsp-1', members(2))
    cache.update('rsp-1', (old) => withAdded(old, [member('i-3')]))
    expect(cache.get('rsp-1', 3)).toEqual(members(3))
  })

  test('knows nothing after a drop, and a write does not change that', () => {
    const cache = createMemberCache(10)
    cache.put('rsp-1', members(2))
    cache.drop('rsp-1')
    cache.update('rsp-1', (old) => withAdded(old, [member('i-3')]))
    expect(cache.get('rsp-1', undefined)).toBeUndefined()
  })

  test('does not believe itself against the count of the cloud', () => {
    const cache = createMemberCache(10)
    cache.put('rsp-1', members(2))
    expect(cache.get('rsp-1', 3)).toBeUndefined()
    expect(cache.get('rsp-1', 2)).toEqual(members(2))
  })

  test('accepts a count of servers for a group that has each of them twice', () => {
    const cache = createMemberCache(10)
    cache.put('rsp-1', [...members(2), ...members(2, 30001)])
    expect([2, 4, 3].map((count) => cache.get('rsp-1', count)?.length)).toEqual([4, 4, undefined])
  })
})

describe('an audit', () => {
  const groups = Array.from({ length: 25 }, (_, i) => `rsp-${i}`)
  const filled = (every: number) => {
    const cache = createMemberCache(every)
    for (const group of groups) cache.put(group, [])
    return cache
  }

  /** Reads what the audit asks for, as a reading does. */
  const round = (cache: ReturnType<typeof createMemberCache>, all: readonly string[]) => {
    const asked = [...cache.audit(all)]
    for (const group of asked) cache.put(group, [])
    return asked
  }

  test('takes a tenth of the groups at a time and all of them in ten', () => {
    const cache = filled(10)
    const rounds = Array.from({ length: 10 }, () => round(cache, groups))
    expect(rounds.every((asked) => asked.length <= 3)).toBe(true)
    expect(new Set(rounds.flat()).size).toBe(25)
  })

  test('goes round for ever: no group waits longer than ten', () => {
    const cache = filled(10)
    const last = new Map(groups.map((group) => [group, 0]))
    for (let n = 1; n <= 60; n += 1) {
      for (const group of round(cache, groups)) last.set(group, n)
      expect(Math.max(...[...last.values()].map((at) => n - at))).toBeLessThan(10)
    }
  })

  test('catches up when there were fewer groups before', () => {
    const cache = createMemberCache(10)
    const few = groups.slice(0, 3)
    for (const group of few) cache.put(group, [])
    for (let n = 0; n < 7; n += 1) round(cache, few)
    for (const group of groups.slice(3)) cache.put(group, [])
    const rounds = Array.from({ length: 10 }, () => round(cache, groups))
    expect(new Set(rounds.flat())).toEqual(new Set(groups))
  })

  test('keeps its promise to those that are left when most groups go', () => {
    const cache = filled(10)
    const rounds = Array.from({ length: 6 }, () => round(cache, groups)).flat()
    const left = groups.filter((group) => !rounds.includes(group))
    const last = new Map(left.map((group) => [group, 0]))
    for (let n = 7; n <= 20; n += 1) {
      for (const group of round(cache, left)) last.set(group, n)
      expect(Math.max(...[...last.values()].map((at) => n - at))).toBeLessThan(10)
    }
  })

  test('does not name groups that are unknown: those are read anyway', () => {
    const cache = createMemberCache(10)
    expect([...cache.audit(groups)]).toEqual([])
  })
})
