// Keeps one load balancer in step, on its own: a slow or failing one holds nobody up. Makes no cloud call while nothing is due.

import type { Applied, NotApplied } from './apply.ts'
import { type Box, createBox } from './box.ts'
import type { Chain, LoadBalancer } from './core/model.ts'
import { NO_REFUSALS, nextTry, noteRefused, withoutRefused } from './core/refusals.ts'
import { type Digest, digestOf, NOTHING_URGENT, nextUrgent, type Offer, urgency } from './offer.ts'
import { endingOf, lookAgain, nextPace, STEADY } from './pace.ts'
import { type Provider, ServersRefused } from './providers/provider.ts'
import { type Look, NOTHING_REMEMBERED, type Outcome, reconcileOne, type Shared, type Task, type Wish } from './reconcile.ts'
import { afterChange, afterStandby, beforeChange } from './remembered.ts'
import { noteWritten } from './seen.ts'

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
  /** Something threw that never should: it is told, and passes go on. */
  readonly broken: (id: string, error: unknown) => void
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

/** A pass that is under way. */
type UnderWay = {
  /** The newest wish; once the load balancer has been read another one ends this pass. */
  offer: Offer
  /** What the plan is made from. */
  taken: Offer
  digest: Digest
  looked: boolean
  readonly last: LoadBalancer | undefined
  readonly box: Box
}

export function createWorker(options: WorkerOptions): Worker {
  const { id, provider, shared, now, stop, giveUp } = options
  let remembered = NOTHING_REMEMBERED
  let last: LoadBalancer | undefined
  /** Digest of the last pass that succeeded with a known outcome. */
  let done: Digest | undefined
  let urgent = NOTHING_URGENT
  /** Nothing remembered of group members is trusted by the next reading. */
  let untrusted = true
  /** Leadership was gained since the last pass began. */
  let regained = false
  let pace = STEADY
  let unusable = false
  let refusals = NO_REFUSALS
  /** Undefined while a pass is under way: a time that is over would make everybody ask again until it ends. */
  let recheckAt: number | undefined
  /** Something may have become due after the pass under way had looked. */
  let poked = false
  let running: UnderWay | undefined
  /** Digest of the last pass that was tried. */
  let tried: string | undefined
  let next: Offer | undefined
  let work: Promise<void> = Promise.resolve()
  let working = false

  const noteApplied = (applied: Applied) => {
    const { change } = applied
    remembered = afterChange(remembered, applied, now())
    const { rules } = running?.taken ?? {}
    if (rules !== undefined) noteWritten(id, change, rules.owner, shared)
  }

  function settle(outcome: Outcome, under: UnderWay): void {
    const current = digestOf(under.offer, last)
    const ending = endingOf(outcome, under.box.ended())
    const next = nextPace(pace, ending)
    pace = next.pace
    if (outcome.status === 'looked' && outcome.result?.unknown === true) untrusted = true
    tried = current.text
    done = ending === 'well' ? current : undefined
    if (ending === 'well') urgent = { ...urgent, names: new Set() }
    const times = [
      next.wait === undefined ? undefined : now() + next.wait,
      lookAgain(outcome),
      nextTry(refusals, now()),
      poked ? now() : undefined,
    ]
    recheckAt = earliest(times)
  }

  /** Takes the newest wish for the plan. */
  function newest(under: UnderWay): Wish {
    if (under.taken !== under.offer) under.digest = digestOf(under.offer, under.last)
    under.taken = under.offer
    const { wanted, rules, mayWrite } = under.offer
    const known = withoutRefused(under.offer.backends, refusals, last?.name ?? id, now())
    return { wanted, rules, mayWrite, ...known, driftOnly: done?.text === under.digest.text }
  }

  function looked(under: UnderWay, look: Look): void {
    remembered = look.remembered
    last = look.lb
    unusable = look.standing.status === 'unusable'
    under.looked = true
    under.box.start()
    const late = under.offer
    under.offer = under.taken
    if (late !== under.taken) offer(late)
  }

  async function pass(under: UnderWay): Promise<Outcome> {
    const { box } = under
    const whole = untrusted
    if (regained) remembered = afterStandby(remembered)
    untrusted = false
    regained = false
    let priority = (_: Chain) => 0
    const task: Task = {
      ...newest(under),
      id,
      provider,
      remembered,
      members: whole ? 'fresh' : under.offer.resync ? 'audit' : 'cached',
      newest: () => newest(under),
      turnOf: (chain) => ({ begin: box.begin, wait: box.wait, priority: priority(chain) }),
      hooks: {
        begins: (change) => {
          remembered = beforeChange(remembered, change)
        },
        applied: (applied) => {
          noteApplied(applied)
          options.applied(id, applied)
        },
        failed: (failed) => {
          const { error } = failed
          if (error instanceof ServersRefused) refusals = noteRefused(refusals, error.servers, error.code, now())
          options.failed(id, failed)
        },
        now,
      },
      now,
      signal: stop,
    }
    const outcome = await reconcileOne(task, shared, (look) => {
      looked(under, look)
      urgent = nextUrgent(urgent, under.digest)
      priority = urgency(urgent)
    })
    if (!under.looked) untrusted ||= whole
    settle(outcome, under)
    return outcome
  }

  async function drain(): Promise<void> {
    working = true
    while (next !== undefined && !stop.aborted) {
      const offer = next
      next = undefined
      recheckAt = undefined
      poked = false
      const box = createBox(options.boxMs, stop, giveUp)
      const under: UnderWay = { offer, taken: offer, digest: digestOf(offer, last), looked: false, last, box }
      running = under
      try {
        const outcome = await pass(under)
        running = undefined
        options.finished(id, outcome)
      } catch (error) {
        // Our own fault, and not one of this load balancer: the next pass may do better.
        options.broken(id, error)
      } finally {
        box.release()
        if (running === under) running = undefined
      }
    }
    working = false
  }

  function offer(offer: Offer): void {
    untrusted ||= offer.fresh
    regained ||= offer.fresh
    if (running === undefined) {
      // What cannot be used, or failed, has a time of its own.
      const resync = offer.resync && pace.failures === 0 && !(unusable && now() < (recheckAt ?? 0))
      const due = offer.fresh || resync || (recheckAt !== undefined && now() >= recheckAt) || digestOf(offer, last).text !== tried
      if (!due) return
      next = offer
      // One that is offered while the end of a pass is told is the next of the same work: idle() waits for it, too.
      if (!working) work = drain()
      return
    }
    if (next === undefined && !offer.fresh && !running.looked) {
      // Reading goes on: with a swarm that changes all the time nothing would ever be written otherwise.
      running.offer = offer
      return
    }
    const same = next === undefined && !running.box.ended() && digestOf(offer, running.last).text === running.digest.text
    if (same && !offer.fresh) return
    next = { ...offer, resync: offer.resync || next?.resync === true }
    // Writing for a wish that has changed ends; requests on the wire finish. Where writing itself ends, as for a pause, a replacement
    // that was cut between its delete and its create would stay so: there what has begun is finished.
    if (running.offer.mayWrite && !offer.mayWrite) running.box.hold()
    else running.box.end()
  }

  return {
    id,
    recheckAt: () => recheckAt,
    idle: () => work,
    poke: () => {
      if (running === undefined) recheckAt = now()
      else poked = true
    },
    offer,
  }
}

const earliest = (times: readonly (number | undefined)[]) => {
  const known = times.filter((time) => time !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}
