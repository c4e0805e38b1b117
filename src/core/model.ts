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

/** One consistent reading of the swarm: both lists and the leadership from the same manager. */
export type Snapshot = {
  readonly clusterId: string
  /** The node whose engine answered. */
  readonly nodeId: string
  readonly isLeader: boolean
  readonly services: readonly Service[]
  readonly nodes: readonly Node[]
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

export type ActualListener = {
  readonly key: ListenerKey
  readonly port: number
  readonly protocol: Protocol
  /** `changing` covers starting, stopping and configuring. */
  readonly status: 'running' | 'stopped' | 'changing'
  readonly note: string
  /** Undefined for what this product does not drive (master-slave groups, redirects). */
  readonly target: Target | undefined
  readonly settings: Settings
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

// ---- what is to be done ----------------------------------------------------------------------------------------

/** A listener as it should be created. */
export type ListenerSpec = {
  readonly key: ListenerKey
  readonly port: number
  readonly protocol: Protocol
  readonly note: string
  readonly target: Target
  readonly settings: Settings
}

/** One step of a plan. A replacement is one step: what it breaks it also mends. */
export type Change =
  | { readonly kind: 'tagLoadBalancer'; readonly tags: Readonly<Record<string, string>> }
  | { readonly kind: 'untagLoadBalancer'; readonly keys: readonly string[] }
  | { readonly kind: 'createGroup'; readonly name: string; readonly members: readonly Member[] }
  | { readonly kind: 'addBackends'; readonly group: GroupRef; readonly name: string; readonly members: readonly Member[] }
  | {
      readonly kind: 'setWeights'
      readonly group: GroupRef
      readonly name: string
      readonly members: readonly Member[]
      readonly was: readonly Member[]
    }
  | { readonly kind: 'removeBackends'; readonly group: GroupRef; readonly name: string; readonly members: readonly Member[] }
  | { readonly kind: 'deleteGroup'; readonly group: GroupRef; readonly name: string }
  | { readonly kind: 'createListener'; readonly listener: ListenerSpec }
  | {
      readonly kind: 'updateListener'
      readonly key: ListenerKey
      readonly protocol: Protocol
      /** Changed settings only. */
      readonly set: Settings
      readonly was: Settings
      /** All settings as they should be: the API demands some together. */
      readonly settings: Settings
      readonly note?: string
      readonly target?: Target
      readonly wasTarget?: Target
    }
  | { readonly kind: 'startListener'; readonly key: ListenerKey; readonly protocol: Protocol; readonly note?: string }
  /** Stops first, then writes the note: closing does not wait. */
  | { readonly kind: 'stopListener'; readonly key: ListenerKey; readonly protocol: Protocol; readonly note: string }
  | { readonly kind: 'deleteListener'; readonly key: ListenerKey; readonly protocol: Protocol }
  | { readonly kind: 'replaceListener'; readonly was: Protocol; readonly listener: ListenerSpec }

export type ChangeOf<K extends Change['kind']> = Extract<Change, { kind: K }>

/** Changes that follow one another. Chains run side by side; a failed change ends its own chain only. */
export type Chain = {
  readonly id: string
  /** The Swarm service it is for, where there is one. */
  readonly service: string | undefined
  /** Chains that must have ended well before this one begins. */
  readonly after: readonly string[]
  readonly changes: readonly Change[]
  /** Set on chains that the guard judges: the listener that would be deleted. */
  readonly deletes?: ListenerKey
}

export type Plan = readonly Chain[]

/** A user's mistake or an obstacle, as data: shown in status and log, never thrown. */
export type Problem = {
  readonly kind: 'label' | 'port' | 'node' | 'loadBalancer' | 'quota' | 'conflict' | 'drift'
  /** Service, node or load balancer name. */
  readonly subject: string
  /** The container port (`80/tcp`) or listener (`tcp:80`) it is about, where there is one. */
  readonly port?: string
  readonly text: string
}
