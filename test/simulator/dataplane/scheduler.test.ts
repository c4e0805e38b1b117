import { describe, expect, test } from 'vitest'
import { hash32 } from '../../../src/simulator/dataplane/hash.ts'
import { type Candidate, createScheduler, type Flow } from '../../../src/simulator/dataplane/scheduler.ts'

const flow = (clientAddress = '10.0.0.1', clientPort = 40_000): Flow => ({ clientAddress, clientPort, address: '10.9.9.9', port: 80 })
const candidates = (weights: Readonly<Record<string, number>>): Candidate[] =>
  Object.entries(weights).map(([id, weight]) => ({ id, weight }))
const picks = (name: string, weights: Readonly<Record<string, number>>, count: number) => {
  const scheduler = createScheduler(name)
  return Array.from({ length: count }, () => scheduler.pick(candidates(weights), flow())?.id ?? '-').join(' ')
}

describe('round robin', () => {
  test.each([
    { name: 'spreads by weight without runs of the heaviest', kind: 'wrr', weights: { a: 5, b: 1, c: 1 }, order: 'a a b a c a a' },
    { name: 'takes turns where weights are equal', kind: 'wrr', weights: { a: 100, b: 100, c: 100 }, order: 'a b c a b c' },
    { name: 'keeps the ratio of large weights', kind: 'wrr', weights: { a: 100, b: 50 }, order: 'a b a a b a' },
    { name: 'ignores weights with rr', kind: 'rr', weights: { a: 100, b: 1 }, order: 'a b a b' },
    { name: 'treats an unknown scheduler as wrr', kind: 'wlc', weights: { a: 2, b: 1 }, order: 'a b a' },
    { name: 'has only one to pick', kind: 'wrr', weights: { a: 7 }, order: 'a a' },
    { name: 'picks none of none', kind: 'wrr', weights: {}, order: '-' },
  ])('$name', ({ kind, weights, order }) => {
    expect(picks(kind, weights, order.split(' ').length)).toBe(order)
  })

  test('does not repay a backend the turns it missed', () => {
    const scheduler = createScheduler('wrr')
    const pick = (weights: Readonly<Record<string, number>>) => scheduler.pick(candidates(weights), flow())?.id
    pick({ a: 1, b: 1 })
    for (let i = 0; i < 10; i += 1) pick({ a: 1 })
    const after = Array.from({ length: 6 }, () => pick({ a: 1, b: 1 }))
    expect(after.filter((id) => id === 'b')).toHaveLength(3)
  })
})

describe('hashing', () => {
  const clients = Array.from({ length: 3_000 }, (_, i) => flow(`10.1.${i >> 8}.${i & 255}`, 30_000 + i))
  const place = (kind: string, weights: Readonly<Record<string, number>>) => {
    const scheduler = createScheduler(kind)
    return clients.map((client) => scheduler.pick(candidates(weights), client)?.id)
  }
  const share = (ids: readonly (string | undefined)[], id: string) => ids.filter((one) => one === id).length / ids.length

  test.each(['sch', 'qch'])('%s keeps a client address on one backend, whatever its port', (kind) => {
    const scheduler = createScheduler(kind)
    const ids = Array.from({ length: 50 }, (_, i) => scheduler.pick(candidates({ a: 1, b: 1, c: 1 }), flow('10.0.0.7', 1_000 + i))?.id)
    expect(new Set(ids).size).toBe(1)
  })

  test('tch spreads the ports of one client, and repeats itself', () => {
    const scheduler = createScheduler('tch')
    const pick = (port: number) => scheduler.pick(candidates({ a: 1, b: 1, c: 1 }), flow('10.0.0.7', port))?.id
    const ids = Array.from({ length: 50 }, (_, i) => pick(1_000 + i))
    expect(new Set(ids).size).toBe(3)
    expect(Array.from({ length: 50 }, (_, i) => pick(1_000 + i))).toEqual(ids)
  })

  test('follows the weights', () => {
    const ids = place('sch', { a: 100, b: 50, c: 50 })
    expect(share(ids, 'a')).toBeCloseTo(0.5, 1)
    expect(share(ids, 'b')).toBeCloseTo(0.25, 1)
  })

  test('moves only the clients of the backend that left', () => {
    const before = place('sch', { a: 1, b: 1, c: 1 })
    const after = place('sch', { a: 1, c: 1 })
    expect(after.filter((id, i) => before[i] !== 'b' && id !== before[i])).toEqual([])
  })
})

test('the hash spreads neighbours over all its bits', () => {
  const high = new Set(Array.from({ length: 64 }, (_, i) => hash32(`10.0.0.${i}`) >>> 28))
  expect(high.size).toBeGreaterThan(10)
})
