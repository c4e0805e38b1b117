// docs/security.md claims nothing that no test holds.
import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const page = readFileSync('docs/security.md', 'utf8').replaceAll('\n', ' ')

test('every test that is named is there', () => {
  const named = [...page.matchAll(/\b([\w./-]+\.test\.ts)((?:,? `[^`]+`)*)/g)]
  expect(named.length).toBeGreaterThan(15)
  for (const [, file = '', names = ''] of named) {
    expect(existsSync(`test/${file}`), file).toBe(true)
    const text = readFileSync(`test/${file}`, 'utf8')
    for (const [, name = ''] of names.matchAll(/`([^`]+)`/g)) expect(text.includes(name), `${file} ${name}`).toBe(true)
  }
})

test('every link leads somewhere', () => {
  const links = [...page.matchAll(/\]\(([^)#]+)\)/g)].map(([, link = '']) => link)
  expect(links.filter((link) => !existsSync(`docs/${link}`))).toEqual([])
})
