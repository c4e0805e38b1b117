// The words of the core, as data. Nothing here knows the cloud's API or Docker's: those are converted at the edge.
import type { Settings } from './options.ts'

export type Transport = 'tcp' | 'udp'
export type Protocol = 'tcp' | 'udp' | 'http' | 'https'
/** What makes a listener unique on a load balancer: its transport and port (http and https travel on tcp). */
export type ListenerKey = `${Transport}:${number}`

// ---- what Swarm said -------------------------------------------------------------------------------------------

/** One entry of a service's Endpoint.Ports. */
export type PublishedPort = {
  /** The port inside the container. */
  readonly target: number
  /** The port on every node; undefined while Swarm has not allocated one. */
  readonly published: number | undefined
  readonly transport: Transport | 'sctp'
  readonly mode: 'ingress' | 'host'
}

export type Service = {
  readonly id: string
  readonly name: string
  /** RFC 3339, as Docker gives it. */
  readonly createdAt: string
  /** Service labels: `deploy.labels` in a stack file. */
  readonly labels: Readonly<Record<string, string>>
  /** Labels of the container spec: where people put ours by mistake. */
  readonly containerLabels: Readonly<Record<string, string>>
  readonly ports: readonly PublishedPort[]
  /** False while Swarm's allocator has not caught up with the spec: `ports` may then be empty or stale. */
  readonly settled: boolean
}

export type Node = {
  readonly id: string
  readonly hostname: string
  /** A routable address, or undefined where Docker reports none. */
  readonly address: string | undefined
  readonly role: 'manager' | 'worker'
  readonly leader: boolean
  readonly availability: 'active' | 'pause' | 'drain'
  readonly state: 'ready' | 'down' | 'unknown' | 'disconnected'
  readonly labels: Readonly<Record<string, string>>
}

/** A task of a service that publishes a port in host mode: its node forwards that port to it and to no other. */
export type Task = {
  readonly id: string
  readonly serviceId: string
  readonly nodeId: string
  /** Runs now. */
  readonly running: boolean
  /** Swarm wants it to end, although it may still run. */
  readonly leaving: boolean
  /** The ports it really has on its node, fixed or not. */
  readonly ports: readonly PublishedPort[]
}

/** Tasks are asked for only while a service has a port in host mode; a socket proxy may refuse them. */
export type TaskReading =
  | { readonly status: 'notAsked' }
  | { readonly status: 'read'; readonly tasks: readonly Task[] }
  | { readonly status: 'refused'; readonly reason: string }

/** One consistent reading of the swarm: both lists and the leadership from the same manager. */
export type Snapshot = {
  readonly clusterId: string
  /** The node whose engine answered. */
  readonly nodeId: string
  readonly isLeader: boolean
  readonly services: readonly Service[]
  readonly nodes: readonly Node[]
  readonly tasks: TaskReading
}

// ---- what the load balancer has --------------------------------------------------------------------------------

/** A server in a server group. `server` is an opaque instance id. */
export type Member = {
  readonly server: string
  /** Undefined in the default server group, where the listener names the port. */
  readonly port: number | undefined
  /** 0..100 */
  readonly weight: number
  /** The description kept on the cloud: our mark, or somebody's text. */
  readonly note: string
}

/** Existing groups are named by the provider's opaque key, groups that a plan creates by their mark (which holds a `/`). */
export type GroupRef = string
/** The load balancer's default server group. */
export const DEFAULT_GROUP: GroupRef = 'default'

export type Group = {
  readonly ref: GroupRef
  readonly name: string
  readonly members: readonly Member[]
  /** Listeners that forward to this group. */
  readonly listeners: readonly ListenerKey[]
  /** Number of forwarding rules that use it. */
  readonly rules: number
}

export type Target = { readonly kind: 'default'; readonly port: number } | { readonly kind: 'group'; readonly group: GroupRef }

/** Which requests of an http or https listener a forwarding rule takes. Not both are empty. */
export type RuleWish = {
  /** `shop.example.com`, `*.example.com`; empty: any. */
  readonly domain: string
  /** A path prefix that begins with `/`; empty: any. */
  readonly url: string
}

export type Rule = RuleWish & {
  /** The provider's opaque key. */
  readonly ref: string
  readonly name: string
  readonly group: GroupRef
  /** Health check, scheduler and stickiness of its own; undefined: those of its listener. */
  readonly settings: Settings | undefined
}

/** A further certificate of an https listener, chosen by the name that the client asks for (SNI). */
export type DomainExtension = { readonly ref: string; readonly domain: string; readonly certificate: string }

export type ActualListener = {
  readonly key: ListenerKey
  readonly port: number
  readonly protocol: Protocol
  /** `changing` covers starting, stopping and configuring. */
  readonly status: 'running' | 'stopped' | 'changing'
  readonly note: string
  /** Undefined for what this product does not drive (master-slave groups), and for redirects, which have none. */
  readonly target: Target | undefined
  readonly settings: Settings
  /** Of http and https listeners that may have some of ours; otherwise empty. */
  readonly rules: readonly Rule[]
  /** Of https listeners of ours; otherwise empty. */
  readonly extensions: readonly DomainExtension[]
}

/** One load balancer as it was read, in canonical values: a second pass over it must find nothing to do. */
export type LoadBalancer = {
  readonly id: string
  readonly name: string
  readonly address: string
  readonly addressType: 'internet' | 'intranet'
  readonly status: 'active' | 'inactive' | 'locked' | 'missing' | 'expired'
  readonly tags: Readonly<Record<string, string>>
  readonly members: readonly Member[]
  readonly groups: readonly Group[]
  readonly listeners: readonly ActualListener[]
}

export type * from './change.ts'
