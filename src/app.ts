// Builds every part once, joins them, and runs until the signal aborts. Nothing else constructs anything.
import { hostname } from 'node:os'
import { createBoard, type StatusPage, type StatusRow } from './board.ts'
import { cleanLoadBalancers } from './cleanup.ts'
import { type CloudOptions, connectCloud } from './cloud.ts'
import type { Config } from './config.ts'
import type { Problem } from './core/model.ts'
import type { Clusters } from './core/usable.ts'
import { createDaemon, type DaemonOptions } from './daemon.ts'
import { askHealth } from './health.ts'
import { serveHttp, serveSocket } from './http/server.ts'
import { inspect } from './inspect.ts'
import { writerRule } from './leadership.ts'
import type { Logger } from './log.ts'
import { createLoop } from './loop.ts'
import { perSwarm } from './per-swarm.ts'
import { connectEngine } from './swarm/client.ts'
import { checkWriter, createLease, FINISH_MS } from './swarm/leader.ts'
import { watchSwarm } from './swarm/watch.ts'
import { takeOver as planAndTakeOver, type TakeoverReport, type TakeoverTask } from './takeover.ts'
import { VERSION } from './version.ts'

export { exportOnce, moveOnce, readGround } from './tools.ts'

/** A clock that goes on while the process is frozen and never goes back. */
const now = () => Math.round(performance.timeOrigin + performance.now())

const SETTLE_MS = { service: 100, node: 2000 }

export const engineOf = (config: Config) =>
  connectEngine({ host: config.dockerHost, tlsVerify: config.dockerTlsVerify, certPath: config.dockerCertPath })

/** For tests and measurements: other waits and rates than those of production. */
export type Tuning = Pick<CloudOptions, 'rpc' | 'buckets'> &
  Pick<DaemonOptions, 'leaderWaitMs' | 'finishMs' | 'tasksMs' | 'proofMs' | 'patienceMs' | 'sharing' | 'steadyRules'> & {
    readonly settleMs?: typeof SETTLE_MS
    /** Graces, drains and all other waits of minutes pass so many times faster; deadlines of calls do not. */
    readonly speed?: number
  }

const clockOf = (speed: number | undefined) => {
  const start = now()
  return speed === undefined ? now : () => Math.round(start + (performance.timeOrigin + performance.now() - start) * speed)
}

/** In a container the host name says nothing of the node: the account's audit log should name both. */
const userAgentOf = ({ nodeId }: Config) => `swarm-slb/${VERSION} (${nodeId === undefined ? '' : `${nodeId} `}${hostname()})`

export async function runDaemon(config: Config, log: Logger, signal: AbortSignal, tuning: Tuning = {}): Promise<void> {
  const clock = clockOf(tuning.speed)
  const board = createBoard({ version: VERSION, now: clock, aliveMs: Math.max(120_000, config.resyncMs * 3) })
  const engine = engineOf(config)
  const rule = writerRule(config)
  const check = (stop: AbortSignal) => checkWriter(engine, rule, board.page().node.id, stop)
  // A create + start or a replacement that has begun is finished within this; stop_grace_period in deploy/stack.yml is longer.
  const { finishMs = FINISH_MS } = tuning
  const lease = createLease({ check, finishMs, now, onLost: (answer) => daemon.lost(answer) })
  const giveUp = new AbortController()
  const cloud = connectCloud(config, {
    ...tuning,
    now: clock,
    log,
    userAgent: userAgentOf(config),
    mayWrite: lease.held,
    observe: ({ action, code }) => board.count('cloudRequests', { action, code }),
  })
  const watch = watchSwarm({ engine, onEvent: (kind) => loop.wake(kind), log, tally: board, now: clock })
  const { leaderWaitMs, tasksMs, proofMs, patienceMs, sharing, steadyRules } = tuning
  const given = { config, engine, cloud, lease, watch, board, log, now: clock, giveUp: giveUp.signal }
  const begin = (stop: AbortSignal, clusters: Clusters) =>
    createDaemon({ ...given, stop, clusters, leaderWaitMs, finishMs, tasksMs, proofMs, patienceMs, sharing, steadyRules })
  const daemon = perSwarm(begin, signal)
  const times = { resyncMs: config.resyncMs, settleMs: tuning.settleMs ?? SETTLE_MS, now: clock, speed: tuning.speed ?? 1 }
  const loop = createLoop({ pass: (why) => daemon.pass(loop, why), ...times })
  const health = askHealth(daemon.known)
  const http = await serveHttp({ address: config.httpAddr, board, health, log })
  const socket = await serveSocket({
    path: config.socket,
    board,
    health,
    log,
    approve: (hash) => {
      const answer = daemon.approve(hash)
      const approved = answer.approved.map((one) => ({
        loadBalancer: one.loadBalancer,
        listener: one.key,
        service: one.service,
        since: new Date(one.since).toISOString(),
      }))
      return { ...answer, approved }
    },
  })
  log.info({ version: VERSION, loadBalancers: config.allowed, expose: config.expose, policy: config.policy }, 'swarm-slb starts')
  try {
    // Stream first, then the full reading: what happens in between is not lost.
    await Promise.all([watch.run(signal), watch.opened.then(() => loop.run(signal))])
    const timer = setTimeout(() => giveUp.abort(), finishMs)
    await daemon.idle()
    clearTimeout(timer)
  } finally {
    await Promise.all([http.close(), socket.close()])
    cloud.close()
    log.info('swarm-slb stops; listeners stay as they are')
  }
}

export type PlanReport = {
  readonly inSync: boolean
  readonly loadBalancers: readonly {
    readonly name: string
    readonly id: string
    readonly changes: readonly string[]
    readonly held: readonly string[]
    readonly error: string
    readonly note?: string
  }[]
  /** Changes to certificates and access control lists of the region. */
  readonly region?: readonly string[]
  readonly ports: readonly StatusRow[]
  readonly problems: readonly Problem[]
}

/** What `run` would do now. Reads only. */
export async function planOnce(config: Config, log: Logger, signal: AbortSignal): Promise<PlanReport> {
  const { page, plans } = await inspect(config, engineOf(config), log, now, signal)
  return {
    inSync: plans.every(({ changes, error }) => changes.length === 0 && error === '') && page.region?.length === 0,
    loadBalancers: plans,
    region: page.region ?? [],
    ports: page.ports,
    problems: page.problems,
  }
}

/** A fresh reading of swarm and cloud, where no daemon runs. */
export async function readStatus(config: Config, log: Logger, signal: AbortSignal): Promise<StatusPage> {
  return (await inspect(config, engineOf(config), log, now, signal)).page
}

/** Shows or does what makes load balancers of an earlier swarm or owner this swarm's. */
export async function takeOver(
  config: Config,
  log: Logger,
  options: Pick<TakeoverTask, 'from' | 'dryRun' | 'force' | 'onProgress'>,
  signal: AbortSignal,
): Promise<TakeoverReport> {
  const cloud = connectCloud(config, { log, userAgent: `swarm-slb/${VERSION} (${hostname()})`, mayWrite: async () => !options.dryRun })
  try {
    return await planAndTakeOver({ config, cloud, engine: engineOf(config), ...options }, signal)
  } finally {
    cloud.close()
  }
}

export type CleanOptions = { readonly dryRun: boolean; readonly onProgress: (line: string) => void }

/** Removes what carries our mark, nothing else. */
export async function cleanUp(
  config: Config,
  log: Logger,
  options: CleanOptions,
  signal: AbortSignal,
): Promise<{ readonly removed: readonly string[]; readonly failed: readonly string[] }> {
  const cloud = connectCloud(config, { log, userAgent: `swarm-slb/${VERSION} (${hostname()})`, mayWrite: async () => !options.dryRun })
  try {
    return await cleanLoadBalancers({ config, cloud, engine: engineOf(config), ...options }, signal)
  } finally {
    cloud.close()
  }
}
