// What the documents leave open and what is asked are two lists: each entry of the one is met by the other.
import { expect, test } from 'vitest'
import { FACTS } from '../../scripts/verify/facts.ts'
import { OPEN } from '../../scripts/verify/open.ts'
import { settingsSchema } from '../../src/simulator/settings.ts'

const asked = new Set(FACTS.flatMap(({ settings }) => settings))

test('everything that the documents leave open has its question, or a reason for none', () => {
  const about = new Set<string>(FACTS.flatMap(({ ref }) => ref))
  expect(Object.keys(OPEN).filter((key) => !about.has(key))).toEqual([])
})

test('no question is asked that the documents answer', () => {
  expect(FACTS.filter(({ ref }) => ref.length === 0).map(({ question }) => question)).toEqual([])
})

test('no two questions are the same', () => {
  expect(new Set(FACTS.map(({ question }) => question)).size).toBe(FACTS.length)
})

test('every setting of the simulator that is a guess has its question', () => {
  const guesses = Object.keys(settingsSchema.parse({}).unsure).map((key) => `unsure.${key}`)
  const others = ['transitionMs', 'readLagMs', 'busy.scope', 'busy.durationMs', 'busy.code', 'quotas.groups', 'quotas.backendBatch']
  const rates = ['rates.writesPerMinute', 'rates.readsPerMinute']
  expect([...guesses, ...others, ...rates].filter((path) => !asked.has(path))).toEqual([])
})
