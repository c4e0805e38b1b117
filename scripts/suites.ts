// What `npm test` runs, in this order: what is quick first, what needs a real engine last. A new suite is a project in vitest.config.ts and
// a row here.

/** The name of a suite is that of its vitest project. */
export type SuitePlan = {
  readonly name: string
  readonly limitMs: number
  /** Test files at a time. Tests that wait bear more than there are cores; tests that compute do not. */
  readonly workers?: number
  /** Shows its output as it comes: seeds, and what takes long. */
  readonly loud?: true
  /** Needs Linux, root and the packages of a Docker Engine. */
  readonly real?: true
  /** Runs beside the one before it: it waits more than it computes, and measures no time. */
  readonly beside?: true
}

const minutes = (count: number): number => count * 60_000

/** All of them, on two cores that do nothing else. */
export const BUDGET_MINUTES = 40

/** One after the other: each has the machine to itself, but for what runs beside it. */
export const SUITES: readonly SuitePlan[] = [
  { name: 'unit', limitMs: minutes(6) },
  { name: 'simulator', limitMs: minutes(12), workers: 6 },
  { name: 'security', limitMs: minutes(5) },
  { name: 'live', limitMs: minutes(5) },
  { name: 'fuzz', limitMs: minutes(5), loud: true },
  { name: 'model', limitMs: minutes(12), loud: true },
  { name: 'faults', limitMs: minutes(25), workers: 3, loud: true },
  { name: 'soak', limitMs: minutes(10), workers: 1, loud: true, beside: true },
  { name: 'load', limitMs: minutes(12), workers: 1, loud: true },
  { name: 'engine', limitMs: minutes(6), loud: true, real: true },
  { name: 'lab', limitMs: minutes(20), workers: 2, loud: true, real: true },
  { name: 'lab-faults', limitMs: minutes(25), loud: true, real: true },
]

/** Tests that may be skipped in CI, by the beginning of their full name, and why. */
export const ALLOWED_SKIPS: readonly { readonly test: string; readonly reason: string }[] = []
