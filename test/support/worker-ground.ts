// The worker of one load balancer on ground that a test controls: provider in memory, clock, stop.
import { describeChange } from '../../src/core/describe.ts'
import type { Change } from '../../src/core/model.ts'
import type { Outcome } from '../../src/reconcile.ts'
import { createWorker, type Worker } from '../../src/worker.ts'
import { balancer, service, threeMembers, webListener } from './build.ts'
import { type MemoryOptions, type MemoryProvider, memoryProvider } from './memory-provider.ts'
import { offerOf, sharedBy } from './passes.ts'

export type Ground = {
  readonly worker: Worker
  readonly provider: MemoryProvider
  readonly clock: { now: number }
  readonly stop: AbortController
  readonly giveUp: AbortController
  readonly outcomes: Outcome[]
  readonly failed: string[]
  /** Lines of what was written so far. */
  lines(): string[]
}

export type GroundOptions = MemoryOptions & {
  readonly lb?: ReturnType<typeof balancer>
  readonly boxMs?: number
  readonly finished?: (outcome: Outcome) => void
  readonly broken?: (error: unknown) => void
}

export function ground(options: GroundOptions = {}): Ground {
  const provider = memoryProvider([options.lb ?? balancer()], options)
  const clock = { now: 1_000_000 }
  const [stop, giveUp] = [new AbortController(), new AbortController()]
  const outcomes: Outcome[] = []
  const failed: string[] = []
  const worker = createWorker({
    id: 'lb-1',
    provider,
    shared: sharedBy('lb-1'),
    boxMs: options.boxMs ?? 10_000,
    now: () => clock.now,
    stop: stop.signal,
    giveUp: giveUp.signal,
    finished: (_, outcome) => {
      outcomes.push(outcome)
      options.finished?.(outcome)
    },
    applied: () => {},
    broken: (_, error) => {
      if (options.broken === undefined) throw error
      options.broken(error)
    },
    failed: (_, { change, error }) => void failed.push(`${describeChange(change)}: ${error.message}`),
  })
  return {
    worker,
    provider,
    clock,
    stop,
    giveUp,
    outcomes,
    failed,
    lines: () => provider.written.map(({ change }) => describeChange(change)),
  }
}

export async function pass({ worker }: Ground, wish: Parameters<typeof offerOf>[0]): Promise<void> {
  worker.offer(offerOf(wish))
  await worker.idle()
}

export const inPlace = () => balancer({ members: threeMembers(), listeners: [webListener()] })
export const api = (labels: Readonly<Record<string, string>> = { 'slb.port.80': 'tcp://:9090' }) => service('api', 30001, labels)
export const turnOfLoop = () => new Promise((resolve) => setImmediate(resolve))
export const isCreate = (change: Change) => change.kind === 'createListener'
