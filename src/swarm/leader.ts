// When the writer may write: after the one before is certain to have stopped, and only while its part has just been confirmed.
import type { Engine } from './client.ts'
import { toNode } from './convert.ts'
import { readOwnTasks } from './tasks.ts'
import type { EngineInfo } from './wire.ts'
import { partOf, type WriterRule } from './writer.ts'

export type LeadershipMemory = {
  /** Is the writer, and its engine answers. */
  readonly leads: boolean
  /** In the life of this process nobody else can have written, and nothing was lost. */
  readonly untouched: boolean
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

export type Seen = {
  readonly writes: boolean
  /** The engine answers, and is a manager with a quorum. */
  readonly ready: boolean
  /** Another process may be writing, or have done so a moment ago. */
  readonly elsewhere: boolean
  /** The task before is to end, and may be finishing what it has begun. */
  readonly ending?: boolean
}

/** So long after it was last confirmed as the writer a task that is to end may finish what it has begun: see decision 14. */
export const FINISH_MS = 10_000

/**
 * A leader that lost its quorum believes in itself for 10 to 20 s more, and so does whoever reads through it. The others elect one after 9 s
 * at the earliest, so two lead for up to 11 s, and a lease lasts 3 s more: whoever is seen to become the writer waits. A process that finds
 * nobody else there from its first look on does not. Losing the part or readiness ends the right at once, and coming back is becoming the
 * writer again: somebody else may have written in between. Where a task that is to end is still there, the wait lasts until it is gone, at
 * most `finishMs` longer. Times in ms on one clock of the caller's choice.
 */
export function nextLeadership(
  memory: LeadershipMemory | undefined,
  { writes, ready, elsewhere, ending = false }: Seen,
  now: number,
  { waitMs = 15_000, finishMs = FINISH_MS }: { readonly waitMs?: number; readonly finishMs?: number } = {},
): Leadership {
  const leads = writes && ready
  const alone = !elsewhere && memory?.untouched !== false
  const changed = memory?.leads !== leads
  const since = changed ? now : memory.since
  const mayWriteAt = changed ? now + (alone ? 0 : waitMs) : memory.mayWriteAt
  const keeps = !changed && memory.mayWrite
  const dueAt = mayWriteAt + (ending && now >= mayWriteAt ? finishMs : 0)
  const mayWrite = leads && (keeps || now >= dueAt)
  return {
    memory: { leads, untouched: alone && ready && !leads, since, mayWriteAt, mayWrite },
    mayWrite,
    since,
    ...(leads && !mayWrite && { recheckAt: dueAt }),
    gained: mayWrite && memory?.mayWrite !== true,
  }
}

/** leaving: its task is to end, and nothing else keeps it from being the writer. */
export type Answer = boolean | 'leaving'

/**
 * Whether this process is the writer right now, by the rule that readings go by. `nodeId`: the node of the engine as it was last read.
 * Rejects where the engine does not answer.
 */
export async function checkWriter(engine: Engine, rule: WriterRule, nodeId: string, signal: AbortSignal): Promise<Answer> {
  if (rule.own === undefined) return checkAlone(engine, rule, nodeId, signal)
  const asked = rule.mode === 'auto' ? readOwnTasks(engine, rule.own.serviceId, signal) : ({ status: 'notAsked' } as const)
  const [info, nodes, own] = await Promise.all([engine.info(signal), engine.nodes(signal), asked])
  if (!isManager(info)) return false
  const { writes, leaving } = partOf(rule, { nodeId: info.Swarm.NodeID, nodes: nodes.map(toNode), own })
  return writes || (leaving && 'leaving')
}

/** Without tasks to compare, the own node is all that has to be looked at. */
async function checkAlone(engine: Engine, { mode }: WriterRule, nodeId: string, signal: AbortSignal): Promise<boolean> {
  // The node is read from the leader: where there is none this rejects.
  const [info, self] = await Promise.all([engine.info(signal), engine.node(nodeId, signal)])
  return info.Swarm.NodeID === nodeId && isManager(info) && (mode === 'always' || self.ManagerStatus?.Leader === true)
}

const isManager = ({ Swarm }: EngineInfo) => Swarm.ControlAvailable && Swarm.Error === ''

/** Asked before every attempt of a write, retries included. */
export interface Lease {
  /** True while the part was confirmed by a check that *began* less than `maxAgeMs` ago. Never rejects. */
  held(): Promise<boolean>
  /** Follow `mayWrite`: a standby never holds the lease, whatever the check says. */
  grant(): void
  revoke(): void
  /** Nothing begins any more; what has begun may be finished, for so long as the last check that said yes is good for that. */
  finish(): void
}

export type LeaseOptions = {
  /** Rejecting counts as no. */
  readonly check: (signal: AbortSignal) => Promise<Answer>
  readonly maxAgeMs?: number
  /** How old the last check that said yes may be while things are finished. */
  readonly finishMs?: number | undefined
  /** An answer that takes longer counts as no. */
  readonly timeoutMs?: number
  /** ms; must go on while this process is frozen, and never goes back. */
  readonly now: () => number
  /** ms; goes on, or is set right, while this machine is suspended, where the other clock stands still. */
  readonly wall?: () => number
  /** A check said no: leadership is lost, or was for a while, whatever the last reading said. Feed that to `nextLeadership`. */
  readonly onLost?: (answer: Exclude<Answer, true>) => void
}

export function createLease(options: LeaseOptions): Lease {
  const { check, maxAgeMs = 3000, finishMs = FINISH_MS, timeoutMs = 1000, now, wall = Date.now, onLost = () => {} } = options
  let granted = false
  let finishing = false
  let confirmed: { readonly at: number; readonly wall: number } | undefined
  let checking: Promise<void> | undefined
  /** What a check found out before a revocation is worth nothing after it. */
  let term = 0

  /** By both clocks: either may be the one that missed something. */
  const fresh = () => {
    if (!granted || confirmed === undefined) return false
    const wallMs = wall() - confirmed.wall
    const most = finishing ? finishMs : maxAgeMs
    return now() - confirmed.at < most && wallMs >= 0 && wallMs < most
  }
  const confirm = async () => {
    const [started, startedIn] = [{ at: now(), wall: wall() }, term]
    const answer = await answerWithin(timeoutMs, check)
    if (startedIn !== term) return
    if (answer !== 'leaving') confirmed = answer === true ? started : undefined
    if (answer === false || answer === 'leaving') onLost(answer)
  }
  return {
    async held() {
      if (!granted || finishing || fresh()) return fresh()
      checking ??= confirm()
      const asked = checking
      await asked
      if (checking === asked) checking = undefined
      return fresh()
    },
    grant() {
      granted = true
      finishing = false
    },
    finish() {
      finishing = true
    },
    revoke() {
      granted = false
      confirmed = undefined
      checking = undefined
      term += 1
    },
  }
}

/** Undefined where no answer came. */
async function answerWithin(ms: number, ask: (signal: AbortSignal) => Promise<Answer>): Promise<Answer | undefined> {
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
