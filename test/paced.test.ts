// Work that rests after it was done, by a clock that is turned by hand.
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { paced } from '../src/paced.ts'

function pacing(tookMs: number) {
  const clock = { now: 0 }
  const done: number[] = []
  const broken: unknown[] = []
  const work = () => {
    done.push(clock.now)
    clock.now += tookMs
  }
  const ask = paced({ work, broken: (error) => broken.push(error), now: () => clock.now })
  return { clock, done, broken, ask }
}

describe('paced work', () => {
  test('that takes no time is done each time it is asked for', () => {
    const { ask, done } = pacing(0)
    for (let n = 0; n < 3; n += 1) ask()
    expect(done).toHaveLength(3)
  })

  test('is done once for all that asked while it rested', async () => {
    const { ask, done } = pacing(5)
    for (let n = 0; n < 10; n += 1) ask()
    expect(done).toEqual([0])
    await sleep(80)
    expect(done).toHaveLength(2)
  })

  test('is done at once again when its rest is over', () => {
    const { ask, clock, done } = pacing(5)
    ask()
    clock.now = 46
    ask()
    expect(done).toEqual([0, 46])
  })

  test('that throws is told, and goes on', () => {
    const broken: unknown[] = []
    const ask = paced({
      work: () => {
        throw new Error('no')
      },
      broken: (error) => broken.push(error),
      now: () => 0,
    })
    ask()
    ask()
    expect(broken).toHaveLength(2)
  })
})
