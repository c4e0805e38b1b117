// Two daemons, each on a manager of the model's swarm, over load balancers in memory and a clock that only moves when it is told to.
import { type BoardPen, createBoard } from '../../src/board.ts'
import type { Cloud } from '../../src/cloud.ts'
import { type Config, readConfig } from '../../src/config.ts'
import type { Change, LoadBalancer } from '../../src/core/model.ts'
import { createDaemon, type Daemon } from '../../src/daemon.ts'
import type { Loop } from '../../src/loop.ts'
import type { Instances } from '../../src/providers/aliyun/instances.ts'
import type { Health, Provider } from '../../src/providers/provider.ts'
import type { Engine } from '../../src/swarm/client.ts'
import { silent } from '../support/board.ts'
import { balancer } from '../support/build.ts'
import { callError, type MemoryProvider, memoryProvider } from '../support/memory-provider.ts'
import { NO_CERTIFICATES } from '../support/region.ts'
import { holderOf, MANAGERS, type ModelSwarm, modelEngine, newSwarm } from './swarm.ts'

/** What goes wrong with the next call that changes something. */
export type Fault = 'refused' | 'failed' | 'lost' | 'unsent'

export type Setup = { readonly backends: 'auto' | 'vserver-group'; readonly pool: boolean }

/** Stands between the daemon and what it works on: how a test gives it a fault. */
export type Mutant = {
  readonly engine?: (engine: Engine) => Engine
  readonly provider?: (provider: Provider) => Provider
  readonly env?: Readonly<Record<string, string>>
}

export type Write = {
  readonly lb: string
  readonly change: Change
  readonly before: LoadBalancer
  readonly after: LoadBalancer
  readonly now: number
  /** Which daemon, counted over restarts: each remembers by itself. */
  readonly process: number
}

export type Hooks = {
  /** After each change that took effect. */
  readonly wrote: (write: Write, world: World) => void
  /** The cloud, or what stands for it, does not know what a change names. */
  readonly refused: (change: Change, error: Error, world: World) => void
}

type Running = {
  readonly daemon: Daemon
  readonly board: ReturnType<typeof createBoard>
  readonly process: number
  dueAt: number
  resyncAt: number
  granted: boolean
}

export type World = {
  readonly swarm: ModelSwarm
  readonly provider: MemoryProvider
  readonly clock: { now: number }
  readonly faults: Fault[]
  /** Times at which something went wrong, or a person touched a load balancer. */
  readonly trouble: {
    failedReads: number
    lookupFails: boolean
    at: number
    handAt: number
    syncedAt: number
    approvedAt: number
    /** Our tag was written. */
    taggedAt: number
  }
  readonly log: string[]
  daemons(): readonly Running[]
  leader(): Running
  restart(index: number): void
  wake(): void
  /** Everything that is due within these milliseconds happens. */
  advance(ms: number): Promise<void>
  /** Looks at everything although nothing is due. */
  resync(): Promise<void>
  /** Releases what is held. */
  approve(): void
}

const configs = new Map<string, Config>()
const RESYNC_MS = 20 * 60_000

function configOf(setup: Setup, extra: Mutant['env'] = {}): Config {
  const key = JSON.stringify([setup, extra])
  const known = configs.get(key)
  if (known !== undefined) return known
  const env = {
    SLB_ID: setup.pool ? 'lb-1,lb-2' : 'lb-1',
    ...(setup.pool ? {} : { SLB_ALLOW: 'lb-2' }),
    SLB_OWNER: 'me',
    SLB_BACKENDS: setup.backends,
    SLB_RESYNC_INTERVAL: '20m',
    ALIBABA_CLOUD_REGION_ID: 'cn-hangzhou',
    ALIBABA_CLOUD_ACCESS_KEY_ID: 'id',
    ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'secret',
    ...extra,
  }
  const config = readConfig({ env, flags: {} })
  configs.set(key, config)
  return config
}

/** Ids once known stay known; a lookup that fails answers for those. */
function modelInstances(swarm: ModelSwarm, trouble: World['trouble']): Instances {
  const known = new Map<string, string>()
  return {
    forget: (server) => {
      for (const [key, value] of known) if (value === server) known.delete(key)
    },
    async lookup(nodes) {
      return new Map(
        nodes.map(({ id, address }) => {
          const key = `${id} ${address}`
          const server = swarm.nodes.find((node) => node.address === address)?.server
          if (!trouble.lookupFails && server !== undefined) known.set(key, server)
          const found = known.get(key)
          return [id, found === undefined ? { status: 'unresolved', reason: 'the lookup failed' } : { status: 'found', server: found }]
        }),
      )
    },
  }
}

/** What running listeners see: a node that is there answers on the ports of services that are. */
function healthOf(swarm: ModelSwarm, lb: LoadBalancer): Health[] {
  return lb.listeners.flatMap(({ key, status, target }) => {
    if (status !== 'running' || target === undefined) return []
    const members = target.kind === 'default' ? lb.members : (lb.groups.find(({ ref }) => ref === target.group)?.members ?? [])
    return members.map(({ server, port: own }): Health => {
      const port = own ?? (target.kind === 'default' ? target.port : 0)
      const answers = swarm.nodes.some((node) => node.server === server && node.state !== 'down')
      const serves = holderOf(swarm, key.startsWith('udp') ? 'udp' : 'tcp', port, server) !== undefined
      return { listener: key, server, port, state: answers && serves ? 'normal' : 'abnormal' }
    })
  })
}

const PASSES = 60

export function createWorld(setup: Setup, hooks: Hooks, mutant: Mutant = {}): World {
  const swarm = newSwarm()
  const clock = { now: 1_000_000_000 }
  const faults: Fault[] = []
  const trouble: World['trouble'] = {
    failedReads: 0,
    lookupFails: false,
    at: 0,
    handAt: 0,
    syncedAt: 0,
    approvedAt: Number.NEGATIVE_INFINITY,
    taggedAt: 0,
  }
  const log: string[] = []
  const config = configOf(setup, mutant.env)
  const stop = new AbortController()
  let processes = 0
  let writer = 0

  const provider = memoryProvider([balancer({ tags: {} }), balancer({ id: 'lb-2', name: 'back', tags: {} })], {
    opens: () => {
      if (trouble.failedReads === 0) return
      trouble.failedReads -= 1
      trouble.at = clock.now
      throw callError('unknown', 'Unread')
    },
    health: (lb) => healthOf(swarm, lb),
    around: (change, effect, _, lb) => {
      const fault = faults.shift()
      if (fault !== undefined) trouble.at = clock.now
      if (fault === 'refused' || fault === 'failed') throw callError(fault)
      if (fault === 'unsent') throw callError('unknown')
      try {
        effect()
      } catch (error) {
        if (error instanceof Error) hooks.refused(change, error, world)
        throw error
      }
      for (const { before, after } of provider.written.splice(0)) {
        hooks.wrote({ lb, change, before, after, now: clock.now, process: writer }, world)
      }
      if (fault === 'lost') throw callError('unknown')
    },
  })
  const wrapped = mutant.provider?.(provider) ?? provider

  function start(index: number): Running {
    const board: ReturnType<typeof createBoard> & BoardPen = createBoard({ version: 'model', now: () => clock.now, aliveMs: 1e12 })
    const engine = modelEngine(swarm, MANAGERS[index] ?? 'm1')
    const cloud: Cloud = {
      provider: wrapped,
      instances: modelInstances(swarm, trouble),
      certificates: NO_CERTIFICATES,
      close: () => {},
    }
    const daemon = createDaemon({
      config,
      engine: mutant.engine?.(engine) ?? engine,
      cloud,
      lease: {
        held: async () => running.granted,
        grant: () => {
          running.granted = true
        },
        revoke: () => {
          running.granted = false
        },
        finish: () => {},
      },
      watch: {
        run: async () => {},
        opened: Promise.resolve(),
        reopen: () => {},
        missed: () => {},
        state: () => ({ openedAt: undefined, lastEventAt: {} }),
      },
      board,
      log: silent,
      now: () => clock.now,
      stop: stop.signal,
      giveUp: stop.signal,
      leaderWaitMs: undefined,
      tasksMs: 30 * 60_000,
      proofMs: 30 * 60_000,
    })
    processes += 1
    const running: Running = { daemon, board, process: processes, dueAt: clock.now, resyncAt: clock.now, granted: false }
    return running
  }

  const daemons: (Running | undefined)[] = [start(0)]
  const all = () => daemons.filter((one) => one !== undefined)

  async function pass(one: Running, resync: boolean): Promise<void> {
    const loop: Loop = {
      wake: () => {},
      at: (time) => {
        if (time !== undefined) one.dueAt = Math.min(one.dueAt, time)
      },
      run: async () => {},
    }
    if (resync) one.resyncAt = clock.now + RESYNC_MS
    if (resync && one === world.leader()) trouble.syncedAt = clock.now
    one.dueAt = Number.POSITIVE_INFINITY
    writer = one.process
    await one.daemon.pass(loop, { resync })
    await one.daemon.idle()
  }

  const world: World = {
    swarm,
    provider,
    clock,
    faults,
    trouble,
    log,
    daemons: all,
    leader: () => {
      daemons[swarm.leader] ??= start(swarm.leader)
      return daemons[swarm.leader] as Running
    },
    restart: (index) => {
      if (daemons[index] !== undefined) daemons[index] = start(index)
    },
    wake: () => {
      world.leader()
      for (const one of all()) one.dueAt = Math.min(one.dueAt, clock.now)
    },
    async advance(ms) {
      const end = clock.now + ms
      let passes = 0
      for (;;) {
        const next = all()
          .map((one) => ({ one, at: Math.min(one.dueAt, one.resyncAt) }))
          .reduce((a, b) => (b.at < a.at ? b : a))
        if (next.at > end) break
        passes = next.at > clock.now ? 0 : passes + 1
        if (passes > PASSES) throw new Error(`no end: ${log.slice(-6).join('; ')}`)
        clock.now = Math.max(clock.now, next.at)
        await pass(next.one, clock.now >= next.one.resyncAt)
      }
      clock.now = end
    },
    approve: () => {
      trouble.approvedAt = clock.now
      world.leader().daemon.approve(undefined)
    },
    async resync() {
      for (const one of all()) one.resyncAt = clock.now
      await world.advance(0)
    },
  }
  return world
}
