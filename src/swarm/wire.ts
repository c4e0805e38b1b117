// The Engine's JSON as far as we read it. Unknown fields are ignored; a known field of the wrong type makes the whole answer malformed.
import { z } from 'zod'

/** Go writes empty maps as null, {} or not at all. */
const labels = z
  .record(z.string(), z.string())
  .nullish()
  .transform((value) => value ?? {})

const port = z.object({
  Protocol: z.enum(['tcp', 'udp', 'sctp']).default('tcp'),
  TargetPort: z.int().default(0),
  PublishedPort: z.int().default(0),
  // Older engines leave it out, or empty, for the routing mesh.
  PublishMode: z
    .enum(['ingress', 'host', ''])
    .default('')
    .transform((mode) => mode || 'ingress'),
})

const ports = z
  .array(port)
  .nullish()
  .transform((value) => value ?? [])

const service = z.object({
  ID: z.string().min(1),
  CreatedAt: z.string(),
  Spec: z.object({
    Name: z.string(),
    Labels: labels,
    TaskTemplate: z.object({ ContainerSpec: z.object({ Labels: labels }).nullish() }).nullish(),
    EndpointSpec: z.object({ Ports: ports }).nullish(),
  }),
  // `Endpoint.Ports` is absent both before allocation and after the last port was removed.
  Endpoint: z.object({ Spec: z.object({ Ports: ports }).nullish(), Ports: ports }).nullish(),
})

const node = z.object({
  ID: z.string().min(1),
  Spec: z.object({
    Labels: labels,
    Role: z.enum(['manager', 'worker']),
    // A word of a newer engine must not stop everything: read as the one that leaves a backend's weight as it is.
    Availability: z.enum(['active', 'pause', 'drain']).catch('pause'),
  }),
  Description: z.object({ Hostname: z.string().nullish() }).nullish(),
  Status: z.object({ State: z.enum(['unknown', 'down', 'ready', 'disconnected']).catch('unknown'), Addr: z.string().nullish() }),
  // `Leader` is absent where it is false.
  ManagerStatus: z.object({ Leader: z.boolean().default(false), Addr: z.string().nullish() }).nullish(),
})

const task = z.object({
  ID: z.string().min(1),
  ServiceID: z.string().default(''),
  // Absent while no node has been chosen.
  NodeID: z.string().default(''),
  DesiredState: z.string().default(''),
  // `PortStatus` is `{}` where there is no host port; each port comes twice where the node has IPv6 too.
  Status: z.object({ State: z.string().default(''), PortStatus: z.object({ Ports: ports }).nullish() }).nullish(),
})

const info = z.object({
  Swarm: z.object({
    NodeID: z.string().default(''),
    LocalNodeState: z.string().default(''),
    ControlAvailable: z.boolean().default(false),
    Error: z.string().default(''),
    Cluster: z.object({ ID: z.string().default('') }).nullish(),
  }),
})

const event = z.object({ Type: z.string().default(''), Action: z.string().default('') })

export type EnginePort = z.infer<typeof port>
export type EngineService = z.infer<typeof service>
export type EngineNode = z.infer<typeof node>
export type EngineTask = z.infer<typeof task>
export type EngineInfo = z.infer<typeof info>
export type EngineEvent = z.infer<typeof event>

export const wire = {
  list: z.array(z.unknown()),
  services: z.array(service),
  nodes: z.array(node),
  node,
  tasks: z.array(task),
  info,
  event,
} as const
