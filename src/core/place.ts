// Where the ports of all services go: names in labels become load balancers, and what names none goes to the default one or the pool.
import type { Claim, Places, PoolPlace, PoolWant } from './claim.ts'
import type { ServiceReading, WantedTarget } from './labels.ts'
import { type Mark, markService } from './marks.ts'
import type { ListenerKey, Protocol, PublishedPort, Service, Transport } from './model.ts'
import { selectionOf } from './selection.ts'

/** One published port: its claims, or why it has none. `waits`: not yet. */
export type Placed = { readonly claims: readonly Claim[]; readonly problem?: string; readonly waits?: string }

type Reading = { readonly service: Service; readonly reading: ServiceReading }
type PortReading = ServiceReading['ports'][number]
type Pool = (mark: Mark, key: ListenerKey) => PoolPlace | undefined
type Found = { readonly id: string } | { readonly problem: string } | { readonly waits: string }

const UNREAD = 'waiting for the load balancers to be read'
const transportOf = (protocol: Protocol): Transport => (protocol === 'udp' ? 'udp' : 'tcp')
const poolKey = (mark: Mark, key: ListenerKey) => `${mark.service}/${mark.port}-${mark.transport}|${key}`

const markOf = (service: Service, port: PublishedPort, owner: string): Mark | undefined =>
  port.transport === 'sctp'
    ? undefined
    : { owner, service: markService(service.name, owner), port: port.target, transport: port.transport, suffix: '' }

const keyOf = ({ protocol, listenerPort }: WantedTarget, published: number): ListenerKey =>
  `${transportOf(protocol)}:${listenerPort ?? published}`

/** What asks for a place in the pool or takes room there, in the order of the services. */
function wantsOf(readings: readonly Reading[], places: Places, owner: string): PoolWant[] {
  return readings.flatMap(({ service, reading }) =>
    reading.ports.flatMap((one) => {
      const mark = markOf(service, one.port, owner)
      const { published, mode } = one.port
      if (one.status !== 'wanted' || mark === undefined || published === undefined) return []
      const targets = one.targets.map((target) => ({ target, key: keyOf(target, published), named: namedBy(target, places) }))
      return targets.flatMap(({ target, key, named }): PoolWant[] => {
        if (target.loadBalancer !== undefined && named === undefined) return []
        const elsewhere = targets.flatMap((other) => (other.named !== undefined && other.key === key ? [other.named] : []))
        const ownGroup = target.rules.length > 0 || mode === 'host' || target.nodes.length > 0 || target.weights === 'kept'
        return [{ mark, key, protocol: target.protocol, rules: target.rules, named, elsewhere, adopt: target.adopt, ownGroup }]
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

/** @param published undefined: Swarm has not allocated the port, so that only its names can be judged */
function claimOf(service: Service, port: PublishedPort, target: WantedTarget, mark: Mark, id: string, places: Places): Claim | string {
  const resolve = places.resolve ?? (() => ({ status: 'ready' as const, settings: target.settings }))
  const resolved = resolve({ mark, loadBalancer: id, target, access: target.access })
  if (resolved.status === 'problem') return resolved.text
  const selection = selectionOf(service, port, target, places.tasks)
  if (selection?.status === 'problem') return selection.text
  const published = port.published ?? 0
  const key = keyOf(target, published)
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
    const chosen = port.published === undefined ? undefined : pool(mark, keyOf(target, port.published))
    const found = find(target.loadBalancer, places, chosen)
    const label = target.labelled ? `slb.port.${port.target}: ` : ''
    if ('waits' in found) return { claims: [], waits: found.waits }
    if ('problem' in found) return { claims: [], problem: `${label}${found.problem}` }
    if (port.published === undefined) return { claims: [] }
    const claim = claimOf(service, port, target, mark, found.id, places)
    if (typeof claim === 'string') return { claims: [], problem: `${label}${claim}` }
    claims.push(claim)
  }
  return { claims }
}

/** By service, in the given order (oldest first), and by port, in the order of the reading. */
export function placePorts(readings: readonly Reading[], places: Places, owner: string): readonly (readonly Placed[])[] {
  const pool = poolOf(readings, places, owner)
  return readings.map(({ service, reading }) => reading.ports.map((one) => placePort(service, one, places, pool, owner)))
}
