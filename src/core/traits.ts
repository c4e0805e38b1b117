// What a product can and cannot do, as data: pure code checks it before any call. Each provider exports its own table.
import type { QuotaNames } from './headroom.ts'
import type { Protocol } from './model.ts'
import type { OptionName, Settings } from './options.ts'

type Quota = {
  /** The cloud's name of the quota, for the problem text and the console. */
  readonly name: string
  /** Limit of an account that asked for nothing. */
  readonly limit: number
  readonly adjustable: boolean
}

/**
 * A change of one option that the API cannot make on an existing listener. crosses: one value is in the set and the other is not.
 * to: any change to a value in the set. is: having the option at all, or another value of it, makes another kind of listener.
 */
type Replacement = {
  readonly option: OptionName
  /** Only for listeners that have this option: a way to tell layer 4 from layer 7. */
  readonly where?: OptionName
} & ({ readonly kind: 'crosses' | 'to'; readonly set: readonly (string | number)[] } | { readonly kind: 'is' })

export type Traits = {
  readonly protocols: readonly Protocol[]
  readonly weight: { readonly min: number; readonly max: number }
  /** Longest texts, in characters. */
  readonly lengths: { readonly groupName: number; readonly listenerNote: number; readonly memberNote: number }
  readonly replacements: readonly Replacement[]
  readonly quotas: {
    /** On one load balancer. */
    readonly listeners: Quota
    /** Members on one load balancer, summed over its groups. */
    readonly backends: Quota
    /** Groups that one server is in, over all load balancers. */
    readonly attachments: Quota
    /** On one load balancer; the vendor publishes no number. */
    readonly groups: Quota
    /** On one http or https listener. */
    readonly rules: Quota
    /** Further certificates on one https listener. */
    readonly extensions: Quota
  }
}

function demands(rule: Replacement, before: Settings, after: Settings): boolean {
  const { option, where } = rule
  const was = before[option]
  const want = after[option]
  if (rule.kind === 'is') return was !== want
  const { kind, set } = rule
  if (was === undefined || want === undefined || was === want) return false
  if (where !== undefined && after[where] === undefined) return false
  return kind === 'crosses' ? set.includes(was) !== set.includes(want) : set.includes(want)
}

/** Whether the change of settings demands a new listener. What one side leaves open is no change, but for what a listener is. */
export const isImmovable =
  ({ replacements }: Pick<Traits, 'replacements'>) =>
  (before: Settings, after: Settings): boolean =>
    replacements.some((rule) => demands(rule, before, after))

/** What the cloud calls its quotas, for the texts of problems. */
export const quotaNamesOf = ({ quotas }: Pick<Traits, 'quotas'>): QuotaNames => ({
  listeners: quotas.listeners.name,
  backends: quotas.backends.name,
  attachments: quotas.attachments.name,
  groups: quotas.groups.name,
  rules: quotas.rules.name,
  extensions: quotas.extensions.name,
})
