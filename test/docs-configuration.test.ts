// README.md and docs/configuration.md: their tables are written from the code's tables, and what they point at is there.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { SETTING_KEYS, SETTINGS } from '../src/config/settings.ts'
import { isOption, LABEL_NAMES, protocolsOf, specOf, wishOf } from '../src/core/options.ts'
import { createMetrics } from '../src/http/metrics.ts'
import { board } from './support/board.ts'
import { groupTables, settingsTable, table } from './support/settings-table.ts'

const ROOT = join(import.meta.dirname, '..')
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8')

const optionTable = () =>
  `${table(
    ['option', 'listeners', 'meaning'],
    LABEL_NAMES.map((name) => {
      const { help, unit } = isOption(name) ? specOf(name) : { ...wishOf(name), unit: undefined }
      return [`\`${name}\``, protocolsOf(name).join(', '), unit === undefined ? help : `${help} (${unit})`]
    }),
  )}\n`

/** The text with what stands between the two comments of this name replaced. */
function withBlock(text: string, name: string, content: string): string {
  const block = new RegExp(`(<!-- ${name}: [^>]*-->\\n)[\\s\\S]*?(<!-- end of ${name} -->)`)
  expect(text).toMatch(block)
  return text.replace(block, (_, open: string, close: string) => `${open}\n${content}\n${close}`)
}

describe('docs/configuration.md', () => {
  test('has the settings as they are in the code', async () => {
    const file = 'docs/configuration.md'
    await expect(withBlock(read(file), 'settings', groupTables())).toMatchFileSnapshot(`../${file}`)
  })

  test('speaks of no variable that is not there', () => {
    const known = new Set<string>(SETTING_KEYS.flatMap((key) => SETTINGS[key].env))
    const named = ['docs/configuration.md', 'docs/operations.md', 'README.md', 'CONTRIBUTING.md'].flatMap(
      (file) => read(file).match(/\bSLB_[A-Z_]+\b/g) ?? [],
    )
    expect(named.filter((name) => !known.has(name))).toEqual([])
  })
})

describe('README.md', () => {
  test('has the settings and options as they are in the code, and stays short', async () => {
    const text = withBlock(withBlock(read('README.md'), 'settings', settingsTable()), 'options', optionTable())
    await expect(text).toMatchFileSnapshot('../README.md')
    expect(text.split('\n').length).toBeLessThan(300)
  })
})

test('docs/operations.md names every metric, and no other', async () => {
  const metrics = await createMetrics(board()).text()
  const served = [...metrics.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name)
  const named = [...read('docs/operations.md').matchAll(/^\| `((?:swarm_slb|process)_\w+)/gm)].map(([, name]) => name)
  expect(named.toSorted()).toEqual(served.toSorted())
})

test('links in the documents lead somewhere', () => {
  const files = [
    'README.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.md'))
      .map((file) => `docs/${file}`),
  ]
  const broken = files.flatMap((file) =>
    [...read(file).matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)]
      .filter(([, to = '']) => !existsSync(join(ROOT, dirname(file), to)))
      .map(([, to]) => `${file}: ${to}`),
  )
  expect(broken).toEqual([])
})
