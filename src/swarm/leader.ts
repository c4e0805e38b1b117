// Who may write: the Raft leader, after the old one is certain to have stopped, and only while that has just been confirmed.
import type { Engine } from './client.ts'

export type LeadershipMemory = {
  /** Leads, and its engine answers. */
  readonly leads: boolean
  /** When `leads` last changed. */
  readonly since: number
  readonly mayWriteAt: number
  readonly mayWrite: boolean
}

export type Leadership = {
  readonly memory: LeadershipMemory
  readonly mayWrite: boolean
  readonly since: number
  /** When to ask again although nothing happened. */
  readonly recheckAt?: number
  /** The right to write begins with this very call: time for a full pass. */
  readonly gained: boolean
}

/**
 * A leader that lost its quorum believes in itself for up to 11.5 s more, so whoever is seen to become leader waits; a process that finds
 * itself on the leader at its first look does not. Losing leadership or readiness ends the right at once, and coming back is becoming
 * leader again: somebody else may have led in between. Times in ms on one clock of the caller's choice.
 */
export function nextLeadership(
  memory: LeadershipMemory | undefined,
  { isLeader, ready }: { readonly isLeader: boolean; readonly ready: boolean },
  now: number,
  { waitMs = 15_000 }: { readonly waitMs?: number } = {},
): Leadership {
  const leads = isLeader && ready
  const changed = memory?.leads !== leads
  const since = changed ? now : memory.since
  const mayWriteAt = changed ? now + (memory === undefined ? 0 : waitMs) : memory.mayWriteAt
  const mayWrite = leads && now >= mayWriteAt
  return {
    memory: { leads, since, mayWriteAt, mayWrite },
    mayWrite,
    since,
    ...(leads && !mayWrite && { recheckAt: mayWriteAt }),
    gained: mayWrite && memory?.mayWrite !== true,
  }
}

/** Whether this node leads right now. Rejects where the engine does not answer. */
export async function checkLeadership(engine: Engine, nodeId: string, signal: AbortSignal): Promise<boolean> {
  const [{ Swarm }, self] = await Promise.all([engine.info(signal), engine.node(nodeId, signal)])
  return Swarm.NodeID === nodeId && Swarm.ControlAvailable && Swarm.Error === '' && self.ManagerStatus?.Leader === true
}

/** Asked before every attempt of a write, retries included. */
export interface Lease {
  /** True while leadership was confirmed by a check that *began* less than `maxAgeMs` ago. Never rejects. */
  held(): Promise<boolean>
  /** Follow `mayWrite`: a standby never holds the lease, whatever the check says. */
  grant(): void
  revoke(): void
}

export type LeaseOptions = {
  /** Rejecting counts as no. */
  readonly check: (signal: AbortSignal) => Promise<boolean>
  readonly maxAgeMs?: number
  /** An answer that takes longer counts as no. */
  readonly timeoutMs?: number
  /** ms; must go on while this process is frozen. */
  readonly now: () => number
  /** A check said no: leadership is lost, or was for a while, whatever the last reading said. Feed that to `nextLeadership`. */
  readonly onLost?: () => void
}

export function createLease({ check, maxAgeMs = 3000, timeoutMs = 1000, now, onLost = () => {} }: LeaseOptions): Lease {
  let granted = false
  let confirmedAt: number | undefined
  let checking: Promise<void> | undefined
  /** What a check found out before a revocation is worth nothing after it. */
  let term = 0

  const fresh = () => granted && confirmedAt !== undefined && now() - confirmedAt < maxAgeMs
  const confirm = async () => {
    const [startedAt, startedIn] = [now(), term]
    const leads = await answerWithin(timeoutMs, check)
    if (startedIn !== term) return
    confirmedAt = leads === true ? startedAt : undefined
    if (leads === false) onLost()
  }
  return {
    async held() {
      if (!granted || fresh()) return granted
      checking ??= confirm()
      const asked = checking
      await asked
      if (checking === asked) checking = undefined
      return fresh()
    },
    grant() {
      granted = true
    },
    revoke() {
      granted = false
      confirmedAt = undefined
      checking = undefined
      term += 1
    },
  }
}

/** Undefined where no answer came. */
async function answerWithin(ms: number, ask: (signal: AbortSignal) => Promise<boolean>): Promise<boolean | undefined> {
  const stop = new AbortController()
  const late = Promise.withResolvers<undefined>()
  const timer = setTimeout(() => {
    late.resolve(undefined)
    stop.abort()
  }, ms)
  try {
    return await Promise.race([ask(stop.signal), late.promise])
  } catch {
    return undefined // an engine that fails says neither yes nor no
  } finally {
    clearTimeout(timer)
    stop.abort()
  }
}
