// How many writes one load balancer gets at a time: found by trying, as congestion control does. Pure: the clock is an argument.
// Evidence only counts when it is about the width: calls in company, while the queue kept every place taken.

export type Width = {
  /** Calls that may be under way now. */
  readonly width: number
  /** Successes in a row that say this width is good. */
  readonly quiet: number
  /** The smallest company in which the cloud was busy; forgotten when that many get through after all. */
  readonly suspect: number | undefined
  /** A width found busy twice: not reached again before `until` (epoch milliseconds). */
  readonly ceiling: { readonly width: number; readonly until: number } | undefined
  /** Pause after each write while they go one by one: some locks outlast the answer. */
  readonly restMs: number
  /** Grows with each halving. Calls begun before it have nothing more to say: they met the same crowd. */
  readonly epoch: number
}

export type WidthRules = {
  readonly start: number
  readonly max: number
  /** Milliseconds that a ceiling is remembered. */
  readonly ceilingMs: number
}

export const WIDTH_RULES: WidthRules = { start: 2, max: 10, ceilingMs: 600_000 }

export const startWidth = (rules: WidthRules): Width => ({
  width: rules.start,
  quiet: 0,
  suspect: undefined,
  ceiling: undefined,
  restMs: 0,
  epoch: 0,
})

const REST = { firstMs: 50, maxMs: 500, growth: 1.5, decay: 0.98, leastMs: 10 }

/** Busy although no other write of ours was under way, but one had just ended: its lock outlasts its answer. */
export const afterLateBusy = (state: Width): Width => ({
  ...state,
  restMs: Math.min(REST.maxMs, Math.max(REST.firstMs, state.restMs * REST.growth)),
})

const rested = (restMs: number) => (restMs * REST.decay < REST.leastMs ? 0 : restMs * REST.decay)

/** A busy answer to a call that was alone says nothing about the width. */
export function afterBusy(state: Width, company: number, epoch: number, now: number, rules: WidthRules): Width {
  if (company < 2 || epoch !== state.epoch) return state
  const again = state.suspect !== undefined && company >= state.suspect
  const suspect = Math.min(company, state.suspect ?? company)
  return {
    ...state,
    width: Math.max(1, Math.floor(Math.min(company, state.width) / 2)),
    quiet: 0,
    suspect,
    // Once may be chance (another tool, a slow listener); twice in a row it is how this load balancer is.
    ceiling: again ? { width: Math.max(1, suspect - 1), until: now + rules.ceilingMs } : state.ceiling,
    epoch: state.epoch + 1,
  }
}

/** Successes needed before the next step: one where nothing speaks against it, a few before a width that was busy. */
const patience = ({ width, suspect }: Width) => (suspect !== undefined && width + 1 >= suspect ? 2 : 1)

/** `saturated`: every place was taken when the call began. */
export function afterSuccess(old: Width, saturated: boolean, epoch: number, now: number, rules: WidthRules): Width {
  if (!saturated || epoch !== old.epoch) return old
  const state = { ...old, restMs: rested(old.restMs) }
  const ceiling = state.ceiling !== undefined && state.ceiling.until > now ? state.ceiling : undefined
  const quiet = state.quiet + 1
  const cleared = state.suspect !== undefined && state.width >= state.suspect && quiet >= state.suspect
  const next = { ...state, ceiling, quiet, suspect: cleared ? undefined : state.suspect }
  const limit = Math.min(rules.max, ceiling?.width ?? rules.max)
  // At a width under suspicion nothing grows until the suspicion is gone.
  const held = next.suspect !== undefined && state.width >= next.suspect
  if (held || state.width >= limit || quiet < patience(next)) return next
  return { ...next, width: state.width + 1, quiet: 0 }
}
