// What the guard knows of all load balancers together, brought up to date by each look at one of them.
import type { Wanted } from './core/claims.ts'
import { countOwned } from './core/decided.ts'
import { goneSince } from './core/gone.ts'
import { type Gone, type Guarded, guard, type Ledger, noteGone } from './core/guard.ts'
import { byIdentity } from './core/identity.ts'
import type { DeleteKey, LoadBalancer, Plan } from './core/model.ts'
import { isHandOver, movesOf, withMoves } from './core/moving.ts'
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

/**
 * Deletes by another process, seen in the reading before and this one. Where this process alone could have written in between there are
 * none: its own are counted, and what a person deletes while it writes is that person's.
 * @param alone it has been the writer since the reading before
 */
export function goneHere(lb: LoadBalancer, task: Task, shared: Shared, alone: boolean): readonly Gone[] {
  const before = shared.read.get(lb.id)
  if (before === undefined || alone) return []
  // As the moves were then: the tag of one that is over may be gone, too.
  const moves = movesOf(shared.read.values(), (id) => shared.ledger.counts.has(id))
  const isMoved = isHandOver(lb, withMoves(task.wanted, moves), moves)
  return goneSince(before, lb, task.rules.owner).filter(({ key, service }) => !isMoved({ deletes: key, service }))
}

/**
 * @param mayWrite a pass that may not judges too, so that a standby shows what would be held; but nothing counts as deleted or approved there
 * @param gone see goneHere
 */
export function judge(
  wished: Plan,
  lb: LoadBalancer,
  task: Task,
  shared: Shared,
  { mayWrite, gone }: { readonly mayWrite: boolean; readonly gone: readonly Gone[] },
): Guarded {
  const { id, rules, wanted } = task
  const taken = new Set([...shared.ledger.taken, id])
  if (lb.tags[TAKEN_TAG] === undefined) taken.delete(id)
  const ledger = noteGone({ ...shared.ledger, taken }, id, gone, rules.guard, task.now())
  const isMoved = isHandOver(lb, wanted, movesIn(shared))
  const guarded = guard(wished, id, ledger, rules.guard, task.now(), isMoved)
  shared.ledger = {
    ...guarded.ledger,
    ...(mayWrite ? {} : { deleted: ledger.deleted }),
    ...(task.mayWrite ? {} : { approved: new Set<string>() }),
  }
  return guarded
}
