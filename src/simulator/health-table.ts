// Health without a data plane: what DescribeHealthStatus says about checked servers of running listeners. Everything is normal until told otherwise.

export type HealthState = 'normal' | 'abnormal' | 'unavailable'

/** Where an entry applies; what is left out matches everything. */
type HealthKey = {
  readonly server: string
  readonly loadBalancerId?: string | undefined
  readonly listenerPort?: number | undefined
  readonly port?: number | undefined
}

export type HealthTable = {
  set(key: HealthKey, state: HealthState): void
  /** The newest entry that fits. */
  get(key: Required<HealthKey>): HealthState
  clear(): void
}

export function createHealthTable(): HealthTable {
  let entries: { readonly key: HealthKey; readonly state: HealthState }[] = []
  return {
    set(key, state) {
      entries = [{ key, state }, ...entries.filter((entry) => !sameKey(entry.key, key))]
    },
    get: (key) => entries.find((entry) => covers(entry.key, key))?.state ?? 'normal',
    clear() {
      entries = []
    },
  }
}

const PARTS = ['server', 'loadBalancerId', 'listenerPort', 'port'] as const

const sameKey = (a: HealthKey, b: HealthKey): boolean => PARTS.every((part) => a[part] === b[part])

const covers = (entry: HealthKey, key: HealthKey): boolean => PARTS.every((part) => entry[part] === undefined || entry[part] === key[part])
