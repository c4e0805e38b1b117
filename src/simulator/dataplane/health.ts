// The health check of one backend of one group: probe, wait the interval, probe again; never two at once.
import { setTimeout as sleep } from 'node:timers/promises'
import type { PlaneHealthCheck } from '../plane.ts'
import { type ProbeTarget, probe } from './probes.ts'
import { follow, type HealthState, type Track, UNKNOWN } from './thresholds.ts'

export interface HealthCheck {
  state(): HealthState
  /** Ends a probe in flight as well; its result no longer counts. */
  stop(): void
}

export type HealthCheckOptions = {
  readonly target: ProbeTarget
  readonly check: PlaneHealthCheck
  /** What an earlier check of this backend knew, when only its settings changed. */
  readonly before: HealthState
  readonly onChange: (state: HealthState) => void
}

/** Probes at once; the first result makes the backend normal or abnormal by itself, so that a new listener is usable right away. */
export function startHealthCheck(options: HealthCheckOptions): HealthCheck {
  const stop = new AbortController()
  let track: Track = { ...UNKNOWN, state: options.before }
  const record = (good: boolean) => {
    const next = follow(track, good, options.check)
    if (next.state !== track.state) options.onChange(next.state)
    track = next
  }
  void run(options, record, stop.signal)
  return { state: () => track.state, stop: () => stop.abort() }
}

async function run({ target, check }: HealthCheckOptions, record: (good: boolean) => void, signal: AbortSignal): Promise<void> {
  // The first wait is a part of the interval: checks that begin together (a listener with many backends, a start) drift apart.
  for (let waitMs = check.intervalMs * Math.random(); !signal.aborted; waitMs = check.intervalMs) {
    const good = await probe(target, check, signal)
    if (signal.aborted) return
    record(good)
    await sleep(waitMs, undefined, { signal }).catch(() => undefined)
  }
}
