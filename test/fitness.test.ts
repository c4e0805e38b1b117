// A task that the cloud does not answer makes way for one that it answers, as far as anybody can know that.
import { expect, test } from 'vitest'
import { createFitness } from '../src/fitness.ts'
import type { Sight } from '../src/sight.ts'
import type { Part } from '../src/swarm/writer.ts'

const MINUTE = 60_000
type Standing = Pick<Part, 'writes' | 'starting' | 'deputy'>
const WRITER: Standing = { writes: true, starting: false, deputy: true }
const STANDBY: Standing = { writes: false, starting: false, deputy: true }

const WELL: Sight = { sees: true, blind: '', wrong: '', waits: false }
const BAD: Sight = { sees: false, blind: 'no route', wrong: 'no route', waits: false }
const UNKNOWN: Sight = { sees: false, blind: '', wrong: '', waits: true }

/** What is said at each of these minutes. */
function told(...story: readonly (readonly [minute: number, standing: Standing, sight: Sight])[]): readonly string[] {
  const clock = { now: 0 }
  const fitness = createFitness(() => clock.now, MINUTE)
  return story.map(([minute, standing, sight]) => {
    clock.now = minute * MINUTE
    return fitness.note(standing, sight)
  })
}

test('the writer makes way when no load balancer could be read for a minute, and stays as long as one can be', () => {
  expect(told([0, WRITER, WELL], [1, WRITER, BAD], [1.9, WRITER, BAD], [2, WRITER, BAD], [3, WRITER, WELL])).toEqual([
    '',
    '',
    '',
    'no route',
    '',
  ])
  const partly = { ...WELL, wrong: 'lb-2 is gone' }
  expect(told([0, WRITER, WELL], [1, WRITER, partly], [9, WRITER, partly])).toEqual(['', '', ''])
})

test('so does one that never saw anything: it could not even look up what to read', () => {
  expect(told([0, WRITER, UNKNOWN], [0.1, WRITER, BAD], [1, WRITER, BAD], [1.1, WRITER, BAD])).toEqual(['', '', '', 'no route'])
})

test('a failure that is over does not count towards the next one', () => {
  expect(told([0, WRITER, BAD], [0.9, WRITER, WELL], [1, WRITER, BAD], [1.9, WRITER, BAD])).toEqual(['', '', '', ''])
})

test('nobody makes way where no other manager runs a healthy task: then it would only be gone', () => {
  const alone = { ...WRITER, deputy: false }
  expect(told([0, alone, BAD], [5, alone, BAD], [90, alone, BAD])).toEqual(['', '', ''])
})

test('a standby stays: it stands in nobody’s way', () => {
  expect(told([0, STANDBY, BAD], [90, STANDBY, BAD])).toEqual(['', ''])
})

test('a task that starts is not healthy before it has read the cloud once, but where nobody else is healthy it is', () => {
  const starts = { ...STANDBY, starting: true }
  expect(told([0, starts, UNKNOWN], [1, starts, BAD], [2, starts, WELL], [3, starts, BAD])).toEqual([
    'the cloud has not answered yet',
    'no route',
    '',
    '',
  ])
  expect(told([0, { ...starts, deputy: false }, UNKNOWN], [1, { ...starts, deputy: false }, BAD])).toEqual(['', ''])
})
