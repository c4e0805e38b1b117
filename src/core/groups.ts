// The chains that keep server groups: members of own groups and of the default group, and groups that nothing uses any more.

import { DEFAULT_CHAIN, deleteChain, groupChain, listenerChain, TAG_CHAIN } from './chains.ts'
import type { DiffInput } from './diff-input.ts'
import type { Health } from './health.ts'
import type { Decision } from './holders.ts'
import { parseMark } from './marks.ts'
import { diffGroup, type GroupDiff, type MemberRules, memberKey } from './members.ts'
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
import type { Step } from './steps.ts'
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
  readonly needsHealth: boolean
  readonly recheckAt: number | undefined
}

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
  return { chain, respected: diff.respected, needsHealth: diff.needsHealth, recheckAt: diff.recheckAt }
}

/** The members that a new group is created with: every node that may be a backend, on each of its ports. */
function initialMembers(wish: GroupWish, context: GroupContext): Member[] {
  const old = [...wish.leaving].flatMap(([port, how]) => (how === 'whenHealthy' ? [port] : []))
  const empty = diffGroup(
    { ...groupInput(context, wish.name, [], [...wish.ports, ...old], new Map(), []), kind: 'own' },
    context.rules,
    context.now,
  )
  return [...empty.add]
}

function groupInput(
  context: GroupContext,
  group: GroupRef,
  members: readonly Member[],
  ports: readonly (number | undefined)[],
  leaving: GroupWish['leaving'],
  listeners: readonly ListenerKey[],
) {
  const { backends, zeroSince, now } = context
  return {
    members,
    ports,
    leaving,
    wishes: backends.wishes,
    departed: backends.departed,
    protect: backends.protect,
    zeroSince: (member: Member) => zeroSince.get(zeroKey(group, member)) ?? now,
    health: context.health?.of(listeners),
    addNodes: true,
  }
}

/** A group that a wanted listener uses: created, or brought in step. */
function planWantedGroup(wish: GroupWish, context: GroupContext): GroupPlan {
  const id = groupChain(wish.name)
  const service = serviceOf(wish.name)
  if (wish.existing === undefined) {
    const chain = chainOf(id, [{ kind: 'createGroup', name: wish.name, members: initialMembers(wish, context) }], service)
    return { chain, respected: [], needsHealth: false, recheckAt: undefined }
  }
  const { existing } = wish
  const input = groupInput(context, existing.ref, existing.members, wish.ports, wish.leaving, existing.listeners)
  return planOf(diffGroup({ ...input, kind: 'own' }, context.rules, context.now), id, existing.ref, wish.name, service)
}

/** A group whose listener stays as it is: nodes are followed on the ports that its members have. */
function planKeptGroup(group: Group, context: GroupContext): GroupPlan {
  const ports = [...new Set(group.members.map((member) => member.port))]
  const input = groupInput(context, group.ref, group.members, ports, new Map(), group.listeners)
  return planOf(
    diffGroup({ ...input, kind: 'own' }, context.rules, context.now),
    groupChain(group.name),
    group.ref,
    group.name,
    serviceOf(group.name),
  )
}

/** @param used whether a listener of ours forwards to it, or will: then nodes are added too */
export function planDefaultGroup(used: boolean, context: GroupContext): GroupPlan {
  const listeners = context.lb.listeners.flatMap((listener) => (listener.target?.kind === 'default' ? [listener.key] : []))
  const input = groupInput(context, DEFAULT_GROUP, context.lb.members, [undefined], new Map(), listeners)
  return planOf(
    diffGroup({ ...input, kind: 'default', addNodes: used }, context.rules, context.now),
    DEFAULT_CHAIN,
    DEFAULT_GROUP,
    'default group',
  )
}

const zeroKey = (group: GroupRef, member: Member) => `${group}|${memberKey(member)}`

/** Members at weight 0 that belong to no node that may be a backend: from when their time of draining counts. */
export function zeros(lb: LoadBalancer, backends: Backends, before: ReadonlyMap<string, number>, now: number): ReadonlyMap<string, number> {
  const isOut = (server: string) => (backends.wishes.get(server)?.reason ?? 'excluded') === 'excluded'
  const groups = [{ ref: DEFAULT_GROUP, members: lb.members }, ...lb.groups]
  const out = groups.flatMap(({ ref, members }) =>
    members.filter(({ server, weight }) => weight === 0 && isOut(server)).map((one) => zeroKey(ref, one)),
  )
  return new Map(out.map((key) => [key, before.get(key) ?? now]))
}

type Users = ReadonlyMap<ListenerKey, { readonly decision: Decision; readonly step: Step }>

/** Own groups: wanted ones in step, those of kept listeners followed, unused ones removed after what still uses them. */
export function planGroups(
  wishes: ReadonlyMap<string, GroupWish>,
  users: Users,
  { lb, rules, held }: DiffInput,
  context: GroupContext,
): { readonly plans: readonly GroupPlan[]; readonly removals: readonly Chain[] } {
  const plans = [...wishes.values()].map((wish) => planWantedGroup(wish, context))
  const used = new Set([...wishes.values()].map((wish) => wish.existing?.ref))
  const removals: Chain[] = []
  for (const group of lb.groups) {
    if (!isOwnGroup(group, rules.owner) || used.has(group.ref)) continue
    const mine = group.listeners.map((key) => ({ key, user: users.get(key) }))
    if (mine.some(({ user }) => user?.decision.kind === 'keep' && user.decision.keep.reason === 'freeze')) continue
    if (group.rules > 0 || mine.some(({ key, user }) => user?.step.leaves !== true || held.has(key))) {
      plans.push(planKeptGroup(group, context))
      continue
    }
    const after = mine.map(({ key, user }) => (user?.decision.kind === 'delete' ? deleteChain(key) : listenerChain(key)))
    const changes: readonly Change[] = [{ kind: 'deleteGroup', group: group.ref, name: group.name }]
    removals.push({ id: `remove group ${group.ref}`, service: undefined, after: [TAG_CHAIN, ...after], changes })
  }
  return { plans, removals }
}
