// The daemon's state between passes: who leads, what is wanted, one worker for each load balancer, and the board that shows it all.

import type { Applied, NotApplied } from './apply.ts'
import type { Board, BoardPen } from './board.ts'
import type { Cloud } from './cloud.ts'
import type { Config } from './config.ts'
import { describeChange } from './core/describe.ts'
import { approve, type HeldDelete, heldHash, newLedger } from './core/guard.ts'
import type { LoadBalancer, Snapshot } from './core/model.ts'
import { untaggedNames } from './core/usable.ts'
import { createDesires, type Desire } from './desired.ts'
import type { Logger } from './log.ts'
import type { Loop, Why } from './loop.ts'
import { balancerRow, driftLines, heldPage, type Known, know, portRows } from './page.ts'
import { ServersRefused } from './providers/provider.ts'
import type { Outcome, Shared } from './reconcile.ts'
import type { Engine } from './swarm/client.ts'
import { type LeadershipMemory, type Lease, nextLeadership } from './swarm/leader.ts'
import { fingerprint, type MissedMemory, nextMissed } from './swarm/missed.ts'
import { readSnapshot } from './swarm/read.ts'
import type { Watch } from './swarm/watch.ts'
import { createWorker, type Worker } from './worker.ts'

export type DaemonOptions = {
  readonly config: Config
  readonly engine: Engine
  readonly cloud: Cloud
  readonly lease: Lease
  readonly watch: Watch
  readonly board: Board & BoardPen
  readonly log: Logger
  readonly now: () => number
  readonly stop: AbortSignal
  readonly giveUp: AbortSignal
  /** Milliseconds; 15 s where it is not given. */
  readonly leaderWaitMs: number | undefined
}

export interface Daemon {
  pass(loop: Loop, why: Why): Promise<void>
  approve(hash: string | undefined): { readonly approved: readonly HeldDelete[]; readonly hash: string; readonly error: string }
  known(): ReadonlyMap<string, Known>
  /** A check between two readings found that another manager leads. */
  lost(): void
  /** Settles when no load balancer is being worked on. */
  idle(): Promise<void>
}

const BOX_MS = 15_000
const UNREADY_MS = 1000

export function createDaemon(options: DaemonOptions): Daemon {
  const { config, engine, cloud, lease, watch, board, log, now, stop } = options
  const desires = createDesires({ config, provider: cloud.provider, instances: cloud.instances, now })
  const shared: Shared = { ledger: newLedger([]), up: new Set() }
  const workers = new Map<string, Worker>()
  const known = new Map<string, Known>()
  /** As each load balancer was found at the start. */
  const first = new Map<string, LoadBalancer>()
  let leadership: LeadershipMemory | undefined
  let missed: MissedMemory | undefined
  let desire: Desire | undefined
  let nodeName = ''
  let loopOf: Loop | undefined

  const nameOf = (id: string) => known.get(id)?.look?.lb.name ?? id
  const audit = (id: string, { chain, change, requestIds, ms }: Applied) =>
    log.info(
      { lb: nameOf(id), service: chain.service, change: describeChange(change), requestId: requestIds.join(), ms, node: nodeName },
      'change applied',
    )

  function failed(id: string, { chain, change, error }: NotApplied): void {
    board.count('changes', { kind: change.kind, result: 'failed' })
    log.error({ lb: nameOf(id), service: chain.service, change: describeChange(change), err: error.message }, 'change failed')
    // The cloud does not know them, or not in this VPC: what they are is looked up again.
    if (error instanceof ServersRefused) for (const server of error.servers) cloud.instances.forget(server)
  }

  function finished(id: string, outcome: Outcome): void {
    const before = known.get(id)
    const next = know(id, outcome, before)
    known.set(id, next)
    if (outcome.status === 'looked') {
      desires.learn(outcome.look.lb.name, id)
      if (!first.has(id)) first.set(id, outcome.look.lb)
    }
    if (next.error !== (before?.error ?? '')) {
      if (next.error === '') log.info({ lb: nameOf(id) }, 'load balancer answers again')
      else log.error({ lb: nameOf(id), err: next.error }, 'load balancer could not be read')
    }
    const changes = outcome.status === 'looked' ? (outcome.result?.applied.length ?? 0) : 0
    board.count('reconciles', { result: outcome.status === 'failed' ? 'failed' : changes > 0 ? 'applied' : 'inSync' })
    if (outcome.status === 'failed') board.count('errors', { source: 'cloud' })
    publish()
    loopOf?.at(workers.get(id)?.recheckAt())
  }

  function workerFor(id: string): Worker {
    const worker =
      workers.get(id) ??
      createWorker({
        id,
        provider: cloud.provider,
        shared,
        boxMs: BOX_MS,
        now,
        stop,
        giveUp: options.giveUp,
        finished,
        failed,
        applied: (lb, applied) => {
          board.count('changes', { kind: applied.change.kind, result: 'applied' })
          audit(lb, applied)
        },
      })
    workers.set(id, worker)
    return worker
  }

  const publish = () => {
    if (desire === undefined) return
    const looks = [...known.values()]
    board.publish({
      loadBalancers: [...workers.keys()].map((id) => balancerRow(known.get(id) ?? { id, look: undefined, error: '', verdicts: [] })),
      ports: portRows(desire, known, shared.ledger),
      problems: [
        ...desire.problems,
        ...untaggedNames([...first.values()], desire.named, desire.rules.owner),
        ...looks.flatMap(({ look }) => look?.problems ?? []),
      ],
      held: heldPage(shared.ledger, nameOf),
      drift: driftLines(looks),
    })
  }

  function unready(error: unknown, begun: number, loop: Loop): void {
    const reason = error instanceof Error ? error.message : String(error)
    if (board.page().reason !== reason) log.warn({ err: reason }, 'swarm is not ready; everything stays as it is')
    leadership = nextLeadership(leadership, { isLeader: false, ready: false }, now(), waitRule()).memory
    lease.revoke()
    missed = nextMissed(undefined, watch.state(), now()).memory
    board.count('errors', { source: 'swarm' })
    board.publish({ role: 'unready', reason, lastPass: { at: new Date().toISOString(), ok: false, ms: now() - begun } })
    loop.at(now() + UNREADY_MS)
  }

  const waitRule = () => (options.leaderWaitMs === undefined ? {} : { waitMs: options.leaderWaitMs })

  function announce(snapshot: Snapshot, mayWrite: boolean, recheckAt: number | undefined): void {
    const self = snapshot.nodes.find((node) => node.id === snapshot.nodeId)
    nodeName = self?.hostname ?? snapshot.nodeId
    const role = snapshot.isLeader ? 'leader' : 'standby'
    const waits = snapshot.isLeader && !mayWrite && recheckAt !== undefined
    const reason = waits
      ? `leader; writes begin in ${Math.ceil((recheckAt - now()) / 1000)} s`
      : config.dryRun
        ? 'dry run: nothing is written'
        : ''
    if (board.page().role !== role) log.info({ role, node: nodeName }, 'role of this manager')
    board.publish({
      node: { id: snapshot.nodeId, hostname: nodeName },
      role,
      leader: snapshot.nodes.find((node) => node.leader)?.hostname ?? '',
      reason,
      clusterId: snapshot.clusterId,
    })
  }

  function noteCluster(clusterId: string): void {
    const first = shared.ledger.clusterId ?? clusterId
    shared.ledger = { ...shared.ledger, clusterId: first, clusterChanged: first !== clusterId }
  }

  return {
    known: () => known,
    lost() {
      leadership = nextLeadership(leadership, { isLeader: false, ready: true }, now(), waitRule()).memory
      lease.revoke()
      log.warn({ node: nodeName }, 'leadership was lost before a write; nothing more is written')
      loopOf?.at(now())
    },
    idle: async () => {
      await Promise.all([...workers.values()].map((worker) => worker.idle()))
    },
    approve(hash) {
      const held = [...shared.ledger.held.values()]
      const shown = held.length === 0 ? '' : heldHash(held)
      if (board.page().role !== 'leader')
        return { approved: [], hash: shown, error: `this manager does not lead; ask ${board.page().leader || 'the leader'}` }
      if (held.length === 0) return { approved: [], hash: '', error: 'nothing is held' }
      if (hash !== undefined && hash !== shown) return { approved: [], hash: shown, error: 'what is held has changed since it was shown' }
      shared.ledger = approve(shared.ledger, held)
      log.warn({ deletes: held.map((one) => `${nameOf(one.loadBalancer)} ${one.key} ${one.service}`) }, 'held deletes approved')
      for (const worker of workers.values()) worker.poke()
      loopOf?.at(now())
      return { approved: held, hash: shown, error: '' }
    },
    async pass(loop, why) {
      loopOf = loop
      board.turned()
      const begun = now()
      let snapshot: Snapshot
      try {
        snapshot = await readSnapshot(engine, stop)
      } catch (error) {
        if (!stop.aborted) unready(error, begun, loop)
        return
      }
      const read = now()
      const leads = nextLeadership(leadership, { isLeader: snapshot.isLeader, ready: true }, read, waitRule())
      leadership = leads.memory
      if (leads.mayWrite) lease.grant()
      else lease.revoke()
      const news = nextMissed(missed, watch.state(), read, { fingerprint: fingerprint(snapshot), startedAt: begun, endedAt: read })
      missed = news.memory
      if (news.missed.length > 0) watch.missed(news.missed)
      noteCluster(snapshot.clusterId)
      announce(snapshot, leads.mayWrite, leads.recheckAt)
      desire = await desires.read(snapshot, stop)
      const mayWrite = leads.mayWrite && !config.dryRun
      for (const id of desire.loadBalancers) {
        if (!shared.ledger.counts.has(id)) shared.ledger = { ...shared.ledger, counts: new Map(shared.ledger.counts).set(id, undefined) }
      }
      for (const id of desire.loadBalancers) {
        const isNew = !workers.has(id)
        const worker = workerFor(id)
        // A standby looks at its start and at each resync: often enough to take over warm, without doubling the calls of the leader.
        if (!leads.mayWrite && !snapshot.isLeader && !isNew && !why.resync) continue
        const { wanted, backends, rules } = desire
        worker.offer({ wanted, claims: desire.claimsOf(id), backends, rules, mayWrite, resync: why.resync, fresh: leads.gained && !isNew })
        loop.at(worker.recheckAt())
      }
      board.publish({ owner: desire.rules.owner, lastPass: { at: new Date().toISOString(), ok: true, ms: now() - begun } })
      board.took(now() - begun)
      publish()
      for (const time of [leads.recheckAt, news.recheckAt, desire.recheckAt]) loop.at(time)
    },
  }
}
