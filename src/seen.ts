// What the readings of all load balancers say together, with our own changes since: which listeners of ours run, and which moves between
// load balancers are on.
import type { Ledger } from './core/guard.ts'
import type { Change, LoadBalancer, Problem } from './core/model.ts'
import { type Moves, moveProblems, movesOf } from './core/moving.ts'
import { servedOn } from './core/serving.ts'
import { afterWrite, listenerOf } from './core/written.ts'

type Seen = { readonly ledger: Ledger; readonly up: Set<string>; readonly fresh: ReadonlyMap<string, LoadBalancer> }

const isAllowed =
  ({ ledger }: Seen) =>
  (id: string): boolean =>
    ledger.counts.has(id)

/** Listeners of ours that run now: a service that moves here may let go of its old place. */
export function noteUp(lb: LoadBalancer, owner: string, { up }: Seen): void {
  for (const place of [...up]) if (place.startsWith(`${lb.id}|`)) up.delete(place)
  for (const place of servedOn(lb, owner)) up.add(place)
}

/** A change of ours has taken effect: what was read before it is not what is there now. */
export function noteWritten(
  id: string,
  change: Change,
  owner: string,
  { up, current }: Seen & { readonly current: Map<string, LoadBalancer> },
): void {
  const before = current.get(id)
  if (before === undefined) return
  const after = afterWrite(before, change)
  current.set(id, after)
  const key = listenerOf(change)
  if (key === undefined) return
  for (const place of servedOn(before, owner, key)) up.delete(place)
  for (const place of servedOn(after, owner, key)) up.add(place)
}

/** Tags are read with load balancers, so moves are known only here, not where labels are read. */
export const movesIn = (seen: Seen): Moves => movesOf(seen.fresh.values(), isAllowed(seen))
export const moveFaults = (lb: LoadBalancer, seen: Seen): readonly Problem[] => moveProblems(lb, isAllowed(seen))
