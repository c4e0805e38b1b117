// docs/how-it-works.md and docs/decisions speak of files, functions and tests: all of them must be there.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const DECISIONS = 'docs/decisions'
const pages = ['docs/how-it-works.md', ...readdirSync(DECISIONS).map((file) => `${DECISIONS}/${file}`)]
const text = pages.map((page) => readFileSync(page, 'utf8')).join('\n')
const howItWorks = readFileSync('docs/how-it-works.md', 'utf8')

const all = (pattern: RegExp, from: string) => [...from.matchAll(pattern)].map(([, first = '', second = '']) => [first, second] as const)

test('every file that is named exists', () => {
  const files = all(/\b((?:src|test)\/[\w./-]+\.ts)\b/g, text).map(([file]) => file)
  expect(files.length).toBeGreaterThan(30)
  expect(files.filter((file) => !existsSync(file))).toEqual([])
})

test('every function stands in the file that is named with it', () => {
  const named = all(/`([a-z]\w+)`(?: in|,)?\s+\(?(src\/[\w./-]+\.ts)/g, text)
  expect(named.length).toBeGreaterThan(15)
  expect(named.filter(([name, file]) => !readFileSync(file, 'utf8').includes(name))).toEqual([])
})

test('every rule names tests that are there, and all twelve are', () => {
  const table = howItWorks.split('\n').filter((line) => /^\| \d+ \|/.test(line))
  expect(table).toHaveLength(12)
  for (const row of table) {
    const tests = all(/([\w./-]+\.test\.ts) `([^`]+)`/g, row)
    expect(tests.length, row).toBeGreaterThan(0)
    expect(tests.filter(([file, name]) => !readFileSync(`test/${file}`, 'utf8').includes(name))).toEqual([])
  }
})

test('every link leads somewhere', () => {
  const links = all(/\]\(([^)#]+)\)/g, howItWorks).map(([link]) => link)
  expect(links.filter((link) => !existsSync(`docs/${link}`))).toEqual([])
})
