// Takes certificates and access control lists of ours out of the region, at the end of a cleanup: what a listener still uses stays.
import type { Region, RegionChange } from './core/region.ts'
import { describeRegionChange } from './core/region-steps.ts'
import { regionTag } from './core/region-wants.ts'
import { CallError, type Provider } from './providers/provider.ts'

export type RegionCleanup = {
  readonly provider: Provider
  readonly owner: string
  readonly clusterId: string
  readonly dryRun: boolean
  readonly removed: (line: string) => void
  readonly failed: (line: string) => void
}

/** What carries our tag; an account that may not read a list has made nothing there either. */
export const regionCleanupPlan = ({ certificates = [], acls = [] }: Region): readonly RegionChange[] => [
  ...acls.filter(({ key }) => key !== undefined).map(({ id, name }) => ({ kind: 'deleteAcl', id, name }) as const),
  ...certificates.filter(({ key }) => key !== undefined).map(({ id, name }) => ({ kind: 'deleteCertificate', id, name }) as const),
]

/** One at a time: there are few, and nobody waits for them. */
export async function cleanRegion(task: RegionCleanup, signal: AbortSignal): Promise<void> {
  const tag = regionTag(task.owner, task.clusterId)
  const handle = await task.provider.openRegion({ certificates: true, caCertificates: false, acls: true, tag }, signal)
  for (const change of regionCleanupPlan(handle.actual)) {
    const line = `region: ${describeRegionChange(change)}`
    try {
      if (!task.dryRun) await handle.apply(change, { begin: signal, wait: signal, priority: 0 })
      task.removed(line)
    } catch (error) {
      if (!(error instanceof CallError)) throw error
      task.failed(`${line}: ${error.message}`)
    }
  }
}
