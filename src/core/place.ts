// Where the ports of all services go: names in labels become load balancers, and what names none goes to the default one or the pool.
import type { Claim, Places, PoolPlace, PoolWant } from './claim.ts'
import type { ServiceReading, WantedTarget } from './labels.ts'
import { type Mark, markService } from './marks.ts'
import type { ListenerKey, Protocol, PublishedPort, Service, Transport } from './model.ts'
import { type Selected, selectionOf } from './selection.ts'

/** One published port: its claims, or why it has none. `waits`: not yet. */
export type Placed = { readonly claims: readonly Claim[]; readonly problem?: string; readonly waits?: string }

type Reading = { readonly service: Service; readonly reading: ServiceReading }
type PortReading = ServiceReading['ports'][number]
type Pool = (mark: Mark, key: ListenerKey) => PoolPlace | undefined
type Unplaced = { readonly problem: string } | { readonly waits: string }
type Found = { readonly id: string } | Unplaced

const UNREAD = 'waiting for the load balancers to be read'
/** Each task has another number then, chosen by its node. */
const NUMBERLESS = 'a port in host mode without a fixed number needs the port of its listener, such as tcp://:8080'
const transportOf = (protocol: Protocol): Transport => (protocol === 'udp' ? 'udp' : 'tcp')
const poolKey = (mark: Mark, key: ListenerKey) => `${mark.service}/${mark.port}-${mark.transport}|${key}`

const markOf = (service: Service, port: PublishedPort, owner: string): Mark | undefined =>
  port.transport === 'sctp'
    ? undefined
    : { owner, service: markService(service.name, owner), port: port.target, transport: port.transport, suffix: '' }

/** Undefined while it follows a published port that has no number. */
function keyOf({ protocol, listenerPort }: WantedTarget, { published, mode }: PublishedPort): ListenerKey | undefined {
  if (published === undefined && mode !== 'host') return undefined
  const port = listenerPort ?? published
  return port === undefined ? undefined : `${transportOf(protocol)}:${port}`
}

/** What asks for a place in the pool or takes room there, in the order of the services. */
function wantsOf(readings: readonly Reading[], places: Places, owner: string): PoolWant[] {
  return readings.flatMap(({ service, reading }) =>
    reading.ports.flatMap((one) => {
      const mark = markOf(service, one.port, owner)
      if (one.status !== 'wanted' || mark === undefined) return []
      const targets = one.targets.map((target) => ({ target, key: keyOf(target, one.port), named: namedBy(target, places) }))
      return targets.flatMap(({ target, key, named }): PoolWant[] => {
        if (key === undefined || (target.loadBalancer !== undefined && named === undefined)) return []
        const elsewhere = targets.flatMap((other) => (other.named !== undefined && other.key === key ? [other.named] : []))
        const ownGroup = target.rules.length > 0 || one.port.mode === 'host' || target.nodes.length > 0 || target.weights === 'kept'
        return [
          {
            mark,
            key,
            protocol: target.protocol,
            rules: target.rules,
            named,
            elsewhere,
            adopt: target.adopt && target.rules.length === 0,
            ownGroup,
          },
        ]
      })
    }),
  )
}

const namedBy = ({ loadBalancer }: WantedTarget, places: Places) =>
  loadBalancer === undefined ? undefined : places.byRef.get(loadBalancer)

function poolOf(readings: readonly Reading[], places: Places, owner: string): Pool {
  if (places.assign === undefined) return () => undefined
  const wants = wantsOf(readings, places, owner)
  const answers = places.assign(wants)
  const chosen = wants.flatMap((want, index) => (want.named === undefined ? [[poolKey(want.mark, want.key), answers[index]] as const] : []))
  const byWant = new Map(chosen)
  return (mark, key) => byWant.get(poolKey(mark, key))
}

function find(ref: string | undefined, places: Places, chosen: PoolPlace | undefined): Found {
  if (ref === undefined && chosen !== undefined) {
    if (chosen.status === 'placed') return { id: chosen.loadBalancer }
    return chosen.status === 'waits' ? { waits: chosen.reason } : { problem: chosen.text }
  }
  const id = ref === undefined ? places.fallback : places.byRef.get(ref)
  if (id !== undefined) return { id }
  const known = ref === undefined ? (places.fallbackProblem ?? 'no default load balancer: set SLB_ID') : places.problems.get(ref)
  if (known === undefined && places.incomplete === true) return { waits: UNREAD }
  return { problem: known ?? `load balancer ${ref} is not in SLB_ID or SLB_ALLOW` }
}

const unplaced = (selected: Exclude<Selected, { status: 'selected' }>): Unplaced =>
  selected.status === 'waits' ? { waits: selected.reason } : { problem: selected.text }

function claimOf(service: Service, port: PublishedPort, target: WantedTarget, mark: Mark, id: string, places: Places): Claim | Unplaced {
  const resolve = places.resolve ?? (() => ({ status: 'ready' as const, settings: target.settings }))
  const resolved = resolve({ mark, loadBalancer: id, target, access: target.access })
  if (resolved.status === 'problem') return { problem: resolved.text }
  const selection = selectionOf(service, port, target, places.tasks)
  if (selection !== undefined && selection.status !== 'selected') return unplaced(selection)
  const published = port.published ?? 0
  const key = keyOf(target, port)
  if (key === undefined) return { problem: NUMBERLESS }
  return {
    service: service.name,
    serviceId: service.id,
    createdAt: service.createdAt,
    mark,
    loadBalancer: id,
    key,
    port: target.listenerPort ?? published,
    protocol: target.protocol,
    nodePort: published,
    settings: resolved.settings,
    given: target.given,
    adopt: target.adopt,
    rules: target.rules,
    selection: selection?.selection,
    waits: resolved.status === 'waits' ? resolved.reason : '',
  }
}

function placePort(service: Service, one: PortReading, places: Places, pool: Pool, owner: string): Placed {
  const { port } = one
  const mark = markOf(service, port, owner)
  if (one.status !== 'wanted' || mark === undefined) return { claims: [] }
  const claims: Claim[] = []
  for (const target of one.targets) {
    const key = keyOf(target, port)
    const found = find(target.loadBalancer, places, key === undefined ? undefined : pool(mark, key))
    const label = target.labelled ? `slb.port.${port.target}: ` : ''
    if ('waits' in found) return { claims: [], waits: found.waits }
    if ('problem' in found) return { claims: [], problem: `${label}${found.problem}` }
    if (port.published === undefined && port.mode !== 'host') return { claims: [] }
    const claim = claimOf(service, port, target, mark, found.id, places)
    if ('problem' in claim) return { claims: [], problem: `${label}${claim.problem}` }
    if (!('mark' in claim)) return { claims: [], waits: claim.waits }
    claims.push(claim)
  }
  return { claims }
}

/** By service, in the given order (oldest first), and by port, in the order of the reading. */
export function placePorts(readings: readonly Reading[], places: Places, owner: string): readonly (readonly Placed[])[] {
  const pool = poolOf(readings, places, owner)
  return readings.map(({ service, reading }) => reading.ports.map((one) => placePort(service, one, places, pool, owner)))
}
