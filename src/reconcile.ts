// One pass over one load balancer: read, diff, judge, apply. Never throws: a failed one must not stop the others.
import { type ApplyHooks, type ApplyResult, applyPlan } from './apply.ts'
import type { Wanted } from './core/claims.ts'
import { type Diff, diff } from './core/diff.ts'
import { type BalancerMemory, type DiffRules, NO_MEMORY } from './core/diff-input.ts'
import { type DriftMemory, dampen, NO_DRIFT } from './core/drift.ts'
import type { GuardRules, Ledger } from './core/guard.ts'
import { fitQuotas, type Limits } from './core/headroom.ts'
import { type Health as Folded, foldHealth } from './core/health.ts'
import { isMarked } from './core/life.ts'
import { parseMark } from './core/marks.ts'
import type { Chain, LoadBalancer, Plan, Problem } from './core/model.ts'
import { withMoves } from './core/moving.ts'
import type { Backends } from './core/nodes.ts'
import { checkNotes, NO_NOTES, type NotesMemory } from './core/notes.ts'
import { endOf, PAUSE_TAG, type Pause, pauseOf, tagProblems } from './core/pause.ts'
import { allowedBy, type Policy } from './core/policy.ts'
import { type Clusters, isTakenOver, type Standing, TAKEN_TAG, UNTAKEN } from './core/usable.ts'
import { goneHere, heldHere, judge, recount } from './guarding.ts'
import { CallError, type Handle, type Health, type OpenOptions, type Provider, type Turn } from './providers/provider.ts'
import { moveFaults, movesIn, noteUp } from './seen.ts'
import { copyProblems, standingAt } from './standing.ts'

export type ReconcileRules = DiffRules &
  Limits & {
    readonly guard: GuardRules
    readonly policy: Policy
    readonly clusterId: string
  }

/** What is remembered of one load balancer from pass to pass. */
export type Remembered = {
  readonly balancer: BalancerMemory
  readonly drift: DriftMemory
  readonly notes: NotesMemory
  /** What the tag of the load balancer said at the last look. */
  readonly pause?: Pause | undefined
  /** Who took the load balancer over from us: see lostTo. */
  readonly lostTo?: string | undefined
}
export const NOTHING_REMEMBERED: Remembered = { balancer: NO_MEMORY, drift: NO_DRIFT, notes: NO_NOTES }

/** What all load balancers share: the guard's ledger and which listeners are up. */
export interface Shared {
  ledger: Ledger
  /** Our listeners seen running, each with the service port it is for: see servedPlace. */
  readonly up: Set<string>
  /** Each load balancer as it was last read. */
  readonly read: Map<string, LoadBalancer>
  /** The same, of those that were read since this process began to lead: what it saw before may be older than what another leader did. */
  readonly fresh: Map<string, LoadBalancer>
  /** The same, with our own changes since. */
  readonly current: Map<string, LoadBalancer>
  readonly clusters: Clusters
}

/** What a pass is to bring about. */
export type Wish = Pick<Task, 'wanted' | 'backends' | 'rules' | 'driftOnly' | 'mayWrite' | 'problems'>

export type Task = {
  readonly id: string
  readonly provider: Provider
  readonly wanted: Wanted
  readonly backends: Backends
  readonly rules: ReconcileRules
  readonly remembered: Remembered
  readonly members: OpenOptions['members']
  /** Nothing that is wanted changed since the last pass that succeeded: what differs is drift. */
  readonly driftOnly: boolean
  readonly mayWrite: boolean
  /** Known before this look, of this load balancer alone. */
  readonly problems?: readonly Problem[]
  /** Asked after each wait for the cloud: a wish that changed while the load balancer was read counts in place of the first one. */
  readonly newest?: () => Wish
  readonly turnOf: (chain: Chain) => Turn
  readonly hooks: ApplyHooks
  readonly now: () => number
  readonly signal: AbortSignal
}

/** What one look at a load balancer showed, and the plan that may run. */
export type Look = {
  /** The plan is of this moment, milliseconds. */
  readonly at: number
  readonly handle: Handle
  readonly lb: LoadBalancer
  readonly diff: Diff
  readonly standing: Standing
  /** Its tag says that nothing is to be written here now: `run` is what would be done. */
  readonly pause?: Pause | undefined
  /** All that would be done, held deletes included. */
  readonly wished: Plan
  readonly run: Plan
  readonly problems: readonly Problem[]
  readonly resting: readonly string[]
  readonly remembered: Remembered
  readonly recheckAt: number | undefined
}

export type Outcome =
  | { readonly status: 'failed'; readonly error: Error }
  | { readonly status: 'looked'; readonly look: Look; readonly result: ApplyResult | undefined }

const UNUSABLE_MS = 300_000
const HEALTH_AGAIN_MS = 5000

const upToDate = (task: Task): Task => (task.newest === undefined ? task : { ...task, ...task.newest() })

/** The newest wish, with the moves between load balancers that their tags ask for. */
function moved(given: Task, shared: Shared): Task {
  const task = upToDate(given)
  return { ...task, wanted: withMoves(task.wanted, movesIn(shared)) }
}

/** Answers with the task, too, as it stood when the diff was made. */
async function readDiff(
  given: Task,
  handle: Handle,
  notes: NotesMemory,
  shared: Shared,
): Promise<{ readonly task: Task; readonly at: number; readonly seen: Diff; readonly rows: readonly Health[] }> {
  const diffOf = (task: Task, at: number, health?: Folded) =>
    diff({
      lb: handle.actual,
      wanted: task.wanted,
      backends: task.backends,
      memory: task.remembered.balancer,
      isUp: (place: string) => shared.up.has(place),
      held: heldHere(shared.ledger, task.id),
      rules: { ...task.rules, notesKept: notes.kept !== false },
      health,
      now: at,
    })
  const first = moved(given, shared)
  const before = first.now()
  const seen = diffOf(first, before)
  if (!seen.needsHealth) return { task: first, at: before, seen, rows: [] }
  const rows = await handle.health(given.signal).catch((error: unknown) => {
    if (error instanceof CallError) return undefined
    throw error
  })
  const task = moved(given, shared)
  // Without an answer, or with one that says nothing, nothing is lowered for being lost; everything else goes on.
  const at = task.now()
  const told = diffOf(task, at, rows && foldHealth(rows))
  const answer = told.needsHealth ? { ...told, recheckAt: earliest(told.recheckAt, at + HEALTH_AGAIN_MS) } : told
  return { task, at, seen: answer, rows: rows ?? [] }
}

const earliest = (...times: readonly (number | undefined)[]) => {
  const known = times.filter((time) => time !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}

/** Reads and plans; writes nothing. */
async function lookAt(given: Task, shared: Shared): Promise<Look> {
  const owned = (name: string) => parseMark(name)?.owner === given.rules.owner
  const handle = await given.provider.open(given.id, { members: given.members, owned }, given.signal)
  const lb = handle.actual
  const { standing, lostTo } = await standingAt(handle, upToDate(given), shared)
  const led = shared.fresh.has(given.id)
  shared.fresh.set(given.id, lb)
  shared.current.set(given.id, lb)
  const notes = checkNotes(given.remembered.notes, lb)
  const { task, at, seen, rows } = await readDiff(given, handle, notes, shared)
  const { id, rules } = task
  const pause = pauseOf(lb.tags[PAUSE_TAG], task.remembered.pause, Date.now())
  const mayWrite = task.mayWrite && pause === undefined
  const gone = goneHere(lb, task, shared, led && task.mayWrite)
  const kept = { balancer: seen.memory, notes, pause, lostTo }
  shared.read.set(id, lb)
  shared.ledger = { ...shared.ledger, counts: recount(shared, task).set(id, { owned: seen.owned, alive: seen.alive }) }
  noteUp(lb, rules.owner, shared)
  const base = { at, handle, lb, diff: seen, standing, pause }
  if (standing.status === 'unusable' || standing.status === 'readOnly') {
    const problem: Problem = { kind: 'loadBalancer', subject: lb.name, text: standing.text }
    const remembered = { ...task.remembered, ...kept }
    // Nothing is held where nothing can be deleted: an approval would be kept for a day that nobody thinks of.
    judge([], lb, task, shared, { mayWrite: false, gone: [] })
    return { ...base, wished: [], run: [], problems: [problem], resting: [], remembered, recheckAt: task.now() + UNUSABLE_MS }
  }
  const allowed = allowedBy(rules.policy, seen.plan)
  const fitted = fitQuotas(allowed, lb, rules)
  const { driftOnly } = task
  const damped = mayWrite ? dampen(fitted.plan, task.remembered.drift, { driftOnly, now: task.now() }) : undefined
  const wished = damped?.plan ?? fitted.plan
  const guarded = judge(wished, lb, task, shared, { mayWrite, gone })
  const taken = lb.tags[TAKEN_TAG] !== undefined
  const settled = taken && isTakenOver(seen.verdicts, wished)
  return {
    ...base,
    wished,
    run: [...withTag(guarded.run, standing, lb, rules.owner), ...(settled ? [UNTAKEN] : [])],
    problems: [
      ...(task.problems ?? []),
      ...tagProblems(lb, pause),
      ...moveFaults(lb, shared),
      ...copyProblems(lb, rows, task),
      ...seen.problems,
      ...fitted.problems,
    ],
    resting: damped?.resting ?? [],
    remembered: { ...kept, drift: damped?.memory ?? task.remembered.drift },
    recheckAt: earliest(seen.recheckAt, guarded.recheckAt, endOf(pause, Date.now(), task.now())),
  }
}

/** The tag that says whose load balancer this is goes before the first write, and is put back where somebody took it off: others go by it. */
function withTag(plan: Plan, standing: Standing, lb: LoadBalancer, owner: string): Plan {
  if (standing.status !== 'untagged' || (plan.length === 0 && !isMarked(lb, owner))) return plan
  return [{ id: 'tag', service: undefined, after: [], changes: [standing.tag] }, ...plan]
}

/**
 * Two swarms that begin at once both see no tag and both write theirs; the last one stands. So the tag is written alone, and the rest of
 * the plan counts as pending: the next look reads the tag again, and who lost sees it before anything else is written.
 */
async function apply({ run, handle, standing }: Look, task: Task): Promise<ApplyResult> {
  const alone = standing.status === 'untagged' && run.length > 1
  const result = await applyPlan(alone ? run.slice(0, 1) : run, handle, task.turnOf, task.hooks)
  return alone ? { ...result, pending: result.pending + run.length - 1 } : result
}

/** @param looked called after reading and before the first write, so that nothing seen is lost if writing fails */
export async function reconcileOne(task: Task, shared: Shared, looked: (look: Look) => void): Promise<Outcome> {
  try {
    const look = await lookAt(task, shared)
    looked(look)
    if (look.run.length === 0 || look.pause !== undefined || !upToDate(task).mayWrite) return { status: 'looked', look, result: undefined }
    return { status: 'looked', look, result: await apply(look, task) }
  } catch (error) {
    return { status: 'failed', error: error instanceof Error ? error : new Error(String(error)) }
  }
}
