// Builders of Engine JSON for tests that need other services and nodes than the captured ones.

export type PortJson = { readonly target: number; readonly published?: number; readonly protocol?: string; readonly mode?: string }

/** A settled service unless `allocated` says which ports Swarm's allocator has got to. */
export function serviceJson(fields: {
  readonly id?: string
  readonly name: string
  readonly labels?: Readonly<Record<string, string>>
  /** As the user wrote them. */
  readonly ports?: readonly PortJson[]
  /** As the allocator gave them; a port without number gets 30000 and up, in host mode none. */
  readonly allocated?: readonly PortJson[]
  readonly createdAt?: string
}): object {
  const ports = fields.ports ?? []
  const allocated = fields.allocated ?? ports
  const given = allocated.map((port, index) => portJson(port.mode === 'host' ? port : { published: 30_000 + index, ...port }))
  return {
    ID: fields.id ?? `id-${fields.name}`,
    CreatedAt: fields.createdAt ?? '2026-01-01T00:00:00Z',
    Spec: {
      Name: fields.name,
      Labels: fields.labels ?? {},
      TaskTemplate: { ContainerSpec: { Image: 'image' } },
      EndpointSpec: { Mode: 'vip', ...(ports.length > 0 && { Ports: ports.map(portJson) }) },
    },
    Endpoint: allocated.length === 0 ? { Spec: {} } : { Spec: { Mode: 'vip', Ports: allocated.map(portJson) }, Ports: given },
  }
}

const portJson = ({ target, published, protocol = 'tcp', mode = 'ingress' }: PortJson) => ({
  Protocol: protocol,
  TargetPort: target,
  ...(published !== undefined && { PublishedPort: published }),
  PublishMode: mode,
})

export function nodeJson(fields: {
  readonly id: string
  readonly address: string
  readonly managerAddress?: string
  readonly leader?: boolean
  readonly availability?: string
  readonly state?: string
  readonly labels?: Readonly<Record<string, string>>
}): object {
  const { id, address, managerAddress, leader } = fields
  return {
    ID: id,
    Spec: {
      Labels: fields.labels ?? {},
      Role: managerAddress === undefined ? 'worker' : 'manager',
      Availability: fields.availability ?? 'active',
    },
    Description: { Hostname: id },
    Status: { State: fields.state ?? 'ready', Addr: address },
    ...(managerAddress !== undefined && {
      ManagerStatus: { ...(leader && { Leader: true }), Reachability: 'reachable', Addr: managerAddress },
    }),
  }
}

/** A task that runs and shall, unless told otherwise. */
export const taskJson = (fields: {
  readonly id: string
  readonly service: string
  readonly node: string
  readonly state?: string
  readonly desired?: string
  readonly ports?: readonly PortJson[]
}): object => ({
  ID: fields.id,
  ServiceID: fields.service,
  NodeID: fields.node,
  DesiredState: fields.desired ?? 'running',
  Status: { State: fields.state ?? 'running', PortStatus: fields.ports === undefined ? {} : { Ports: fields.ports.map(portJson) } },
})

/** GET /info of a manager, as far as anybody reads it. */
export const infoJson = (fields: { readonly nodeId: string; readonly clusterId?: string; readonly error?: string }): object => ({
  Swarm: {
    NodeID: fields.nodeId,
    LocalNodeState: 'active',
    ControlAvailable: true,
    Error: fields.error ?? '',
    Cluster: { ID: fields.clusterId ?? 'cluster-1' },
  },
})
