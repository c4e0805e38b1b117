// The watchdog of the event stream: a change that a reading shows and no event announced opens it anew.
import type { Snapshot } from './core/model.ts'
import { fingerprint, type MissedMemory, nextMissed } from './swarm/missed.ts'
import type { Watch } from './swarm/watch.ts'

export interface Watchdog {
  /** With each reading and when it began, milliseconds. Answers with when to read again, so that an event that is late is no missed one. */
  reading(snapshot: Snapshot, startedAt: number): number | undefined
  /** With each reading that failed. */
  failed(): void
}

export function createWatchdog(watch: Pick<Watch, 'state' | 'missed'>, now: () => number): Watchdog {
  let memory: MissedMemory | undefined
  return {
    reading(snapshot, startedAt) {
      const next = nextMissed(memory, watch.state(), now(), { fingerprint: fingerprint(snapshot), startedAt, endedAt: now() })
      memory = next.memory
      if (next.missed.length > 0) watch.missed(next.missed)
      return next.recheckAt
    },
    failed() {
      memory = nextMissed(undefined, watch.state(), now()).memory
    },
  }
}
