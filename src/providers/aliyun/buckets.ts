// Keeps our calls within the part of the account's API rates that is ours: one token bucket per action.
// The rates are the account's, shared with consoles and other tools (published per API and region).
import { createGate, type Gate, type Place } from './queue.ts'

/** `tokens` a `perMs`; the same number may be spent at once. */
export type Rate = { readonly tokens: number; readonly perMs: number }

export const RATES = {
  write: { tokens: 90, perMs: 60_000 },
  read: { tokens: 50, perMs: 1_000 },
} as const satisfies Record<string, Rate>

/** Actions whose published rate is lower than their kind's. For DescribeInstances none is published: most of ECS has 500 a minute. */
const RATE_BY_ACTION: Readonly<Record<string, Rate>> = {
  ListTagResources: { tokens: 10, perMs: 1_000 },
  UntagResources: { tokens: 5, perMs: 1_000 },
  DescribeInstances: { tokens: 500, perMs: 60_000 },
}

/** What a bucket held at a moment. A moment that is still to come is a pause. */
export type Level = { readonly tokens: number; readonly at: number }

export function refill(level: Level, rate: Rate, now: number): Level {
  if (now <= level.at) return level
  return { tokens: Math.min(rate.tokens, level.tokens + ((now - level.at) * rate.tokens) / rate.perMs), at: now }
}

/** Milliseconds until one token is there; 0: now. */
export function waitFor(level: Level, rate: Rate, now: number): number {
  if (now < level.at) return level.at - now
  const { tokens } = refill(level, rate, now)
  // Rounding errors of the refill must not cost another turn of the timer.
  return tokens > 1 - 1e-6 ? 0 : ((1 - tokens) * rate.perMs) / rate.tokens
}

export interface Buckets {
  /** Waits for a token of this action. Rejects with the signal's reason. */
  take(action: string, kind: 'read' | 'write', place: Place, signal: AbortSignal): Promise<void>
  /** The cloud refused this action for its rate: everybody who waits for it pauses, then one probes. */
  throttled(action: string): void
}

export type BucketOptions = {
  /** Part of the account's rates that is ours, 0.05..1. */
  readonly share: number
  /** No limit at all: for measurements. */
  readonly unlimited?: boolean
  /** Length of the pause after a throttled call. */
  readonly pauseMs?: number
  readonly rates?: { readonly read: Rate; readonly write: Rate }
  /** A clock that never goes back, in milliseconds. */
  readonly now?: () => number
}

type Bucket = { readonly gate: Gate; readonly pause: (ms: number) => void }

export function createBuckets({
  share,
  unlimited = false,
  pauseMs = 500,
  rates = RATES,
  now = () => performance.now(),
}: BucketOptions): Buckets {
  const buckets = new Map<string, Bucket>()
  const bucketOf = (action: string, kind: 'read' | 'write') => {
    const rate = RATE_BY_ACTION[action] ?? rates[kind]
    const bucket =
      buckets.get(action) ?? createBucket({ ...rate, tokens: Math.max(1, rate.tokens * share), perMs: paced(rate, share) }, now)
    buckets.set(action, bucket)
    return bucket
  }
  return {
    async take(action, kind, place, signal) {
      if (unlimited) signal.throwIfAborted()
      else await bucketOf(action, kind).gate.enter(place, signal)
    },
    throttled: (action) => buckets.get(action)?.pause(pauseMs),
  }
}

/** A share of less than one token still gets a whole one, only more rarely. */
const paced = (rate: Rate, share: number) => rate.perMs * Math.max(1, 1 / (rate.tokens * share))

/**
 * Milliseconds. The cloud counts a call when it arrives, we when it leaves, and the first of a burst is the slowest (a connection, a
 * check of leadership). A bucket that was full gains nothing until that first call is there: without this pause at the end of the burst
 * the calls after it come too early, every one of them. One that was not full has gained all the time, and its calls need no pause.
 */
export const LATE_MS = 300

function createBucket(rate: Rate, now: () => number): Bucket {
  let level: Level = { tokens: rate.tokens, at: now() }
  let burst = false
  const gate = createGate(() => {
    const waitMs = waitFor(level, rate, now())
    if (waitMs > 0) return waitMs
    const { tokens, at } = refill(level, rate, now())
    burst ||= tokens >= 2 && tokens > rate.tokens - 1
    const ends = burst && tokens < 2
    if (ends) burst = false
    level = { tokens: Math.max(0, tokens - 1), at: ends ? at + LATE_MS : at }
    return 0
  })
  return {
    gate,
    pause(ms) {
      burst = false
      level = { tokens: 1, at: now() + ms }
    },
  }
}
