import { expect, test } from 'vitest'
import { createPersistence } from '../../../src/simulator/dataplane/persistence.ts'

test('an address is remembered until its time is over', () => {
  const table = createPersistence(1_000)
  table.remember('10.0.0.1', 'a', 0)
  expect(table.recall('10.0.0.1', 999)).toBe('a')
  expect(table.recall('10.0.0.1', 1_000)).toBeUndefined()
})

test('a new connection begins the time again', () => {
  const table = createPersistence(1_000)
  table.remember('10.0.0.1', 'a', 0)
  table.remember('10.0.0.2', 'b', 500)
  table.remember('10.0.0.1', 'a', 900)
  expect(table.recall('10.0.0.1', 1_800)).toBe('a')
  expect(table.recall('10.0.0.2', 1_800)).toBeUndefined()
})

test('a longer time applies to addresses that are there', () => {
  const table = createPersistence(1_000)
  table.remember('10.0.0.1', 'a', 0)
  table.setTime(5_000)
  expect(table.recall('10.0.0.1', 4_000)).toBe('a')
})

test('nothing is remembered while it is off', () => {
  const table = createPersistence(1_000)
  table.remember('10.0.0.1', 'a', 0)
  table.setTime(0)
  table.remember('10.0.0.2', 'b', 1)
  expect([table.recall('10.0.0.1', 1), table.recall('10.0.0.2', 1), table.size]).toEqual([undefined, undefined, 0])
})

test('the table does not grow with clients that are gone', () => {
  const table = createPersistence(1_000)
  for (let i = 0; i < 10_000; i += 1) table.remember(`client-${i}`, 'a', i * 10)
  expect(table.size).toBe(100)
})

test('the table has an upper bound within its time, too', () => {
  const table = createPersistence(1_000)
  for (let i = 0; i < 100_050; i += 1) table.remember(`client-${i}`, 'a', 0)
  expect(table.size).toBe(100_000)
})
