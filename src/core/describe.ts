// Each change as one plain English line: the same in log, plan, status and tests. Same change, same line: lists are sorted, long ones cut.
import {
  type Change,
  type ChangeOf,
  DEFAULT_GROUP,
  type GroupRef,
  type ListenerKey,
  type Member,
  type Protocol,
  type RuleWish,
  type Target,
} from './model.ts'
import { OPTION_NAMES, type Settings } from './options.ts'
import { plain, quote } from './quote.ts'

/** What people call the things that changes name by opaque ids: instance id -> node name. */
export type Names = ReadonlyMap<string, string>

const SHOWN = 6
const CUT = 3

function list(texts: readonly string[]): string {
  const sorted = [...texts].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }))
  return sorted.length <= SHOWN ? sorted.join(', ') : `${CUT} of ${sorted.length} (${sorted.slice(0, CUT).join(', ')} …)`
}

const serverName = (server: string, names: Names): string => {
  const name = names.get(server)
  return name === undefined ? plain(server) : `${plain(name)} (${plain(server)})`
}

const memberName = ({ server, port }: Member, names: Names): string => `${serverName(server, names)}${port === undefined ? '' : `:${port}`}`

const groupName = (ref: GroupRef, name: string): string => (ref === DEFAULT_GROUP ? 'default group' : `group ${plain(name)}`)

const listener = (protocol: Protocol, port: number | string): string => `listener ${protocol}:${port}`

const keyed = (protocol: Protocol, key: ListenerKey): string => listener(protocol, key.slice(key.indexOf(':') + 1))

const targetName = (target: Target | undefined): string =>
  target === undefined ? 'a redirect' : target.kind === 'default' ? `default group on port ${target.port}` : `group ${plain(target.group)}`

/** Grouped by what is said about them, in order of first appearance. */
function bySaying(members: readonly Member[], say: (member: Member) => string, names: Names): ReadonlyMap<string, string> {
  const groups = new Map<string, string[]>()
  for (const member of members) groups.set(say(member), [...(groups.get(say(member)) ?? []), memberName(member, names)])
  return new Map([...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([saying, texts]) => [saying, list(texts)]))
}

/** The usual weight goes without saying. */
function weighed(members: readonly Member[], names: Names): string {
  if (members.length === 0) return 'no backends'
  const groups = bySaying(members, ({ weight }) => (weight === 100 ? '' : ` (weight ${weight})`), names)
  return [...groups].map(([saying, texts]) => `${texts}${saying}`).join(', ')
}

function setWeights({ group, name, members, was }: ChangeOf<'setWeights'>, names: Names): string {
  const before = new Map(was.map((member) => [`${member.server} ${member.port}`, member]))
  const say = (member: Member): string => {
    const old = before.get(`${member.server} ${member.port}`)
    if (old === undefined) return `to ${member.weight}`
    if (old.weight !== member.weight) return `to ${member.weight} (was ${old.weight})`
    return `note to ${quote(member.note)} (was ${quote(old.note)})`
  }
  const parts = [...bySaying(members, say, names)].map(([saying, texts]) => {
    return saying.startsWith('note ') ? `set note of ${texts} ${saying.slice('note '.length)}` : `set weight of ${texts} ${saying}`
  })
  return `${parts.join(', ')} in ${groupName(group, name)}`
}

const value = (settings: Settings, option: keyof Settings): string => {
  const set = settings[option]
  return set === undefined ? 'unset' : set === '' ? 'none' : plain(String(set))
}

function updates({ set, was, note, target, wasTarget }: ChangeOf<'updateListener'>): string {
  const parts = OPTION_NAMES.filter((option) => set[option] !== undefined).map(
    (option) => `${option} ${value(was, option)} -> ${value(set, option)}`,
  )
  if (target !== undefined) parts.push(`target ${wasTarget === undefined ? 'unknown' : targetName(wasTarget)} -> ${targetName(target)}`)
  if (note !== undefined) parts.push(`note -> ${plain(note)}`)
  return parts.join(', ')
}

const noted = (note: string | undefined): string => (note === undefined ? '' : `, note -> ${plain(note)}`)

const replaced = ({ was, listener: { protocol, port, target } }: ChangeOf<'replaceListener'>): string =>
  `replace ${listener(was, port)} by ${protocol}:${port} -> ${targetName(target)}`

const counted = (things: readonly unknown[], word: string): string => `${things.length} ${word}${things.length === 1 ? '' : 's'}`

/** `shop.example.com/api`; the path alone where any host is meant. */
const ruleName = ({ domain, url }: RuleWish): string =>
  domain.startsWith('*.') ? `*${plain(`${domain.slice(1)}${url}`)}` : plain(`${domain}${url}`)

function ruleUpdates({ rule, settings, group }: ChangeOf<'updateRule'>): string {
  const before: Settings = rule.settings ?? {}
  const own = OPTION_NAMES.filter((option) => settings?.[option] !== undefined && settings[option] !== before[option]).map(
    (option) => `${option} ${value(before, option)} -> ${value(settings ?? {}, option)}`,
  )
  const inherits = settings === undefined && rule.settings !== undefined ? ['settings -> those of the listener'] : []
  return [...own, ...inherits, ...(group === undefined ? [] : [`group ${plain(rule.group)} -> ${plain(group)}`])].join(', ')
}

/** One line, without the load balancer's name. */
export function describeChange(change: Change, names: Names = new Map()): string {
  switch (change.kind) {
    case 'untagLoadBalancer':
      return `take the tag ${change.keys.map(plain).join(', ')} off the load balancer`
    case 'tagLoadBalancer':
      return `tag load balancer ${list(Object.entries(change.tags).map(([key, text]) => `${plain(key)}=${plain(text)}`))}`
    case 'createGroup':
      return `create group ${plain(change.name)} with ${weighed(change.members, names)}`
    case 'addBackends':
      return `add ${weighed(change.members, names)} to ${groupName(change.group, change.name)}`
    case 'setWeights':
      return setWeights(change, names)
    case 'removeBackends':
      return `remove ${list(change.members.map((member) => memberName(member, names)))} from ${groupName(change.group, change.name)}`
    case 'deleteGroup':
      return `delete group ${plain(change.name)}`
    case 'renameGroup':
      return `rename group ${plain(change.was)} to ${plain(change.name)}`
    case 'createListener':
      return `create ${listener(change.listener.protocol, change.listener.port)} -> ${targetName(change.listener.target)}`
    case 'updateListener':
      return `update ${keyed(change.protocol, change.key)}: ${updates(change)}`
    case 'startListener':
    case 'stopListener':
      return `${change.kind === 'startListener' ? 'start' : 'stop'} ${keyed(change.protocol, change.key)}${noted(change.note)}`
    case 'deleteListener':
      return `delete ${keyed(change.protocol, change.key)}`
    case 'replaceListener':
      return replaced(change)
    case 'createRules':
      return `create ${counted(change.rules, 'rule')} on ${keyed(change.protocol, change.key)}: ${list(change.rules.map((rule) => `${ruleName(rule)} -> group ${plain(rule.group)}`))}`
    case 'updateRule':
      return `update rule ${ruleName(change.rule)} on ${keyed(change.protocol, change.key)}: ${ruleUpdates(change)}`
    case 'deleteRules':
      return `delete ${counted(change.rules, 'rule')} on ${keyed(change.protocol, change.key)}: ${list(change.rules.map(ruleName))}`
    case 'createExtension':
      return `add certificate ${plain(change.certificate)} for ${plain(change.domain)} to ${keyed('https', change.key)}`
    case 'updateExtension':
      return `set certificate for ${plain(change.extension.domain)} on ${keyed('https', change.key)} ${plain(change.extension.certificate)} -> ${plain(change.certificate)}`
    case 'deleteExtension':
      return `remove certificate ${plain(change.extension.certificate)} for ${plain(change.extension.domain)} from ${keyed('https', change.key)}`
  }
}
