// Which nodes are meant: `all`, `managers`, `workers`, or constraints in Docker's placement syntax, all of which must hold.
import type { Parsed } from './grammar.ts'
import type { Node } from './model.ts'
import { nearest } from './nearest.ts'
import { quote } from './quote.ts'

/** One condition: `node.labels.zone==a`. */
type NodeConstraint = {
  readonly field: 'id' | 'hostname' | 'role' | 'label'
  /** Name of the label. */
  readonly label: string
  readonly equal: boolean
  readonly value: string
}

/** All of them hold; none: every node. */
export type NodeChoice = readonly NodeConstraint[]
export const EVERY_NODE: NodeChoice = []

function textOf(node: Node, { field, label }: NodeConstraint): string {
  if (field === 'label') return node.labels[label] ?? ''
  return field === 'id' ? node.id : field === 'hostname' ? node.hostname : node.role
}

/** As Swarm's scheduler compares: without regard to case, and a missing label is an empty one. */
export const isChosenBy = (node: Node, choice: NodeChoice): boolean =>
  choice.every((one) => (textOf(node, one).toLowerCase() === one.value.toLowerCase()) === one.equal)

export const NODES_FORM = 'all, managers, workers, or constraints such as node.labels.zone==a, node.role!=manager, joined by comma or &&'

const LONGEST = 4096
const ROLE: Readonly<Record<string, string>> = { managers: 'manager', workers: 'worker' }
const FIELDS = { 'node.id': 'id', 'node.hostname': 'hostname', 'node.role': 'role' } as const
/** What Docker takes for the name of a label, and for a value. */
const LABEL = /^node\.labels\.([a-z_][a-z0-9._-]{0,252})$/i
const VALUE = /^[a-z0-9:\-_\s.*()?+[\]\\^$|/]{1,253}$/i

const fail = (text: string): Parsed<never> => ({ ok: false, text })

/** Quotes that were meant for a shell or for YAML. */
const unquoted = (text: string): string => (/^(["']).*\1$/s.test(text) && text.length > 1 ? text.slice(1, -1) : text).trim()

function fieldOf(name: string): Pick<NodeConstraint, 'field' | 'label'> | undefined {
  const [, label] = LABEL.exec(name) ?? []
  if (label !== undefined) return { field: 'label', label }
  const known = Object.entries(FIELDS).find(([key]) => key === name.toLowerCase())
  return known === undefined ? undefined : { field: known[1], label: '' }
}

function parseConstraint(text: string): Parsed<NodeConstraint> {
  const [, name = '', operator = '', given = ''] = /^([^=!\s]+)\s*(==|!=)\s*(.*)$/s.exec(text) ?? []
  if (operator === '') return fail(`${quote(text)} is no constraint; expected ${NODES_FORM}`)
  const field = fieldOf(name)
  if (field === undefined) {
    const better = /^node\.label/i.test(name) ? 'node.labels.<name>' : nearest(name, Object.keys(FIELDS))
    const hint = better === undefined ? '' : `; did you mean ${better}?`
    return fail(`nodes are not chosen by ${quote(name)}; expected node.id, node.hostname, node.role or node.labels.<name>${hint}`)
  }
  const value = unquoted(given)
  if (!VALUE.test(value)) return fail(`${quote(text)} has no value that Docker would take`)
  if (field.field === 'role' && !/^(manager|worker)$/i.test(value)) return fail(`${quote(value)} is no role; expected manager or worker`)
  return { ok: true, value: { ...field, equal: operator === '==', value } }
}

function parseOne(text: string): Parsed<NodeChoice> {
  const word = text.toLowerCase()
  const role = Object.hasOwn(ROLE, word) ? ROLE[word] : undefined
  if (word === 'all') return { ok: true, value: EVERY_NODE }
  if (role !== undefined) return { ok: true, value: [{ field: 'role', label: '', equal: true, value: role }] }
  const constraint = parseConstraint(text)
  return constraint.ok ? { ok: true, value: [constraint.value] } : constraint
}

const keyOf = ({ field, label, equal, value }: NodeConstraint) => `${field} ${label} ${equal} ${value.toLowerCase()}`

/** Two that no node can meet at once: `managers, workers` was meant as "or", which is not what it says. */
function contradiction(choice: NodeChoice): boolean {
  return choice.some((one) =>
    choice.some(
      (other) =>
        one.equal &&
        one.field === other.field &&
        one.label === other.label &&
        (one.value.toLowerCase() === other.value.toLowerCase()) !== other.equal,
    ),
  )
}

/** The text of `slb.nodes` and of SLB_NODES. */
export function parseNodeChoice(text: string): Parsed<NodeChoice> {
  if (text.length > LONGEST) return fail(`${quote(text)} is longer than ${LONGEST} characters`)
  const parts = text.split(/,|&&/).map((part) => unquoted(part.trim()))
  const filled = parts.filter((part) => part !== '')
  if (filled.length === 0) return fail(`no nodes; expected ${NODES_FORM}`)
  const choice = new Map<string, NodeConstraint>()
  for (const part of filled) {
    const one = parseOne(part)
    if (!one.ok) return one
    for (const constraint of one.value) choice.set(keyOf(constraint), constraint)
  }
  const all = [...choice.values()]
  if (contradiction(all)) return fail(`no node can be all of ${quote(text)}: conditions are joined by "and"`)
  return { ok: true, value: all.length === 0 ? EVERY_NODE : all }
}
