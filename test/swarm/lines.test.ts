import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readLines } from '../../src/swarm/lines.ts'

async function lines(chunks: readonly Buffer[], maxLine?: number) {
  const all: string[] = []
  for await (const line of readLines(each(chunks), maxLine)) all.push(line)
  return all
}

async function* each(chunks: readonly Buffer[]) {
  yield* chunks
}

describe('lines', () => {
  test('come out whole wherever the chunks end, in the middle of a character too', async () => {
    const text = fc.array(fc.string({ unit: 'grapheme', minLength: 1 }).filter((line) => line.trim() !== '' && !line.includes('\n')))
    await fc.assert(
      fc.asyncProperty(text, fc.integer({ min: 1, max: 7 }), async (expected, size) => {
        const bytes = Buffer.from(expected.map((line) => `${line}\n`).join(''))
        const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size))
        expect(await lines(chunks)).toEqual(expected)
      }),
      { numRuns: 100 },
    )
  })

  test('that are empty are left out, and so is one that never ended', async () => {
    expect(await lines([Buffer.from('a\n\n\r\nb\nc')])).toEqual(['a', 'b'])
  })

  test('without end are an error, not a growing memory', async () => {
    await expect(lines([Buffer.alloc(6, 'x'), Buffer.alloc(6, 'x')], 10)).rejects.toThrow('more than 10 characters')
  })
})
