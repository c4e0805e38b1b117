// The labels that would give one service port what it has on a load balancer. Labels of one port are for all its listeners on that load
// balancer together, so what differs between two of them cannot all be said.
import { parseMark } from '../core/marks.ts'
import { labelText } from '../core/minimal.ts'
import { knows, OPTION_NAMES, type OptionName } from '../core/options.ts'
import { plain } from '../core/quote.ts'
import { ruleKey } from '../core/rules-label.ts'
import { listenerName, type Part, type Use } from './parts.ts'

export type Labelled = { readonly labels: ReadonlyMap<string, string>; readonly notes: readonly string[] }

const isRedirect = ({ given }: Use) => given['forward-port'] !== undefined

/** A port with all of a listener needs no rules on it beside that, and cannot have them. */
function withoutOwnRules(uses: readonly Use[]): { readonly uses: readonly Use[]; readonly notes: readonly string[] } {
  const whole = new Set(uses.filter(({ rules }) => rules.length === 0).map(({ listener }) => listener.key))
  const [kept, left] = [uses.filter(({ listener, rules }) => rules.length === 0 || !whole.has(listener.key)), new Set<string>()]
  for (const { listener, rules } of uses.filter((use) => !kept.includes(use)))
    for (const rule of rules) left.add(`${plain(ruleKey(rule))} on ${listenerName(listener)}`)
  const text = `rules that lead to the service that has the listener anyway are left out: ${[...left].join(', ')}`
  return { uses: kept, notes: left.size === 0 ? [] : [text] }
}

/** The value that a listener has, where one label is for several of them. */
function optionLabel(option: OptionName, uses: readonly Use[]): { readonly text: string | undefined; readonly notes: readonly string[] } {
  const takers = uses.filter((use) => knows(option, use.listener.protocol) && (!isRedirect(use) || option === 'forward-port'))
  const asked = takers.filter(({ given }) => given[option] !== undefined)
  const [first] = asked
  const value = first?.given[option]
  if (first === undefined || value === undefined) return { text: undefined, notes: [] }
  // Beside rules a listener's own default is nobody's: only what is really there can differ.
  const others = takers.filter(({ settings }) => settings[option] !== undefined && settings[option] !== value)
  const notes = others.map(
    ({ listener, settings }) =>
      `${listenerName(listener)} has ${option} ${plain(String(settings[option]))}, but labels of one port are for all its listeners`,
  )
  return { text: labelText(option, first.listener.protocol, value), notes }
}

function rulesLabel(uses: readonly Use[]): { readonly text: string | undefined; readonly notes: readonly string[] } {
  const texts = uses.filter((use) => !isRedirect(use)).map(({ rules }) => rules.map(ruleKey).toSorted().join('; '))
  const [first = '', ...others] = texts.toSorted((a, b) => b.length - a.length)
  if (first === '') return { text: undefined, notes: [] }
  const notes = others.every((text) => text === first)
    ? []
    : ['its listeners have different rules, but labels of one port are for all of them']
  return { text: first, notes }
}

/** @param ref what labels call the load balancer */
export function labelsOf(part: Part, ref: string, bothTransports: boolean): Labelled {
  const { uses, notes } = withoutOwnRules(part.uses)
  const key = `slb.port.${part.port}${bothTransports ? `/${part.transport}` : ''}`
  const targets = uses.map(({ listener }) => `${listener.protocol}://${ref}:${listener.port}`)
  const labels = new Map([[key, targets.join(';')]])
  const said = [...notes]
  const put = (name: string, label: { readonly text: string | undefined; readonly notes: readonly string[] }) => {
    if (label.text !== undefined) labels.set(`${key}.${name}`, label.text)
    said.push(...label.notes)
  }
  put('rules', rulesLabel(uses))
  for (const option of OPTION_NAMES) put(option, optionLabel(option, uses))
  const byHand = uses.filter((use) => parseMark(use.listener.note) === undefined && !isRedirect(use))
  if (byHand.some(({ rules }) => rules.length === 0)) labels.set(`${key}.adopt`, 'true')
  for (const { listener } of byHand.filter((use) => use.rules.length > 0))
    said.push(`rules made by hand on ${listenerName(listener)} cannot be adopted: once deleted by hand they are made anew`)
  return { labels, notes: [...part.notes, ...new Set(said)] }
}
