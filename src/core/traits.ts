// What a product can and cannot do, as data: pure code checks it before any call. Each provider exports its own table.
import type { Protocol } from './model.ts'
import type { OptionName, Settings } from './options.ts'

export type Quota = {
  /** The cloud's name of the quota, for the problem text and the console. */
  readonly name: string
  /** Limit of an account that asked for nothing. */
  readonly limit: number
  readonly adjustable: boolean
}

/** A change of one option that the API cannot make on an existing listener. */
export type Replacement =
  /** One value is in the set and the other is not. */
  | {
      readonly kind: 'crosses'
      readonly option: OptionName
      readonly protocols: readonly Protocol[]
      readonly set: readonly (string | number)[]
    }
  /** Any change to one of these values. */
  | {
      readonly kind: 'to'
      readonly option: OptionName
      readonly protocols: readonly Protocol[]
      readonly values: readonly (string | number)[]
    }

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
    /** On one http or https listener. */
    readonly rules: Quota
  }
}

const applies = (rule: Replacement, was: string | number, want: string | number): boolean =>
  rule.kind === 'crosses' ? rule.set.includes(was) !== rule.set.includes(want) : rule.values.includes(want)

/** The options whose change from `was` to `want` demands a new listener. What one side leaves open is no change. */
export const replacedBy = (traits: Traits, protocol: Protocol, was: Settings, want: Settings): readonly OptionName[] =>
  traits.replacements.flatMap((rule) => {
    const before = was[rule.option]
    const after = want[rule.option]
    const changed = before !== undefined && after !== undefined && before !== after
    return changed && rule.protocols.includes(protocol) && applies(rule, before, after) ? [rule.option] : []
  })
