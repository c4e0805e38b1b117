// Keeps one load balancer in step, on its own: a slow or failing one holds nobody up. Makes no cloud call while nothing is due.

import type { Applied, NotApplied } from './apply.ts'
import { type Box, createBox } from './box.ts'
import type { Claim, Wanted } from './core/claims.ts'
import { digest, serviceDigests } from './core/digest.ts'
import { servedPlace } from './core/keep.ts'
import { parseMark } from './core/marks.ts'
import type { Chain, Change, ListenerKey, LoadBalancer } from './core/model.ts'
import type { Backends } from './core/nodes.ts'
import { noteWritten } from './core/notes.ts'
import type { Provider } from './providers/provider.ts'
import { NOTHING_REMEMBERED, type Outcome, type ReconcileRules, reconcileOne, type Shared } from './reconcile.ts'

export type Offer = {
  readonly wanted: Wanted
  readonly claims: readonly Claim[]
  readonly backends: Backends
  readonly rules: ReconcileRules
  readonly mayWrite: boolean
  /** Look even though nothing seems to have changed. */
  readonly resync: boolean
  /** Trust nothing remembered of group members: leadership was just gained. */
  readonly fresh: boolean
}

export type WorkerOptions = {
  readonly id: string
  readonly provider: Provider
  readonly shared: Shared
  /** Applying ends after this, and the world is read again; milliseconds. */
  readonly boxMs: number
  readonly now: () => number
  /** No change begins after this. */
  readonly stop: AbortSignal
  /** Nothing waits any more after this. */
  readonly giveUp: AbortSignal
  readonly finished: (id: string, outcome: Outcome) => void
  readonly applied: (id: string, applied: Applied) => void
  readonly failed: (id: string, failed: NotApplied) => void
}

export interface Worker {
  readonly id: string
  offer(offer: Offer): void
  /** Settles when nothing is under way. */
  idle(): Promise<void>
  recheckAt(): number | undefined
  /** Makes the next offer due. */
  poke(): void
}

/** Up to this many changed services count as a change that goes before bulk work. */
const FEW = 10
const RETRY_MS = [200, 1000, 2000, 5000, 10_000, 30_000, 60_000]

export function createWorker(options: WorkerOptions): Worker {
  const { id, provider, shared, now, stop, giveUp } = options
  let remembered = NOTHING_REMEMBERED
  let last: LoadBalancer | undefined
  /** Digest of the last pass that succeeded with a known outcome. */
  let done: string | undefined
  let doneServices: ReadonlyMap<string, string> = new Map()
  /** Nothing remembered of group members is trusted by the next reading. */
  let untrusted = true
  /** Leadership was gained since the last pass began. */
  let regained = false
  let failures = 0
  /** Undefined while a pass is under way: a time that is over would make everybody ask again until it ends. */
  let recheckAt: number | undefined
  /** Something may have become due after the pass under way had looked. */
  let poked = false
  let running: { readonly digest: string; readonly last: LoadBalancer | undefined; readonly box: Box } | undefined
  /** Digest of the last pass that was tried. */
  let tried: string | undefined
  let next: Offer | undefined
  let work: Promise<void> = Promise.resolve()

  const forget = (key: ListenerKey) => {
    const seenRunning = new Set(remembered.balancer.seenRunning)
    seenRunning.delete(key)
    remembered = { ...remembered, balancer: { ...remembered.balancer, seenRunning } }
  }
  /** A listener that we are about to stop or make anew is not one that a person stopped. */
  const begins = (change: Change) => {
    if (change.kind === 'stopListener' || change.kind === 'deleteListener') forget(change.key)
    if (change.kind === 'createListener' || change.kind === 'replaceListener') forget(change.listener.key)
  }
  const noteApplied = ({ change }: Applied) => {
    remembered = { ...remembered, notes: noteWritten(remembered.notes, change) }
    const key = change.kind === 'startListener' ? change.key : 'listener' in change ? change.listener.key : undefined
    if (key === undefined) return
    remembered = { ...remembered, balancer: { ...remembered.balancer, seenRunning: new Set([...remembered.balancer.seenRunning, key]) } }
    const note = 'listener' in change ? change.listener.note : last?.listeners.find((listener) => listener.key === key)?.note
    const mark = parseMark(note ?? '')
    if (mark !== undefined) shared.up.add(servedPlace(`${id}|${key}`, mark))
  }

  function settle(outcome: Outcome, offer: Offer): void {
    const { text: current, services } = digestOf(offer, last)
    const result = outcome.status === 'looked' ? outcome.result : undefined
    const unknown = outcome.status === 'looked' && result?.unknown === true
    const bad = outcome.status === 'failed' || unknown || (result?.failed.length ?? 0) > 0
    const cut = (result?.pending ?? 0) > 0
    failures = bad ? failures + 1 : 0
    if (unknown) untrusted = true
    tried = current
    done = bad || cut ? undefined : current
    if (!bad && !cut) doneServices = services
    const retryAt = bad ? now() + (RETRY_MS[Math.min(failures, RETRY_MS.length) - 1] ?? 0) : cut ? now() : undefined
    const dueAt = outcome.status === 'looked' ? outcome.look.recheckAt : undefined
    const times = [retryAt, dueAt, poked ? now() : undefined].filter((time) => time !== undefined)
    recheckAt = times.length === 0 ? undefined : Math.min(...times)
  }

  async function pass(offer: Offer, services: ReadonlyMap<string, string>, current: string, box: Box): Promise<void> {
    const changed = new Set([...services].filter(([name, text]) => doneServices.get(name) !== text).map(([name]) => name))
    const urgent = (chain: Chain) => changed.size <= FEW && chain.service !== undefined && changed.has(chain.service)
    const whole = untrusted
    // What it saw as a standby says nothing about who stopped a listener: the leader before may have died while it replaced one.
    if (regained) remembered = { ...remembered, balancer: { ...remembered.balancer, seenRunning: new Set() } }
    untrusted = false
    regained = false
    let looked = false
    const outcome = await reconcileOne(
      {
        id,
        provider,
        wanted: offer.wanted,
        backends: offer.backends,
        rules: offer.rules,
        remembered,
        members: whole ? 'fresh' : offer.resync ? 'audit' : 'cached',
        driftOnly: done === current,
        mayWrite: offer.mayWrite,
        turnOf: (chain) => ({ begin: box.begin, wait: box.wait, priority: urgent(chain) ? 1 : 0 }),
        hooks: {
          begins,
          applied: (applied) => {
            noteApplied(applied)
            options.applied(id, applied)
          },
          failed: (failed) => options.failed(id, failed),
          now,
        },
        now,
        signal: stop,
      },
      shared,
      (look) => {
        looked = true
        box.start()
        remembered = look.remembered
        last = look.lb
      },
    )
    if (!looked) untrusted ||= whole
    box.release()
    settle(outcome, offer)
    options.finished(id, outcome)
  }

  function digestOf(
    offer: Offer,
    seen: LoadBalancer | undefined,
  ): { readonly text: string; readonly services: ReadonlyMap<string, string> } {
    const services = serviceDigests(offer.wanted, offer.claims, seen, offer.rules.owner)
    const text = digest(services, offer.wanted, offer.backends, seen, offer.rules.owner)
    return { services, text: `${offer.mayWrite}\n${text}` }
  }

  async function drain(): Promise<void> {
    while (next !== undefined && !stop.aborted) {
      const offer = next
      next = undefined
      const { services, text } = digestOf(offer, last)
      running = { digest: text, last, box: createBox(options.boxMs, stop, giveUp) }
      recheckAt = undefined
      poked = false
      await pass(offer, services, text, running.box)
      running = undefined
    }
    running = undefined
  }

  return {
    id,
    recheckAt: () => recheckAt,
    idle: () => work,
    poke: () => {
      if (running === undefined) recheckAt = now()
      else poked = true
    },
    offer(offer) {
      untrusted ||= offer.fresh
      regained ||= offer.fresh
      if (running !== undefined) {
        const same = next === undefined && !running.box.ended() && digestOf(offer, running.last).text === running.digest
        if (same && !offer.fresh) return
        next = { ...offer, resync: offer.resync || next?.resync === true }
        // Writing for a wish that has changed ends; requests on the wire finish.
        running.box.end()
        return
      }
      const { text } = digestOf(offer, last)
      const resync = offer.resync && failures === 0
      const due = offer.fresh || resync || text !== tried || (recheckAt !== undefined && now() >= recheckAt)
      if (!due) return
      next = offer
      work = drain()
    },
  }
}
