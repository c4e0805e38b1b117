// docs/reliability.md points at tests that are there.
import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

/** Tests that stand in a table, `the same` for the file of the row before. */
function named(page: string): readonly { readonly file: string; readonly name: string }[] {
  const found: { file: string; name: string }[] = []
  let file = ''
  for (const line of page.split('\n').filter((one) => one.startsWith('| '))) {
    const cell = line.split(' | ').at(-1) ?? ''
    file = /test\/[\w./-]+\.test\.ts/.exec(cell)?.[0] ?? file
    const names = [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name)
    // That beginning is written by test/faults/matrix.ts.
    for (const name of names.length === 0 ? [''] : names) found.push({ file, name: name.replace(/^every call /, '') })
  }
  return found.filter((one) => one.file !== '')
}

test('every row of docs/reliability.md names a test that is there', () => {
  const all = named(readFileSync('docs/reliability.md', 'utf8'))
  expect(all.length).toBeGreaterThan(60)
  const text = (file: string) => (existsSync(file) ? readFileSync(file, 'utf8') : '')
  expect(all.filter(({ file, name }) => !text(file).includes(name))).toEqual([])
  expect(all.filter(({ file }) => !existsSync(file))).toEqual([])
})
