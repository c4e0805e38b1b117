// Carries out a plan: chains side by side, each in its own order, a failure ends its own chain only.
// How wide calls run and how long they wait is the provider's business; here it is only said when to stop beginning.
import { type Chain, type Change, DEFAULT_GROUP, type LoadBalancer, type Member, type Plan } from './core/model.ts'
import { CallError, type Handle, ServersRefused, type Turn } from './providers/provider.ts'

export type Applied = { readonly chain: Chain; readonly change: Change; readonly requestIds: readonly string[]; readonly ms: number }
export type NotApplied = { readonly chain: Chain; readonly change: Change; readonly error: Error }

export type ApplyResult = {
  readonly applied: readonly Applied[]
  readonly failed: readonly NotApplied[]
  /** Changes that gave up waiting, and those behind them. */
  readonly pending: number
  /** It may have happened: the load balancer must be read afresh. */
  readonly unknown: boolean
}

export type ApplyHooks = {
  /** Before the first call of a change. */
  readonly begins: (change: Change) => void
  readonly applied: (applied: Applied) => void
  readonly failed: (failed: NotApplied) => void
  readonly now: () => number
}

/** partly: some servers were refused, the others went in. full: none went in for want of room, and the group serves without them. */
type Ending = 'done' | 'partly' | 'full' | 'failed' | 'pending'

const statusOf = (error: unknown) => (error instanceof CallError ? error.status : 'failed')

const serves = (members: readonly Member[]) => members.some(({ weight }) => weight > 0)

/** Whether the group of this change sends traffic anywhere, although these servers were refused. */
function stillServes(change: Change, refused: readonly string[], lb: LoadBalancer): boolean {
  if (change.kind !== 'createGroup' && change.kind !== 'addBackends') return false
  if (serves(change.members.filter(({ server }) => !refused.includes(server)))) return true
  if (change.kind === 'createGroup') return false
  return serves((change.group === DEFAULT_GROUP ? lb.members : lb.groups.find(({ ref }) => ref === change.group)?.members) ?? [])
}

/** A quota has no room for servers of a group that serves: nothing else of it counted on them, as with a quota that is known before. */
const isFull = (error: unknown, change: Change, lb: LoadBalancer) =>
  error instanceof CallError &&
  error.quota !== undefined &&
  change.kind === 'addBackends' &&
  stillServes(
    change,
    change.members.map(({ server }) => server),
    lb,
  )

/** What of a change adds or raises. Undefined: it takes something away, which was weighed against servers that are not there now. */
function opening(change: Change): Change | undefined {
  if (change.kind === 'removeBackends' || change.kind === 'deleteGroup' || change.kind === 'deleteListener') return undefined
  if (change.kind !== 'setWeights') return change
  const raised = change.members.filter(({ weight }) => weight > 0)
  if (raised.length === change.members.length) return change
  const was = change.was.filter((_, index) => (change.members[index]?.weight ?? 0) > 0)
  return raised.length === 0 ? undefined : { ...change, members: raised, was }
}

/** @param turnOf how urgent a chain is, and the signals that end waiting */
export async function applyPlan(plan: Plan, handle: Handle, turnOf: (chain: Chain) => Turn, hooks: ApplyHooks): Promise<ApplyResult> {
  const applied: Applied[] = []
  const failed: NotApplied[] = []
  let pending = 0
  let unknown = false
  const endings = new Map<string, Promise<Ending>>()

  async function step(chain: Chain, change: Change, turn: Turn): Promise<Ending> {
    const begun = hooks.now()
    try {
      hooks.begins(change)
      const requestIds = await handle.apply(change, turn)
      const one = { chain, change, requestIds, ms: hooks.now() - begun }
      applied.push(one)
      hooks.applied(one)
      return 'done'
    } catch (error) {
      const status = statusOf(error)
      if (status === 'pending') return 'pending'
      if (status === 'unknown') unknown = true
      const one = { chain, change, error: error instanceof Error ? error : new Error(String(error)) }
      failed.push(one)
      hooks.failed(one)
      if (isFull(error, change, handle.actual)) return 'full'
      // One node that the cloud refuses must not keep a listener from the others.
      return error instanceof ServersRefused && stillServes(change, error.servers, handle.actual) ? 'partly' : 'failed'
    }
  }

  async function run(chain: Chain): Promise<Ending> {
    const before = await Promise.all(chain.after.map((id) => endings.get(id)))
    const turn = turnOf(chain)
    if (before.includes('failed') || before.includes('pending')) {
      pending += chain.changes.length
      return 'pending'
    }
    let partly = false
    for (const [index, planned] of chain.changes.entries()) {
      const change: Change | undefined = partly ? opening(planned) : planned
      if (change !== planned) pending += 1
      if (change === undefined) continue
      const ending: Ending = turn.begin.aborted ? 'pending' : await step(chain, change, turn)
      partly ||= ending === 'partly'
      if (ending === 'done' || ending === 'partly' || ending === 'full') continue
      if (ending === 'pending') pending += chain.changes.length - index
      return ending
    }
    return 'done'
  }

  // Chains name only chains that stand before them in the plan once it is in order.
  for (const chain of inOrder(plan)) endings.set(chain.id, run(chain))
  await Promise.all(endings.values())
  return { applied, failed, pending, unknown }
}

/** Chains after those that they wait for; otherwise in the order of the plan. */
export function inOrder(plan: Plan): Plan {
  const byId = new Map(plan.map((chain) => [chain.id, chain]))
  const done = new Set<string>()
  const order: Chain[] = []
  const visit = (chain: Chain) => {
    if (done.has(chain.id)) return
    done.add(chain.id)
    for (const id of chain.after) {
      const before = byId.get(id)
      if (before !== undefined) visit(before)
    }
    order.push(chain)
  }
  for (const chain of plan) visit(chain)
  return order
}
