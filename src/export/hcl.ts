// Blocks of Terraform's language as text. Everything from the cloud is a quoted string: nothing in it can end it or begin a template.

/** A reference to another resource, or a literal that is no string. */
export type Expression = { readonly raw: string }
export type Value = string | number | boolean | Expression
export type Attribute = readonly [name: string, value: Value | readonly Attribute[]]

export const raw = (text: string): Expression => ({ raw: text })

const ESCAPES: Readonly<Record<string, string>> = { '"': '\\"', '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** `${` and `%{` begin templates; a control or directional character is written as its code. */
export function quoted(text: string): string {
  const escaped = text
    .replace(/["\\\n\r\t]/g, (char) => ESCAPES[char] ?? char)
    .replace(/[$%]\{/g, (start) => `${start[0]}${start}`)
    .replace(
      /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu,
      (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )
  return `"${escaped}"`
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
