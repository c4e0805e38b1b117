// Text from outside (labels, names, error messages) on its way to a terminal or a log: nothing in it may steer the terminal or
// pretend to be a line of its own.

/** What steers a terminal, ends a line, turns the direction of text, or is not seen at all; and halves of pairs. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu

/** Replaces what is not harmless in a text, one character at a time. */
export const replaceUnsafe = (text: string, by: (char: string) => string): string => text.replace(UNSAFE, by)

/** As JSON writes it: what lies beyond 16 bits is a pair. */
const escaped = (char: string) => char.replace(/./gs, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** One line of harmless text. */
export const plain = (text: string): string => replaceUnsafe(text, escaped)

/** A JSON line whose escapes a reader gets back as they were: JSON.stringify leaves all but C0 and halves of pairs as they are. */
export const escapeJson = (line: string): string => replaceUnsafe(line.trimEnd(), escaped).concat('\n')

/** Indented JSON, as safe as a line of it. */
export const prettyJson = (value: unknown): string => JSON.stringify(value, undefined, 2).split('\n').map(escapeJson).join('')

/** The same value with harmless text in it, keys too. Stack traces keep their line breaks. */
export function visible(value: unknown, key = ''): unknown {
  if (typeof value === 'string') return key === 'stack' ? value.split('\n').map(plain).join('\n') : plain(value)
  if (Array.isArray(value)) return value.map((item) => visible(item))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [plain(name), visible(inner, name)]))
}
