// Keeps what the load balancers of a region share in step, on its own: certificates from files, access control lists, and the list of what
// is there that labels are resolved with. Makes no cloud call while nothing needs one, and never two passes at once.
import { type Box, createBox } from './box.ts'
import type { Wanted } from './core/claims.ts'
import type { LoadBalancer, Problem } from './core/model.ts'
import type { RegionChange } from './core/region.ts'
import { diffRegion, newRegionMemory, type RegionDiff, type RegionRules, usedCertificates } from './core/region-diff.ts'
import { afterRegionChange, regionChains } from './core/region-steps.ts'
import { type RegionList, type RegionView, type RegionWants, regionTag } from './core/region-wants.ts'
import { nextPace, STEADY } from './pace.ts'
import { CallError, type Provider, type RegionHandle } from './providers/provider.ts'
import { createRegionReading } from './region-reading.ts'
import { createRegionRefusals, isDelete } from './region-refusals.ts'

export type RegionOffer = {
  readonly wants: RegionWants
  readonly wanted: Wanted
  readonly rules: RegionRules & { readonly clusterId: string }
  /** All that are allowed: what one of them uses stays. */
  readonly loadBalancers: readonly string[]
  readonly mayWrite: boolean
  /** Look even though nothing seems to have changed. */
  readonly resync: boolean
  /** Leadership was just gained. */
  readonly fresh: boolean
  /** Only what was never read: a standby does not double the calls of the leader. */
  readonly newOnly: boolean
}

/** Milliseconds. */
export type RegionTimes = {
  /** Applying ends after this. */
  readonly box: number
  /** After the start, and after leadership, until the first look for things of ours that nobody wants. */
  readonly firstAudit: number
  readonly audit: number
  /** How long lists may not show what was just made. */
  readonly lag: number
  /** A delete that the cloud refused is left alone for this long: somebody else uses the thing. */
  readonly rest: number
}
const REGION_TIMES: RegionTimes = { box: 15_000, firstAudit: 300_000, audit: 3_600_000, lag: 60_000, rest: 3_600_000 }

export type RegionOptions = {
  readonly provider: Provider
  /** Each load balancer as it was last read. */
  readonly read: () => ReadonlyMap<string, LoadBalancer>
  readonly now: () => number
  readonly stop: AbortSignal
  readonly giveUp: AbortSignal
  readonly times?: Partial<RegionTimes>
  /** Labels are resolved as if the changes were done: nothing will ever be written, and people want to see what would follow. */
  readonly assume: boolean
  readonly applied: (applied: { readonly change: RegionChange; readonly requestIds: readonly string[]; readonly ms: number }) => void
  readonly failed: (change: RegionChange, error: Error) => void
  /** After each pass, with the time of the next look: now, where labels may resolve otherwise than before. */
  readonly finished: (again: number | undefined) => void
  /** Something threw that never should. */
  readonly broken: (error: unknown) => void
}

export interface RegionWorker {
  /** What labels are resolved with. */
  view(): RegionView
  /** Answers with the time at which something is due. */
  offer(offer: RegionOffer): number | undefined
  /** What is still to be done. */
  changes(): readonly RegionChange[]
  problems(): readonly Problem[]
  idle(): Promise<void>
}

type Ending = 'well' | 'failed' | 'stalled'

const NOBODY: ReadonlySet<string> = new Set()
const REGION = 'region'

const earliest = (...times: readonly (number | undefined)[]) => {
  const known = times.filter((time) => time !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}

const textOf = ({ files, acls, lists, ids }: RegionWants) => JSON.stringify([[...files], [...acls], [...lists], [...ids]])
const sameWants = (a: RegionWants, b: RegionWants) => a === b || textOf(a) === textOf(b)

export function createRegionWorker(options: RegionOptions): RegionWorker {
  const { provider, now, stop, giveUp } = options
  const times = { ...REGION_TIMES, ...options.times }
  const reading = createRegionReading(now, times.lag)
  let memory = newRegionMemory(now())
  let auditAt = now() + times.firstAudit
  let offered: RegionOffer | undefined
  /** An offer that asked for a pass while one was under way. */
  let again = false
  let running = false
  /** What labels are resolved with is not what it was. */
  let changed = false
  let pace = STEADY
  let recheckAt: number | undefined
  let work: Promise<void> = Promise.resolve()
  /** What the last pass was for. */
  let tried: RegionWants | undefined
  const refusals = createRegionRefusals(now, times.rest)

  const used = () => usedCertificates(offered?.loadBalancers ?? [], options.read())
  const mayWrite = () => offered?.mayWrite === true

  function seen(): string {
    const { region, denied, absent } = reading.view(NOBODY)
    return JSON.stringify([region, [...denied.keys()], [...absent]])
  }

  function needed({ wants, newOnly }: RegionOffer): ReadonlySet<RegionList> {
    const audit: readonly RegionList[] = now() >= auditAt && !newOnly ? ['certificates', 'acls'] : []
    return new Set([...wants.lists, ...reading.holding(), ...audit])
  }

  function judge({ wants, wanted, rules }: RegionOffer): RegionDiff {
    return diffRegion({ region: reading.region(), wants, wanted, used: used(), memory, rules, now: now() })
  }

  /** All that is not left alone for now, with what follows it on the same thing. */
  const open = ({ changes }: RegionDiff) =>
    regionChains(changes).flatMap((chain) => {
      const at = chain.findIndex(refusals.waits)
      return at < 0 ? chain : chain.slice(0, at)
    })
  const runnable = (plan: RegionDiff) => open(plan).filter((change) => !(change.kind === 'createAcl' && reading.isRecent(change)))

  async function applyChain(chain: readonly RegionChange[], handle: RegionHandle, box: Box): Promise<Ending> {
    for (const change of chain) {
      if (box.begin.aborted || !mayWrite()) return 'stalled'
      const begun = now()
      try {
        const { id, requestIds } = await handle.apply(change, { begin: box.begin, wait: box.wait, priority: 1 })
        reading.changed(change, id)
        refusals.done(change)
        options.applied({ change, requestIds, ms: now() - begun })
      } catch (caught) {
        if (caught instanceof CallError && caught.status === 'pending') return 'stalled'
        const error = caught instanceof Error ? caught : new Error(String(caught))
        refusals.note(change, error)
        options.failed(change, error)
        // What was refused has a time of its own.
        return refusals.waits(change) ? 'well' : 'failed'
      }
    }
    return 'well'
  }

  async function pass(offer: RegionOffer): Promise<Ending> {
    const lists = needed(offer)
    const tag = regionTag(offer.rules.owner, offer.rules.clusterId)
    const read = offer.loadBalancers.flatMap((id) => options.read().get(id) ?? [])
    const handle = await reading.read(provider, { lists, wants: offer.wants, tag, read }, stop)
    if (lists.has('certificates') && lists.has('acls')) auditAt = now() + times.audit
    refusals.begin()
    tried = (offered ?? offer).wants
    const chains = regionChains(runnable(judge(offered ?? offer)))
    if (chains.length === 0 || !mayWrite()) return 'well'
    const box = createBox(times.box, stop, giveUp)
    box.start()
    try {
      const endings = await Promise.all(chains.map((chain) => applyChain(chain, handle, box)))
      return endings.find((ending) => ending === 'failed') ?? endings.find((ending) => ending === 'stalled') ?? 'well'
    } finally {
      box.release()
    }
  }

  /** One pass, and what its end means for the next. */
  async function turn(offer: RegionOffer): Promise<void> {
    const before = seen()
    tried = offer.wants
    let ending: Ending = 'failed'
    try {
      ending = await pass(offer)
    } catch (error) {
      if (!(error instanceof CallError)) options.broken(error)
      reading.failed(error instanceof Error ? error.message : String(error))
    }
    // What was written to lists of addresses is read back before anything counts on it.
    const writes = mayWrite()
    if (ending === 'well' && writes && open(judge(offered ?? offer)).length > 0) ending = 'stalled'
    const next = nextPace(pace, ending)
    pace = next.pace
    recheckAt = next.wait === undefined ? undefined : now() + next.wait
    changed ||= before !== seen()
  }

  async function drain(): Promise<void> {
    while (again && offered !== undefined && !stop.aborted) {
      again = false
      recheckAt = undefined
      await turn(offered)
    }
    running = false
    options.finished(changed ? now() : earliest(recheckAt, refusedAt()))
    changed = false
  }

  const refusedAt = () => (mayWrite() ? refusals.dueAt() : undefined)

  function isDue(offer: RegionOffer, plan: RegionDiff): boolean {
    const lists = needed(offer)
    if (lists.size === 0) return false
    if (offer.fresh) return true
    if (recheckAt !== undefined && (tried === undefined || sameWants(offer.wants, tried))) return now() >= recheckAt
    if (!reading.answers(lists, offer.wants)) return true
    if (offer.newOnly) return false
    return offer.resync || now() >= auditAt || (mayWrite() && runnable(plan).length > 0)
  }

  return {
    view() {
      const view = reading.view(used() ?? NOBODY)
      if (!options.assume || offered === undefined) return view
      return { ...view, region: judge(offered).changes.reduce((region, change) => afterRegionChange(region, change), view.region) }
    },
    offer(offer) {
      offered = offer
      if (offer.fresh) auditAt = Math.min(auditAt, now() + times.firstAudit)
      const plan = judge(offer)
      memory = plan.memory
      // A reading has explained a refusal, such as by showing who uses it: once that is over it is tried at once.
      refusals.keep(plan.changes)
      if (isDue(offer, plan)) {
        again = true
        if (!running) {
          running = true
          work = drain()
        }
      }
      const due = [...(running ? [] : [recheckAt, refusedAt()]), plan.recheckAt, offer.newOnly ? undefined : auditAt]
      return earliest(...due.filter((time) => time !== undefined && time > now()))
    },
    changes: () => (offered === undefined ? [] : judge(offered).changes.filter((change) => !(isDelete(change) && refusals.waits(change)))),
    problems() {
      if (offered === undefined) return []
      const { error } = reading.view(NOBODY)
      const unread = error !== '' && needed(offered).size > 0 ? [`certificates and access control lists could not be read: ${error}`] : []
      const own = [...unread, ...refusals.texts()].map((text): Problem => ({ kind: 'loadBalancer', subject: REGION, text }))
      return [...own, ...judge(offered).problems]
    },
    idle: () => work,
  }
}
