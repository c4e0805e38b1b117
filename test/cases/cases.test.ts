// No case gets lost: each of the 52 is a test by its id, or stands in the page of those that do not apply.
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const HERE = new URL('./', import.meta.url)
const PAGE = new URL('../../docs/decisions/0010-cases-that-do-not-apply.md', HERE)

const upTo = (letter: string, count: number) => Array.from({ length: count }, (_, i) => `${letter}${i + 1}`)
const CASES = [...upTo('U', 20), ...upTo('E', 20), ...upTo('B', 12)]

/** Ids that names of tests begin with; those of `describe` do not count. */
const tested = new Set(
  readdirSync(HERE)
    .filter((file) => file.endsWith('.test.ts'))
    .flatMap((file) => [...readFileSync(new URL(file, HERE), 'utf8').matchAll(/(?:\btest\(|\]\)\(|\)\)\()\s*['"`]([UEB]\d{1,2}) /g)])
    .map(([, id]) => id),
)
const [wholly = ''] = readFileSync(PAGE, 'utf8').split('## What applies in part')
/** First cells of the rows of its first table. */
const excluded = [...wholly.matchAll(/^\| ([UEB]\d{1,2}) \|/gm)].map(([, id]) => id)

test('each case is a test or is listed with the reason why it is none, and not both', () => {
  expect(CASES).toHaveLength(52)
  expect(CASES.filter((id) => tested.has(id) === excluded.includes(id))).toEqual([])
})

test('no test and no row names a case that there is not', () => {
  expect([...tested, ...excluded].filter((id) => !CASES.some((one) => one === id))).toEqual([])
})
