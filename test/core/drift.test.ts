// Repairs that rest take with them what waits for them, and nothing else.
import { expect, test } from 'vitest'
import { type DriftMemory, dampen, NO_DRIFT } from '../../src/core/drift.ts'
import type { Chain } from '../../src/core/model.ts'
import { NOW } from '../support/build.ts'

const start = (port: number, after: readonly string[] = []): Chain => ({
  id: `listener tcp:${port}`,
  service: 's',
  after,
  changes: [{ kind: 'startListener', key: `tcp:${port}`, protocol: 'tcp' }],
})
const remove = (port: number, after: readonly string[] = []): Chain => ({
  id: `delete tcp:${port}`,
  service: 's',
  after,
  changes: [{ kind: 'deleteListener', key: `tcp:${port}`, protocol: 'tcp' }],
  deletes: `tcp:${port}`,
})

const thrice = (chain: Chain) => {
  let memory: DriftMemory = NO_DRIFT
  for (let look = 1; look <= 3; look++) memory = dampen([chain], memory, look, NOW).memory
  return memory
}

test('a delete that waits for a listener that rests, rests too', () => {
  expect(dampen([start(1), remove(2, ['listener tcp:1'])], thrice(start(1)), 4, NOW).plan).toEqual([])
})

test('repairs beside it go on', () => {
  const { plan, resting } = dampen([start(1), start(2)], thrice(start(1)), 4, NOW)
  expect(plan).toEqual([start(2)])
  expect(resting).toEqual(['start listener tcp:1'])
})

test('repairs that were not found by the very next look are not in a row', () => {
  let memory: DriftMemory = NO_DRIFT
  for (const look of [1, 2, 4, 5, 7, 8, 10]) {
    const result = dampen([start(1)], memory, look, NOW)
    expect(result.plan).toEqual([start(1)])
    memory = result.memory
  }
})

test('another repair of the same listener is not the same repair', () => {
  const other: Chain = { ...start(1), changes: [{ kind: 'startListener', key: 'tcp:1', protocol: 'http' }] }
  expect(dampen([other], thrice(start(1)), 4, NOW).plan).toEqual([other])
})

test('deletes are the business of the guard: they never rest', () => {
  expect(dampen([remove(1)], thrice(remove(1)), 4, NOW).plan).toEqual([remove(1)])
})
