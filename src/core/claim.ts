// What one service port claims, how its names become places, and what people see of it. Types only.
import type { Access, WantedTarget } from './labels.ts'
import type { Mark } from './marks.ts'
import type { ListenerKey, Protocol, PublishedPort, RuleWish, TaskReading } from './model.ts'
import type { Settings } from './options.ts'
import type { Selection } from './selection.ts'

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
  /** The published port: on every node, or in host mode on those that run a task. */
  readonly nodePort: number
  readonly settings: Settings
  /** What labels set of them, without defaults: all that a forwarding rule has of its own. */
  readonly given: Settings
  readonly adopt: boolean
  /** Requests that are for this service: a guest on the listener. Empty: it names the listener itself. */
  readonly rules: readonly RuleWish[]
  /** Which nodes, with which ports and weights; undefined: all that are chosen, on the published port. Anything else needs its own group. */
  readonly selection: Selection | undefined
  /** What must be there before it can be created (a certificate, an access control list); empty: nothing. What exists is kept going meanwhile. */
  readonly waits: string
}

/** What is known of one service port: where it wants to be, or why it stays as it is. */
export type PortView = {
  readonly port: PublishedPort
  readonly state: 'wanted' | 'frozen' | 'pending' | 'unexposed'
  readonly reason: string
  /** `<load balancer>|<listener key>` */
  readonly places: readonly string[]
  /** How its group goes on while the listener stays as it is; undefined: every node is followed. */
  readonly following?: Following
}

/** Tasks are followed whatever the labels say. Where they choose nodes, none are added: which, is not known while they are a problem. */
export type Following = { readonly selection: Selection | undefined; readonly adds: boolean }

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
  /** Several default load balancers are a pool; without this all goes to `fallback`. */
  readonly assign?: Assign
  readonly tasks?: TaskReading
  /** Names of certificates and address lists become the cloud's ids; without this settings stay as they are. */
  readonly resolve?: Resolve
}

/** One target of a service port, while there are several load balancers to choose from. */
export type PoolWant = {
  readonly mark: Mark
  readonly key: ListenerKey
  readonly protocol: Protocol
  readonly rules: readonly RuleWish[]
  /** It names its load balancer: there is nothing to choose, but it takes room. */
  readonly named: string | undefined
  /** Where other targets of the same port want the same listener. */
  readonly elsewhere: readonly string[]
  readonly adopt: boolean
  /** Its backends are not simply every node: it cannot use the default server group. */
  readonly ownGroup: boolean
}
export type PoolPlace =
  | { readonly status: 'placed'; readonly loadBalancer: string }
  | { readonly status: 'waits'; readonly reason: string }
  | { readonly status: 'full'; readonly text: string }
/** All of them together, oldest service first: what one takes the next has not. Answers in the same order. */
export type Assign = (wants: readonly PoolWant[]) => readonly PoolPlace[]

/** `waits`: what can be set already, and why the rest cannot. `problem`: the port is frozen. */
export type Resolution =
  | { readonly status: 'ready'; readonly settings: Settings }
  | { readonly status: 'waits'; readonly settings: Settings; readonly reason: string }
  | { readonly status: 'problem'; readonly text: string }
export type Resolve = (wish: {
  readonly mark: Mark
  readonly loadBalancer: string
  readonly target: WantedTarget
  readonly access: Access | undefined
}) => Resolution
