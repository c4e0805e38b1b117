// Whose a port of a node is now: Swarm soon gives a freed one to another service, in the routing mesh or to a task in host mode.
import type { Wanted } from './claims.ts'
import type { Mark } from './marks.ts'
import type { LoadBalancer, Service, Target, TaskReading } from './model.ts'
import type { Backends } from './nodes.ts'

/** `tcp:8080` -> who has it on which node, as marks name services. */
export type HostPorts = ReadonlyMap<string, readonly { readonly nodeId: string; readonly service: string }[]>

/** Ports in host mode that tasks have now, running out or not. */
export function hostPorts(services: readonly Service[], tasks: TaskReading | undefined, nameOf: (service: Service) => string): HostPorts {
  const names = new Map(services.map((service) => [service.id, nameOf(service)]))
  const found = new Map<string, { nodeId: string; service: string }[]>()
  for (const { serviceId, nodeId, running, ports } of tasks?.status === 'read' ? tasks.tasks : []) {
    const service = names.get(serviceId)
    if (service === undefined || !running) continue
    for (const { transport, published } of ports) {
      const key = `${transport}:${published}`
      if (published !== undefined) found.set(key, [...(found.get(key) ?? []), { nodeId, service }])
    }
  }
  return found
}

type Known = { readonly wanted: Pick<Wanted, 'nodePorts' | 'hostPorts'>; readonly backends: Pick<Backends, 'servers'> }

/**
 * Is it another service's than that of the mark? A port of the routing mesh is one service's on every node; one in host mode may be
 * several services', each on its own nodes.
 * @param server undefined: on any
 */
export function isTaken({ wanted, backends }: Known, mark: Pick<Mark, 'service' | 'transport'>, port: number, server?: string): boolean {
  const key = `${mark.transport}:${port}`
  const holder = wanted.nodePorts.get(key)
  if (holder !== undefined) return holder !== mark.service
  const there = wanted.hostPorts.get(key)?.filter(({ nodeId }) => server === undefined || backends.servers.get(nodeId) === server) ?? []
  return there.length > 0 && !there.some(({ service }) => service === mark.service)
}

/** Where a target sends traffic to; server undefined: all that the default group has, or will have. */
export function reachedBy(
  target: Target | undefined,
  lb: LoadBalancer,
): readonly { readonly server: string | undefined; readonly port: number }[] {
  if (target === undefined) return []
  if (target.kind === 'default') return [{ server: undefined, port: target.port }]
  const group = lb.groups.find(({ ref }) => ref === target.group)
  return group?.members.flatMap(({ server, port, weight }) => (weight > 0 && port !== undefined ? [{ server, port }] : [])) ?? []
}
