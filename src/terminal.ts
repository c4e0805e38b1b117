// Text from outside (labels, names, error messages) on its way to a terminal or a log: nothing in it may steer the terminal or
// pretend to be a line of its own.

/** Control characters, line separators, and those that turn the direction of text. */
const UNSAFE = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

const escaped = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`

/** One line of harmless text. */
export const plain = (text: string): string => text.replace(UNSAFE, escaped)

/** A JSON line whose escapes a reader gets back as they were: JSON.stringify leaves DEL, C1 and directional characters as they are. */
export const escapeJson = (line: string): string => line.trimEnd().replace(UNSAFE, escaped).concat('\n')

/** Indented JSON, as safe as a line of it. */
export const prettyJson = (value: unknown): string => JSON.stringify(value, undefined, 2).split('\n').map(escapeJson).join('')

/** The same value with harmless text in it, keys too. Stack traces keep their line breaks. */
export function visible(value: unknown, key = ''): unknown {
  if (typeof value === 'string') return key === 'stack' ? value.split('\n').map(plain).join('\n') : plain(value)
  if (Array.isArray(value)) return value.map((item) => visible(item))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [plain(name), visible(inner, name)]))
}
