// One load balancer: what is wanted against what is there, as a plan of independent chains. Adds before it removes.
import { portKey } from './claims.ts'
import type { BalancerMemory, DiffInput } from './diff-input.ts'
import { absences, type GroupContext, type GroupPlan, planDefaultGroup, planKeptGroup, planWantedGroup } from './groups.ts'
import { type Decision, type Decisions, decide } from './holders.ts'
import { type Keep, keepOf } from './keep.ts'
import type { Mark } from './marks.ts'
import { isOurs } from './members.ts'
import type { Chain, ListenerKey, Plan, Problem } from './model.ts'
import { listenerChain, type Step, stepsOf } from './steps.ts'
import { defaultGroupIsOurs, type GroupWish, isOwnGroup } from './targets.ts'
import { loserVerdict, type Verdict } from './verdicts.ts'

export type Diff = {
  readonly plan: Plan
  readonly verdicts: readonly Verdict[]
  readonly problems: readonly Problem[]
  /** What people changed and we leave. */
  readonly respected: readonly string[]
  readonly memory: BalancerMemory
  readonly needsHealth: boolean
  readonly recheckAt: number | undefined
  readonly owned: number
  /** Owned or to be: wanted, in grace or kept. */
  readonly alive: number
}

/** A place on this load balancer is up when the listener there is, or becomes, this service's. */
function isUpHere(input: DiffInput): (place: string) => boolean {
  const prefix = `${input.lb.id}|`
  return (place) => place.startsWith(prefix) || input.isUp(place)
}

/** A listener that moves on this load balancer goes only if its service really gets the new place. */
function holdMoves(decisions: Decisions, input: DiffInput): Map<ListenerKey, Decision> {
  const prefix = `${input.lb.id}|`
  const byKey = new Map(decisions.byKey)
  for (const [key, decision] of decisions.byKey) {
    if (decision.kind !== 'delete') continue
    const { mark, actual } = decision
    const places = input.wanted.services.get(mark.service)?.ports.get(portKey(mark.port, mark.transport))?.places ?? []
    const blocked = places.filter((place) => {
      const there = decisions.byKey.get(place.slice(prefix.length) as ListenerKey)
      const gets = (there?.kind === 'create' || there?.kind === 'update') && there.claim.mark.service === mark.service
      return place.startsWith(prefix) && !gets
    })
    const keep: Keep = { reason: 'move', text: `stays until ${blocked.map((place) => place.slice(prefix.length)).join(', ')} is free` }
    if (blocked.length > 0) byKey.set(key, { kind: 'keep', actual, mark, keep })
  }
  return byKey
}

type Groups = { readonly plans: readonly GroupPlan[]; readonly removals: readonly Chain[] }

/** Own groups: wanted ones in step, those of kept listeners followed, unused ones removed after what still uses them. */
function planGroups(
  wishes: ReadonlyMap<string, GroupWish>,
  byKey: ReadonlyMap<ListenerKey, Decision>,
  input: DiffInput,
  context: GroupContext,
): Groups {
  const plans = [...wishes.values()].map((wish) => planWantedGroup(wish, context))
  const used = new Set([...wishes.values()].map((wish) => wish.existing?.ref))
  const removals: Chain[] = []
  for (const group of input.lb.groups) {
    if (!isOwnGroup(group, input.rules.owner) || used.has(group.ref)) continue
    const users = group.listeners.map((key) => ({ key, decision: byKey.get(key) }))
    const frozen = users.some(({ decision }) => decision?.kind === 'keep' && decision.keep.reason === 'freeze')
    const stays = users.some(({ key, decision }) => decision === undefined || decision.kind === 'keep' || input.held.has(key))
    if (frozen) continue
    if (stays || group.rules > 0) {
      plans.push(planKeptGroup(group, context))
      continue
    }
    const after = users.map(({ key, decision }) => (decision?.kind === 'delete' ? `delete ${key}` : listenerChain(key)))
    removals.push({
      id: `remove group ${group.ref}`,
      service: undefined,
      after,
      changes: [{ kind: 'deleteGroup', group: group.ref, name: group.name }],
    })
  }
  return { plans, removals }
}

function usesDefault(plan: readonly Step[], byKey: ReadonlyMap<ListenerKey, Decision>): boolean {
  const created = plan.some(({ chain }) =>
    chain?.changes.some((change) => change.kind === 'createListener' && change.listener.target.kind === 'default'),
  )
  const kept = [...byKey.values()].some(
    (decision) => decision.kind !== 'create' && decision.kind !== 'delete' && decision.actual.target?.kind === 'default',
  )
  return created || kept
}

const earliest = (times: readonly (number | undefined)[]) => {
  const known = times.filter((time) => time !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}

function remember(input: DiffInput): BalancerMemory {
  const running = input.lb.listeners.filter(({ key, status }) => status === 'running' || input.memory.seenRunning.has(key))
  return {
    seenRunning: new Set(running.map(({ key }) => key)),
    absentSince: absences(input.lb, input.backends, input.memory.absentSince, input.now),
  }
}

function strangerProblems(input: DiffInput, strangers: readonly string[], used: boolean): Problem[] {
  if (!used || strangers.length === 0 || input.backends.protect === 'all') return []
  const text = `the default server group holds servers that are not nodes of this swarm (${strangers.slice(0, 5).join(', ')}); new listeners get groups of their own`
  return [{ kind: 'loadBalancer', subject: input.lb.name, text }]
}

/** What opens comes before what closes. */
const byRemoval = (chains: readonly (Chain | undefined)[]) =>
  chains.toSorted((a, b) => Number(a?.deletes !== undefined) - Number(b?.deletes !== undefined))

export function diff(input: DiffInput): Diff {
  const { lb, rules, wanted, now } = input
  const claims = wanted.claims.filter((claim) => claim.loadBalancer === lb.id)
  const keeps = (mark: Mark, key: ListenerKey) => keepOf(mark, { loadBalancer: lb.id, key }, wanted, isUpHere(input), rules, now)
  const decisions = decide(lb, claims, rules.owner, keeps)
  const byKey = holdMoves(decisions, input)
  const own = defaultGroupIsOurs(lb, input.backends, rules)
  const plan = stepsOf(byKey, input, rules.backends === 'auto' && own.ours)
  const memory = remember(input)
  const context: GroupContext = {
    lb,
    backends: input.backends,
    rules,
    absentSince: (server) => memory.absentSince.get(server) ?? now,
    health: input.health,
    now,
  }
  const wishes = new Map(plan.flatMap(({ wish }) => (wish === undefined ? [] : [[wish.name, wish] as const])))
  const groups = planGroups(wishes, byKey, input, context)
  const used = usesDefault(plan, byKey)
  const managesDefault = used || lb.members.some((member) => isOurs(member.note, rules.note))
  const all = [...(managesDefault ? [planDefaultGroup(used, context)] : []), ...groups.plans]
  const chains = [...all.map(({ chain }) => chain), ...byRemoval(plan.map(({ chain }) => chain)), ...groups.removals]
  return {
    plan: chains.filter((chain) => chain !== undefined && (chain.changes.length > 0 || (chain.ifHeld?.length ?? 0) > 0)) as Plan,
    verdicts: [...plan.map(({ verdict }) => verdict), ...decisions.losers.map(loserVerdict)],
    problems: [
      ...decisions.losers.map(
        (loser): Problem => ({ kind: 'conflict', subject: loser.claim.service, port: loser.claim.key, text: loser.reason }),
      ),
      ...strangerProblems(input, own.strangers, used),
    ],
    respected: all.flatMap(({ respected }) => respected),
    memory,
    needsHealth: all.some(({ needsHealth }) => needsHealth),
    recheckAt: earliest([...plan.map(({ again }) => again), ...all.map(({ recheckAt }) => recheckAt)]),
    owned: [...byKey.values()].filter(
      (decision) => decision.kind !== 'create' && (decision.kind !== 'update' || decision.mark !== undefined),
    ).length,
    alive: [...byKey.values()].filter((decision) => decision.kind !== 'delete').length,
  }
}
