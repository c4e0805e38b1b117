// What load balancers of a region share, as the daemon sees it: labels are resolved with it, its changes go to the audit log, and its
// problems to the page.
import type { BoardPen, SharedPage } from './board.ts'
import type { Cloud } from './cloud.ts'
import type { LoadBalancer } from './core/model.ts'
import type { RegionChange } from './core/region.ts'
import { describeRegionChange } from './core/region-steps.ts'
import type { Desire } from './desired.ts'
import type { Logger } from './log.ts'
import { createRegionWorker, type RegionTimes } from './region.ts'
import { createResolving, type Resolving } from './resolving.ts'

export type SharingOptions = {
  readonly cloud: Cloud
  readonly board: BoardPen
  readonly log: Logger
  readonly now: () => number
  readonly stop: AbortSignal
  readonly giveUp: AbortSignal
  /** Each load balancer as it was last read. */
  readonly read: () => ReadonlyMap<string, LoadBalancer>
  /** Some load balancer may be written to: while none may, nothing that they share is. */
  readonly open: () => boolean
  readonly nodeName: () => string
  /** Nothing will ever be written: what would follow is shown as if it were done. */
  readonly dryRun: boolean
  readonly finished: (again: number | undefined) => void
  readonly filesMs?: number | undefined
  readonly times?: Partial<RegionTimes> | undefined
}

type SharingOffer = {
  readonly desire: Desire
  readonly mayWrite: boolean
  /** Somewhere writing is paused: what serves stays as it is. */
  readonly careful: boolean
  readonly resync: boolean
  readonly fresh: boolean
  readonly newOnly: boolean
}

export interface Sharing {
  readonly resolving: Resolving
  /** Answers with the time at which something is due. */
  offer(offer: SharingOffer): number | undefined
  /** What was kept back because no load balancer could be written to may be done now. */
  waits(): boolean
  page(): SharedPage
  idle(): Promise<void>
}

export function createSharing(options: SharingOptions): Sharing {
  const { cloud, now, dryRun, read } = options
  const report = createReport(options)
  const worker = createRegionWorker({
    ...options,
    provider: cloud.provider,
    assume: dryRun,
    times: options.times ?? {},
    applied: report.applied,
    failed: report.failed,
    broken: report.broken,
  })
  const { filesMs } = options
  let shut = false
  return {
    resolving: createResolving({ store: cloud.certificates, view: worker.view, read, now, ...(filesMs === undefined ? {} : { filesMs }) }),
    offer({ desire, careful, ...how }) {
      const { wants, wanted, loadBalancers } = desire
      const rules = { ...desire.rules, policy: careful ? 'create-only' : desire.rules.policy } as const
      shut = how.mayWrite && !options.open()
      const due = worker.offer({ ...how, mayWrite: how.mayWrite && !shut, wants, wanted, loadBalancers, rules })
      if (dryRun) report.planned(worker.changes())
      return due
    },
    waits: () => shut && options.open() && worker.changes().length > 0,
    page: () => ({ changes: worker.changes().map(describeRegionChange), problems: worker.problems() }),
    idle: worker.idle,
  }
}

/** In the same words as for changes of load balancers. */
function createReport({ board, log, nodeName }: SharingOptions) {
  let planned: ReadonlySet<string> = new Set()
  return {
    planned(changes: readonly RegionChange[]): void {
      const lines = new Set(changes.map(describeRegionChange))
      for (const change of lines) if (!planned.has(change)) log.info({ lb: 'region', change }, 'change planned (dry run)')
      planned = lines
    },
    applied({
      change,
      requestIds,
      ms,
    }: {
      readonly change: RegionChange
      readonly requestIds: readonly string[]
      readonly ms: number
    }): void {
      board.count('changes', { kind: change.kind, result: 'applied' })
      const fields = { lb: 'region', change: describeRegionChange(change), requestId: requestIds.join(), ms, node: nodeName() }
      log.info(fields, 'change applied')
    },
    failed(change: RegionChange, error: Error): void {
      board.count('changes', { kind: change.kind, result: 'failed' })
      log.error({ lb: 'region', change: describeRegionChange(change), err: error.message }, 'change failed')
    },
    broken(error: unknown): void {
      log.error({ lb: 'region', err: error instanceof Error ? (error.stack ?? error.message) : String(error) }, 'unexpected error')
    },
  }
}
