// Several managers in one process: an engine of paper and a daemon each, over one swarm and one simulated cloud.
import { runDaemon, type Tuning } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { createLog } from '../../src/log.ts'
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts'
import { infoJson, nodeJson, serviceJson, taskJson } from './engine-json.ts'
import { type EngineState, type FakeEngine, startFakeEngine } from './fake-engine.ts'

export type Manager = {
  readonly engine: FakeEngine
  /** Lines of its log. */
  readonly logged: string[]
  /** Changes that it made, in milliseconds since 1970. */
  readonly writes: number[]
  /** A page of its http server. */
  page(path: string): Promise<string>
  /** Ends the daemon in good order; its engine stays. */
  stop(): Promise<void>
}

export type Managers = {
  readonly simulator: Simulator
  readonly of: (id: string) => Manager
  /** Managers on which a daemon was started. */
  running(): readonly string[]
  /** Replaces services, nodes or tasks as every engine shows them, without an event. */
  show(state: Partial<Pick<EngineState, 'services' | 'nodes' | 'tasks'>>): void
  start(id: string, tuning?: Tuning, env?: Readonly<Record<string, string>>): Promise<Manager>
  close(): Promise<void>
}

/** The service that the daemons are tasks of. */
const SLB = 'slb'

const QUICK: Tuning = {
  rpc: { timeouts: { requestMs: 1000 }, waits: { firstMs: 10, maxMs: 50, totalMs: 500 } },
  buckets: { unlimited: true },
  leaderWaitMs: 500,
  tasksMs: 30,
  settleMs: { service: 10, node: 10 },
}

export const managerNodes = (ids: readonly string[], leader: string): object[] =>
  ids.map((id, index) => {
    const address = `10.9.0.${index + 1}`
    return nodeJson({ id, address, managerAddress: `${address}:2377`, leader: id === leader })
  })

export const slbTask = (node: string, more: { readonly state?: string; readonly desired?: string } = {}) =>
  taskJson({ id: `task${node}`, service: SLB, node, ...more })

export async function startManagers(ids: readonly string[]): Promise<Managers> {
  const instances = ids.map((_, index) => ({ id: `i-${index + 1}`, privateIp: `10.9.0.${index + 1}` }))
  const simulator = await startSimulator({ state: { loadBalancers: [{ id: 'lb-1', name: 'front', address: '127.0.0.1' }], instances } })
  const own = serviceJson({ id: SLB, name: SLB })
  const state = { services: [own], nodes: managerNodes(ids, ids[0] ?? ''), tasks: ids.map((id) => slbTask(id)) }
  const managers = new Map<string, Manager>()
  const ends: (() => Promise<void>)[] = []
  const of = (id: string) => {
    const manager = managers.get(id)
    if (manager === undefined) throw new Error(`no daemon runs on ${id}`)
    return manager
  }

  async function start(id: string, tuning: Tuning = {}, more: Readonly<Record<string, string>> = {}): Promise<Manager> {
    const engine = await startFakeEngine({ ...state, info: infoJson({ nodeId: id }) })
    const logged: string[] = []
    const writes: number[] = []
    const write = (line: string) => {
      logged.push(line)
      if (line.includes('"change applied"')) writes.push(Date.now())
    }
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
      SLB_SERVICE_ID: SLB,
      SLB_TASK_ID: `task${id}`,
      SLB_NODE_ID: id,
      SLB_HTTP_ADDR: '127.0.0.1:0',
      SLB_SOCKET: 'off',
      SLB_REMOVAL_GRACE: '50ms',
      SLB_RESYNC_INTERVAL: '1h',
      ...more,
    }
    const stop = new AbortController()
    const log = await createLog({ level: 'debug', format: 'json', colour: false, secrets: [], write })
    const done = runDaemon(readConfig({ env, flags: {} }), log, stop.signal, { ...QUICK, ...tuning })
    const end = () => {
      stop.abort()
      return done
    }
    ends.push(async () => {
      await end()
      await engine.close()
    })
    const address = () => /"address":"([^"]+)"/.exec(logged.find((line) => line.includes('http server listening')) ?? '')?.[1]
    const page = async (path: string) => (await fetch(`http://${address()}${path}`)).text()
    const manager = { engine, logged, writes, page, stop: end }
    managers.set(id, manager)
    return manager
  }

  return {
    simulator,
    of,
    running: () => [...managers.keys()],
    start,
    show(next) {
      const services = next.services === undefined ? state.services : [own, ...next.services]
      Object.assign(state, next, { services })
      for (const { engine } of managers.values()) Object.assign(engine.state, state)
    },
    async close() {
      await Promise.all(ends.map((end) => end()))
      await simulator.close()
    },
  }
}
