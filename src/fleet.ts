// All load balancers together: one worker each, what is known of each, what they share, and the audit log of their changes.
import type { Applied, NotApplied } from './apply.ts'
import type { BoardPen } from './board.ts'
import type { Cloud } from './cloud.ts'
import { describeChange } from './core/describe.ts'
import { approve, type HeldDelete, heldHash, newLedger, onlyAllowed } from './core/guard.ts'
import type { LoadBalancer, Plan } from './core/model.ts'
import { describeMove } from './core/moving.ts'
import { type Clusters, isOpen } from './core/usable.ts'
import type { Desire } from './desired.ts'
import type { Logger } from './log.ts'
import type { Offer } from './offer.ts'
import { type Known, know } from './page.ts'
import { CallError, ServersRefused } from './providers/provider.ts'
import type { Outcome, Shared } from './reconcile.ts'
import { followUnread } from './unread.ts'
import { createWorker, type Worker } from './worker.ts'

export type FleetOptions = {
  readonly cloud: Cloud
  readonly board: BoardPen
  readonly log: Logger
  readonly now: () => number
  readonly stop: AbortSignal
  readonly giveUp: AbortSignal
  /** Called after each pass over one load balancer. */
  readonly finished: (outcome: Outcome, id: string) => void
  /** Something is to be looked at again at this time, milliseconds. */
  readonly due: (time: number | undefined) => void
  readonly nodeName: () => string
  /** Plans are logged, once, where nothing is written. */
  readonly dryRun: boolean
  /** Somebody said that nothing is to be written anywhere now; plans are logged then too. */
  readonly paused?: () => boolean
  /** What tags said before this process began with this swarm. */
  readonly clusters?: Clusters | undefined
}

type FleetOffer = Pick<Offer, 'mayWrite' | 'resync' | 'fresh'> & {
  readonly desire: Desire
  /** Only those that were never looked at. */
  readonly newOnly: boolean
}

export interface Fleet {
  readonly shared: Shared
  readonly known: ReadonlyMap<string, Known>
  /** As each load balancer was found at the start. */
  readonly first: ReadonlyMap<string, LoadBalancer>
  /** A load balancer was read that may be written to. */
  open(): boolean
  nameOf(id: string): string
  /** Hands out what is wanted now; answers with the times at which something is due. */
  offer(offer: FleetOffer): readonly (number | undefined)[]
  /** What was seen before leading may be older than what the leader before did: on its word nothing closes, and no tag counts. */
  forget(): void
  /** Releases what is held now. Answers with it. */
  approve(): readonly HeldDelete[]
  heldHash(): string
  /** Settles when no load balancer is being worked on. */
  idle(): Promise<void>
}

const BOX_MS = 15_000
/** No event has come since: what was wanted so long ago is wanted still. */
const FRESH_MS = 5000
const moveText = (known: Known | undefined) => (known?.look === undefined ? '' : describeMove(known.look.lb))

export function createFleet(options: FleetOptions): Fleet {
  const { cloud, board, log, now, stop, giveUp } = options
  const shared: Shared = {
    ledger: newLedger([]),
    up: new Set(),
    read: new Map(),
    fresh: new Map(),
    current: new Map(),
    clusters: options.clusters ?? new Map(),
  }
  const workers = new Map<string, Worker>()
  const known = new Map<string, Known>()
  const first = new Map<string, LoadBalancer>()
  const nameOf = (id: string) => known.get(id)?.look?.lb.name ?? id
  const held = () => [...shared.ledger.held.values()]
  const report = createReport(options, nameOf)
  let claimsOf: Desire['claimsOf'] = () => []
  let last: { readonly at: number; readonly ids: readonly string[]; readonly offerOf: (id: string) => Offer } | undefined
  const unread = followUnread((id) => claimsOf(id).length, now)

  /** The last load balancer that deletes had to wait for is known: those that were held for it are judged again. */
  function pokeHeld(): void {
    const ids = new Set(held().map(({ loadBalancer }) => loadBalancer))
    for (const id of ids) workers.get(id)?.poke()
    options.due(ids.size === 0 ? undefined : now())
  }

  /** A move between load balancers began, changed or ended: it says what is wanted of others too. */
  function pokeAll(): void {
    for (const worker of workers.values()) worker.poke()
    options.due(now())
  }

  function finished(id: string, outcome: Outcome): void {
    const before = known.get(id)
    const next = know(id, outcome, before)
    known.set(id, next)
    if (outcome.status === 'looked' && !first.has(id)) first.set(id, outcome.look.lb)
    // A reading that was given up for the end says nothing about the load balancer.
    if (!stop.aborted) report.state(id, before?.error ?? '', next.error)
    // The cloud's errors say all there is in one line; any other is a fault of ours.
    if (outcome.status === 'failed' && !(outcome.error instanceof CallError) && !stop.aborted) report.broken(id, outcome.error)
    const changes = outcome.status === 'looked' ? (outcome.result?.applied.length ?? 0) : 0
    board.count('reconciles', { result: outcome.status === 'failed' ? 'failed' : changes > 0 ? 'applied' : 'inSync' })
    if (outcome.status === 'failed') board.count('errors', { source: 'cloud' })
    const { ledger, complete } = unread.passed(id, outcome.status === 'looked', shared.ledger)
    shared.ledger = ledger
    if (complete) pokeHeld()
    if (moveText(before) !== moveText(next)) pokeAll()
    if (outcome.status === 'looked') {
      const why = options.dryRun ? 'dry run' : options.paused?.() || outcome.look.pause !== undefined ? 'paused' : undefined
      report.planned(id, why === undefined ? [] : outcome.look.run, why ?? '')
    }
    if (!goOn(id)) options.due(workers.get(id)?.recheckAt())
    options.finished(outcome, id)
  }

  /** One whose time was up goes on with what was wanted a moment ago: with many load balancers each would have the swarm read anew. */
  function goOn(id: string): boolean {
    const worker = workers.get(id)
    const isDue = (worker?.recheckAt() ?? Number.POSITIVE_INFINITY) <= now()
    if (last === undefined || !isDue || now() - last.at > FRESH_MS || !last.ids.includes(id)) return false
    worker?.offer(last.offerOf(id))
    return true
  }

  function workerFor(id: string): Worker {
    const { applied, failed, broken } = report
    const told = { finished, applied, failed, broken }
    const worker = createWorker({ id, provider: cloud.provider, shared, boxMs: BOX_MS, now, stop, giveUp, ...told })
    workers.set(id, worker)
    // Until it is read nobody knows what it holds: the guard waits for that.
    shared.ledger = { ...shared.ledger, counts: new Map(shared.ledger.counts).set(id, undefined) }
    return worker
  }

  return {
    shared,
    known,
    first,
    open: () => [...known.values()].some(({ look }) => look !== undefined && isOpen(look.standing)),
    nameOf,
    offer({ desire, newOnly, ...how }) {
      const { wanted, backends, rules } = desire
      const fresh = desire.loadBalancers.filter((id) => !workers.has(id))
      for (const id of fresh) workerFor(id)
      claimsOf = desire.claimsOf
      const offerOf = (id: string): Offer => ({ wanted, claims: desire.claimsOf(id), backends, rules, ...how })
      last = newOnly
        ? undefined
        : { at: now(), ids: desire.loadBalancers, offerOf: (id) => ({ ...offerOf(id), resync: false, fresh: false }) }
      shared.ledger = unread.assume(onlyAllowed(shared.ledger, desire.loadBalancers))
      return desire.loadBalancers.map((id) => {
        const worker = workers.get(id)
        const isNew = fresh.includes(id)
        // A standby that does not look has nothing due there: a time that is over would make it ask again at once, for ever.
        if (!isNew && newOnly) return undefined
        worker?.offer({ ...offerOf(id), fresh: how.fresh && !isNew })
        return worker?.recheckAt()
      })
    },
    forget() {
      shared.up.clear()
      shared.fresh.clear()
      shared.current.clear()
    },
    approve() {
      const shown = held()
      shared.ledger = approve(shared.ledger, shown)
      log.warn({ deletes: shown.map((one) => `${nameOf(one.loadBalancer)} ${one.key} ${one.service}`) }, 'held deletes approved')
      for (const worker of workers.values()) worker.poke()
      return shown
    },
    heldHash: () => (held().length === 0 ? '' : heldHash(held())),
    idle: async () => {
      await Promise.all([...workers.values()].map((worker) => worker.idle()))
    },
  }
}

/** One audit line a change, one line when a load balancer goes away or comes back. */
function createReport({ board, log, cloud, nodeName }: FleetOptions, nameOf: (id: string) => string) {
  const planned = new Map<string, ReadonlySet<string>>()
  return {
    /** Each line once for as long as it stands. */
    planned(id: string, plan: Plan, why: string): void {
      const lines = new Set(plan.flatMap(({ changes }) => changes.map((change) => describeChange(change))))
      for (const change of lines) if (planned.get(id)?.has(change) !== true) log.info({ lb: nameOf(id), change }, `change planned (${why})`)
      planned.set(id, lines)
    },
    applied(id: string, { chain, change, requestIds, ms }: Applied): void {
      board.count('changes', { kind: change.kind, result: 'applied' })
      const fields = {
        lb: nameOf(id),
        service: chain.service,
        change: describeChange(change),
        requestId: requestIds.join(),
        ms,
        node: nodeName(),
      }
      log.info(fields, 'change applied')
    },
    failed(id: string, { chain, change, error }: NotApplied): void {
      board.count('changes', { kind: change.kind, result: 'failed' })
      log.error({ lb: nameOf(id), service: chain.service, change: describeChange(change), err: error.message }, 'change failed')
      // The cloud does not know them, or not in this network: what they are is looked up again.
      if (error instanceof ServersRefused) for (const server of error.servers) cloud.instances.forget(server)
    },
    broken(id: string, error: unknown): void {
      log.error({ lb: nameOf(id), err: error instanceof Error ? (error.stack ?? error.message) : String(error) }, 'unexpected error')
    },
    state(id: string, before: string, error: string): void {
      if (error === before) return
      if (error === '') log.info({ lb: nameOf(id) }, 'load balancer answers again')
      else log.error({ lb: nameOf(id), err: error }, 'load balancer could not be read')
    },
  }
}
