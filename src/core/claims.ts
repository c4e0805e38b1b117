// From services to claims: which service port wants which listener on which load balancer.
// Also what must not change now (the keep set), and why a port is not exposed.
import type { ServiceReading } from './labels.ts'
import { portName } from './labels.ts'
import { type Mark, markService } from './marks.ts'
import type { ListenerKey, Problem, Protocol, PublishedPort, Service, Transport } from './model.ts'
import type { Settings } from './options.ts'

/** One service port that wants one listener. */
export type Claim = {
  readonly service: string
  readonly serviceId: string
  readonly createdAt: string
  readonly mark: Mark
  readonly loadBalancer: string
  readonly key: ListenerKey
  readonly port: number
  readonly protocol: Protocol
  /** The published port on every node. */
  readonly nodePort: number
  readonly settings: Settings
  readonly adopt: boolean
}

/** What is known of one service port: where it wants to be, or why it stays as it is. */
export type PortView = {
  readonly port: PublishedPort
  readonly state: 'wanted' | 'frozen' | 'pending' | 'unexposed'
  readonly reason: string
  /** `<load balancer>|<listener key>` */
  readonly places: readonly string[]
}

export type ServiceView = {
  readonly name: string
  readonly settled: boolean
  /** slb.freeze: not even backends are followed. */
  readonly frozen: boolean
  readonly enabled: boolean
  /** By `<container port>-<transport>`. */
  readonly ports: ReadonlyMap<string, PortView>
}

/** How names in labels become load balancers; only allowed ones are here. */
export type Places = {
  readonly fallback: string | undefined
  /** Why there is no fallback. */
  readonly fallbackProblem?: string
  readonly byRef: ReadonlyMap<string, string>
  readonly problems: ReadonlyMap<string, string>
  /** Load balancers given by id have names too, and not all of them are read yet: an unknown one may be one of these. */
  readonly incomplete?: boolean
}

export type ServicesMemory = {
  readonly startedAt: number
  /** Service names (as in marks) this process saw alive. */
  readonly alive: ReadonlySet<string>
  readonly missingSince: ReadonlyMap<string, number>
  readonly pendingSince: ReadonlyMap<string, number>
}
export const newServicesMemory = (now: number): ServicesMemory => ({
  startedAt: now,
  alive: new Set(),
  missingSince: new Map(),
  pendingSince: new Map(),
})

export type Wanted = {
  readonly claims: readonly Claim[]
  /** By the service name as it stands in marks. */
  readonly services: ReadonlyMap<string, ServiceView>
  /** `tcp:30000` -> the service names (as in marks) whose settled ingress port that is. */
  readonly nodePorts: ReadonlyMap<string, string>
  readonly problems: readonly Problem[]
  readonly memory: ServicesMemory
  readonly recheckAt: number | undefined
}

const PATIENCE_MS = 30_000
/** A service that is gone for so long has no grace left anywhere. */
const FORGET_MS = 86_400_000
const STUCK = 'port allocation pending; ingress network full?'
export const portKey = (port: number, transport: string) => `${port}-${transport}`
const transportOf = (protocol: Protocol): Transport => (protocol === 'udp' ? 'udp' : 'tcp')

type Placed = { readonly claims: readonly Claim[]; readonly problem?: string; readonly waits?: true }

function place(service: Service, port: PublishedPort, reading: ServiceReading['ports'][number], places: Places, owner: string): Placed {
  if (reading.status !== 'wanted' || port.transport === 'sctp') return { claims: [] }
  const transport = port.transport
  const claims: Claim[] = []
  for (const target of reading.targets) {
    const ref = target.loadBalancer
    const id = ref === undefined ? places.fallback : places.byRef.get(ref)
    if (id === undefined) {
      const known = ref === undefined ? (places.fallbackProblem ?? 'no default load balancer: set SLB_ID') : places.problems.get(ref)
      if (known === undefined && places.incomplete === true) return { claims: [], waits: true }
      const text = known ?? `load balancer ${ref} is not in SLB_ID or SLB_ALLOW`
      return { claims: [], problem: target.labelled ? `slb.port.${port.target}: ${text}` : text }
    }
    if (port.published === undefined) return { claims: [] }
    const listener = target.listenerPort ?? port.published
    claims.push({
      service: service.name,
      serviceId: service.id,
      createdAt: service.createdAt,
      mark: { owner, service: markService(service.name, owner), port: port.target, transport, suffix: '' },
      loadBalancer: id,
      key: `${transportOf(target.protocol)}:${listener}`,
      port: listener,
      protocol: target.protocol,
      nodePort: port.published,
      settings: target.settings,
      adopt: target.adopt,
    })
  }
  return { claims }
}

const placeName = (claim: Claim) => `${claim.loadBalancer}|${claim.key}`

function viewPort(service: Service, reading: ServiceReading['ports'][number], placed: Placed, waited: number): PortView {
  const { port } = reading
  if (placed.problem !== undefined) return { port, state: 'frozen', reason: placed.problem, places: [] }
  if (reading.status === 'frozen') return { port, state: 'frozen', reason: reading.reason, places: [] }
  if (reading.status === 'unexposed') return { port, state: 'unexposed', reason: reading.reason, places: [] }
  if (placed.waits) return { port, state: 'pending', reason: 'waiting for the load balancers to be read', places: [] }
  if (!service.settled || port.published === undefined) {
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

function readOne(service: Service, reading: ServiceReading, places: Places, owner: string, waited: number): Entry {
  const problems: Problem[] = [...reading.problems]
  if (!service.settled && service.ports.length === 0 && waited >= PATIENCE_MS)
    problems.push({ kind: 'port', subject: service.name, text: STUCK })
  const claims: Claim[] = []
  const ports = new Map<string, PortView>()
  for (const one of reading.ports) {
    const placed = place(service, one.port, one, places, owner)
    const view = viewPort(service, one, placed, waited)
    if (placed.problem !== undefined)
      problems.push({ kind: 'label', subject: service.name, port: portName(one.port), text: placed.problem })
    if (view.state === 'pending' && placed.waits !== true && waited >= PATIENCE_MS) {
      problems.push({ kind: 'port', subject: service.name, port: portName(one.port), text: view.reason })
    }
    if (view.state === 'wanted' && !reading.frozen) claims.push(...placed.claims)
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

function ingressPorts(services: readonly Service[], owner: string): ReadonlyMap<string, string> {
  const taken = new Map<string, string>()
  for (const service of services) {
    if (!service.settled) continue
    for (const port of service.ports) {
      if (port.mode === 'host' || port.published === undefined || port.transport === 'sctp') continue
      taken.set(`${port.transport}:${port.published}`, markService(service.name, owner))
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
  const sorted = [...services].sort((a, b) => compareAge(a, b))
  const names = new Set(services.map((service) => markService(service.name, owner)))
  const memory = nextMemory(before, services, names, now)
  const entries = sorted.map((service) =>
    readOne(service, read(service), places, owner, now - (memory.pendingSince.get(service.id) ?? now)),
  )
  const late = [...memory.pendingSince.values()].map((since) => since + PATIENCE_MS).filter((time) => time > now)
  return {
    claims: entries.flatMap((entry) => entry.claims),
    services: new Map(entries.map((entry) => [markService(entry.service.name, owner), entry.view])),
    nodePorts: ingressPorts(services, owner),
    problems: entries.flatMap((entry) => entry.problems),
    memory,
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
