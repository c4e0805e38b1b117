// What load balancers of a region share, looked at once: labels are resolved as if its changes were done, so that a plan shows what follows.
import type { Cloud } from './cloud.ts'
import type { LoadBalancer, Problem } from './core/model.ts'
import { describeRegionChange } from './core/region-steps.ts'
import type { Desire } from './desired.ts'
import { createRegionWorker } from './region.ts'
import { createResolving, type Resolving } from './resolving.ts'

export interface RegionLook {
  readonly resolving: Resolving
  /** Reads what labels want to know; nothing where they want nothing. */
  look(desire: Desire): Promise<void>
  changes(): readonly string[]
  problems(): readonly Problem[]
}

export function createRegionLook(
  cloud: Cloud,
  read: ReadonlyMap<string, LoadBalancer>,
  now: () => number,
  signal: AbortSignal,
): RegionLook {
  const nothing = () => {}
  const faults: Error[] = []
  const worker = createRegionWorker({
    provider: cloud.provider,
    read: () => read,
    now,
    stop: signal,
    giveUp: signal,
    assume: true,
    applied: nothing,
    failed: nothing,
    finished: nothing,
    broken: (error) => void faults.push(error instanceof Error ? error : new Error(String(error))),
  })
  const how = { mayWrite: false, resync: false, fresh: false, newOnly: false }
  return {
    resolving: createResolving({ store: cloud.certificates, view: worker.view, read: () => read, now }),
    async look({ wants, wanted, rules, loadBalancers }) {
      worker.offer({ ...how, wants, wanted, rules, loadBalancers })
      await worker.idle()
      const [fault] = faults
      if (fault !== undefined) throw fault
    },
    changes: () => worker.changes().map(describeRegionChange),
    problems: worker.problems,
  }
}
