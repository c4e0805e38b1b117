// The Engine's words into ours. Pure.
import { isIP } from 'node:net'
import type { Node, PublishedPort, Service, Task } from '../core/model.ts'
import { boundedName } from '../core/quote.ts'
import type { EngineNode, EnginePort, EngineService, EngineTask } from './wire.ts'

export function toService({ ID, CreatedAt, Spec, Endpoint }: EngineService): Service {
  const wanted = Spec.EndpointSpec?.Ports ?? []
  const given = Endpoint?.Ports ?? []
  const settled = samePorts(wanted, Endpoint?.Spec?.Ports ?? [])
  return {
    id: ID,
    name: boundedName(Spec.Name),
    createdAt: CreatedAt,
    labels: Spec.Labels,
    containerLabels: Spec.TaskTemplate?.ContainerSpec?.Labels ?? {},
    ports: settled || given.length > 0 ? given.map(toPort) : wanted.map((port) => toPort({ ...port, PublishedPort: 0 })),
    settled,
  }
}

/**
 * Swarm's allocator copies the ports it worked on from the spec to `Endpoint.Spec`, some milliseconds after the event. Until then
 * `Endpoint.Ports` is missing or, worse, the old list.
 */
function samePorts(spec: readonly EnginePort[], allocated: readonly EnginePort[]): boolean {
  const normalised = (ports: readonly EnginePort[]) =>
    ports
      .map((port) => `${port.TargetPort}/${port.Protocol} ${port.PublishedPort} ${port.PublishMode}`)
      .sort()
      .join()
  return normalised(spec) === normalised(allocated)
}

const toPort = ({ TargetPort, PublishedPort, Protocol, PublishMode }: EnginePort): PublishedPort => ({
  target: TargetPort,
  published: PublishedPort === 0 ? undefined : PublishedPort,
  transport: Protocol,
  mode: PublishMode,
})

export function toNode({ ID, Spec, Description, Status, ManagerStatus }: EngineNode): Node {
  return {
    id: ID,
    hostname: boundedName(Description?.Hostname ?? ''),
    address: routable(Status.Addr) ?? routable(hostOf(ManagerStatus?.Addr)),
    role: Spec.Role,
    leader: ManagerStatus?.Leader ?? false,
    availability: Spec.Availability,
    state: Status.State,
    labels: Spec.Labels,
  }
}

/** `10.0.0.1:2377`, `[fd00::1]:2377` */
const hostOf = (address: string | null | undefined) => address?.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')

/** A new leader reports itself as 0.0.0.0, some nodes as 127.0.0.1 (moby#35437). */
function routable(address: string | null | undefined): string | undefined {
  return address && isIP(address) !== 0 && !/^(0\.0\.0\.0|127\.|::1?$)/.test(address) ? address : undefined
}

export const toTask = ({ ID, ServiceID, NodeID, DesiredState, Status }: EngineTask): Task => ({
  id: ID,
  serviceId: ServiceID,
  nodeId: NodeID,
  running: Status?.State === 'running',
  leaving: DesiredState === 'shutdown' || DesiredState === 'remove',
  ports: distinct((Status?.PortStatus?.Ports ?? []).map(toPort)),
})

/** An address of each family gets an entry of its own; both speak of one port. */
const distinct = (ports: readonly PublishedPort[]) => [
  ...new Map(ports.map((port) => [`${port.target}/${port.transport} ${port.published} ${port.mode}`, port])).values(),
]
