// Health as listeners report it, folded for one group: a node that any listener finds normal is normal.
import type { ActualListener, ListenerKey, LoadBalancer } from './model.ts'

export type HealthState = 'normal' | 'abnormal' | 'unavailable'
export type HealthRow = { readonly listener: ListenerKey; readonly server: string; readonly port: number; readonly state: HealthState }

export type Health = {
  /**
   * What these listeners report, keyed by server and by `server:port`. Undefined: they check servers, and none of them reports anything;
   * that is no answer, and does not mean that no server is normal.
   */
  of(listeners: readonly ListenerKey[], lb: LoadBalancer): ReadonlyMap<string, HealthState> | undefined
}

const RANK: Record<HealthState, number> = { unavailable: 0, abnormal: 1, normal: 2 }

/** Does this listener watch its backends at all? */
export const isChecked = ({ settings }: Pick<ActualListener, 'settings'>): boolean =>
  settings['health-check-switch'] === 'on' || settings['health-check-flag'] === 'on'

/** It checks servers, so that DescribeHealthStatus has rows of it; whether it has of rules, and of servers at 0, is not documented. */
function reports({ listeners, groups, members }: LoadBalancer, key: ListenerKey): boolean {
  const listener = listeners.find((one) => one.key === key)
  if (listener?.status !== 'running' || !isChecked(listener)) return false
  const { target } = listener
  const behind = target?.kind === 'group' ? groups.find(({ ref }) => ref === target.group)?.members : target && members
  return behind?.some(({ weight }) => weight > 0) === true
}

export function foldHealth(rows: readonly HealthRow[]): Health {
  const told = new Set(rows.map(({ listener }) => listener))
  return {
    of(listeners, lb) {
      if (!listeners.some((key) => told.has(key)) && listeners.some((key) => reports(lb, key))) return undefined
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
