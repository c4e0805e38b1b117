// What a process sees of the cloud: names and tags that were looked up, and load balancers that were read.
import { expect, test } from 'vitest'
import type { Known } from '../src/page.ts'
import { sightOf } from '../src/sight.ts'

const look = {} as NonNullable<Known['look']>
const WELL = { look, error: '' }
const NEVER = { look: undefined, error: 'no route' }
const NO_MORE = { look, error: 'Forbidden.RAM' }
const CLEAR = { sees: true, blind: '', wrong: '', waits: false }

const seen = (loadBalancers: readonly string[], known: Readonly<Record<string, Pick<Known, 'look' | 'error'>>>, unanswered = '') =>
  sightOf({ loadBalancers, unanswered }, new Map(Object.entries(known)))

test('before names and tags were looked up it sees nothing, and nothing is wrong yet', () => {
  expect(sightOf(undefined, new Map())).toEqual({ sees: false, blind: '', wrong: '', waits: true })
})

test('it sees where a load balancer was read, and everything is well where all were', () => {
  expect(seen(['a'], { a: WELL })).toEqual(CLEAR)
  expect(seen(['a', 'b'], { a: WELL })).toEqual({ ...CLEAR, waits: true })
  expect(seen(['a', 'b'], { a: WELL, b: NO_MORE })).toEqual({ ...CLEAR, wrong: 'Forbidden.RAM' })
})

test('it is blind where the last reading of each failed, and not while one is still to come', () => {
  expect(seen(['a', 'b'], { a: NEVER, b: NO_MORE })).toEqual({ sees: false, blind: 'no route', wrong: 'no route', waits: false })
  expect(seen(['a', 'b'], { a: NEVER })).toEqual({ sees: false, blind: '', wrong: 'no route', waits: true })
  expect(seen(['a'], {})).toEqual({ sees: false, blind: '', wrong: '', waits: true })
})

test('it is blind where no name and no tag could be looked up, so that it does not even know what to read', () => {
  expect(seen([], {}, 'no egress')).toEqual({ sees: false, blind: 'no egress', wrong: 'no egress', waits: false })
})

test('a lookup that failed beside a load balancer that is read is wrong, and no blindness', () => {
  expect(seen(['a'], { a: WELL }, 'ListTagResources: timeout')).toEqual({ ...CLEAR, wrong: 'ListTagResources: timeout' })
})

test('a cloud that answers and knows no such load balancer is seen: there is nothing to read', () => {
  expect(seen([], {})).toEqual(CLEAR)
})

test('one that is not allowed any more says nothing, neither good nor bad', () => {
  expect(seen(['a'], { a: WELL, gone: NO_MORE })).toEqual(CLEAR)
  expect(seen(['a'], { a: NO_MORE, gone: WELL })).toMatchObject({ sees: false, blind: 'Forbidden.RAM' })
  expect(seen([], { gone: NO_MORE })).toEqual(CLEAR)
})
