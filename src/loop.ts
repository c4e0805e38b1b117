// Runs passes one after another: after start, after a wake and its settling, when a timer is due, and at every resync.
// An event says "look again" and nothing more; a fixed delay after the first one lets a burst arrive without starving anybody.
// Times that were asked for wait after a pass, longer the longer it took: with thousands of services load balancers go on meanwhile.

export type Why = { readonly resync: boolean }

export type LoopOptions = {
  /** One look at the swarm. Never throws. */
  readonly pass: (why: Why) => Promise<void>
  readonly resyncMs: number
  /** Delay after the first wake of a kind, milliseconds. */
  readonly settleMs: { readonly service: number; readonly node: number }
  readonly now: () => number
  /** How much faster than real time `now` runs; 1. */
  readonly speed?: number
}

export interface Loop {
  wake(kind: 'service' | 'node'): void
  /** Asks for a pass at a time, milliseconds; earlier ones win. */
  at(time: number | undefined): void
  run(signal: AbortSignal): Promise<void>
}

/** Times the duration of the pass before. */
const REST = 2
const MOST_REST_MS = 1000

export function createLoop({ pass, resyncMs, settleMs, now, speed = 1 }: LoopOptions): Loop {
  let dueAt = now()
  let wokenAt = Number.POSITIVE_INFINITY
  let resyncAt = now()
  let restsUntil = Number.NEGATIVE_INFINITY
  let ring: (() => void) | undefined

  const at = (time: number | undefined) => {
    if (time === undefined || time >= dueAt) return
    dueAt = time
    ring?.()
  }

  const next = () => Math.min(wokenAt, resyncAt, Math.max(restsUntil, dueAt))

  /** Until the next pass is due; a wake may bring that forward. */
  async function rest(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && now() < next()) {
      await new Promise<void>((resolve) => {
        const finish = () => {
          clearTimeout(timer)
          signal.removeEventListener('abort', finish)
          resolve()
        }
        const timer = setTimeout(finish, Math.max(1, (next() - now()) / speed))
        ring = finish
        signal.addEventListener('abort', finish, { once: true })
      })
    }
    ring = undefined
  }

  return {
    wake(kind) {
      const time = now() + settleMs[kind]
      if (time >= next()) return
      wokenAt = time
      ring?.()
    },
    at,
    async run(signal) {
      while (!signal.aborted) {
        await rest(signal)
        if (signal.aborted) return
        const resync = now() >= resyncAt
        if (resync) resyncAt = now() + resyncMs
        dueAt = Number.POSITIVE_INFINITY
        wokenAt = Number.POSITIVE_INFINITY
        const begun = now()
        await pass({ resync })
        restsUntil = now() + Math.min(MOST_REST_MS, REST * (now() - begun))
      }
    },
  }
}
