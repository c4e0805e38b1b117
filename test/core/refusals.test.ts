// Servers that the cloud refused: how long they are left out, and what stays as it is.
import { expect, test } from 'vitest'
import { NO_REFUSALS, nextTry, noteRefused, withoutRefused } from '../../src/core/refusals.ts'
import { backendsOf, MINUTE, NOW, node } from '../support/build.ts'

const backends = backendsOf([node('n1'), node('n2'), node('n3', { availability: 'drain' })])
const refused = noteRefused(NO_REFUSALS, ['i-2', 'i-3'], 'ObtainIpFail', NOW)
const adds = (now: number) => {
  const { backends: left } = withoutRefused(backends, refused, 'front', now)
  return [...left.wishes.values()].filter(({ add }) => add).map(({ server }) => server)
}

test('they are added nowhere for ten minutes', () => {
  expect(adds(NOW)).toEqual(['i-1'])
  expect(adds(NOW + 10 * MINUTE - 1)).toEqual(['i-1'])
  expect(adds(NOW + 10 * MINUTE)).toEqual(['i-1', 'i-2'])
})

test('what else is wanted of them stays, and only those that would be added are a problem of their node', () => {
  const { backends: left, problems } = withoutRefused(backends, refused, 'front', NOW)
  expect(left.wishes.get('i-2')).toEqual({ ...backends.wishes.get('i-2'), add: false })
  expect(left.wishes.get('i-3')).toEqual(backends.wishes.get('i-3'))
  const text = 'front refuses i-2 as a backend (ObtainIpFail); it is tried again after 10 minutes'
  expect(problems).toEqual([{ kind: 'node', subject: backends.wishes.get('i-2')?.hostname, text }])
})

test('the earliest is the next to be tried, and those that are over are forgotten', () => {
  const both = noteRefused(refused, ['i-1'], 'NetworkConflict', NOW + MINUTE)
  expect(nextTry(both, NOW + MINUTE)).toBe(NOW + 10 * MINUTE)
  expect(nextTry(both, NOW + 10 * MINUTE)).toBe(NOW + 11 * MINUTE)
  expect(nextTry(both, NOW + 11 * MINUTE)).toBeUndefined()
  expect([...noteRefused(both, [], '', NOW + 10 * MINUTE).keys()]).toEqual(['i-1'])
})
