// Source-address persistence (tcp): a client address keeps its backend for some time after its last new connection.
// Bounded: entries leave when their time is over, the oldest also when there are too many. Needs no timer.

export interface Persistence {
  /** The backend remembered for this address, if its time is not over. */
  recall(address: string, now: number): string | undefined
  remember(address: string, backend: string, now: number): void
  /** A changed time applies to the entries that are there. 0 forgets all. */
  setTime(ms: number): void
  readonly size: number
}

type Entry = { readonly backend: string; readonly since: number }

const MOST_ENTRIES = 100_000

export function createPersistence(timeMs: number): Persistence {
  let time = timeMs
  // Kept in the order of last use, so that the first entries are the first to expire.
  const entries = new Map<string, Entry>()
  const expire = (now: number) => {
    for (const [address, { since }] of entries) {
      if (now - since < time && entries.size <= MOST_ENTRIES) return
      entries.delete(address)
    }
  }
  return {
    recall(address, now) {
      expire(now)
      return entries.get(address)?.backend
    },
    remember(address, backend, now) {
      if (time === 0) return
      entries.delete(address)
      entries.set(address, { backend, since: now })
      expire(now)
    },
    setTime(ms) {
      time = ms
      if (ms === 0) entries.clear()
    },
    get size() {
      return entries.size
    },
  }
}
