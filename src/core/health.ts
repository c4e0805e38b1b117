// Health as listeners report it, folded for one group: a node that any listener finds normal is normal.
import type { ListenerKey } from './model.ts'

export type HealthState = 'normal' | 'abnormal' | 'unavailable'
export type HealthRow = { readonly listener: ListenerKey; readonly server: string; readonly port: number; readonly state: HealthState }

export type Health = { of(listeners: readonly ListenerKey[]): ReadonlyMap<string, HealthState> }

const RANK: Record<HealthState, number> = { unavailable: 0, abnormal: 1, normal: 2 }

/** Keyed by server, and by `server:port`. */
export function foldHealth(rows: readonly HealthRow[]): Health {
  return {
    of(listeners) {
      const states = new Map<string, HealthState>()
      for (const row of rows) {
        if (!listeners.includes(row.listener)) continue
        for (const key of [row.server, `${row.server}:${row.port}`]) {
          const before = states.get(key)
          if (before === undefined || RANK[row.state] > RANK[before]) states.set(key, row.state)
        }
      }
      return states
    },
  }
}
