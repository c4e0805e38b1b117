// What becomes of a group of ours that nothing wants: followed while something leads to it, removed after the last that did.
import { closeChain, deleteChain, listenerChain, TAG_CHAIN } from './chains.ts'
import type { Decided } from './decided.ts'
import type { DiffInput } from './diff-input.ts'
import { parseMark } from './marks.ts'
import { isOurs, isZeroNote } from './members.ts'
import type { Chain, Group, ListenerKey, LoadBalancer } from './model.ts'
import { isTaken } from './taken.ts'

/** leave: not even nodes are followed. close: it leads to a stranger. */
export type Fate =
  | { readonly kind: 'follow' | 'leave' }
  | { readonly kind: 'close'; readonly chain: Chain | undefined }
  | { readonly kind: 'remove'; readonly after: readonly string[] }

type Users = ReadonlyMap<ListenerKey, Decided>

const rulesTo = (group: Pick<Group, 'ref'>, { listeners }: LoadBalancer) =>
  listeners.flatMap(({ key, rules }) => rules.filter((rule) => rule.group === group.ref).map(({ ref }) => ({ key, ref })))

/** Listeners that watch its members, for themselves or for a rule. */
export const watchersOf = (group: Pick<Group, 'ref' | 'listeners'>, lb: LoadBalancer): readonly ListenerKey[] => [
  ...new Set([...group.listeners, ...rulesTo(group, lb).map(({ key }) => key)]),
]

/** Members of a group that rules lead to, on a port that is another settled service's now: at 0 at once, with our sign. */
function closing(group: Group, input: DiffInput): Fate | undefined {
  const mark = parseMark(group.name)
  if (mark === undefined || group.rules === 0) return undefined
  const taken = group.members.filter(
    ({ server, port, note }) => port !== undefined && isOurs(note, input.rules.note) && isTaken(input, mark, port, server),
  )
  const was = taken.filter(({ weight }) => weight > 0)
  const members = was.map((member) => ({ ...member, weight: 0, note: isZeroNote(member.note) ? member.note : `${member.note}/0` }))
  if (taken.length === 0) return undefined
  if (members.length === 0) return { kind: 'close', chain: undefined }
  const change = { kind: 'setWeights', group: group.ref, name: group.name, members, was } as const
  return { kind: 'close', chain: { id: closeChain(group.name), service: mark.service, after: [TAG_CHAIN], changes: [change] } }
}

/** Of a group of ours that no listener or rule wants. */
export function fateOf(group: Group, users: Users, input: DiffInput): Fate {
  const listeners = group.listeners.map((key) => ({ key, user: users.get(key) }))
  const rules = rulesTo(group, input.lb).map(({ key, ref }) => ({ ref, user: users.get(key) }))
  const isLeft = rules.length >= group.rules && rules.every(({ ref, user }) => user?.rules.goes.has(ref) === true)
  const isDone = listeners.every(({ key, user }) => user?.step.leaves === true && !input.held.has(key))
  const close = closing(group, input)
  if (isLeft && isDone) {
    const chains = [
      ...listeners.map(({ key, user }) => (user?.decision.kind === 'delete' ? deleteChain(key) : listenerChain(key))),
      ...rules.flatMap(({ ref, user }) => user?.rules.goes.get(ref) ?? []),
    ]
    return { kind: 'remove', after: [...new Set(chains)] }
  }
  if (close !== undefined) return close
  const isFrozen =
    listeners.some(({ user }) => user?.decision.kind === 'keep' && user.decision.keep.reason === 'freeze') ||
    rules.some(({ ref, user }) => user?.rules.frozen.has(ref) === true)
  return { kind: isFrozen ? 'leave' : 'follow' }
}
