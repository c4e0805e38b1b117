// The chains that keep server groups: members of own groups and of the default group, and groups that nothing uses any more.

import { DEFAULT_CHAIN, groupChain, TAG_CHAIN } from './chains.ts'
import { type Chosen, selectBackends } from './chosen.ts'
import type { Decided } from './decided.ts'
import type { DiffInput } from './diff-input.ts'
import { followingIn } from './following.ts'
import { diffGroup, type GroupDiff } from './group-diff.ts'
import { fateOf, watchersOf } from './group-users.ts'
import type { Health } from './health.ts'
import type { Lingering } from './lowering.ts'
import { parseMark } from './marks.ts'
import { type GroupInput, type MemberRules, memberKey } from './members.ts'
import {
  type Chain,
  type Change,
  DEFAULT_GROUP,
  type Group,
  type GroupRef,
  type ListenerKey,
  type LoadBalancer,
  type Member,
} from './model.ts'
import type { Backends } from './nodes.ts'
import { isTaken } from './taken.ts'
import { type GroupWish, isOwnGroup } from './targets.ts'

export type GroupContext = {
  readonly lb: LoadBalancer
  readonly backends: Backends
  readonly rules: MemberRules
  /** By group and member: first time it was seen at weight 0 while it belongs to no node. */
  readonly zeroSince: ReadonlyMap<string, number>
  readonly health: Health | undefined
  readonly now: number
}

export type GroupPlan = {
  readonly chain: Chain | undefined
  readonly respected: readonly string[]
  readonly stays: readonly Lingering[]
  readonly needsHealth: boolean
  readonly recheckAt: number | undefined
}

const QUIET: Omit<GroupPlan, 'chain'> = { respected: [], stays: [], needsHealth: false, recheckAt: undefined }

const serviceOf = (name: string) => parseMark(name)?.service

const chainOf = (id: string, changes: readonly Change[], service?: string): Chain | undefined =>
  changes.length === 0 ? undefined : { id, service, after: [TAG_CHAIN], changes }

function memberChanges(diff: GroupDiff, group: string, name: string): Change[] {
  const changes: Change[] = []
  if (diff.add.length > 0) changes.push({ kind: 'addBackends', group, name, members: diff.add })
  if (diff.set.length > 0) changes.push({ kind: 'setWeights', group, name, members: diff.set, was: diff.was })
  if (diff.remove.length > 0) changes.push({ kind: 'removeBackends', group, name, members: diff.remove })
  return changes
}

function planOf(diff: GroupDiff, id: string, group: string, name: string, service?: string): GroupPlan {
  const chain = chainOf(id, memberChanges(diff, group, name), service)
  return { ...diff, chain }
}

/** The members that a new group is created with: every node that may be a backend, on each of its ports. */
function initialMembers(wish: GroupWish, context: GroupContext, input: DiffInput): Member[] {
  const old = [...wish.leaving].flatMap(([port, how]) => (how === 'whenHealthy' ? [port] : []))
  const chosen = selectBackends(context.backends, wish.selection)
  const empty = { ref: wish.name, name: wish.name, members: [], listeners: [] }
  const own = ownInput(empty, chosen, context, input)
  return [...diffGroup({ ...own, ports: [...wish.ports, ...old] }, context.rules, context.now).add]
}

function groupInput(
  context: GroupContext,
  group: GroupRef,
  members: readonly Member[],
  ports: readonly (number | undefined)[],
  listeners: readonly ListenerKey[],
  backends: Chosen,
): GroupInput {
  const { zeroSince, now } = context
  return {
    kind: 'own',
    members,
    ports,
    leaving: new Map(),
    backends,
    isTaken: () => false,
    isStrangers: () => false,
    zeroSince: (member: Member) => zeroSince.get(zeroKey(group, member)) ?? now,
    health: context.health?.of(listeners, context.lb),
    addNodes: true,
  }
}

/** A group that follows the ports that its members have. */
function ownInput(
  { ref, name, members, listeners }: Pick<Group, 'ref' | 'name' | 'members' | 'listeners'>,
  chosen: Chosen,
  context: GroupContext,
  input: DiffInput,
): GroupInput {
  const ports = [...new Set(members.map((member) => member.port))]
  const mark = parseMark(name)
  // Ports that every node has are left as a whole; a port in host mode may be this service's on one node and another's on the next.
  const isStrangers = ({ server, port }: Member) => mark !== undefined && port !== undefined && isTaken(input, mark, port, server)
  const own = { ...groupInput(context, ref, members, ports, watchersOf({ ref, listeners }, input.lb), chosen), isStrangers }
  return chosen.places === undefined ? own : { ...own, isTaken: isStrangers }
}

/** A group that a wanted listener uses: created, or brought in step. */
function planWantedGroup(wish: GroupWish, context: GroupContext, input: DiffInput): GroupPlan {
  const id = groupChain(wish.name)
  const service = serviceOf(wish.name)
  const { existing } = wish
  if (existing === undefined) {
    const chain = chainOf(id, [{ kind: 'createGroup', name: wish.name, members: initialMembers(wish, context, input) }], service)
    return { ...QUIET, chain }
  }
  const chosen = selectBackends(context.backends, wish.selection)
  const own = ownInput(existing, chosen, context, input)
  const leaving = chosen.places === undefined ? wish.leaving : own.leaving
  return planOf(diffGroup({ ...own, ports: wish.ports, leaving }, context.rules, context.now), id, existing.ref, wish.name, service)
}

/** A group whose listener stays as it is: nodes are followed on the ports that its members have, tasks where they are. */
function planKeptGroup(group: Group, context: GroupContext, input: DiffInput): GroupPlan {
  const { selection, adds } = followingIn(group.name, input.wanted.services, input.wanted.memory.chosen)
  const own = ownInput(group, selectBackends(context.backends, selection), context, input)
  const diff = diffGroup({ ...own, addNodes: adds }, context.rules, context.now)
  return planOf(diff, groupChain(group.name), group.ref, group.name, serviceOf(group.name))
}

/** @param used whether a listener of ours forwards to it, or will: then nodes are added too */
export function planDefaultGroup(used: boolean, context: GroupContext): GroupPlan {
  const listeners = context.lb.listeners.flatMap((listener) => (listener.target?.kind === 'default' ? [listener.key] : []))
  const input = groupInput(context, DEFAULT_GROUP, context.lb.members, [undefined], listeners, selectBackends(context.backends, undefined))
  return planOf(
    diffGroup({ ...input, kind: 'default', addNodes: used }, context.rules, context.now),
    DEFAULT_CHAIN,
    DEFAULT_GROUP,
    'default group',
  )
}

const zeroKey = (group: GroupRef, member: Member) => `${group}|${memberKey(member)}`

/** Members at weight 0 of which nothing may run any more: from when their time of draining counts. */
export function zeros(lb: LoadBalancer, backends: Backends, before: ReadonlyMap<string, number>, now: number): ReadonlyMap<string, number> {
  const isOut = (server: string) => (backends.wishes.get(server)?.reason ?? 'excluded') === 'excluded'
  const standing = lb.members.filter(({ server }) => isOut(server))
  // Which servers an own group wants is its service's choice: whatever is at 0 there drains.
  const groups = [{ ref: DEFAULT_GROUP, members: standing }, ...lb.groups]
  const out = groups.flatMap(({ ref, members }) => members.filter(({ weight }) => weight === 0).map((one) => zeroKey(ref, one)))
  return new Map(out.map((key) => [key, before.get(key) ?? now]))
}

/** Own groups: wanted ones in step, those of what is kept followed, unused ones removed after what still uses them. */
export function planGroups(
  wishes: ReadonlyMap<string, GroupWish>,
  users: ReadonlyMap<ListenerKey, Decided>,
  input: DiffInput,
  context: GroupContext,
): { readonly plans: readonly GroupPlan[]; readonly removals: readonly Chain[] } {
  const plans = [...wishes.values()].map((wish) => planWantedGroup(wish, context, input))
  const used = new Set([...wishes.values()].map((wish) => wish.existing?.ref))
  const removals: Chain[] = []
  for (const group of input.lb.groups) {
    if (!isOwnGroup(group, input.rules.owner) || used.has(group.ref)) continue
    const fate = fateOf(group, users, input)
    if (fate.kind === 'follow') plans.push(planKeptGroup(group, context, input))
    if (fate.kind === 'close') plans.push({ ...QUIET, chain: fate.chain })
    if (fate.kind !== 'remove') continue
    const changes: readonly Change[] = [{ kind: 'deleteGroup', group: group.ref, name: group.name }]
    removals.push({ id: `remove group ${group.ref}`, service: undefined, after: [TAG_CHAIN, ...fate.after], changes })
  }
  return { plans, removals }
}
