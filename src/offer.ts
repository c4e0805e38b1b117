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

/** Services that changed by themselves, a few at a time, and are not all done yet. `last`: what was planned for before. */
export type Urgent = { readonly names: ReadonlySet<string>; readonly last: Digest['services'] | undefined }
export const NOTHING_URGENT: Urgent = { names: new Set(), last: undefined }

/** Where all is new, nothing goes first. */
export function nextUrgent({ names, last }: Urgent, { services }: Digest): Urgent {
  const changed = last === undefined ? [] : [...services].filter(([name, text]) => last.get(name) !== text).map(([name]) => name)
  return { names: changed.length <= FEW ? new Set([...names, ...changed]) : names, last: services }
}

export const urgency =
  ({ names }: Urgent) =>
  ({ service }: Chain): number =>
    service !== undefined && names.has(service) ? 1 : 0
