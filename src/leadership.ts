// May this process write? Joins the pure rule (who is the writer, and since when) with the lease that is asked before every attempt.
import type { Config } from './config.ts'
import { FINISH_MS, type LeadershipMemory, type Lease, nextLeadership, type Seen } from './swarm/leader.ts'
import type { Part, WriterRule } from './swarm/writer.ts'

export type Term = {
  readonly mayWrite: boolean
  /** The right to write begins with this very pass. */
  readonly gained: boolean
  readonly recheckAt: number | undefined
}

/** For people, where this process is the writer and may not write yet; empty where there is no time to wait for. */
export const waitText = ({ mayWrite, recheckAt }: Term, now: number): string =>
  mayWrite || recheckAt === undefined ? '' : `writes begin in ${Math.max(1, Math.ceil((recheckAt - now) / 1000))} s`

export function writerRule({ writer, serviceId, taskId, nodeId }: Pick<Config, 'writer' | 'serviceId' | 'taskId' | 'nodeId'>): WriterRule {
  const told = serviceId !== undefined && taskId !== undefined && nodeId !== undefined
  return { mode: writer, own: told ? { serviceId, taskId, nodeId } : undefined }
}

export interface Leadership {
  /** To be called with each reading of the swarm, and with each that failed. */
  note(seen: Seen & Partial<Pick<Part, 'leaving'>>): Term
}

export type LeadershipTimes = {
  /** How long a standby that becomes the writer waits, milliseconds; 15 s where it is not given. */
  readonly leaderWaitMs?: number | undefined
  /** How long a task that is to end may go on with what it has begun, and the next writer waits for it, milliseconds; 10 s. */
  readonly finishMs?: number | undefined
}

export function followLeadership(
  lease: Lease,
  now: () => number,
  { leaderWaitMs: waitMs = 15_000, finishMs = FINISH_MS }: LeadershipTimes,
): Leadership {
  let memory: LeadershipMemory | undefined
  return {
    note(seen) {
      const next = nextLeadership(memory, seen, now(), { waitMs, finishMs })
      memory = next.memory
      if (next.mayWrite) lease.grant()
      else if (seen.leaving === true) lease.finish()
      else lease.revoke()
      return { mayWrite: next.mayWrite, gained: next.gained, recheckAt: next.recheckAt }
    },
  }
}
