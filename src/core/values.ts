// Values of options: from label text to canonical form, checked against the table before any call.
import type { Parsed } from './grammar.ts'
import type { Protocol } from './model.ts'
import { isOption, type LabelName, type OptionName, type OptionSpec, specOf, wishOf } from './options.ts'
import { quote } from './quote.ts'

const orList = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words[words.length - 1]}`

function enumValues(spec: OptionSpec & { readonly type: 'enum' }, protocol: Protocol | undefined): readonly string[] {
  return (protocol === undefined ? undefined : spec.byProtocol?.[protocol]) ?? spec.values
}

/** What a value of this option looks like, for messages and for the documentation. */
export function expectedValue(name: LabelName, protocol?: Protocol): string {
  if (!isOption(name)) return wishOf(name).expected
  const spec = specOf(name)
  if (spec.type === 'text' || spec.type === 'form') return spec.expected
  if (spec.type === 'set') return `one or more of ${spec.values.join(', ')}, comma separated`
  if (spec.type === 'enum') return orList(enumValues(spec, protocol))
  const also = spec.also === undefined ? '' : `, or ${spec.also.join(', ')}`
  return `a whole number from ${spec.min} to ${spec.max}${also}`
}

/** YAML 1.1 reads a bare `on` as true: both words mean the same here. */
function onOff(values: readonly string[], word: string): string {
  if (!values.includes('on')) return word
  return word === 'true' ? 'on' : word === 'false' ? 'off' : word
}

function readInt(spec: OptionSpec & { readonly type: 'int' }, text: string): number | undefined {
  if (!/^-?\d{1,9}$/.test(text)) return undefined
  const value = Number(text)
  return (value >= spec.min && value <= spec.max) || spec.also?.includes(value) ? value : undefined
}

/** Canonical: each value once, in the order of the table. */
function readSet(spec: OptionSpec & { readonly type: 'set' }, text: string): string | undefined {
  const words = new Set(
    text
      .toLowerCase()
      .split(',')
      .map((word) => word.trim()),
  )
  return [...words].every((word) => spec.values.includes(word)) ? spec.values.filter((value) => words.has(value)).join(',') : undefined
}

type Simple = Exclude<OptionSpec, { readonly type: 'form' }>

function read(spec: Simple, protocol: Protocol | undefined, text: string): string | number | undefined {
  if (spec.type === 'int') return readInt(spec, text)
  if (spec.type === 'set') return readSet(spec, text)
  if (spec.type === 'text') {
    const { pattern, means = {} } = spec
    const meant = Object.hasOwn(means, text) ? means[text] : undefined
    return pattern.test(text) ? (meant ?? text) : undefined
  }
  const values = enumValues(spec, protocol)
  const word = onOff(values, text.toLowerCase())
  return values.includes(word) ? word : undefined
}

/** Without a protocol: whether any protocol would take it. */
export function parseValue(option: OptionName, protocol: Protocol | undefined, text: string): Parsed<string | number> {
  const spec = specOf(option)
  if (spec.type === 'form') return spec.parse(text.trim())
  const value = read(spec, protocol, text.trim())
  if (value !== undefined) return { ok: true, value }
  const where = protocol === undefined ? '' : ` for ${protocol}`
  return { ok: false, text: `${quote(text)} is not a value${where}; expected ${expectedValue(option, protocol)}` }
}

/** Whether this could be the value of the option or wish for any listener. */
export const parseLabelValue = (name: LabelName, text: string): Parsed<unknown> =>
  isOption(name) ? parseValue(name, undefined, text) : wishOf(name).parse(text)
