// What is to be done, as data: the steps of a plan, the chains that order them, and problems for people.
import type { DomainExtension, GroupRef, ListenerKey, Member, Protocol, Rule, RuleWish, Target } from './model.ts'
import type { Settings } from './options.ts'

/** A listener as it should be created. */
export type ListenerSpec = {
  readonly key: ListenerKey
  readonly port: number
  readonly protocol: Protocol
  readonly note: string
  /** Undefined for a redirect (`forward-port`): it forwards nothing. */
  readonly target: Target | undefined
  readonly settings: Settings
}

/** A forwarding rule as it should be created. `settings` as in Rule. */
export type RuleSpec = RuleWish & { readonly name: string; readonly group: GroupRef; readonly settings: Settings | undefined }

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
  /** A takeover: the group has another owner from now on. */
  | { readonly kind: 'renameGroup'; readonly group: GroupRef; readonly name: string; readonly was: string }
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
  | { readonly kind: 'createRules'; readonly key: ListenerKey; readonly protocol: Protocol; readonly rules: readonly RuleSpec[] }
  | {
      readonly kind: 'updateRule'
      readonly key: ListenerKey
      readonly protocol: Protocol
      readonly rule: Rule
      /** As it should be; undefined: the listener's. The API takes all of them together. */
      readonly settings: Settings | undefined
      /** Present where it changes. */
      readonly group?: GroupRef
    }
  | { readonly kind: 'deleteRules'; readonly key: ListenerKey; readonly protocol: Protocol; readonly rules: readonly Rule[] }
  | { readonly kind: 'createExtension'; readonly key: ListenerKey; readonly domain: string; readonly certificate: string }
  | { readonly kind: 'updateExtension'; readonly key: ListenerKey; readonly extension: DomainExtension; readonly certificate: string }
  | { readonly kind: 'deleteExtension'; readonly key: ListenerKey; readonly extension: DomainExtension }

export type ChangeOf<K extends Change['kind']> = Extract<Change, { kind: K }>

/** `tcp:80`, or `tcp:80/<service>/<container port>-tcp` for the forwarding rules of one service port on it. */
export type DeleteKey = ListenerKey | `${ListenerKey}/${string}`

/** Changes that follow one another. Chains run side by side; a failed change ends its own chain only. */
export type Chain = {
  readonly id: string
  /** The Swarm service it is for, where there is one. */
  readonly service: string | undefined
  /** Chains that must have ended well before this one begins. */
  readonly after: readonly string[]
  readonly changes: readonly Change[]
  /** Set on chains that the guard judges: the listener, or the service's rules on it, that would be deleted. */
  readonly deletes?: DeleteKey
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
