// One pass after another: read the swarm, say who may write, hand each load balancer what is wanted of it, show it all on the board.
import { announce, makeWay, tellUnready } from './announce.ts'
import { refusalOf } from './approval.ts'
import type { Board, BoardPen, StatusPage } from './board.ts'
import type { Cloud } from './cloud.ts'
import type { Config } from './config.ts'
import type { HeldDelete } from './core/guard.ts'
import { byIdentity } from './core/identity.ts'
import type { Snapshot } from './core/model.ts'
import type { Clusters } from './core/usable.ts'
import { createDesires, type Desire, type DesireOptions } from './desired.ts'
import { createFitness } from './fitness.ts'
import { createFleet } from './fleet.ts'
import { fleetPage } from './fleet-page.ts'
import { followLeadership, type LeadershipTimes, type Term, writerRule } from './leadership.ts'
import type { Logger } from './log.ts'
import type { Loop, Why } from './loop.ts'
import { createNews } from './news.ts'
import { paced } from './paced.ts'
import type { Known } from './page.ts'
import { followPause } from './pausing.ts'
import { createProof } from './proof.ts'
import { createSharing, type SharingOptions } from './sharing.ts'
import { sightOf } from './sight.ts'
import type { Engine } from './swarm/client.ts'
import { toService } from './swarm/convert.ts'
import type { Answer, Lease } from './swarm/leader.ts'
import { readSnapshot, type SwarmReading } from './swarm/read.ts'
import type { Watch } from './swarm/watch.ts'
import { ownService, type Part, partOf } from './swarm/writer.ts'
import { createWatchdog } from './watchdog.ts'

export type DaemonOptions = LeadershipTimes & {
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
  /** How often tasks are read where that matters: no event tells of them. Milliseconds; 5 s where it is not given. */
  readonly tasksMs?: number | undefined
  /** A standby shows at least this often that it can read the cloud. Milliseconds; 5 minutes where it is not given. */
  readonly proofMs?: number | undefined
  /** What tags said before this daemon began. */
  readonly clusters?: Clusters | undefined
  /** The cloud must have failed the writer for so long before it makes way. Milliseconds; a minute where it is not given. */
  readonly patienceMs?: number | undefined
  /** Other times for certificates and access control lists. */
  readonly sharing?: Pick<SharingOptions, 'filesMs' | 'times'> | undefined
  readonly steadyRules?: DesireOptions['steadyRules']
}

type ApprovalAnswer = { readonly approved: readonly HeldDelete[]; readonly hash: string; readonly error: string }

export interface Daemon {
  /** anotherSwarm: the engine shows another one than before, and this daemon is of no more use. */
  pass(loop: Loop, why: Why): Promise<'done' | 'anotherSwarm'>
  approve(hash: string | undefined): ApprovalAnswer
  known(): ReadonlyMap<string, Known>
  /** A check between two readings found that this process is the writer no more. */
  lost(answer: Exclude<Answer, true>): void
  idle(): Promise<void>
}

const UNREADY_MS = 1000
const TASKS_MS = 5000

export function createDaemon(options: DaemonOptions): Daemon {
  const { config, engine, cloud, lease, watch, board, log, now, stop } = options
  const sharing = createSharing({
    ...options,
    ...options.sharing,
    read: () => fleet.shared.fresh,
    open: () => fleet.open(),
    nodeName: () => board.page().node.hostname,
    dryRun: config.dryRun,
    finished: (again) => {
      loopOf?.at(again)
      publishSoon()
    },
  })
  const desires = createDesires({
    config,
    provider: cloud.provider,
    instances: cloud.instances,
    now,
    readings: () => fleet.shared.current,
    resolving: sharing.resolving,
    steadyRules: options.steadyRules,
  })
  const rule = writerRule(config)
  const leadership = followLeadership(lease, now, options)
  const proof = createProof(now, options.proofMs)
  const fitness = createFitness(now, options.patienceMs)
  const convert = byIdentity(toService)
  const missed = createWatchdog(watch, now)
  const tell = createNews(log, board)
  const pausing = followPause(config.serviceId)
  let desire: Desire | undefined
  let term: Term | undefined
  let loopOf: Loop | undefined
  let clusterId: string | undefined
  /** Of the last look at the swarm. */
  let passMs = 0
  /** Why the last pass failed, as the log knows it. */
  let told: string | undefined

  const fleet = createFleet({
    ...options,
    nodeName: () => board.page().node.hostname,
    dryRun: config.dryRun,
    paused: pausing.paused,
    due: (time) => loopOf?.at(time),
    finished: (outcome, id) => {
      proof.looked(outcome.status === 'failed' ? 'badly' : 'well')
      const learned = outcome.status === 'looked' && desires.learn(outcome.look.lb.name, id)
      if (learned || sharing.waits()) loopOf?.at(now())
      publishSoon()
    },
  })

  function publish(wish: Desire): void {
    const page = fleetPage(fleet, wish, pausing, sharing)
    board.publish(page)
    tell(page)
    const { role } = board.page()
    // What the cloud says is of no use while the swarm does not answer.
    if (role !== 'unready') board.publish(standing(role))
  }

  /** A pass is over once each load balancer was looked at, and went well if all of them did. */
  function standing(role: StatusPage['role']): Partial<StatusPage> {
    const sight = sightOf(desire, fleet.known)
    const ended = sight.wrong !== '' || !sight.waits
    return {
      readyToLead: proof.state(role, sight),
      ...(ended && { lastPass: { at: new Date().toISOString(), ok: sight.wrong === '', ms: passMs } }),
    }
  }

  const publishSoon = paced({
    work: () => void (desire !== undefined && !stop.aborted && publish(desire)),
    broken: (error) => log.error({ err: error instanceof Error ? error.stack : String(error) }, 'unexpected error'),
  })

  function unready(error: unknown, begun: number, loop: Loop): void {
    const reason = error instanceof Error ? error.message : String(error)
    if (told !== reason) tellUnready(log, error, reason)
    told = reason
    term = leadership.note({ writes: false, ready: false, elsewhere: true })
    missed.failed()
    board.count('errors', { source: 'swarm' })
    board.publish({
      role: 'unready',
      readyToLead: { ok: false, reason },
      makesWay: '',
      reason,
      lastPass: { at: new Date().toISOString(), ok: false, ms: now() - begun },
    })
    loop.at(now() + UNREADY_MS)
  }

  /** Then nothing is written any more on what is remembered of the one before. */
  function isAnother(snapshot: Snapshot): boolean {
    clusterId ??= snapshot.clusterId
    if (snapshot.clusterId === clusterId) return false
    term = leadership.note({ writes: false, ready: false, elsewhere: true })
    log.warn(
      { before: clusterId, now: snapshot.clusterId },
      'the engine shows another swarm than before: everything begins as after a start',
    )
    return true
  }

  async function work(snapshot: SwarmReading, begun: number, loop: Loop, why: Why): Promise<void> {
    const part = partOf(rule, snapshot)
    term = leadership.note({ ...part, ready: true })
    const { mayWrite: leads, gained, recheckAt } = term
    const missedAt = missed.reading(snapshot, begun)
    announce(options, snapshot, part, term)
    makeWay(options, fitness.note(part, sightOf(desire, fleet.known)))
    if (gained) {
      desires.forget()
      fleet.forget()
    }
    desire = await desires.read(pausing.read(snapshot), stop)
    // Where there is nothing to read, that the cloud said so is all the proof there is.
    if (desire.loadBalancers.length === 0 && desire.unanswered === '') proof.looked('well')
    const mayWrite = leads && !config.dryRun && !pausing.paused()
    // A standby looks at its start and at each resync: often enough to take over warm, without doubling the calls of the leader.
    const resync = why.resync || (!part.writes && proof.takeTurn())
    const how = { desire, mayWrite, resync, fresh: gained, newOnly: !part.writes && !resync }
    const careful = [...fleet.known.values()].some(({ look }) => look?.pause !== undefined)
    const times = [...fleet.offer(how), sharing.offer({ ...how, careful })]
    passMs = now() - begun
    publish(desire)
    board.took(passMs)
    loop.at(pausing.endsAt(now()))
    const tasksAt = asksAgain(snapshot, part) ? begun + (options.tasksMs ?? TASKS_MS) : undefined
    for (const time of [...times, recheckAt, missedAt, desire.recheckAt, tasksAt, part.writes ? undefined : proof.dueAt()]) loop.at(time)
  }

  return {
    known: () => fleet.known,
    idle: async () => void (await Promise.all([fleet.idle(), sharing.idle()])),
    lost(answer) {
      const leaving = answer === 'leaving'
      term = leadership.note({ writes: false, ready: true, elsewhere: true, leaving })
      const { hostname } = board.page().node
      if (leaving) log.info({ node: hostname }, 'this task is to end: what has begun is finished, nothing else is written')
      else log.warn({ node: hostname }, 'leadership was lost before a write; nothing more is written')
      loopOf?.at(now())
    },
    approve(hash) {
      const shown = fleet.heldHash()
      const { dryRun } = config
      const error = refusalOf({ page: board.page(), held: shown, shown: hash, term, dryRun, paused: pausing.paused(), now: now() })
      if (error !== '') return { approved: [], hash: shown, error }
      const approved = fleet.approve()
      loopOf?.at(now())
      return { approved, hash: shown, error: '' }
    },
    async pass(loop, why) {
      loopOf = loop
      board.turned()
      const begun = now()
      try {
        const snapshot = await readSnapshot(engine, stop, ownService(rule), convert)
        if (isAnother(snapshot)) return 'anotherSwarm'
        await work(snapshot, begun, loop, why)
        told = undefined
      } catch (error) {
        if (!stop.aborted) unready(error, begun, loop)
      }
      return 'done'
    },
  }
}

/** Tasks matter, and Swarm announces none: to ports in host mode, and to who writes where that can be somebody else. */
const asksAgain = ({ tasks, own, nodes }: SwarmReading, { writer }: Part) =>
  tasks.status === 'read' || (own.status === 'read' && (writer === undefined || nodes.filter(({ role }) => role === 'manager').length > 1))
