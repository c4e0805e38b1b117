// docs/cloud-facts.md: its table is written from the questions; the columns about the cloud stay as they are until somebody has asked it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { FACTS } from '../scripts/verify/facts.ts'
import { factTable } from '../scripts/verify/report.ts'

const FILE = join(import.meta.dirname, '../docs/cloud-facts.md')
const BLOCK = /(<!-- facts: [^>]*-->\n)[\s\S]*?(<!-- end of facts -->)/

test('docs/cloud-facts.md has every question, and says that nobody has asked the cloud', async () => {
  const text = readFileSync(FILE, 'utf8')
  expect(text).toMatch(BLOCK)
  await expect(text.replace(BLOCK, (_, open: string, end: string) => `${open}\n${factTable(FACTS)}\n\n${end}`)).toMatchFileSnapshot(FILE)
})
