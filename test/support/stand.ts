// A whole small world in one process: engine of paper, simulated cloud, and the daemon between them.
import { runDaemon, type Tuning } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { createLog } from '../../src/log.ts'
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/simulator.ts'
import type { Listener, StateFile, World } from '../../src/simulator/world.ts'
import { nodeJson, type PortJson, serviceJson } from './engine-json.ts'
import { type FakeEngine, fixture, startFakeEngine } from './fake-engine.ts'

export type Stand = {
  readonly engine: FakeEngine
  readonly simulator: Simulator
  /** The daemon's configuration, also for one in a process of its own. */
  readonly env: Readonly<Record<string, string>>
  /** What the daemon logged, one line each. */
  readonly logged: string[]
  /** First load balancer of the simulated account. */
  lb(): World['loadBalancers'][number]
  listener(port: number): Listener | undefined
  /** Replaces the services, and says so with an event. */
  services(services: readonly object[]): void
  nodes(nodes: readonly object[]): void
  start(tuning?: Tuning): void
  /** Ends the daemon in good order. */
  stop(): Promise<void>
  close(): Promise<void>
}

export type StandOptions = {
  readonly env?: Readonly<Record<string, string>>
  readonly state?: StateFile
  readonly simulator?: SimulatorOptions
  readonly nodes?: number
  /** Cluster id of the swarm. */
  readonly cluster?: string
  /** Another stand's cloud, for a second swarm on the same load balancers; who made it closes it. */
  readonly sharing?: Simulator
}

const QUICK: Tuning = {
  rpc: { timeouts: { requestMs: 1000 }, waits: { firstMs: 10, maxMs: 100, totalMs: 1000 } },
  buckets: { unlimited: true },
  leaderWaitMs: 200,
  settleMs: { service: 20, node: 40 },
}

const addressOf = (index: number) => `10.9.${index >> 8}.${(index & 255) + 1}`

/** node-1 is the manager and leader; its instance is i-1, and so on. */
export const swarmNodes = (count: number, over: Readonly<Record<string, Partial<Parameters<typeof nodeJson>[0]>>> = {}): object[] =>
  Array.from({ length: count }, (_, index) => {
    const id = `node-${index + 1}`
    const address = addressOf(index)
    const manager = index === 0 ? { managerAddress: `${address}:2377`, leader: true } : {}
    return nodeJson({ id, address, ...manager, ...over[id] })
  })

const instances = (count: number) => Array.from({ length: count }, (_, index) => ({ id: `i-${index + 1}`, privateIp: addressOf(index) }))

export const swarmService = (name: string, published: number, labels: Readonly<Record<string, string>> = {}, ports?: readonly PortJson[]) =>
  serviceJson({ name, labels, ports: ports ?? [{ target: 80, published }] })

export function engineInfo(cluster = 'cluster0123456789'): object {
  const info = fixture<{ Swarm: object }>('info')
  return {
    ...info,
    Swarm: {
      ...info.Swarm,
      NodeID: 'node-1',
      LocalNodeState: 'active',
      ControlAvailable: true,
      Error: '',
      Cluster: { ID: cluster },
    },
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Waits until it holds, at most `ms`; then it throws with the last reason. */
export async function until(what: string, holds: () => boolean, ms = 5000): Promise<void> {
  const end = Date.now() + ms
  while (!holds()) {
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`)
    await pause(5)
  }
}

export async function startStand(options: StandOptions = {}): Promise<Stand> {
  const count = options.nodes ?? 3
  const simulator =
    options.sharing ??
    (await startSimulator({
      state: { loadBalancers: [{ id: 'lb-1', name: 'front', address: '127.0.0.1' }], instances: instances(count + 5), ...options.state },
      ...options.simulator,
    }))
  const engine = await startFakeEngine({ info: engineInfo(options.cluster), nodes: swarmNodes(count), services: [] })
  const logged: string[] = []
  let running: { readonly stop: AbortController; readonly done: Promise<void> } | undefined
  const env = {
    DOCKER_HOST: engine.host,
    SLB_ID: 'lb-1',
    SLB_OWNER: 'me',
    SLB_ENDPOINT: simulator.apiUrl,
    ECS_ENDPOINT: simulator.apiUrl,
    METADATA_ENDPOINT: simulator.metadataUrl,
    ALIBABA_CLOUD_REGION_ID: 'cn-hangzhou',
    ALIBABA_CLOUD_ACCESS_KEY_ID: 'testid',
    ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'testsecret',
    SLB_HTTP_ADDR: 'off',
    SLB_SOCKET: 'off',
    SLB_REMOVAL_GRACE: '200ms',
    SLB_DRAIN: '200ms',
    SLB_NODE_DOWN_GRACE: '200ms',
    SLB_RESYNC_INTERVAL: '1h',
    ...options.env,
  }
  const stop = async () => {
    running?.stop.abort()
    await running?.done
    running = undefined
  }
  return {
    engine,
    simulator,
    env,
    logged,
    lb() {
      const [lb] = simulator.state.loadBalancers
      if (lb === undefined) throw new Error('the account has no load balancer')
      return lb
    },
    listener: (port) => simulator.state.loadBalancers[0]?.listeners.find((listener) => listener.port === port),
    services(services) {
      engine.state.services = [...services]
      engine.emit('service', 'update')
    },
    nodes(nodes) {
      engine.state.nodes = [...nodes]
      engine.emit('node', 'update')
    },
    start(tuning = {}) {
      const abort = new AbortController()
      const done = createLog({ level: 'debug', format: 'json', colour: false, secrets: [], write: (line) => logged.push(line) }).then(
        (log) => runDaemon(readConfig({ env, flags: {} }), log, abort.signal, { ...QUICK, ...tuning }),
      )
      running = { stop: abort, done }
    },
    stop,
    async close() {
      await stop()
      await engine.close()
      if (options.sharing === undefined) await simulator.close()
    },
  }
}
