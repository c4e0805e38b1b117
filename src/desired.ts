// What the swarm wants now: one reading of it, its labels and its nodes turned into claims and backends. Remembers first seen and last seen.
import type { Config } from './config.ts'
import { type Claim, newServicesMemory, type Places, readServices, type Wanted } from './core/claims.ts'
import { type LabelRules, readService } from './core/labels.ts'
import { formatBackendNote } from './core/marks.ts'
import type { Problem, Snapshot } from './core/model.ts'
import { type Backends, type Found, NO_NODES, type NodeRules, readNodes } from './core/nodes.ts'
import { isImmovable } from './core/traits.ts'
import { CLB_TRAITS } from './providers/aliyun/clb/traits.ts'
import type { Instances } from './providers/aliyun/instances.ts'
import type { Provider } from './providers/provider.ts'
import type { ReconcileRules } from './reconcile.ts'

export type Desire = {
  readonly wanted: Wanted
  readonly claimsOf: (loadBalancer: string) => readonly Claim[]
  readonly backends: Backends
  readonly rules: ReconcileRules
  /** Ids of all allowed load balancers that are known so far. */
  readonly loadBalancers: readonly string[]
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
}

/** A reading does not wait longer than this for the cloud to name things: what is known goes on. */
const LOOKUP_MS = 5000
const RESOLVE_AGAIN_MS = 5000
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
    policy: config.policy,
  }
}

const labelRules = (config: Config): LabelRules => ({
  expose: config.expose,
  ports: (config.ports ?? []).map(({ from, to }) => [from, to] as const),
  defaultBandwidth: config.defaultBandwidth,
})

const nodeRules = (config: Config): NodeRules => ({
  choose: config.nodes,
  downGrace: config.nodeDownGraceMs,
  returnWait: RETURN_MS,
  unresolvedPatience: UNRESOLVED_MS,
})

async function findPlaces(
  config: Config,
  provider: Provider,
  names: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<Places & { readonly complete: boolean }> {
  const byRef = new Map(names)
  const problems = new Map<string, string>()
  try {
    for (const [ref, found] of await provider.resolve(config.allowed, signal)) {
      if (found.status === 'found') byRef.set(ref, found.id).set(found.id, found.id).set(found.name, found.id)
      else problems.set(ref, found.text)
    }
  } catch (error) {
    for (const ref of config.allowed)
      problems.set(ref, `load balancer ${ref} could not be looked up: ${error instanceof Error ? error.message : error}`)
  }
  const [first] = config.loadBalancers
  const problem = first === undefined ? undefined : problems.get(first)
  const fallback = first === undefined ? undefined : byRef.get(first)
  return { fallback, ...(problem === undefined ? {} : { fallbackProblem: problem }), byRef, problems, complete: problems.size === 0 }
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

export interface Desires {
  read(snapshot: Snapshot, signal: AbortSignal): Promise<Desire>
  /** Names of load balancers, learned when they are read: labels may use them. Says whether it is news. */
  learn(name: string, id: string): boolean
}

export function createDesires({ config, provider, instances, now }: DesireOptions): Desires {
  let services = newServicesMemory(now())
  let nodes = NO_NODES
  let owner: string | undefined
  const startedAt = now()
  const names = new Map<string, string>()
  const labels = labelRules(config)

  return {
    learn: (name, id) => {
      if (name === '' || names.has(name)) return false
      names.set(name, id)
      return !config.allowed.includes(name)
    },
    async read(snapshot, signal) {
      // Pinned: another cluster id does not make the marks of this process somebody else's.
      owner ??= ownerOf(config, snapshot.clusterId)
      const limit = AbortSignal.any([signal, AbortSignal.timeout(LOOKUP_MS)])
      const addresses = snapshot.nodes.map((node) => ({ id: node.id, address: node.address, label: node.labels['slb.instance-id'] }))
      const [places, found] = await Promise.all([findPlaces(config, provider, names, limit), instances.lookup(addresses, limit)])
      const time = now()
      const seen = new Set(names.values())
      const incomplete = time - startedAt < NAMES_MS && [...places.byRef.values()].some((id) => !seen.has(id))
      const known = { ...places, incomplete }
      const wanted = readServices(snapshot.services, (service) => readService(service, labels), known, owner, services, time)
      const backends = readNodes(snapshot.nodes, found, nodes, nodeRules(config), time)
      services = wanted.memory
      nodes = backends.memory
      const byBalancer = new Map<string, Claim[]>()
      for (const claim of wanted.claims) byBalancer.set(claim.loadBalancer, [...(byBalancer.get(claim.loadBalancer) ?? []), claim])
      return {
        wanted,
        claimsOf: (id) => byBalancer.get(id) ?? [],
        backends,
        rules: rulesOf(config, snapshot.clusterId, owner),
        loadBalancers: [...new Set(config.allowed.flatMap((ref) => places.byRef.get(ref) ?? []))],
        named: new Set(config.allowed.flatMap((ref) => (places.byRef.get(ref) === ref ? [] : (places.byRef.get(ref) ?? [])))),
        problems: [
          ...[...places.problems].map(([subject, text]): Problem => ({ kind: 'loadBalancer', subject, text })),
          ...wanted.problems,
          ...backends.problems,
        ],
        unresolved: unresolvedNodes(snapshot, found, backends),
        recheckAt: earliest(wanted.recheckAt, backends.recheckAt, places.complete ? undefined : time + RESOLVE_AGAIN_MS),
      }
    },
  }
}
