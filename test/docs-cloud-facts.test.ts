// docs/cloud-facts.md: its table is written from the questions; the columns about the cloud stay as they are until somebody has asked it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { FACTS, type Fact, type Found } from '../scripts/verify/facts.ts'
import { columnsFrom, factBlock, renewed } from '../scripts/verify/table.ts'

const FILE = join(import.meta.dirname, '../docs/cloud-facts.md')

test('docs/cloud-facts.md has every question, and of the cloud what it had before', async () => {
  await expect(renewed(readFileSync(FILE, 'utf8'), FACTS)).toMatchFileSnapshot(FILE)
})

describe('the table', () => {
  const probe = async () => ({ seen: '' })
  const facts: readonly Fact[] = [
    { question: 'A | B', ref: [], settings: ['unsure.startRunning'], probe },
    { question: 'Two at once', ref: [], settings: ['busy.scope', 'busy.code'], probe },
    { question: 'What is it', ref: [], settings: [], probe },
    { question: 'Still open', ref: [], settings: ['unsure.stopStopped'], probe },
    { question: 'Beyond calls', ref: [], settings: [], probe: 'not asked: too dear' },
  ]
  const [first, second, third, fourth, last] = facts as [Fact, Fact, Fact, Fact, Fact]
  const found: readonly Found[] = [
    { ...first, values: { 'unsure.startRunning': 'error' }, seen: '400 a|b\nNotAllowed', decided: true },
    { ...second, values: { 'busy.scope': 'none' }, seen: 'none was refused', decided: true },
    { ...third, seen: 'this', decided: true },
    { ...fourth, seen: 'not decided: 403 Forbidden.RAM', decided: false },
    { ...last, seen: 'not asked: too dear', decided: false },
  ]
  const document = (block: string) => `# Title\n<!-- facts: written -->\n\n${block}\n\n<!-- end of facts -->\nmore\n`
  const pasted = document(factBlock(facts, columnsFrom(found)))

  test('says what a run found, and how much of all that is', () => {
    expect(pasted.split('\n').slice(3, -3)).toEqual([
      '**3 of 5 questions are decided. The other rows are what the simulator assumes, not what is known.**',
      '',
      "| Question | Simulator's setting | It assumes | The cloud | Seen |",
      '| --- | --- | --- | --- | --- |',
      '| A \\| B | `unsure.startRunning` | `ok` | `error` | 400 a\\|b NotAllowed |',
      '| Two at once | `busy.scope`, `busy.code` | `none`, `BackendServer.configuring` | `none`, ? | none was refused |',
      '| What is it |  |  | this |  |',
      '| Still open | `unsure.stopStopped` | `ok` | not verified yet | not decided: 403 Forbidden.RAM |',
      '| Beyond calls |  |  | not asked | not asked: too dear |',
      '',
    ])
  })

  test('keeps what was pasted when it is written anew', () => {
    expect(renewed(pasted, facts)).toBe(pasted)
  })

  test('gives a new question a row, and one that is asked now and was not', () => {
    const asked = { ...last, probe }
    const text = renewed(pasted, [{ ...first, question: 'New' }, asked, third]) ?? ''
    expect(text).toContain('**1 of 3 questions')
    expect(text).toContain('| New | `unsure.startRunning` | `ok` | not verified yet |  |\n| Beyond calls |  |  | not verified yet |  |\n')
    expect(text).toContain('| What is it |  |  | this |  |')
  })

  test('keeps what was written in by hand of a question that no call decides', () => {
    const text = pasted.replace('| not asked | not asked: too dear |', '| yes | told by a ticket |')
    expect(renewed(text, facts)).toContain('| Beyond calls |  |  | yes | told by a ticket |')
    expect(renewed(text.replace('| yes |', '| not asked |'), facts)).toBe(pasted)
  })

  test('says so where nobody has asked, and where there is no place for it', () => {
    expect(factBlock(facts, new Map())).toMatch(/^\*\*Nobody has asked a real account yet/)
    expect(renewed('# no table', facts)).toBeUndefined()
  })
})
