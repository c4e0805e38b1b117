// Builders for services whose backends are not simply every node.
import { type Places, readServices, type ServicesMemory, type Wanted } from '../../src/core/claims.ts'
import type { WantedTarget } from '../../src/core/labels.ts'
import type { Change, LoadBalancer, Member, Plan, Service, Task, TaskReading } from '../../src/core/model.ts'
import { EVERY_NODE, type NodeChoice } from '../../src/core/node-choice.ts'
import { balancer, defaults, group, listener, markOf, member, NOW, OWNER, PLACES, port, remembers, service, toGroup } from './build.ts'

export const hostPort = (published: number | undefined) => port(published, { mode: 'host' })

/** Container port 80, in host mode on 8080 of its nodes. */
export const edge = (over: Partial<Service> = {}): Service =>
  service('edge', undefined, { 'slb.port.80': 'tcp://:80' }, { ports: [hostPort(8080)], ...over })

/** A task of `edge` on a node. */
export const task = (nodeId: string, over: Partial<Task> & { readonly on?: number } = {}): Task => {
  const { on = 8080, ...rest } = over
  return { id: `${nodeId}-${on}`, serviceId: 'id-edge', nodeId, running: true, leaving: false, ports: [hostPort(on)], ...rest }
}

export const read = (...tasks: readonly Task[]): TaskReading => ({ status: 'read', tasks })

export const target = (over: Partial<WantedTarget> = {}): WantedTarget => ({
  loadBalancer: undefined,
  protocol: 'tcp',
  listenerPort: 80,
  settings: defaults('tcp'),
  given: {},
  rules: [],
  nodes: EVERY_NODE,
  weights: 'managed',
  access: undefined,
  adopt: false,
  labelled: true,
  ...over,
})

export const zone = (value: string): NodeChoice => [{ field: 'label', label: 'zone', equal: true, value }]

/** Every port of every service wants the same target, however it is labelled; `frozen`: its labels are a problem. */
export function chosenBy(
  services: readonly Service[],
  over: { tasks?: TaskReading; target?: Partial<WantedTarget>; frozen?: boolean; memory?: ServicesMemory; places?: Partial<Places> } = {},
): Wanted {
  const places = { ...PLACES, ...over.places, ...(over.tasks === undefined ? {} : { tasks: over.tasks }) }
  const memory = over.memory ?? remembers(services.map(({ name }) => name))
  const reading = ({ ports }: Service) => ({
    enabled: true,
    frozen: false,
    problems: [],
    ports: ports.map((one) =>
      over.frozen === true
        ? ({ status: 'frozen', port: one, reason: 'a label is a problem' } as const)
        : ({ status: 'wanted', port: one, targets: [target(over.target)] } as const),
    ),
  })
  return readServices(services, reading, places, OWNER, memory, NOW)
}

/** The listener of `edge` on its own group. */
export const edgeBalancer = (members: readonly Member[], over: Partial<LoadBalancer> = {}): LoadBalancer =>
  balancer({
    groups: [group('rsp-1', markOf('edge'), members, { listeners: ['tcp:80'] })],
    listeners: [listener('tcp', 80, toGroup('rsp-1'), markOf('edge'))],
    ...over,
  })

/** `i-1`, port 8080, weight 100. */
export const on = (server: string, over: Partial<Member> = {}): Member => member(server, { port: 8080, ...over })
export const zeroed = (server: string, over: Partial<Member> = {}): Member =>
  on(server, { weight: 0, note: `swarm-slb/${OWNER}/0`, ...over })

/** Members of the first group once the plan is done: `i-1:8080=100`. */
export function left(lb: LoadBalancer, plan: Plan): string[] {
  const members = new Map((lb.groups[0]?.members ?? []).map((one) => [`${one.server}:${one.port}`, one.weight]))
  const carryOut = (change: Change) => {
    if (change.kind === 'createGroup' || change.kind === 'addBackends' || change.kind === 'setWeights')
      for (const one of change.members) members.set(`${one.server}:${one.port}`, one.weight)
    if (change.kind === 'removeBackends') for (const one of change.members) members.delete(`${one.server}:${one.port}`)
  }
  for (const { changes } of plan) changes.forEach(carryOut)
  return [...members].map(([key, weight]) => `${key}=${weight}`).sort()
}
