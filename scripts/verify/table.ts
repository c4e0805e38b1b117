// The table of docs/cloud-facts.md: written from the questions, but for its two columns about the cloud. Those are what a run has found, or
// what is in the file already, so that what somebody pasted stays there until somebody asks again.
import { assumed, type Fact, type Found, type Value } from './facts.ts'

/** The columns about the cloud. */
export type Columns = { readonly cloud: string; readonly seen: string }

const HEAD = ['Question', "Simulator's setting", 'It assumes', 'The cloud', 'Seen']
const UNVERIFIED = 'not verified yet'
const NOT_ASKED = 'not asked'
const BLOCK = /(<!-- facts: [^>]*-->\n)([\s\S]*?)(<!-- end of facts -->)/

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ').trim()
const row = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`
const shown = (value: Value | undefined): string => (value === undefined ? '' : `\`${JSON.stringify(value).replaceAll('"', '')}\``)

/** What stands between the two comments of the document, by question. */
export function factBlock(facts: readonly Fact[], known: ReadonlyMap<string, Columns>): string {
  const rows = facts.map((fact) => ({ fact, columns: columnsOf(fact, known.get(cell(fact.question))) }))
  const decided = rows.filter(({ columns: { cloud } }) => cloud !== UNVERIFIED && cloud !== NOT_ASKED).length
  const lines = rows.map(({ fact: { question, settings }, columns: { cloud, seen } }) =>
    row([question, settings.map((path) => `\`${path}\``).join(', '), settings.map((path) => shown(assumed(path))).join(', '), cloud, seen]),
  )
  return [state(decided, facts.length), '', row(HEAD), row(HEAD.map(() => '---')), ...lines].join('\n')
}

const state = (decided: number, all: number): string =>
  decided === 0
    ? '**Nobody has asked a real account yet: every row is what the simulator assumes, not what is known.**'
    : `**${decided} of ${all} questions are decided. The other rows are what the simulator assumes, not what is known.**`

/** What no call finds out may be written in by hand; a question that is asked now, and was not, is open. */
function columnsOf({ probe }: Fact, known: Columns | undefined): Columns {
  if (known !== undefined && known.cloud !== NOT_ASKED) return known
  return typeof probe === 'string' ? { cloud: NOT_ASKED, seen: probe } : { cloud: UNVERIFIED, seen: '' }
}

/** As a run found it. */
export const columnsFrom = (found: readonly Found[]): ReadonlyMap<string, Columns> =>
  new Map(found.map((one) => [cell(one.question), foundColumns(one)]))

function foundColumns({ probe, decided, settings, values, seen }: Found): Columns {
  if (typeof probe === 'string') return { cloud: NOT_ASKED, seen: probe }
  if (!decided) return { cloud: UNVERIFIED, seen }
  if (settings.length === 0) return { cloud: seen, seen: '' }
  return { cloud: settings.map((path) => shown(values?.[path]) || '?').join(', '), seen }
}

/** As they stand in a document. */
function columnsIn(text: string): ReadonlyMap<string, Columns> {
  const rows = text.split('\n').map((line) => line.split(/(?<!\\)\|/).map((part) => part.replaceAll('\\|', '|').trim()))
  return new Map(
    rows.flatMap(([, question = '', , , cloud, seen]) => (cloud && seen !== undefined ? [[cell(question), { cloud, seen }]] : [])),
  )
}

/** The document with its table written anew; undefined where it has no place for one. */
export function renewed(document: string, facts: readonly Fact[]): string | undefined {
  if (!BLOCK.test(document)) return undefined
  return document.replace(
    BLOCK,
    (_, open: string, block: string, end: string) => `${open}\n${factBlock(facts, columnsIn(block))}\n\n${end}`,
  )
}
