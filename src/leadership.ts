// May this process write? Joins the pure rule (who is the writer, and since when) with the lease that is asked before every attempt.
import type { Config } from './config.ts'
import { type LeadershipMemory, type Lease, nextLeadership, type Seen } from './swarm/leader.ts'
import type { WriterRule } from './swarm/writer.ts'

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
  note(seen: Seen): Term
}

/** @param waitMs how long a standby that becomes the writer waits; 15 s where it is not given */
export function followLeadership(lease: Lease, now: () => number, waitMs: number | undefined): Leadership {
  let memory: LeadershipMemory | undefined
  return {
    note(seen) {
      const next = nextLeadership(memory, seen, now(), waitMs === undefined ? {} : { waitMs })
      memory = next.memory
      if (next.mayWrite) lease.grant()
      else lease.revoke()
      return { mayWrite: next.mayWrite, gained: next.gained, recheckAt: next.recheckAt }
    },
  }
}
