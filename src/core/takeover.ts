// Plans how one load balancer goes over to this swarm from an owner before it: the same owner under another cluster id, or another owner.
// Everything is changed in place, so that nothing is interrupted, and each step may be the last one: the rest is planned anew.
import { isMarked } from './life.ts'
import { formatBackendNote, formatMark, type Mark, markService, ownerTag, parseBackendNote, parseMark } from './marks.ts'
import {
  type ActualListener,
  type Chain,
  type Change,
  DEFAULT_GROUP,
  type Group,
  type LoadBalancer,
  type Member,
  type Plan,
} from './model.ts'
import { standingOf, TAKEN_TAG, takenValue, UNKNOWN } from './usable.ts'

export type TakeoverRules = {
  readonly from: string
  /** Ours. */
  readonly owner: string
  readonly clusterId: string
  /** Services of this swarm: a name that was cut for the mark of one owner is cut differently for another. */
  readonly services: readonly string[]
}

export type Takeover =
  | { readonly status: 'nothing'; readonly text: string }
  | { readonly status: 'refused'; readonly text: string }
  | { readonly status: 'plan'; readonly plan: Plan; readonly text: string }

const TAG = 'tag'

/** The same mark with our name in it. */
function renamed(mark: Mark, { from, owner, services }: TakeoverRules): string {
  const service = services.find((name) => markService(name, from) === mark.service) ?? mark.service
  return formatMark({ ...mark, owner, service })
}

function renoted(members: readonly Member[], { from, owner }: TakeoverRules): readonly Member[] {
  return members.flatMap((member) => {
    const note = parseBackendNote(member.note)
    return note?.owner === from ? [{ ...member, note: formatBackendNote(owner, note.zero) }] : []
  })
}

function memberChanges(ref: string, name: string, members: readonly Member[], rules: TakeoverRules): readonly Change[] {
  const changed = renoted(members, rules)
  if (changed.length === 0) return []
  const was = changed.map((one) => members.find(({ server, port }) => server === one.server && port === one.port) ?? one)
  return [{ kind: 'setWeights', group: ref, name, members: changed, was }]
}

const chain = (id: string, after: readonly string[], changes: readonly Change[]): Chain => ({ id, service: undefined, after, changes })
const groupChain = (ref: string) => `group ${ref}`

function groupChains(groups: readonly Group[], rules: TakeoverRules): readonly Chain[] {
  return groups.map(({ ref, name, members }) => {
    const mark = parseMark(name)
    const own = mark?.owner === rules.from ? renamed(mark, rules) : name
    const rename: readonly Change[] = own === name ? [] : [{ kind: 'renameGroup', group: ref, name: own, was: name }]
    return chain(groupChain(ref), [TAG], [...rename, ...memberChanges(ref, own, members, rules)])
  })
}

function listenerChain({ key, protocol, note, settings, target }: ActualListener, rules: TakeoverRules): Chain {
  const mark = parseMark(note)
  const own = mark?.owner === rules.from ? renamed(mark, rules) : note
  const changes: readonly Change[] = own === note ? [] : [{ kind: 'updateListener', key, protocol, set: {}, was: {}, settings, note: own }]
  // While a listener of ours uses a group of somebody else's, a running daemon would make it one of its own.
  return chain(`listener ${key}`, [TAG, ...(target?.kind === 'group' ? [groupChain(target.group)] : [])], changes)
}

/** What is to be counted as ours from now on. */
function countOf({ listeners, groups, members }: LoadBalancer, from: string): string {
  const ours = (note: string) => parseMark(note)?.owner === from
  const backends = [members, ...groups.map((group) => group.members)].flat().filter(({ note }) => parseBackendNote(note)?.owner === from)
  const count = (number: number, word: string) => `${number} ${word}${number === 1 ? '' : 's'}`
  return [
    count(listeners.filter(({ note }) => ours(note)).length, 'listener'),
    count(groups.filter(({ name }) => ours(name)).length, 'group'),
    count(backends.length, 'backend'),
  ].join(', ')
}

/** The tags that come first: ours, and whom we took it from, so that nothing is deleted without approval. */
function firstTag(lb: LoadBalancer, { from, owner, clusterId }: TakeoverRules): Chain {
  const before = lb.tags[ownerTag(from)]
  const taken = before === clusterId || lb.tags[TAKEN_TAG] !== undefined ? {} : { [TAKEN_TAG]: takenValue(from, before ?? UNKNOWN) }
  return chain(TAG, [], [{ kind: 'tagLoadBalancer', tags: { ...taken, [ownerTag(owner)]: clusterId } }])
}

export function planTakeover(lb: LoadBalancer, rules: TakeoverRules): Takeover {
  const { from, owner, clusterId } = rules
  const own = lb.tags[ownerTag(owner)]
  const before = lb.tags[ownerTag(from)]
  const standing = standingOf(lb, owner, clusterId)
  if (standing.status === 'unusable') return { status: 'refused', text: standing.text }
  if (from === owner) {
    if (own === clusterId) return { status: 'nothing', text: 'is already one of this swarm' }
    if (own === undefined && !isMarked(lb, owner)) return { status: 'nothing', text: `nothing here is marked by ${owner}` }
    const text = `${countOf(lb, from)} of ${own === undefined ? 'an unknown cluster' : `cluster ${own}`} count as ours`
    return { status: 'plan', plan: [firstTag({ ...lb, tags: without(lb.tags, TAKEN_TAG) }, rules)], text }
  }
  if (before === undefined && !isMarked(lb, from)) return { status: 'nothing', text: `nothing here is marked by ${from}` }
  if (own !== undefined && own !== clusterId) return { status: 'refused', text: `${standingText(standing)}: that comes first` }
  const chains = [
    ...groupChains(lb.groups, rules),
    chain('default group', [TAG], memberChanges(DEFAULT_GROUP, 'default group', lb.members, rules)),
    ...lb.listeners.map((listener) => listenerChain(listener, rules)),
  ].filter(({ changes }) => changes.length > 0)
  // Last, and only when all else is done: until then the command can be run again.
  const untag = chain('untag', [TAG, ...chains.map(({ id }) => id)], [{ kind: 'untagLoadBalancer', keys: [ownerTag(from)] }])
  const plan = [firstTag(lb, rules), ...chains, ...(before === undefined ? [] : [untag])]
  return { status: 'plan', plan, text: `${countOf(lb, from)} of ${from} (cluster ${before ?? 'not known'}) get our mark` }
}

const standingText = (standing: ReturnType<typeof standingOf>) => ('text' in standing ? standing.text : '')

const without = (tags: LoadBalancer['tags'], key: string) => Object.fromEntries(Object.entries(tags).filter(([name]) => name !== key))
