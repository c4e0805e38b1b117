// One look at swarm and cloud without a daemon: for `plan`, and for `status` where none runs. Reads only.
import { hostname } from 'node:os'
import { emptyPage, type StatusPage } from './board.ts'
import { connectCloud } from './cloud.ts'
import type { Config } from './config.ts'
import { describeChange } from './core/describe.ts'
import { newLedger } from './core/guard.ts'
import type { LoadBalancer, Snapshot } from './core/model.ts'
import { describeMove } from './core/moving.ts'
import { describePause, PAUSE_TAG } from './core/pause.ts'
import { createDesires, type Desire, type Desires } from './desired.ts'
import { createRegionLook, type RegionLook } from './inspect-region.ts'
import type { Logger } from './log.ts'
import { balancerRow, driftLines, heldPage, type Known, know, portRows } from './page.ts'
import { followPause } from './pausing.ts'
import type { Provider } from './providers/provider.ts'
import { NOTHING_REMEMBERED, type Outcome, reconcileOne, type Shared } from './reconcile.ts'
import type { Engine } from './swarm/client.ts'
import { readSnapshot } from './swarm/read.ts'
import { VERSION } from './version.ts'

export type BalancerPlan = {
  readonly name: string
  readonly id: string
  readonly changes: readonly string[]
  readonly held: readonly string[]
  readonly error: string
  /** A move to another load balancer that is on, or a pause. */
  readonly note?: string
}

const NEVER = new AbortController().signal

/** @param everywhere said of every load balancer */
function planOf(id: string, outcome: Outcome, everywhere: string): BalancerPlan {
  if (outcome.status === 'failed') return { name: id, id, changes: [], held: [], error: outcome.error.message }
  const { look } = outcome
  const { standing } = look
  const error = standing.status === 'unusable' || standing.status === 'readOnly' ? standing.text : ''
  const lines = (chains: typeof look.run) => chains.flatMap((chain) => chain.changes.map((change) => describeChange(change)))
  const run = new Set(look.run.map((chain) => chain.id))
  const held = look.wished.filter((chain) => !run.has(chain.id))
  const paused = look.pause === undefined ? '' : describePause(look.pause, `tag ${PAUSE_TAG}`)
  const note = [describeMove(look.lb), paused, everywhere].filter((text) => text !== '').join('; ')
  return { name: look.lb.name, id, changes: lines(look.run), held: lines(held), error, ...(note === '' ? {} : { note }) }
}

/** Load balancers that the configuration names and the cloud did not. */
const unknownPlans = ({ problems }: Desire): readonly BalancerPlan[] =>
  problems
    .filter(({ kind }) => kind === 'loadBalancer')
    .map(({ subject, text }) => ({ name: subject, id: subject, changes: [], held: [], error: text }))

type Looked = readonly { readonly id: string; readonly outcome: Outcome }[]

async function lookAll(desire: Desire, provider: Provider, shared: Shared, now: () => number, signal: AbortSignal): Promise<Looked> {
  const { wanted, backends, rules } = desire
  const turn = { begin: NEVER, wait: NEVER, priority: 0 }
  const hooks = { begins: () => {}, applied: () => {}, failed: () => {}, now }
  const base = {
    provider,
    wanted,
    backends,
    rules,
    members: 'fresh',
    driftOnly: false,
    mayWrite: false,
    turnOf: () => turn,
    hooks,
    now,
    signal,
  } as const
  const look = async (id: string) => ({
    id,
    outcome: await reconcileOne({ ...base, id, remembered: NOTHING_REMEMBERED }, shared, () => {}),
  })
  return Promise.all(desire.loadBalancers.map(look))
}

type Looking = {
  readonly desires: Desires
  readonly snapshot: Snapshot
  readonly provider: Provider
  /** Gets what is read. */
  readonly read: Map<string, LoadBalancer>
  readonly region: RegionLook
}

/** Looks until every load balancer is known, and every name of one: labels may use the names of those that the configuration names by id. */
async function lookTwice({ desires, snapshot, provider, read, region }: Looking, now: () => number, signal: AbortSignal) {
  const before = await desires.read(snapshot, signal)
  const shared: Shared = {
    ledger: newLedger(before.loadBalancers),
    up: new Set(),
    read,
    fresh: read,
    current: new Map(read),
    clusters: new Map(),
  }
  const look = (desire: Desire) => lookAll(desire, provider, shared, now, signal)
  const first = await look(before)
  const learned = first.map(({ id, outcome }) => outcome.status === 'looked' && desires.learn(outcome.look.lb.name, id))
  const named = learned.includes(true) ? await desires.read(snapshot, signal) : before
  await region.look(named)
  const desire = named.wants.lists.size > 0 ? await desires.read(snapshot, signal) : named
  if (desire.wanted.claims.length !== before.wanted.claims.length) await look(desire)
  // Once more with every load balancer known: the guard judges over all of them together.
  return { desire, shared, outcomes: await look(desire) }
}

export async function inspect(
  config: Config,
  engine: Engine,
  log: Logger,
  now: () => number,
  signal: AbortSignal,
): Promise<{ readonly page: StatusPage; readonly plans: readonly BalancerPlan[] }> {
  const cloud = connectCloud(config, { log, userAgent: `swarm-slb/${VERSION} (${hostname()})`, mayWrite: async () => false })
  try {
    const pausing = followPause(config.serviceId)
    const snapshot = pausing.read(await readSnapshot(engine, signal))
    const read = new Map<string, LoadBalancer>()
    const region = createRegionLook(cloud, read, now, signal)
    const { provider, instances } = cloud
    const desires = createDesires({ config, provider, instances, now, readings: () => read, resolving: region.resolving })
    const { desire, shared, outcomes } = await lookTwice({ desires, snapshot, provider, read, region }, now, signal)
    const known = new Map<string, Known>(outcomes.map(({ id, outcome }) => [id, know(id, outcome, undefined)]))
    const looks = [...known.values()]
    const pauses = pausing.rows(looks)
    const everywhere = pauses.paused.find(({ loadBalancer }) => loadBalancer === '*')?.text ?? ''
    const self = snapshot.nodes.find((node) => node.id === snapshot.nodeId)
    const page: StatusPage = {
      ...emptyPage(VERSION),
      node: { id: snapshot.nodeId, hostname: self?.hostname ?? '' },
      role: snapshot.isLeader ? 'leader' : 'standby',
      leader: snapshot.nodes.find((node) => node.leader)?.hostname ?? '',
      reason: 'a fresh reading; no daemon was asked',
      owner: desire.rules.owner,
      clusterId: snapshot.clusterId,
      loadBalancers: looks.map(balancerRow),
      ports: portRows(desire, known, shared.ledger),
      paused: pauses.paused,
      problems: [
        ...pauses.problems,
        ...desire.problems,
        ...region.problems(),
        ...desire.unresolved,
        ...looks.flatMap(({ look }) => look?.problems ?? []),
      ],
      held: heldPage(shared.ledger, (id) => known.get(id)?.look?.lb.name ?? id),
      drift: driftLines(looks),
      region: region.changes(),
    }
    return { page, plans: [...outcomes.map(({ id, outcome }) => planOf(id, outcome, everywhere)), ...unknownPlans(desire)] }
  } finally {
    cloud.close()
  }
}
