// May these deletes run? A few at a time always, many only with time or approval, all of them never by themselves.
// The rest of a plan does not wait for it.
import type { Chain, DeleteKey, Plan } from './model.ts'

export type GuardRules = {
  /** Deletes that are free within the window: a number, or a share of what is owned if that is more. */
  readonly maxDeletes: { readonly count: number; readonly percent: number }
  /** A held delete runs after its wish stood unchanged for this long; milliseconds. */
  readonly release: number
  readonly window: number
}

/** One delete as it was shown: approving it approves exactly this. */
export type HeldDelete = {
  readonly loadBalancer: string
  readonly key: DeleteKey
  readonly service: string
  readonly since: number
  readonly reason: string
}

/** One that somebody else did. */
export type Gone = Pick<HeldDelete, 'key' | 'service'>

/** What the guard knows of all load balancers together. */
export type Ledger = {
  /** Deletes let through, with the time, milliseconds: one that is tried again at once counts once. */
  readonly deleted: ReadonlyMap<string, number>
  readonly held: ReadonlyMap<string, HeldDelete>
  readonly approved: ReadonlySet<string>
  /** By load balancer; undefined: not read yet. */
  readonly counts: ReadonlyMap<string, { readonly owned: number; readonly alive: number } | undefined>
  /** Load balancers that were taken over from an earlier swarm or owner, and not all of whose listeners are known to be wanted. */
  readonly taken: ReadonlySet<string>
}

const RETRY_MS = 15_000
const TAKEN_OVER = 'the load balancer was taken over from an earlier swarm or owner'

export const newLedger = (loadBalancers: readonly string[]): Ledger => ({
  deleted: new Map(),
  held: new Map(),
  approved: new Set(),
  counts: new Map(loadBalancers.map((id) => [id, undefined])),
  taken: new Set(),
})

const heldKey = (loadBalancer: string, key: DeleteKey) => `${loadBalancer}|${key}`
/** What an approval is bound to: a delete of the same listener for another service is another delete. */
const approvalOf = (held: Pick<HeldDelete, 'loadBalancer' | 'key' | 'service'>) => `${held.loadBalancer}|${held.key}|${held.service}`

function total(ledger: Ledger): { readonly owned: number; readonly alive: number; readonly known: boolean } {
  const counts = [...ledger.counts.values()]
  const sum = (pick: (count: { owned: number; alive: number }) => number) =>
    counts.reduce((all, count) => all + (count === undefined ? 0 : pick(count)), 0)
  return { owned: sum((count) => count.owned), alive: sum((count) => count.alive), known: counts.every((count) => count !== undefined) }
}

/** Why nothing may be deleted without approval anywhere, however long it waits. */
export function holdAll(ledger: Ledger): string | undefined {
  const { owned, alive } = total(ledger)
  if (alive === 0 && owned > 1) return `no service wants any of the ${owned} listeners any more`
  return undefined
}

function free(ledger: Ledger, rules: GuardRules): number {
  const used = ledger.deleted.size
  const { count, percent } = rules.maxDeletes
  const quota = Math.max(count, Math.floor(((total(ledger).owned + used) * percent) / 100))
  return Math.max(0, quota - used)
}

/** The same delete a moment ago did not get through: it is counted already. Later it is another one: a listener may come and go. */
const isRetry = (deleted: Ledger['deleted'], approval: string, now: number) =>
  [...deleted].some(([key, time]) => key.startsWith(`${approval}@`) && now - time < RETRY_MS)

const recent = (deleted: Ledger['deleted'], { window }: GuardRules, now: number) =>
  new Map([...deleted].filter(([, time]) => now - time < window))

/**
 * Counts deletes that another process did, or a person: whoever begins to lead goes on with what was free, and not anew. What this process
 * did itself, or saw before, is counted already.
 */
export function noteGone(ledger: Ledger, loadBalancer: string, gone: readonly Gone[], rules: GuardRules, now: number): Ledger {
  const deleted = recent(ledger.deleted, rules, now)
  for (const one of gone) {
    const approval = approvalOf({ loadBalancer, ...one })
    if (![...deleted.keys()].some((key) => key.startsWith(`${approval}@`))) deleted.set(`${approval}@${now}`, now)
  }
  return { ...ledger, deleted }
}

export type Guarded = { readonly run: Plan; readonly ledger: Ledger; readonly recheckAt: number | undefined }

/** A chain waits for chains of the same plan; what waits for a held one is held with it. */
export function withoutDependants(plan: Plan, held: ReadonlySet<string>): Chain[] {
  const gone = new Set(held)
  for (let before = -1; before !== gone.size; ) {
    before = gone.size
    for (const chain of plan) if (chain.after.some((id) => gone.has(id))) gone.add(chain.id)
  }
  return plan.filter((chain) => !gone.has(chain.id))
}

/** An approval ends with the wish that was shown: what is wanted to be deleted another time is asked about again. */
function stillAsked(approved: ReadonlySet<string>, plan: Plan, loadBalancer: string): ReadonlySet<string> {
  const asked = new Set(
    plan.flatMap(({ deletes, service = '' }) => (deletes === undefined ? [] : [approvalOf({ loadBalancer, key: deletes, service })])),
  )
  return new Set([...approved].filter((approval) => !approval.startsWith(`${loadBalancer}|`) || asked.has(approval)))
}

/**
 * Judges the deletes of one load balancer's plan. Deletes that may run are counted at once.
 * @param now milliseconds
 * @param isHandOver the end of a move that people asked for: not counted, but held where all is
 */
export function guard(
  plan: Plan,
  loadBalancer: string,
  before: Ledger,
  rules: GuardRules,
  now: number,
  isHandOver: (chain: Chain) => boolean = () => false,
): Guarded {
  const ledger: Ledger = { ...before, deleted: recent(before.deleted, rules, now) }
  const all = ledger.taken.has(loadBalancer) ? TAKEN_OVER : holdAll(ledger)
  const unread = !total(ledger).known
  let left = free(ledger, rules)
  const deleted = new Map(ledger.deleted)
  const held = new Map([...ledger.held].filter(([, entry]) => entry.loadBalancer !== loadBalancer))
  const stopped = new Set<string>()
  for (const chain of plan) {
    if (chain.deletes === undefined || (all === undefined && !unread && isHandOver(chain))) continue
    const key = heldKey(loadBalancer, chain.deletes)
    const earlier = ledger.held.get(key)
    const service = chain.service ?? ''
    const since = earlier?.service === service ? earlier.since : now
    const entry: HeldDelete = { loadBalancer, key: chain.deletes, service, since, reason: all ?? 'more deletes than are free at a time' }
    const approved = ledger.approved.has(approvalOf(entry))
    const released = all === undefined && earlier !== undefined && now - since >= rules.release
    const again = all === undefined && isRetry(ledger.deleted, approvalOf(entry), now)
    if (approved || released || again || (all === undefined && !unread && left > 0)) {
      if (!approved && !released && !again) left -= 1
      if (!again) deleted.set(`${approvalOf(entry)}@${now}`, now)
      continue
    }
    held.set(key, unread && all === undefined ? { ...entry, reason: 'not all load balancers are read yet' } : entry)
    stopped.add(chain.id)
  }
  const mine = [...held.values()].filter((entry) => entry.loadBalancer === loadBalancer)
  const times = [...mine.map((entry) => entry.since + rules.release), ...[...deleted.values()].map((time) => time + rules.window)].filter(
    (time) => time > now,
  )
  return {
    run: withoutDependants(plan, stopped),
    ledger: { ...ledger, deleted, held, approved: stillAsked(ledger.approved, plan, loadBalancer) },
    recheckAt: mine.length === 0 || unread || times.length === 0 ? undefined : Math.min(...times),
  }
}

/** One that is not allowed any more is not looked at any more: nothing is held there. */
export function onlyAllowed(ledger: Ledger, loadBalancers: readonly string[]): Ledger {
  return { ...ledger, held: new Map([...ledger.held].filter(([, { loadBalancer }]) => loadBalancers.includes(loadBalancer))) }
}

/** Lets exactly the deletes run that were shown; valid for any part of them, for the life of this process. */
export function approve(ledger: Ledger, shown: readonly HeldDelete[]): Ledger {
  return { ...ledger, approved: new Set([...ledger.approved, ...shown.map(approvalOf)]) }
}

/** Names a set of held deletes, so that what is approved is what was seen. */
export function heldHash(held: readonly HeldDelete[]): string {
  const text = held.map(approvalOf).sort().join('\n')
  let h = 0xcbf29ce484222325n
  for (let i = 0; i < text.length; i++) h = BigInt.asUintN(64, (h ^ BigInt(text.charCodeAt(i))) * 0x100000001b3n)
  return h.toString(16).padStart(16, '0').slice(0, 12)
}
