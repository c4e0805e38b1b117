// Load balancers that were never read: deletes on the others wait for them, but not for ever for one that cannot be read.
import type { Ledger } from './core/guard.ts'

/** A load balancer that was never read holds deletes up for this long after its first failure; milliseconds. */
const PATIENCE_MS = 600_000

export interface Unread {
  /** After each pass over a load balancer. Answers with the ledger, and whether all are known with this very pass. */
  passed(id: string, ok: boolean, ledger: Ledger): { readonly ledger: Ledger; readonly complete: boolean }
  /** Before each offer: what is wanted of those that are waited for no more is all that is known of them. */
  assume(ledger: Ledger): Ledger
}

/** @param wantedOn how many listeners are wanted on a load balancer now */
export function followUnread(wantedOn: (id: string) => number, now: () => number): Unread {
  const failingSince = new Map<string, number>()
  const givenUp = new Set<string>()
  let waiting = false

  // Nothing owned, as nothing was seen; what is wanted there keeps a swarm that lost one load balancer from looking like one that lost its services.
  const assume = (ledger: Ledger): Ledger => {
    if (givenUp.size === 0) return ledger
    const counts = [...givenUp].map((id) => [id, { owned: 0, alive: wantedOn(id) }] as const)
    return { ...ledger, counts: new Map([...ledger.counts, ...counts]) }
  }
  const isUnread = (ledger: Ledger) => [...ledger.counts.values()].includes(undefined)

  return {
    assume(ledger) {
      waiting ||= isUnread(ledger)
      return assume(ledger)
    },
    passed(id, ok, before) {
      if (ok) {
        failingSince.delete(id)
        givenUp.delete(id)
      } else if (before.counts.get(id) === undefined) {
        const since = failingSince.get(id) ?? now()
        failingSince.set(id, since)
        if (now() - since >= PATIENCE_MS) givenUp.add(id)
      }
      const ledger = assume(before)
      const complete = waiting && !isUnread(ledger)
      waiting = isUnread(ledger)
      return { ledger, complete }
    },
  }
}
