// What a reading of the swarm asks of one load balancer, and how to tell whether that is anything new.
import type { Claim, Wanted } from './core/claims.ts'
import { digest, serviceDigests } from './core/digest.ts'
import type { Chain, LoadBalancer } from './core/model.ts'
import type { Backends } from './core/nodes.ts'
import type { ReconcileRules } from './reconcile.ts'

export type Offer = {
  readonly wanted: Wanted
  readonly claims: readonly Claim[]
  readonly backends: Backends
  readonly rules: ReconcileRules
  readonly mayWrite: boolean
  /** Look even though nothing seems to have changed. */
  readonly resync: boolean
  /** Trust nothing remembered of group members: leadership was just gained. */
  readonly fresh: boolean
}

/** By service, and of everything together. */
export type Digest = { readonly text: string; readonly services: ReadonlyMap<string, string> }

/** @param seen the load balancer as it was last read */
export function digestOf({ wanted, claims, backends, rules, mayWrite }: Offer, seen: LoadBalancer | undefined): Digest {
  const services = serviceDigests(wanted, claims, seen, rules.owner)
  return { services, text: `${mayWrite}\n${digest(services, wanted, backends, seen, rules.owner)}` }
}

/** Up to this many changed services count as a change that goes before bulk work. */
const FEW = 10

/** A few services that changed by themselves go first. */
export function urgency({ services }: Digest, done: Digest['services']): (chain: Chain) => number {
  const changed = new Set([...services].filter(([name, text]) => done.get(name) !== text).map(([name]) => name))
  return ({ service }) => (changed.size <= FEW && service !== undefined && changed.has(service) ? 1 : 0)
}
