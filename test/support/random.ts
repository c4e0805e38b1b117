// Where random tests begin: a new place each time, unless TEST_SEED says which. The seed is always printed, so that a failure can be had again.
import fc from 'fast-check'

const given = process.env['TEST_SEED']
const base = given === undefined ? Math.floor(Math.random() * 2 ** 30) : Number(given)

/** @param what names the suite in the line that is printed; each has a seed of its own, `offset` behind the first */
export function seedFor(what: string, offset = 0): number {
  const seed = base + offset
  process.stdout.write(`${what}: TEST_SEED=${base}${offset === 0 ? '' : ` (+${offset})`}\n`)
  return seed
}

/** TEST_RUNS multiplies how often everything is tried, 1 where it is not set. */
export const runs = (count: number): number => Math.max(1, Math.round(count * Number(process.env['TEST_RUNS'] ?? 1)))

/** One character of any plane; fast-check's own `binary` takes two seconds to begin. */
const anyCharacter = fc
  .oneof(fc.integer({ min: 0, max: 0x7f }), fc.integer({ min: 0x80, max: 0xd7ff }), fc.integer({ min: 0xe000, max: 0x10ffff }))
  .map((code) => String.fromCodePoint(code))

export const anyString = (maxLength: number): fc.Arbitrary<string> => fc.string({ unit: anyCharacter, maxLength })
