// Notices a deaf event stream: a reading that differs from the one before although no event said so. Pure.
import { hash } from 'node:crypto'
import type { Snapshot } from '../core/model.ts'

export type EventKind = 'service' | 'node'

/** What changes only together with an event, hashed. Two readings are comparable where `scope` is the same. */
export type Fingerprint = { readonly scope: string } & Readonly<Record<EventKind, string>>

export type Reading = {
  readonly fingerprint: Fingerprint
  /** When its first call was sent. */
  readonly startedAt: number
  readonly endedAt: number
}

type Suspicion = {
  /** Start of the reading before: an event from then on would have announced the change, however late. */
  readonly since: number
  readonly dueAt: number
}

export type MissedMemory = {
  readonly last: Reading | undefined
  readonly suspicions: Readonly<Partial<Record<EventKind, Suspicion>>>
}

export type StreamState = {
  /** When the present stream was opened; undefined while there is none. */
  readonly openedAt: number | undefined
  readonly lastEventAt: Readonly<Partial<Record<EventKind, number>>>
}

export type Missed = {
  readonly memory: MissedMemory
  /** Kinds of events of which one was missed for certain: count it and reopen the stream. */
  readonly missed: readonly EventKind[]
  readonly recheckAt: number | undefined
}

const KINDS: readonly EventKind[] = ['service', 'node']

/** Leadership is left out: its change is announced by no event. */
export function fingerprint({ clusterId, nodeId, services, nodes }: Snapshot): Fingerprint {
  const digest = (list: readonly { readonly id: string }[]) => hash('sha1', JSON.stringify(list.toSorted((a, b) => (a.id < b.id ? -1 : 1))))
  return { scope: `${clusterId}/${nodeId}`, service: digest(services), node: digest(nodes.map(({ leader: _, ...node }) => node)) }
}

/**
 * To be called with every reading, and again at `recheckAt`. An event may come up to `graceMs` after the reading that shows its change:
 * lists come from the leader, events from the local copy, which lags behind. A change that happened while no stream was open is nobody's
 * fault. After a failed reading go on with `undefined`. Times in ms on the clock of the stream's times.
 */
export function nextMissed(memory: MissedMemory | undefined, stream: StreamState, now: number, reading?: Reading, graceMs = 2000): Missed {
  const last = memory?.last
  const heard = (kind: EventKind, since: number) => (stream.lastEventAt[kind] ?? Number.NEGATIVE_INFINITY) >= since
  const listening = (since: number) => stream.openedAt !== undefined && stream.openedAt <= since
  const open = (kind: EventKind): Suspicion | undefined => {
    const held = memory?.suspicions[kind]
    if (held !== undefined) return held
    const differs =
      reading && last && reading.fingerprint.scope === last.fingerprint.scope && reading.fingerprint[kind] !== last.fingerprint[kind]
    return differs ? { since: last.startedAt, dueAt: reading.endedAt + graceMs } : undefined
  }
  const suspicions = KINDS.flatMap((kind) => {
    const suspicion = open(kind)
    return suspicion && listening(suspicion.since) && !heard(kind, suspicion.since) ? [{ kind, ...suspicion }] : []
  })
  const pending = suspicions.filter(({ dueAt }) => now < dueAt)
  return {
    memory: { last: reading ?? last, suspicions: Object.fromEntries(pending.map(({ kind, ...suspicion }) => [kind, suspicion])) },
    missed: suspicions.filter(({ dueAt }) => now >= dueAt).map(({ kind }) => kind),
    recheckAt: pending.length === 0 ? undefined : Math.min(...pending.map(({ dueAt }) => dueAt)),
  }
}
