// One load balancer: what is wanted against what is there, as a plan of independent chains. Adds before it removes.
import { countOwned, type Decided, decideSteps, decisionsOf } from './decided.ts'
import type { BalancerMemory, DiffInput } from './diff-input.ts'
import { type GroupContext, type GroupPlan, planDefaultGroup, planGroups, zeros } from './groups.ts'
import { isOurs } from './members.ts'
import type { Chain, DeleteKey, ListenerKey, Plan, Problem } from './model.ts'
import { forwardPortOf, unitOf } from './shared.ts'
import { defaultGroupIsOurs, type GroupWish, mergeWishes } from './targets.ts'
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
  /** Listeners of ours, and service ports with rules on one that another service holds. */
  readonly owned: number
  /** Owned or to be: wanted, in grace or kept. */
  readonly alive: number
  readonly ownListeners: number
}

/** Frozen listeners alone do not make us touch the default group. */
function usesDefault(steps: Iterable<Decided>, held: ReadonlySet<DeleteKey>): boolean {
  return [...steps].some(({ decision, step }) => {
    if (decision.kind === 'create') return step.chains.length > 0 && step.wish === undefined && forwardPortOf(decision.claim) === undefined
    if (decision.actual.target?.kind !== 'default') return false
    if (decision.kind === 'keep') return decision.keep.reason !== 'freeze'
    return decision.kind === 'update' || held.has(decision.actual.key)
  })
}

const onlyFrozen = (steps: Iterable<Decided>) => {
  const users = [...steps].filter(({ decision }) => decision.kind !== 'create' && decision.actual.target?.kind === 'default')
  return users.length > 0 && users.every(({ decision }) => decision.kind === 'keep' && decision.keep.reason === 'freeze')
}

const earliest = (times: readonly (number | undefined)[]) => {
  const known = times.filter((time) => time !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}

function remember(input: DiffInput, switching: readonly string[]): BalancerMemory {
  const running = input.lb.listeners.filter(({ key, status }) => status === 'running' || input.memory.seenRunning.has(key))
  return {
    seenRunning: new Set(running.map(({ key }) => key)),
    zeroSince: zeros(input.lb, input.backends, input.memory.zeroSince, input.now),
    switchingSince: new Map(switching.map((name) => [name, input.memory.switchingSince.get(name) ?? input.now])),
  }
}

/** While an old port is being left, health is asked every two seconds at first, then ever more rarely. */
function switchAgain(memory: BalancerMemory, now: number): number | undefined {
  return earliest([...memory.switchingSince.values()].map((since) => now + Math.min(60_000, Math.max(2000, (now - since) / 4))))
}

function strangerProblems(input: DiffInput, strangers: readonly string[], used: boolean): Problem[] {
  if (!used || strangers.length === 0 || input.backends.protect === 'all') return []
  const text = `the default server group holds servers that are not nodes of this swarm (${strangers.slice(0, 5).join(', ')}); new listeners get groups of their own`
  return [{ kind: 'loadBalancer', subject: input.lb.name, text }]
}

/** What opens comes before what closes, and groups go last. */
const rank = (chain: Chain) => (chain.deletes !== undefined ? 1 : chain.changes[0]?.kind === 'deleteGroup' ? 2 : 0)
const inPlanOrder = (chains: readonly Chain[]) => chains.filter((chain) => chain.changes.length > 0).toSorted((a, b) => rank(a) - rank(b))

/** One a server, in whatever groups it is. */
function lingeringProblems(plans: readonly GroupPlan[]): Problem[] {
  const servers = Map.groupBy(
    plans.flatMap(({ stays }) => stays),
    ({ server }) => server,
  )
  return [...servers.values()].flatMap(([one]): Problem[] =>
    one === undefined ? [] : [{ kind: 'node', subject: one.hostname ?? one.server, text: one.text }],
  )
}

function groupPlans(
  wishes: ReadonlyMap<string, GroupWish>,
  decided: ReadonlyMap<ListenerKey, Decided>,
  input: DiffInput,
  context: GroupContext,
  strangers: readonly string[],
) {
  const groups = planGroups(wishes, decided, input, context)
  const used = usesDefault(decided.values(), input.held)
  const managed = used || (input.lb.members.some((member) => isOurs(member.note, input.rules.note)) && !onlyFrozen(decided.values()))
  const plans: readonly GroupPlan[] = [...(managed ? [planDefaultGroup(used, context)] : []), ...groups.plans]
  return { plans, removals: groups.removals, problems: [...strangerProblems(input, strangers, used), ...lingeringProblems(plans)] }
}

/** Whether a rule's backends are healthy is not told for certain by the cloud: after this the old port goes beside one that is there. */
const BESIDE_MS = 60_000

function settled(wishes: ReadonlyMap<string, GroupWish>, memory: BalancerMemory, now: number): ReadonlyMap<string, GroupWish> {
  return new Map(
    [...wishes].map(([name, wish]) => {
      const since = memory.switchingSince.get(name) ?? now
      if (wish.existing === undefined || wish.existing.listeners.length > 0 || now - since < BESIDE_MS) return [name, wish]
      const leaving = new Map([...wish.leaving].map(([port, how]) => [port, how === 'whenHealthy' ? 'whenThere' : how] as const))
      return [name, { ...wish, leaving }]
    }),
  )
}

/** Where a guest holds a listener the rows of its rules say all there is to say. */
function rowsOf({ decision, step, rules }: Decided): readonly Verdict[] {
  const isToldByRules =
    decision.kind === 'create' || decision.kind === 'update'
      ? decision.guests.includes(decision.claim)
      : rules.verdicts.some(({ unit }) => unit === unitOf(decision.actual.key, decision.mark) || unit === decision.actual.key)
  return isToldByRules ? rules.verdicts : [step.verdict, ...rules.verdicts]
}

const problemsOf = ({ decision, step, rules }: Decided): readonly Problem[] => {
  if (step.problem === undefined || !('claim' in decision)) return rules.problems
  return [{ kind: 'conflict', subject: decision.claim.service, port: decision.claim.key, text: step.problem }, ...rules.problems]
}

export function diff(input: DiffInput): Diff {
  const { lb, rules, now } = input
  const decisions = decisionsOf(input)
  const own = defaultGroupIsOurs(lb, input.backends, rules)
  const decided = decideSteps(decisions, input, rules.backends === 'auto' && own.ours)
  const all = [...decided.values()]
  const merged = mergeWishes(all.flatMap(({ step, rules: { wishes } }) => [...(step.wish === undefined ? [] : [step.wish]), ...wishes]))
  const switching = [...merged.values()].flatMap(({ name, leaving }) => (leaving.size > 0 ? [name] : []))
  const memory = remember(input, switching)
  const wishes = settled(merged, memory, now)
  const context: GroupContext = { lb, backends: input.backends, rules, zeroSince: memory.zeroSince, health: input.health, now }
  const { plans, removals, problems } = groupPlans(wishes, decided, input, context, own.strangers)
  const conflicts = decisions.losers.map(
    ({ claim, reason }): Problem => ({ kind: 'conflict', subject: claim.service, port: claim.key, text: reason }),
  )
  const chains = all.flatMap(({ step, rules: { chains: ofRules } }) => [...step.chains, ...ofRules])
  return {
    plan: inPlanOrder([...plans.flatMap(({ chain }) => chain ?? []), ...chains, ...removals]),
    verdicts: [...all.flatMap(rowsOf), ...decisions.losers.map(loserVerdict)],
    problems: [...conflicts, ...all.flatMap(problemsOf), ...problems],
    respected: plans.flatMap(({ respected }) => respected),
    memory,
    needsHealth: plans.some(({ needsHealth }) => needsHealth),
    recheckAt: earliest([
      ...all.flatMap(({ step, rules: { again } }) => [step.again, ...again]),
      ...plans.map(({ recheckAt }) => recheckAt),
      switchAgain(memory, now),
    ]),
    ...countOwned(input),
  }
}
