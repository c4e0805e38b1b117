// What a diff of one load balancer is made from.
import type { Wanted } from './claims.ts'
import type { Health } from './health.ts'
import type { KeepRules } from './keep.ts'
import type { Immovable } from './listeners.ts'
import type { MemberRules } from './members.ts'
import type { DeleteKey, ListenerKey, LoadBalancer } from './model.ts'
import type { Backends } from './nodes.ts'

export type DiffRules = MemberRules & KeepRules & { readonly backends: 'auto' | 'vserver-group'; readonly immovable: Immovable }

/** What this process remembers of one load balancer. */
export type BalancerMemory = {
  /** Listeners seen running: found stopped later, a person stopped them. */
  readonly seenRunning: ReadonlySet<ListenerKey>
  /** By group and member: since when it is at weight 0 without being a node's. */
  readonly zeroSince: ReadonlyMap<string, number>
  /** Groups that are leaving a node port, by name. */
  readonly switchingSince: ReadonlyMap<string, number>
}
export const NO_MEMORY: BalancerMemory = { seenRunning: new Set(), zeroSince: new Map(), switchingSince: new Map() }

export type DiffInput = {
  readonly lb: LoadBalancer
  readonly wanted: Wanted
  readonly backends: Backends
  readonly memory: BalancerMemory
  /** Whether a place on another load balancer (servedPlace) serves its service. */
  readonly isUp: (place: string) => boolean
  /** Listeners whose delete the guard holds. */
  readonly held: ReadonlySet<DeleteKey>
  readonly rules: DiffRules
  readonly health: Health | undefined
  /** Milliseconds. */
  readonly now: number
}
