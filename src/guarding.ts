// What the guard knows of all load balancers together, brought up to date by each look at one of them.
import type { Wanted } from './core/claims.ts'
import { countOwned } from './core/decided.ts'
import { type Guarded, guard, type Ledger } from './core/guard.ts'
import { byIdentity } from './core/identity.ts'
import type { DeleteKey, LoadBalancer, Plan } from './core/model.ts'
import { isHandOver } from './core/moving.ts'
import { TAKEN_TAG } from './core/usable.ts'
import type { Shared, Task } from './reconcile.ts'
import { movesIn } from './seen.ts'

type Counts = Map<string, { owned: number; alive: number } | undefined>

/** What is wanted may have changed for all load balancers at once: what each held when it was last read is judged by the same wish. */
export function recount(shared: Shared, { wanted, rules, backends, now }: Task): Counts {
  const isUp = (place: string) => shared.up.has(place)
  const known = countedFor(wanted)
  return new Map(
    [...shared.ledger.counts].map(([id, before]) => {
      const lb = shared.read.get(id)
      if (before === undefined || lb === undefined) return [id, before]
      const count = known.get(lb) ?? countOwned({ lb, wanted, rules, backends, isUp, now: now() })
      known.set(lb, count)
      return [id, count]
    }),
  )
}

/** The same load balancer is judged by the same wish once, however many others are looked at meanwhile. */
const countedFor = byIdentity((_: Wanted) => new Map<LoadBalancer, { owned: number; alive: number }>())

export function heldHere(ledger: Ledger, id: string): ReadonlySet<DeleteKey> {
  return new Set([...ledger.held.values()].filter((held) => held.loadBalancer === id).map((held) => held.key))
}

/** @param mayWrite a pass that may not judges too, so that a standby shows what would be held; but nothing counts as deleted or approved there */
export function judge(wished: Plan, lb: LoadBalancer, task: Task, shared: Shared, mayWrite: boolean): Guarded {
  const { id, rules, wanted } = task
  const { ledger } = shared
  const guarded = guard(
    wished,
    id,
    { ...ledger, clusterChanged: ledger.clusterChanged || lb.tags[TAKEN_TAG] !== undefined },
    rules.guard,
    task.now(),
    isHandOver(lb, wanted, movesIn(shared)),
  )
  shared.ledger = {
    ...guarded.ledger,
    clusterChanged: ledger.clusterChanged,
    ...(mayWrite ? {} : { deleted: ledger.deleted }),
    ...(task.mayWrite ? {} : { approved: new Set<string>() }),
  }
  return guarded
}
