// What labels say beside the settings of a listener: requests, clients, nodes. Rows of the table of options.
import { ACCESS_FORM, parseAllow, parseDeny } from './access-label.ts'
import { type Parsed, parseBoolean } from './grammar.ts'
import { NODES_FORM, parseNodeChoice } from './node-choice.ts'
import { ALL, L7, type WishSpec } from './option-spec.ts'
import { quote } from './quote.ts'
import { parseRules, RULES_FORM } from './rules-label.ts'

const EVERYWHERE = ['service', 'port', 'target'] as const

function parseWeights(text: string): Parsed<'managed' | 'kept'> {
  const word = text.trim().toLowerCase()
  if (word === 'managed') return { ok: true, value: 'managed' }
  return word === 'ignore' ? { ok: true, value: 'kept' } : { ok: false, text: `${quote(text)} is neither managed nor ignore` }
}

export const WISH_ROWS = {
  rules: {
    type: 'wish',
    parse: parseRules,
    expected: RULES_FORM,
    protocols: L7,
    scopes: EVERYWHERE,
    default: 'all requests',
    help: 'only these requests of the listener are for the service; several services share one listener',
  },
  allow: {
    type: 'wish',
    parse: parseAllow,
    expected: ACCESS_FORM,
    protocols: ALL,
    scopes: EVERYWHERE,
    default: 'everybody',
    help: 'only these clients may connect',
  },
  deny: {
    type: 'wish',
    parse: parseDeny,
    expected: ACCESS_FORM,
    protocols: ALL,
    scopes: EVERYWHERE,
    default: 'nobody',
    help: 'these clients may not connect',
  },
  nodes: {
    type: 'wish',
    parse: parseNodeChoice,
    expected: NODES_FORM,
    protocols: ALL,
    scopes: ['service', 'port'],
    default: '`SLB_NODES`',
    help: 'nodes that become backends, of those that `SLB_NODES` leaves',
  },
  weights: {
    type: 'wish',
    parse: parseWeights,
    expected: 'managed or ignore',
    protocols: ALL,
    scopes: ['service', 'port'],
    default: 'managed',
    help: 'ignore: weights that people set by hand stay',
  },
  adopt: {
    type: 'wish',
    parse: parseBoolean,
    expected: 'true or false',
    protocols: ALL,
    scopes: ['port', 'target'],
    default: 'false',
    help: 'takes over a listener on that port that was made by hand',
  },
} as const satisfies Record<string, WishSpec>
