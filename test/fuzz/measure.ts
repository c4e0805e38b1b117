// Feeds one function with many inputs: it may throw nothing but what it declares, take no long time over any, and answer in bounds.
import fc from 'fast-check'
import { expect, inject } from 'vitest'
import { runs, seedFor } from '../support/random.ts'
import { note } from './total.ts'

/** No input may take longer; milliseconds. */
const SLOW_MS = 100
/** The slowest inputs are measured again: a pause for garbage, or a machine that does something else, is no hang. */
const WORST = 5
const AGAIN = 5

type Sized = { readonly size: number; readonly most: number }

export type Fuzzed<T> = {
  readonly name: string
  readonly inputs: fc.Arbitrary<T>
  /** Throws what is a fault; may answer with a Sized: how much came out, and how much may. */
  readonly run: (input: T) => unknown
  readonly count: number
  /** Where it is not SLOW_MS. */
  readonly slowMs?: number
  /** Errors that the function says it throws. */
  readonly declared?: (error: unknown) => boolean
}

const isSized = (result: unknown): result is Sized => typeof result === 'object' && result !== null && 'size' in result && 'most' in result

async function answerOf<T>({ run, declared = () => false }: Fuzzed<T>, input: T): Promise<unknown> {
  try {
    return await run(input)
  } catch (error) {
    if (declared(error)) return undefined
    throw error
  }
}

async function once<T>(one: Fuzzed<T>, input: T): Promise<number> {
  const began = performance.now()
  const result = await answerOf(one, input)
  const took = performance.now() - began
  if (isSized(result) && result.size > result.most) throw new Error(`answers with ${result.size}, ${result.most} at most`)
  return took
}

async function fastest<T>(one: Fuzzed<T>, input: T): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < AGAIN; i += 1) best = Math.min(best, await once(one, input))
  return best
}

/** Keys that prototypes are poisoned with leave no trace. */
function expectClean(): void {
  const probe: Record<string, unknown> = {}
  expect(Object.keys(Object.prototype), 'Object.prototype').toEqual([])
  for (const key of ['polluted', 'slb.port.80', 'isAdmin']) expect(probe[key], key).toBeUndefined()
  for (const prototype of [Array.prototype, String.prototype, Function.prototype]) expect(Object.keys(prototype)).toEqual([])
}

/** Adds what was measured to the line that is printed at the end. */
export async function fuzz<T>(one: Fuzzed<T>): Promise<void> {
  const count = runs(one.count)
  const { slowMs = SLOW_MS } = one
  const seed = seedFor(`fuzz ${one.name}`)
  const slowest: { readonly took: number; readonly input: T }[] = []
  let tried = 0
  const property = fc.asyncProperty(one.inputs, async (input) => {
    tried += 1
    const took = await once(one, input)
    if (slowest.length === WORST && took <= (slowest.at(-1)?.took ?? 0)) return
    slowest.push({ took, input })
    slowest.sort((a, b) => b.took - a.took).splice(WORST)
  })
  await fc.assert(property, { numRuns: count, seed })
  let worst = 0
  for (const { took, input } of slowest) {
    const ms = took > slowMs / 4 ? await fastest(one, input) : took
    worst = Math.max(worst, ms)
    expect(ms, `slow: ${fc.stringify(input).slice(0, 500)}`).toBeLessThan(slowMs)
  }
  expectClean()
  note(inject('tried'), tried)
  process.stdout.write(`fuzz ${one.name}: ${tried} inputs, slowest ${worst.toFixed(1)} ms\n`)
}
