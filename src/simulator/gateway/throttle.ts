// The account's call rates: a bucket for each action, full at the start, refilled evenly.
import type { Settings } from '../settings.ts'
import { ApiError } from './api-error.ts'

export type Throttle = { take(action: string, write: boolean, settings: Settings, now: number): void }

export function createThrottle(): Throttle {
  const buckets = new Map<string, { left: number; at: number }>()
  return {
    take(action, write, { rates }, now) {
      if (!rates.enabled) return
      const perMinute = rates.actions[action] ?? (write ? rates.writesPerMinute : rates.readsPerMinute)
      const bucket = buckets.get(action) ?? { left: perMinute, at: now }
      const left = Math.min(perMinute, bucket.left + ((now - bucket.at) * perMinute) / 60_000)
      if (left < 1) {
        buckets.set(action, { left, at: now })
        throw new ApiError(rates.code)
      }
      buckets.set(action, { left: left - 1, at: now })
    },
  }
}
