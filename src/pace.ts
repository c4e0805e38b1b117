// How long until one load balancer is tried again after a pass that did not end well. Later and later, and at once where only time was short.
import type { Outcome } from './reconcile.ts'

export type Pace = {
  /** Passes in a row that failed. */
  readonly failures: number
  /** Passes in a row that waited for something else than their own time: a lease that is not certain, a queue. */
  readonly stalls: number
}
export const STEADY: Pace = { failures: 0, stalls: 0 }

/** cut: its box ended before everything was done. stalled: not everything was done although there was time. */
export type Ending = 'well' | 'failed' | 'cut' | 'stalled'

const FAILED_MS = [200, 1000, 2000, 5000, 10_000, 30_000, 60_000]
const STALLED_MS = [200, 400, 800, 1600, 3200, 5000]

const waitFor = (waits: readonly number[], count: number) => waits[Math.min(count, waits.length) - 1] ?? 0

/** Answers with the wait in milliseconds; undefined: nothing is to be tried again. */
export function nextPace(before: Pace, ending: Ending): { readonly pace: Pace; readonly wait: number | undefined } {
  if (ending === 'well') return { pace: STEADY, wait: undefined }
  if (ending === 'cut') return { pace: STEADY, wait: 0 }
  if (ending === 'stalled') {
    const stalls = before.stalls + 1
    return { pace: { failures: 0, stalls }, wait: waitFor(STALLED_MS, stalls) }
  }
  const failures = before.failures + 1
  return { pace: { failures, stalls: 0 }, wait: waitFor(FAILED_MS, failures) }
}

/** @param cut the box of the pass ended before it did */
export function endingOf(outcome: Outcome, cut: boolean): Ending {
  const result = outcome.status === 'looked' ? outcome.result : undefined
  if (outcome.status === 'failed' || result?.unknown === true || (result?.failed.length ?? 0) > 0) return 'failed'
  if ((result?.pending ?? 0) === 0) return 'well'
  return cut ? 'cut' : 'stalled'
}

/** How soon another look may show something else where nothing was written. */
const SAME_MS = 30_000

/**
 * When what a look saw is due, milliseconds. At once is for what follows from a write: where a pause, a dry run, a policy or a refusal let nothing
 * be written, another look would show the same, and so on without end. What became due since the look is another matter.
 */
export function lookAgain(outcome: Outcome): number | undefined {
  if (outcome.status !== 'looked') return undefined
  const { at, recheckAt } = outcome.look
  const wrote = (outcome.result?.applied.length ?? 0) > 0
  return recheckAt === undefined || recheckAt > at || wrote ? recheckAt : at + SAME_MS
}
