// The swarm of the model: services, nodes and tasks as plain data, changed by actions, and the engine that answers with them.
import type { Transport } from '../../src/core/model.ts'
import type { Engine } from '../../src/swarm/client.ts'
import { EngineError } from '../../src/swarm/errors.ts'
import type { EngineNode, EnginePort, EngineService, EngineTask } from '../../src/swarm/wire.ts'
import { labelsOf, type Wish } from './wishes.ts'

export type ModelService = {
  readonly id: string
  readonly name: string
  readonly createdAt: string
  readonly wish: Wish
  readonly mode: 'ingress' | 'host'
  readonly transport: Transport
  /** On every node, or in host mode on those that run a task; 0: each task has one of its own. */
  readonly published: number
  readonly settled: boolean
  /** Host mode: where its tasks run. */
  readonly tasks: readonly ModelTask[]
}
type ModelTask = { readonly node: string; readonly port: number; readonly leaving: boolean }

export type ModelNode = {
  readonly id: string
  readonly address: string
  /** What the address leads to: the same for a node that left and came back. */
  readonly server: string
  readonly availability: 'active' | 'pause' | 'drain'
  readonly state: 'ready' | 'down' | 'unknown'
  readonly weight: string | undefined
  readonly manager: boolean
}

export type ModelSwarm = {
  services: readonly ModelService[]
  nodes: readonly ModelNode[]
  /** Index of the manager that leads. */
  leader: number
  /** The engines do not answer. */
  deaf: boolean
  /** Counts what was made, for ids and times. */
  made: number
}

/** The nodes that the two daemons run on never leave. */
export const MANAGERS = ['m1', 'm2'] as const
export const INGRESS: readonly number[] = [30000, 30001, 30002, 30003]
/** Of every service in host mode. */
export const HOST_PORT = 31000

const manager = (id: string, index: number): ModelNode => ({
  id,
  address: `10.0.1.${index + 1}`,
  server: `i-${id}`,
  availability: 'active',
  state: 'ready',
  weight: undefined,
  manager: true,
})

export const worker = (id: string, made: number): ModelNode => ({
  ...manager(id, 0),
  id,
  address: `10.0.0.${id.slice(1)}`,
  server: `i-${id}`,
  manager: false,
  weight: made < 0 ? '50' : undefined,
})

export const newSwarm = (): ModelSwarm => ({
  services: [],
  nodes: [...MANAGERS.map(manager), worker('n1', 0), worker('n2', 0)],
  leader: 0,
  deaf: false,
  made: 0,
})

const portOf = ({ published, transport, mode }: ModelService): EnginePort => ({
  Protocol: transport,
  TargetPort: 80,
  PublishedPort: published,
  PublishMode: mode,
})

function serviceJson(service: ModelService): EngineService {
  const ports = [portOf(service)]
  // What the allocator has not seen yet.
  const spec = service.settled ? ports : ports.map((port) => ({ ...port, TargetPort: 81 }))
  return {
    ID: service.id,
    CreatedAt: service.createdAt,
    Spec: { Name: service.name, Labels: labelsOf(service.wish), TaskTemplate: null, EndpointSpec: { Ports: ports } },
    Endpoint: { Spec: { Ports: spec }, Ports: service.mode === 'host' && service.published === 0 ? ports : ports },
  }
}

const nodeJson = ({ id, address, availability, state, weight, manager: isManager }: ModelNode, leads: string | undefined): EngineNode => ({
  ID: id,
  Spec: {
    Labels: weight === undefined ? {} : { 'slb.weight': weight },
    Role: isManager ? 'manager' : 'worker',
    Availability: availability,
  },
  Description: { Hostname: id },
  Status: { State: state, Addr: address },
  ...(isManager ? { ManagerStatus: { Leader: id === leads, Addr: `${address}:2377` } } : {}),
})

const tasksJson = (service: ModelService): EngineTask[] =>
  service.tasks.map(({ node, port, leaving }) => ({
    ID: `${service.id}-${node}-${port}`,
    ServiceID: service.id,
    NodeID: node,
    DesiredState: leaving ? 'shutdown' : 'running',
    Status: { State: 'running', PortStatus: { Ports: [{ ...portOf(service), PublishedPort: port }] } },
  }))

/** The engine of one manager. */
export function modelEngine(swarm: ModelSwarm, self: string): Engine {
  const answer = <T>(value: () => T): Promise<T> =>
    swarm.deaf ? Promise.reject(new EngineError('noLeader', 'GET', 'The swarm does not have a leader')) : Promise.resolve(value())
  const nodes = () => swarm.nodes.map((node) => nodeJson(node, MANAGERS[swarm.leader]))
  return {
    info: () =>
      answer(() => ({
        Swarm: { NodeID: self, LocalNodeState: 'active', ControlAvailable: true, Error: '', Cluster: { ID: 'cluster-1' } },
      })),
    services: () => answer(() => swarm.services.map(serviceJson)),
    nodes: () => answer(nodes),
    node: (id) =>
      answer(() => {
        const node = nodes().find(({ ID }) => ID === id)
        if (node === undefined) throw new EngineError('refused', 'GET', `no node ${id}`, 404)
        return node
      }),
    tasks: (ids) => answer(() => swarm.services.filter(({ id }) => ids.includes(id)).flatMap(tasksJson)),
    events: () => Promise.reject(new EngineError('refused', 'GET /events', 'the model has no stream')),
  }
}

/** Servers that never were a node have other names. */
const wasNode = (server: string) => /^i-[mn]/.test(server)

/** Which service has this port of a node; as Swarm sees it now. A server of other people has nobody's. */
export function holderOf(swarm: ModelSwarm, transport: Transport, port: number, server: string | undefined): string | undefined {
  if (server !== undefined && !wasNode(server)) return undefined
  const mesh = swarm.services.find((one) => one.mode === 'ingress' && one.transport === transport && one.published === port && one.settled)
  if (mesh !== undefined) return mesh.name
  const there = (id: string) => server === undefined || swarm.nodes.find((node) => node.id === id)?.server === server
  const here = swarm.services.filter((one) => one.mode === 'host' && one.transport === transport)
  return here.find(({ tasks }) => tasks.some((task) => task.port === port && there(task.node)))?.name
}
