// Resolves what labels name: reads the certificate files that they speak of, and makes the resolver of one reading of the swarm.
import type { CertificateStore } from './certificates/files.ts'
import type { ServiceReading } from './core/labels.ts'
import type { LoadBalancer } from './core/model.ts'
import type { RegionView } from './core/region-wants.ts'
import { createResolver, filesOf, type Resolver } from './core/resolve.ts'

export type ResolvingOptions = {
  readonly store: CertificateStore
  readonly view: () => RegionView
  /** Each load balancer as it was last read. */
  readonly read: () => ReadonlyMap<string, LoadBalancer>
  /** Of waits. Whether a certificate is valid now, the wall clock says. */
  readonly now: () => number
  /** Files that a label names are looked at again after this, milliseconds. */
  readonly filesMs?: number
}

export interface Resolving {
  prepare(readings: readonly ServiceReading[], signal: AbortSignal): Promise<Resolver & { readonly recheckAt: number | undefined }>
}

/** A changed file is to be found within 10 s, a slow look at the swarm included. */
const FILES_MS = 8000

export function createResolving({ store, view, read, now, filesMs = FILES_MS }: ResolvingOptions): Resolving {
  return {
    async prepare(readings, signal) {
      const targets = readings.flatMap(({ ports }) => ports.flatMap((port) => (port.status === 'wanted' ? port.targets : [])))
      const names = filesOf(targets)
      const files = names.length === 0 ? new Map() : await store.look(names, signal)
      const extensionsOf = (id: string, key: string) => {
        const lb = read().get(id)
        return lb === undefined ? undefined : (lb.listeners.find((listener) => listener.key === key)?.extensions ?? [])
      }
      const resolver = createResolver({ view: view(), files, extensionsOf, now: Date.now() })
      return { ...resolver, recheckAt: names.length === 0 ? undefined : now() + filesMs }
    },
  }
}
