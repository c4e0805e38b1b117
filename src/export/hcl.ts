// Blocks of Terraform's language as text. Everything from the cloud is a quoted string: nothing in it can end it or begin a template.
import { replaceUnsafe } from '../terminal.ts'

/** A reference to another resource, or a literal that is no string. */
export type Expression = { readonly raw: string }
export type Value = string | number | boolean | Expression
export type Attribute = readonly [name: string, value: Value | readonly Attribute[]]

export const raw = (text: string): Expression => ({ raw: text })

const ESCAPES: Readonly<Record<string, string>> = { '"': '\\"', '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** Beyond 16 bits it takes eight digits. */
function codeOf(char: string): string {
  const code = (char.codePointAt(0) ?? 0).toString(16)
  return code.length > 4 ? `\\U${code.padStart(8, '0')}` : `\\u${code.padStart(4, '0')}`
}

/** `${` and `%{` begin templates; what steers a terminal or cannot be seen is written as its code. */
export function quoted(text: string): string {
  const whole = text.replace(/["\\\n\r\t]/g, (char) => ESCAPES[char] ?? char).replace(/[$%]\{/g, (start) => `${start[0]}${start}`)
  return `"${replaceUnsafe(whole, codeOf)}"`
}

const valueText = (value: Value) => (typeof value === 'string' ? quoted(value) : typeof value === 'object' ? value.raw : String(value))

function lines(attributes: readonly Attribute[], indent: string): string[] {
  const isNested = (value: Attribute[1]): value is readonly Attribute[] => Array.isArray(value)
  const width = Math.max(0, ...attributes.filter(([, value]) => !isNested(value)).map(([name]) => name.length))
  return attributes.flatMap(([name, value]) =>
    isNested(value)
      ? [`${indent}${name} {`, ...lines(value, `${indent}  `), `${indent}}`]
      : [`${indent}${name.padEnd(width)} = ${valueText(value)}`],
  )
}

/** A resource with the import block that says which one it is. */
export function resource(
  type: string,
  name: string,
  id: string,
  attributes: readonly Attribute[],
  comments: readonly string[] = [],
): string {
  return [
    ...comments.map((text) => `# ${text}`),
    'import {',
    ...lines(
      [
        ['to', raw(`${type}.${name}`)],
        ['id', id],
      ],
      '  ',
    ),
    '}',
    '',
    `resource "${type}" "${name}" {`,
    ...lines(attributes, '  '),
    '}',
    '',
  ].join('\n')
}

/** Names of resources: letters, digits and `_`, each once. */
export function createNames(): (wish: string) => string {
  const taken = new Set<string>()
  return (wish) => {
    const base = wish
      .toLowerCase()
      .replace(/[^a-z0-9_]+/g, '_')
      .replace(/^(?![a-z])/, 'n_')
      .slice(0, 60)
    let name = base
    for (let i = 2; taken.has(name); i += 1) name = `${base}_${i}`
    taken.add(name)
    return name
  }
}
