// Runs passes one after another: after start, after a wake and its settling, when a timer is due, and at every resync.
// An event says "look again" and nothing more; a fixed delay after the first one lets a burst arrive without starving anybody.

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

export function createLoop({ pass, resyncMs, settleMs, now, speed = 1 }: LoopOptions): Loop {
  let dueAt = now()
  let resyncAt = now()
  let ring: (() => void) | undefined

  const at = (time: number | undefined) => {
    if (time === undefined || time >= dueAt) return
    dueAt = time
    ring?.()
  }

  /** Until the next pass is due; a wake may bring that forward. */
  async function rest(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && now() < Math.min(dueAt, resyncAt)) {
      await new Promise<void>((resolve) => {
        const finish = () => {
          clearTimeout(timer)
          signal.removeEventListener('abort', finish)
          resolve()
        }
        const timer = setTimeout(finish, Math.max(1, (Math.min(dueAt, resyncAt) - now()) / speed))
        ring = finish
        signal.addEventListener('abort', finish, { once: true })
      })
    }
    ring = undefined
  }

  return {
    wake: (kind) => at(now() + settleMs[kind]),
    at,
    async run(signal) {
      while (!signal.aborted) {
        await rest(signal)
        if (signal.aborted) return
        const resync = now() >= resyncAt
        if (resync) resyncAt = now() + resyncMs
        dueAt = Number.POSITIVE_INFINITY
        await pass({ resync })
      }
    },
  }
}
