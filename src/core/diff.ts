// One load balancer: what is wanted against what is there, as a plan of independent chains. Adds before it removes.
import { portKey } from './claims.ts'
import type { BalancerMemory, DiffInput } from './diff-input.ts'
import { type GroupContext, type GroupPlan, planDefaultGroup, planGroups, zeros } from './groups.ts'
import { type Decision, decide } from './holders.ts'
import { type Keep, keepOf } from './keep.ts'
import type { Mark } from './marks.ts'
import { isOurs } from './members.ts'
import type { Chain, DeleteKey, ListenerKey, Plan, Problem } from './model.ts'
import { type Step, stepCreate, stepDelete, stepKeep, stepUpdate } from './steps.ts'
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
  readonly owned: number
  /** Owned or to be: wanted, in grace or kept. */
  readonly alive: number
}

/** A place on this load balancer is judged by the plan itself: see heldByMove. */
function isUpHere(input: Decisive): (place: string) => boolean {
  const prefix = `${input.lb.id}|`
  return (place) => place.startsWith(prefix) || input.isUp(place)
}

type Decided = { readonly decision: Decision; readonly step: Step }

/** A listener that moves on this load balancer goes only if its service really gets the new place, and that will be open. */
function heldByMove(
  decision: Extract<Decision, { kind: 'delete' }>,
  opened: ReadonlyMap<string, string>,
  input: DiffInput,
): Keep | undefined {
  const { mark } = decision
  const prefix = `${input.lb.id}|`
  const places = input.wanted.services.get(mark.service)?.ports.get(portKey(mark.port, mark.transport))?.places ?? []
  const here = places.filter((place) => place.startsWith(prefix)).map((place) => place.slice(prefix.length))
  const blocked = here.filter((key) => opened.get(key) !== mark.service)
  return blocked.length === 0 ? undefined : { reason: 'move', text: `stays until ${blocked.join(', ')} is open for it` }
}

/** What opens is decided first: what closes depends on it. */
function decideSteps(
  decisions: ReadonlyMap<ListenerKey, Decision>,
  input: DiffInput,
  useDefault: boolean,
): ReadonlyMap<ListenerKey, Decided> {
  const steps = new Map<ListenerKey, Decided>()
  for (const [key, decision] of decisions) {
    if (decision.kind === 'create') steps.set(key, { decision, step: stepCreate(decision, input, useDefault) })
    if (decision.kind === 'update') steps.set(key, { decision, step: stepUpdate(decision, input) })
    if (decision.kind === 'keep') steps.set(key, { decision, step: stepKeep(decision, input) })
  }
  const opened = new Map(
    [...steps].flatMap(([key, { decision, step }]) =>
      step.opens && 'claim' in decision ? [[key as string, decision.claim.mark.service] as const] : [],
    ),
  )
  for (const [key, decision] of decisions) {
    if (decision.kind !== 'delete') continue
    const keep = heldByMove(decision, opened, input)
    const kept = keep === undefined ? undefined : ({ kind: 'keep', actual: decision.actual, mark: decision.mark, keep } as const)
    steps.set(key, kept === undefined ? { decision, step: stepDelete(decision, input) } : { decision: kept, step: stepKeep(kept, input) })
  }
  return steps
}

/** Frozen listeners alone do not make us touch the default group. */
function usesDefault(steps: Iterable<Decided>, held: ReadonlySet<DeleteKey>): boolean {
  return [...steps].some(({ decision, step }) => {
    if (decision.kind === 'create') return step.chains.length > 0 && step.wish === undefined
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

/** What decides over listeners, without members and health. */
type Decisive = Pick<DiffInput, 'lb' | 'wanted' | 'rules' | 'isUp' | 'now'>

function decisionsOf(input: Decisive) {
  const { lb, rules, wanted, now } = input
  const claims = wanted.claims.filter((claim) => claim.loadBalancer === lb.id)
  const keeps = (mark: Mark, key: ListenerKey) => keepOf(mark, { loadBalancer: lb.id, key }, wanted, isUpHere(input), rules, now)
  return decide(lb, claims, rules.owner, keeps)
}

/** Listeners of ours, and those of them that something wants or keeps: what the guard adds up over all load balancers. */
export function countOwned(input: Decisive): { readonly owned: number; readonly alive: number } {
  const decisions = [...decisionsOf(input).byKey.values()]
  const isOwned = (decision: Decision) => decision.kind !== 'create' && (decision.kind !== 'update' || decision.mark !== undefined)
  return { owned: decisions.filter(isOwned).length, alive: decisions.filter(({ kind }) => kind !== 'delete').length }
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
  return { plans, removals: groups.removals, problems: strangerProblems(input, strangers, used) }
}

export function diff(input: DiffInput): Diff {
  const { lb, rules, now } = input
  const decisions = decisionsOf(input)
  const own = defaultGroupIsOurs(lb, input.backends, rules)
  const decided = decideSteps(decisions.byKey, input, rules.backends === 'auto' && own.ours)
  const steps = [...decided.values()].map(({ step }) => step)
  const wishes = mergeWishes(steps.flatMap(({ wish }) => wish ?? []))
  const switching = [...wishes.values()].flatMap(({ name, existing, leaving }) =>
    existing !== undefined && leaving.size > 0 ? [name] : [],
  )
  const memory = remember(input, switching)
  const context: GroupContext = { lb, backends: input.backends, rules, zeroSince: memory.zeroSince, health: input.health, now }
  const { plans, removals, problems } = groupPlans(wishes, decided, input, context, own.strangers)
  const conflicts = decisions.losers.map(
    ({ claim, reason }): Problem => ({ kind: 'conflict', subject: claim.service, port: claim.key, text: reason }),
  )
  return {
    plan: inPlanOrder([...plans.flatMap(({ chain }) => chain ?? []), ...steps.flatMap(({ chains }) => chains), ...removals]),
    verdicts: [...steps.map(({ verdict }) => verdict), ...decisions.losers.map(loserVerdict)],
    problems: [...conflicts, ...problems],
    respected: plans.flatMap(({ respected }) => respected),
    memory,
    needsHealth: plans.some(({ needsHealth }) => needsHealth),
    recheckAt: earliest([...steps.map(({ again }) => again), ...plans.map(({ recheckAt }) => recheckAt), switchAgain(memory, now)]),
    ...countOwned(input),
  }
}
