// A share of the random sequences: each file has its own, so that they run side by side.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { runs, seedFor } from '../support/random.ts'
import { someSequence } from './actions.ts'
import { play } from './play.ts'

/** Fewer than this would mean that the model only looks as if it ran. */
const WRITES_EACH = 1

export function shard(index: number, count: number, longest: number): void {
  const sequences = runs(count)
  test(`${sequences} random sequences of up to ${longest} actions keep every rule`, async () => {
    const seed = seedFor(`model ${index}`, index)
    const began = performance.now()
    let writes = 0
    const property = fc.asyncProperty(someSequence(longest), async (sequence) => {
      writes += (await play(sequence)).writes
    })
    await fc.assert(property, { numRuns: sequences, seed })
    const seconds = ((performance.now() - began) / 1000).toFixed(0)
    process.stdout.write(`model ${index}: ${sequences} sequences, ${writes} changes of load balancers, ${seconds} s\n`)
    expect(writes).toBeGreaterThan(sequences * WRITES_EACH)
  })
}
