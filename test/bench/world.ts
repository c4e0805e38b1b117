// What every scenario starts from: 100 services with two ports each, 20 nodes, one load balancer given by id, 100 ms a call.
// All waits, the settling and the width of the writes are those of production; only the rates may be off.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Tuning } from '../../src/app.ts'
import { isWrite } from '../../src/simulator/actions/call.ts'
import type { SimulatorOptions } from '../../src/simulator/simulator.ts'
import type { StateFile } from '../../src/simulator/world.ts'
import { type Stand, startStand, swarmNodes, swarmService } from '../support/stand.ts'

export type Backends = 'default group' | 'own groups'
type Rates = 'off' | 'published'
export type Mode = { readonly backends: Backends; readonly rates: Rates }

export const NODES = 20
const LATENCY_MS = 100
/** No call for this long: nothing follows. Longer than any gap that the published rates make between two writes. */
const QUIET_MS = 1500
const GOAL_MS = 300_000

export type Measured = {
  readonly reads: number
  readonly writes: number
  readonly calls: number
  /** Writes that the cloud carried out; the others were refused, and repeated. */
  readonly made: number
  /** Requests of clients that got no good answer. */
  readonly failed: number
  /** Milliseconds from what began it to the last answer. */
  readonly wallMs: number
}

export type World = {
  readonly stand: Stand
  start(): void
  /** Calls from `begin` until the goal is reached and nothing follows. Throws where the goal is not reached in time. */
  measure(begin: () => Promise<void> | void, goal: () => boolean): Promise<Measured>
  /** From now on calls take their time and are limited as the mode says; those so far are forgotten. */
  reset(): void
  /** Calls since `reset`; time from `began` to the last answer. */
  count(began: number): Measured
  close(): Promise<void>
}

/** A listener for each port: tcp for the first, http for the second. */
export const services = (count: number, ports: 1 | 2 = 2) =>
  Array.from({ length: count }, (_, index) => {
    const published = 20_000 + 2 * index
    const labels = { 'slb.port.80': `tcp://:${published}`, ...(ports === 2 && { 'slb.port.81': `http://:${published + 1}` }) }
    const both = [
      { target: 80, published },
      { target: 81, published: published + 1 },
    ]
    return swarmService(`app-${index + 1}`, published, labels, both.slice(0, ports))
  })
export const SERVICES = services(100)
export const LISTENERS = 2 * SERVICES.length

const LIFTED = 1_000_000
const QUOTAS = { listeners: LIFTED, backendServers: LIFTED, groups: LIFTED, attachments: LIFTED }

export type WorldOptions = {
  readonly mode: Mode
  /** What is there; only the load balancer itself where it is not given. */
  readonly state?: StateFile | undefined
  readonly services?: readonly object[] | undefined
  readonly nodes?: readonly object[] | undefined
  readonly env?: Readonly<Record<string, string>> | undefined
  readonly simulator?: Pick<SimulatorOptions, 'dataPlane' | 'settings'> | undefined
}

export type Goal = (world: World) => boolean

const envOf = ({ mode, env }: WorldOptions) => ({
  SLB_BACKENDS: mode.backends === 'own groups' ? 'vserver-group' : 'auto',
  SLB_QUOTAS: 'unlimited',
  SLB_API_SHARE: '1',
  SLB_REMOVAL_GRACE: '30s',
  SLB_DRAIN: '30s',
  SLB_NODE_DOWN_GRACE: '60s',
  ...env,
})

const production = (rates: Rates): Tuning => ({
  rpc: {},
  buckets: { unlimited: rates === 'off' },
  leaderWaitMs: 15_000,
  settleMs: { service: 100, node: 2000 },
})

export async function openWorld(options: WorldOptions): Promise<World> {
  const { mode, state } = options
  const settings: SimulatorOptions['settings'] = { requestLogSize: 100_000, ...(options.simulator?.settings ?? { quotas: QUOTAS }) }
  const simulator = { ...options.simulator, settings }
  const stand = await startStand({ nodes: NODES, env: envOf(options), simulator, ...(state === undefined ? {} : { state }) })
  if (options.nodes !== undefined) stand.nodes(options.nodes)
  stand.services(options.services ?? SERVICES)
  const { requests } = stand.simulator
  const reset = () => {
    stand.simulator.settings.latencyMs = LATENCY_MS
    stand.simulator.settings.rates.enabled = mode.rates === 'published'
    requests.reset()
  }
  const count = (began: number) => {
    const { reads, writes, total } = requests.counts()
    const last = requests.entries().reduce((latest, { time, ms }) => Math.max(latest, time + ms), began)
    const made = requests.entries().filter(({ action, code }) => isWrite(action) && code === 'OK').length
    return { reads, writes, calls: total, made, failed: 0, wallMs: last - began }
  }
  return {
    stand,
    start: () => stand.start(production(mode.rates)),
    reset,
    count,
    async measure(begin, goal) {
      reset()
      const began = Date.now()
      await begin()
      await reach(stand, goal)
      await quiet(stand)
      return count(began)
    },
    close: () => stand.close(),
  }
}

async function reach(stand: Stand, goal: () => boolean): Promise<void> {
  const end = Date.now() + GOAL_MS
  while (!goal()) {
    if (Date.now() > end) throw new Error(`no end after ${GOAL_MS / 1000} s; last in the log: ${stand.logged.at(-1) ?? 'nothing'}`)
    await sleep(20)
  }
}

/** Until no call was answered for a while: a call is in the log once it is answered. */
export async function quiet(stand: Stand, ms = QUIET_MS): Promise<void> {
  let total = -1
  let since = Date.now()
  while (Date.now() - since < ms) {
    const now = stand.simulator.requests.counts().total
    if (now !== total) since = Date.now()
    total = now
    await sleep(20)
  }
}

/** A world whose daemon has done all there was to do, at no latency, and is at rest. */
export async function openRunning(options: WorldOptions, goal: Goal = (world) => isComplete(world, LISTENERS)): Promise<World> {
  const world = await openWorld(options)
  try {
    world.start()
    await reach(world.stand, () => world.stand.simulator.requests.counts().total > 0 && goal(world))
    await quiet(world.stand)
    return world
  } catch (error) {
    await world.close()
    throw error
  }
}

/** What the account looks like once all is done: made by the daemon itself. */
export async function loadedState(backends: Backends, wanted: readonly object[] = SERVICES, listeners = LISTENERS): Promise<StateFile> {
  const world = await openRunning({ mode: { backends, rates: 'off' }, services: wanted }, (made) => isComplete(made, listeners))
  const state = structuredClone(world.stand.simulator.state)
  await world.close()
  return state
}

/** So many listeners run, no other is there, and each forwards to so many servers at full weight. */
export function isComplete({ stand }: World, listeners: number, servers = NODES): boolean {
  const { listeners: found, groups, backendServers } = stand.lb()
  const full = (members: readonly { readonly weight: number }[]) =>
    members.length === servers && members.every(({ weight }) => weight === 100)
  const fullGroups = new Set(groups.filter((group) => full(group.servers)).map(({ id }) => id))
  const served = (group: string | undefined) => (group === undefined ? full(backendServers) : fullGroups.has(group))
  return found.length === listeners && found.every(({ status, vServerGroupId }) => status === 'running' && served(vServerGroupId))
}

/** The swarm after so many nodes came to it. */
export const withJoined = (count: number) => swarmNodes(NODES + count)
