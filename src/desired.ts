// What the swarm wants now: one reading of it, its labels and its nodes turned into claims and backends. Remembers first seen and last seen.
import type { Config } from './config.ts'
import { choiceProblems } from './core/choice-problems.ts'
import { type Claim, claimsAt, newServicesMemory, type Places, readServices, type Wanted } from './core/claims.ts'
import { byIdentity } from './core/identity.ts'
import { type LabelRules, readService } from './core/labels.ts'
import { formatBackendNote } from './core/marks.ts'
import type { LoadBalancer, Problem, Service, Snapshot } from './core/model.ts'
import { type Backends, type Found, NO_NODES, type NodeRules, readNodes } from './core/nodes.ts'
import { NO_WANTS, type RegionWants } from './core/region-wants.ts'
import { STEADY_RULES, type SteadyMemory, type SteadyRules, steady } from './core/steady.ts'
import { isImmovable, quotaNamesOf } from './core/traits.ts'
import { createPlaces, type KnownPlaces } from './places.ts'
import { createPooling } from './pooling.ts'
import { CLB_TRAITS } from './providers/aliyun/clb/traits.ts'
import type { Instances } from './providers/aliyun/instances.ts'
import type { Provider } from './providers/provider.ts'
import type { ReconcileRules } from './reconcile.ts'
import type { Resolving } from './resolving.ts'
import { keepSame } from './same.ts'

export type Desire = {
  readonly wanted: Wanted
  readonly claimsOf: (loadBalancer: string) => readonly Claim[]
  readonly backends: Backends
  readonly rules: ReconcileRules
  /** What labels want of the certificates and access control lists of the region. */
  readonly wants: RegionWants
  /** Ids of all allowed load balancers that are known so far. */
  readonly loadBalancers: readonly string[]
  /** Why names or tags of load balancers could not be looked up; empty where the cloud answered, and where it had not to be asked. */
  readonly unanswered: string
  /** Those that the configuration names by their name. */
  readonly named: ReadonlySet<string>
  readonly problems: readonly Problem[]
  /** Nodes that cannot be backends because no instance is known for them: not a problem yet, and for one look no time to become one. */
  readonly unresolved: readonly Problem[]
  readonly recheckAt: number | undefined
}

export type DesireOptions = {
  readonly config: Config
  readonly provider: Provider
  readonly instances: Instances
  readonly now: () => number
  /** Load balancers as they were read since this process began to lead, or began. */
  readonly readings?: () => ReadonlyMap<string, LoadBalancer>
  /** Without it names of certificates and lists stay as they are written. */
  readonly resolving?: Resolving
  /** Other bounds for labels that change all the time. */
  readonly steadyRules?: SteadyRules | undefined
}

/** A reading does not wait longer than this for the cloud to name things: what is known goes on. */
const LOOKUP_MS = 5000
const WINDOW_MS = 600_000
const UNSEEN_GRACE_MS = 600_000
const RETURN_MS = 15_000
/** So long a name that nobody knows may be one of a load balancer that is not read yet. */
const NAMES_MS = 30_000
const UNRESOLVED_MS = 600_000

export const ownerOf = (config: Config, clusterId: string) => config.owner ?? clusterId.slice(0, 10)

function rulesOf(config: Config, clusterId: string, owner: string): ReconcileRules {
  return {
    owner,
    clusterId,
    note: formatBackendNote(owner, false),
    drain: config.drainMs,
    notesKept: true,
    removalGrace: config.removalGraceMs,
    unseenGrace: UNSEEN_GRACE_MS,
    backends: config.backends,
    immovable: isImmovable(CLB_TRAITS),
    guard: { maxDeletes: config.maxDeletes, release: config.guardReleaseMs, window: WINDOW_MS },
    quotas: config.quotas,
    quotaNames: quotaNamesOf(CLB_TRAITS),
    policy: config.policy,
  }
}

const labelRules = (config: Config): LabelRules => ({
  expose: config.expose,
  ports: (config.ports ?? []).map(({ from, to }) => [from, to] as const),
  defaultBandwidth: config.defaultBandwidth,
  routing: config.routing,
})

const nodeRules = (config: Config): NodeRules => ({
  choose: config.nodes,
  downGrace: config.nodeDownGraceMs,
  returnWait: RETURN_MS,
  unresolvedPatience: UNRESOLVED_MS,
})

function placesOf({ byRef, problems }: KnownPlaces, { loadBalancers: [first] }: Config): Places {
  const problem = first === undefined ? undefined : problems.get(first)
  const fallback = first === undefined ? undefined : byRef.get(first)
  return { fallback, ...(problem === undefined ? {} : { fallbackProblem: problem }), byRef, problems }
}

function unresolvedNodes({ nodes }: Snapshot, found: ReadonlyMap<string, Found>, { memory }: Backends): readonly Problem[] {
  return nodes.flatMap(({ id, hostname, address = 'a node without address' }): Problem[] => {
    const lookup = found.get(id)
    if (memory.nodes.get(id)?.unresolvedSince === undefined || lookup?.status !== 'unresolved') return []
    return [{ kind: 'node', subject: hostname, text: `no instance found for ${address}: ${lookup.reason}` }]
  })
}

const earliest = (...times: readonly (number | undefined)[]) => {
  const known = times.filter((time) => time !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}

const NO_READINGS: ReadonlyMap<string, LoadBalancer> = new Map()

export interface Desires {
  read(snapshot: Snapshot, signal: AbortSignal): Promise<Desire>
  /** Names of load balancers, learned when they are read: labels may use them. Says whether it is news, or brings room to those that wait for it. */
  learn(name: string, id: string): boolean
  /** Another process has led: where this one would have put things counts no more. */
  forget(): void
}

export function createDesires(options: DesireOptions): Desires {
  const { config, provider, instances, now, readings = () => NO_READINGS, resolving, steadyRules = STEADY_RULES } = options
  let services = newServicesMemory(now())
  let nodes = NO_NODES
  let last: Wanted | undefined
  let labelMemory: SteadyMemory = new Map()
  const startedAt = now()
  const names = new Map<string, string>()
  const labels = labelRules(config)
  const readOf = byIdentity((service: Service) => readService(service, labels))
  const finder = createPlaces({ config, provider, now })
  const pool = createPooling(config)

  return {
    learn: (name, id) => {
      const room = pool.isNews(readings().get(id))
      if (name === '' || names.has(name)) return room
      names.set(name, id)
      return room || !config.allowed.includes(name)
    },
    forget: pool.forget,
    async read(asRead, signal) {
      const steadied = steady(asRead.services, labelMemory, steadyRules, now())
      labelMemory = steadied.memory
      const snapshot = { ...asRead, services: steadied.services }
      const owner = ownerOf(config, snapshot.clusterId)
      const limit = AbortSignal.any([signal, AbortSignal.timeout(LOOKUP_MS)])
      const addresses = snapshot.nodes.map((node) => ({ id: node.id, address: node.address, label: node.labels['slb.instance-id'] }))
      const [known, found] = await Promise.all([finder.find(names, limit), instances.lookup(addresses, limit)])
      const time = now()
      const backends = readNodes(snapshot.nodes, found, nodes, nodeRules(config), time)
      const rules = rulesOf(config, snapshot.clusterId, owner)
      const assign = pool.assignFor({
        members: known.defaults,
        unknown: known.unknown,
        readings: readings(),
        backends,
        rules: { ...rules, quotas: config.quotas },
      })
      const seen = new Set(names.values())
      const unnamed = time - startedAt < NAMES_MS && known.allowed.some((id) => !seen.has(id))
      const places = {
        ...placesOf(known, config),
        incomplete: unnamed || known.incomplete,
        ...(assign === undefined ? {} : { assign }),
        tasks: snapshot.tasks,
      }
      const resolver = await resolving?.prepare(snapshot.services.map(readOf), limit)
      const resolved = resolver === undefined ? places : { ...places, resolve: resolver.resolve }
      const wanted = keepSame(readServices(snapshot.services, readOf, resolved, owner, services, time), last)
      last = wanted
      services = wanted.memory
      nodes = backends.memory
      return {
        wanted,
        claimsOf: (id) => claimsAt(wanted.claims, id),
        backends,
        rules,
        wants: resolver?.wants() ?? NO_WANTS,
        loadBalancers: known.allowed,
        unanswered: known.unanswered,
        named: known.named,
        problems: [
          ...known.shown,
          ...steadied.problems,
          ...wanted.problems,
          ...(resolver?.problems() ?? []),
          ...backends.problems,
          ...choiceProblems(wanted.claims, snapshot.services, snapshot.nodes, backends),
        ],
        unresolved: unresolvedNodes(snapshot, found, backends),
        recheckAt: earliest(steadied.recheckAt, wanted.recheckAt, backends.recheckAt, known.recheckAt, resolver?.recheckAt),
      }
    },
  }
}
