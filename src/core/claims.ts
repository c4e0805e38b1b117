// From services to claims: which service port wants which listener on which load balancer.
// Also what must not change now (the keep set), and why a port is not exposed.
import type { Claim, Places, PortView, ServiceView } from './claim.ts'
import { type ChosenPorts, chosenPorts, followingOf } from './following.ts'
import { byIdentity } from './identity.ts'
import type { ServiceReading } from './labels.ts'
import { portName } from './labels.ts'
import { markService } from './marks.ts'
import type { Problem, Service, TaskReading } from './model.ts'
import { type Placed, placePorts } from './place.ts'
import { type HostPorts, hostPorts } from './taken.ts'

export type * from './claim.ts'

const byBalancer = byIdentity((claims: readonly Claim[]) => Map.groupBy(claims, ({ loadBalancer }) => loadBalancer))

/** Those of one load balancer. */
export const claimsAt = (claims: readonly Claim[], loadBalancer: string): readonly Claim[] => byBalancer(claims).get(loadBalancer) ?? []

export type ServicesMemory = {
  readonly startedAt: number
  /** Service names (as in marks) this process saw alive. */
  readonly alive: ReadonlySet<string>
  readonly missingSince: ReadonlyMap<string, number>
  readonly pendingSince: ReadonlyMap<string, number>
  readonly chosen: ChosenPorts
}
export const newServicesMemory = (now: number): ServicesMemory => ({
  startedAt: now,
  alive: new Set(),
  missingSince: new Map(),
  pendingSince: new Map(),
  chosen: new Set(),
})

export type Wanted = {
  readonly claims: readonly Claim[]
  /** By the service name as it stands in marks. */
  readonly services: ReadonlyMap<string, ServiceView>
  /** `tcp:30000` -> the service names (as in marks) whose settled ingress port that is. */
  readonly nodePorts: ReadonlyMap<string, string>
  readonly hostPorts: HostPorts
  readonly problems: readonly Problem[]
  readonly memory: ServicesMemory
  readonly recheckAt: number | undefined
}

const PATIENCE_MS = 30_000
/** A service that is gone for so long has no grace left anywhere. */
const FORGET_MS = 86_400_000
const STUCK = 'port allocation pending; ingress network full?'
const NOWHERE: Placed = { claims: [] }
export const portKey = (port: number, transport: string) => `${port}-${transport}`

const placeName = (claim: Claim) => `${claim.loadBalancer}|${claim.key}`

function viewPort(service: Service, reading: ServiceReading['ports'][number], placed: Placed, waited: number): PortView {
  const { port } = reading
  if (placed.problem !== undefined) return { port, state: 'frozen', reason: placed.problem, places: [] }
  if (reading.status === 'frozen') return { port, state: 'frozen', reason: reading.reason, places: [] }
  if (reading.status === 'unexposed') return { port, state: 'unexposed', reason: reading.reason, places: [] }
  if (placed.waits !== undefined) return { port, state: 'pending', reason: placed.waits, places: [] }
  // Ports in host mode are no business of Swarm's allocator.
  if (!service.settled || (port.published === undefined && port.mode !== 'host')) {
    const reason = waited >= PATIENCE_MS ? STUCK : 'waiting for Swarm to allocate the port'
    return { port, state: 'pending', reason, places: placed.claims.map(placeName) }
  }
  return { port, state: 'wanted', reason: '', places: placed.claims.map(placeName) }
}

type Entry = {
  readonly service: Service
  readonly view: ServiceView
  readonly claims: readonly Claim[]
  readonly problems: readonly Problem[]
}

function readOne(
  service: Service,
  reading: ServiceReading,
  placed: readonly Placed[],
  tasks: TaskReading | undefined,
  waited: number,
): Entry {
  const problems: Problem[] = [...reading.problems]
  if (!service.settled && service.ports.length === 0 && waited >= PATIENCE_MS)
    problems.push({ kind: 'port', subject: service.name, text: STUCK })
  const claims: Claim[] = []
  const ports = new Map<string, PortView>()
  for (const [index, one] of reading.ports.entries()) {
    const place = placed[index] ?? NOWHERE
    const following = followingOf(service, one.port, place.claims, tasks)
    const view = { ...viewPort(service, one, place, waited), ...(following === undefined ? {} : { following }) }
    if (place.problem !== undefined) problems.push({ kind: 'label', subject: service.name, port: portName(one.port), text: place.problem })
    if (view.state === 'pending' && place.waits === undefined && waited >= PATIENCE_MS) {
      problems.push({ kind: 'port', subject: service.name, port: portName(one.port), text: view.reason })
    }
    if (view.state === 'wanted' && !reading.frozen) claims.push(...place.claims)
    ports.set(portKey(one.port.target, one.port.transport), merge(ports.get(portKey(one.port.target, one.port.transport)), view))
  }
  return {
    service,
    view: { name: service.name, settled: service.settled, frozen: reading.frozen, enabled: reading.enabled, ports },
    claims,
    problems,
  }
}

/** One container port may be published twice: the wanted one counts. */
function merge(a: PortView | undefined, b: PortView): PortView {
  return a !== undefined && (a.state === 'wanted' || b.state === 'unexposed') ? a : b
}

/** Long names are cut, so two may stand in marks as one: the older service has it, or whoever finds such a name could take its listeners. */
function twinsOf(sorted: readonly Service[], owner: string): ReadonlyMap<Service, Problem> {
  const first = new Map<string, Service>()
  const twins = new Map<Service, Problem>()
  for (const service of sorted) {
    const name = markService(service.name, owner)
    const older = first.get(name)
    if (older === undefined) first.set(name, service)
    else {
      const text = `its name stands in marks as ${name}, and so does that of the older service ${older.name}: give it another name`
      twins.set(service, { kind: 'label', subject: service.name, text })
    }
  }
  return twins
}

function ingressPorts(services: readonly Service[], nameOf: (service: Service) => string): ReadonlyMap<string, string> {
  const taken = new Map<string, string>()
  for (const service of services) {
    if (!service.settled) continue
    for (const port of service.ports) {
      if (port.mode === 'host' || port.published === undefined || port.transport === 'sctp') continue
      taken.set(`${port.transport}:${port.published}`, nameOf(service))
    }
  }
  return taken
}

function nextMemory(before: ServicesMemory, services: readonly Service[], names: ReadonlySet<string>, now: number): ServicesMemory {
  const missingSince = new Map<string, number>()
  for (const name of before.alive) {
    const since = before.missingSince.get(name) ?? now
    if (!names.has(name) && now - since < FORGET_MS) missingSince.set(name, since)
  }
  const waiting = services.filter(
    (service) => !service.settled || service.ports.some((port) => port.mode !== 'host' && port.published === undefined),
  )
  return {
    startedAt: before.startedAt,
    alive: new Set([...missingSince.keys(), ...names]),
    missingSince,
    pendingSince: new Map(waiting.map((service) => [service.id, before.pendingSince.get(service.id) ?? now])),
    chosen: before.chosen,
  }
}

/**
 * All claims of the swarm, oldest service first. Pure: `read` turns labels into a reading.
 * @param now milliseconds
 */
export function readServices(
  services: readonly Service[],
  read: (service: Service) => ServiceReading,
  places: Places,
  owner: string,
  before: ServicesMemory,
  now: number,
): Wanted {
  const all = [...services].sort((a, b) => compareAge(a, b))
  const twins = twinsOf(all, owner)
  const sorted = all.filter((service) => !twins.has(service))
  const nameOf = (service: Service) => (twins.has(service) ? service.id : markService(service.name, owner))
  const names = new Set(services.map((service) => markService(service.name, owner)))
  const memory = nextMemory(before, services, names, now)
  const readings = sorted.map((service) => ({ service, reading: read(service) }))
  const placed = placePorts(readings, places, owner)
  const entries = readings.map(({ service, reading }, index) =>
    readOne(service, reading, placed[index] ?? [], places.tasks, now - (memory.pendingSince.get(service.id) ?? now)),
  )
  const late = [...memory.pendingSince.values()].map((since) => since + PATIENCE_MS).filter((time) => time > now)
  const views = new Map(entries.map((entry) => [markService(entry.service.name, owner), entry.view]))
  return {
    claims: entries.flatMap((entry) => entry.claims),
    services: views,
    nodePorts: ingressPorts(services, nameOf),
    hostPorts: hostPorts(services, places.tasks, nameOf),
    problems: [...entries.flatMap((entry) => entry.problems), ...twins.values()],
    memory: { ...memory, chosen: chosenPorts(views, before.chosen, memory.missingSince) },
    recheckAt: late.length === 0 ? undefined : Math.min(...late),
  }
}

/** Age decides: the older service, then the smaller id. Docker's times are RFC 3339 with up to 9 decimals. */
export function compareAge(
  a: { readonly createdAt: string; readonly id: string },
  b: { readonly createdAt: string; readonly id: string },
): number {
  const [left, right] = [a.createdAt.replace(/Z$/, ''), b.createdAt.replace(/Z$/, '')]
  return left < right ? -1 : left > right ? 1 : a.id < b.id ? -1 : a.id > b.id ? 1 : 0
}
