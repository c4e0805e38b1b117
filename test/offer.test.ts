// Which services go first: those that changed by themselves, until they are done.
import { describe, expect, test } from 'vitest'
import type { Chain } from '../src/core/model.ts'
import { NOTHING_URGENT, nextUrgent, type Urgent, urgency } from '../src/offer.ts'

const digestOf = (services: Readonly<Record<string, string>>) => ({ text: '', services: new Map(Object.entries(services)) })
const chain = (service: string | undefined): Chain => ({ id: 'x', service, after: [], changes: [] })
const urgent = (state: Urgent, ...names: readonly string[]) => names.filter((name) => urgency(state)(chain(name)) > 0)
const many = (count: number, text: string) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`s${index}`, text]))

const coldStart = nextUrgent(NOTHING_URGENT, digestOf(many(30, 'old')))

describe('urgency', () => {
  test('nothing goes first where all is new', () => {
    expect(coldStart.names.size).toBe(0)
  })

  test('one that changes during a cold start does, although no pass has ended well', () => {
    const next = nextUrgent(coldStart, digestOf({ ...many(30, 'old'), s3: 'new', web: 'new' }))
    expect(urgent(next, 's2', 's3', 'web')).toEqual(['s3', 'web'])
  })

  test('it stays so over further passes that do not end well, beside others that change', () => {
    const once = nextUrgent(coldStart, digestOf({ ...many(30, 'old'), s3: 'new' }))
    const again = nextUrgent(
      nextUrgent(once, digestOf({ ...many(30, 'old'), s3: 'new' })),
      digestOf({ ...many(30, 'old'), s3: 'new', s4: 'new' }),
    )
    expect(urgent(again, 's3', 's4', 's5')).toEqual(['s3', 's4'])
  })

  test('many that change together are bulk work, and what is no service never goes first', () => {
    const next = nextUrgent(coldStart, digestOf(many(30, 'new')))
    expect(urgent(next, 's0', 's29')).toEqual([])
    expect(urgency(nextUrgent(coldStart, digestOf({ web: 'new' })))(chain(undefined))).toBe(0)
  })
})
