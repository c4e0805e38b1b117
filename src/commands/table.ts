// Text tables that fit the terminal: the widest column that may be cut gives way first, and what does not fit ends with an ellipsis.
import { plain } from '../terminal.ts'

export type Column = {
  readonly title: string
  /** Cut only when nothing else is left to cut: addresses and states. */
  readonly firm?: true
  /** A text of any length. Where the table is too wide with it, it goes below its row, wrapped. */
  readonly note?: true
}

/** Columns are cut to this width first, then to FLOOR. */
const LEAST = 10
const FLOOR = 4
const GAP = 2
const INDENT = '    '

/** East Asian wide and fullwidth characters take two columns. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}/u

const widthOf = (text: string): number => [...text].reduce((sum, char) => sum + (WIDE.test(char) ? 2 : 1), 0)

/** Lines without trailing spaces. Columns that are empty in every row are left out. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[], width: number): readonly string[] {
  const used = columns.map((_, i) => i).filter((i) => rows.some((row) => row[i] !== undefined && row[i] !== ''))
  const all = layout(columns, rows, used)
  const notes = used.filter((i) => columns[i]?.note)
  if (all.total <= width || notes.length === 0) return draw(all, width)
  const [head = '', ...lines] = draw(
    layout(
      columns,
      rows,
      used.filter((i) => !columns[i]?.note),
    ),
    width,
  )
  const below = (row: readonly string[] | undefined) => notes.flatMap((i) => wrap(plain(row?.[i] ?? ''), width))
  return [head, ...lines.flatMap((line, i) => [line, ...below(rows[i])])]
}

type Layout = {
  readonly cells: readonly (readonly string[])[]
  readonly firm: readonly boolean[]
  readonly widths: readonly number[]
  readonly total: number
}

function layout(columns: readonly Column[], rows: readonly (readonly string[])[], used: readonly number[]): Layout {
  const cells = [columns.map(({ title }) => title), ...rows].map((row) => used.map((i) => plain(row[i] ?? '')))
  const widths = used.map((_, i) => Math.max(...cells.map((row) => widthOf(row[i] ?? ''))))
  return { cells, widths, firm: used.map((i) => columns[i]?.firm === true), total: sum(widths) }
}

const sum = (widths: readonly number[]) => widths.reduce((total, some) => total + some + GAP, -GAP)

function draw({ cells, firm, widths }: Layout, width: number): readonly string[] {
  const narrow = [...widths]
  const widest = (floor: number, mayCut: (i: number) => boolean) =>
    narrow.reduce((best, some, i) => (some > floor && mayCut(i) && some > (narrow[best] ?? 0) ? i : best), -1)
  while (sum(narrow) > width) {
    const soft = widest(LEAST, (i) => firm[i] === false)
    const cut = soft >= 0 ? soft : widest(FLOOR, () => true)
    if (cut < 0) break
    narrow[cut] = (narrow[cut] ?? 0) - 1
  }
  return cells.map((row) =>
    row
      .map((cell, i) => pad(cell, narrow[i] ?? 0))
      .join(' '.repeat(GAP))
      .trimEnd(),
  )
}

function pad(text: string, width: number): string {
  if (widthOf(text) <= width) return text + ' '.repeat(width - widthOf(text))
  let kept = ''
  for (const char of text) {
    if (widthOf(kept + char) > width - 1) break
    kept += char
  }
  return pad(`${kept}…`, width)
}

/** Indented lines, broken between words where there are any. */
function wrap(text: string, width: number): readonly string[] {
  const room = Math.max(FLOOR, width - INDENT.length)
  const lines: string[] = []
  for (const word of text.split(' ').filter((some) => some !== '')) {
    const last = lines.at(-1)
    if (last !== undefined && widthOf(last) + 1 + widthOf(word) <= room) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(...pieces(word, room))
  }
  return lines.map((line) => INDENT + line)
}

function pieces(word: string, room: number): readonly string[] {
  const found: string[] = ['']
  for (const char of word) {
    const last = found.at(-1) ?? ''
    if (widthOf(last + char) <= room) found[found.length - 1] = last + char
    else found.push(char)
  }
  return found
}
