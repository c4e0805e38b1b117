// What a row of the table of options says. The rows are in option-rows-*.ts, the table and what is read out of it in options.ts.
import type { Parsed } from './grammar.ts'
import type { Protocol } from './model.ts'

/** What a label value may be. `int` is canonical as a number, everything else as a string. */
type OptionType =
  | { readonly type: 'int'; readonly min: number; readonly max: number; readonly also?: readonly number[] }
  | {
      readonly type: 'enum'
      readonly values: readonly string[]
      readonly byProtocol?: Readonly<Partial<Record<Protocol, readonly string[]>>>
    }
  | { readonly type: 'set'; readonly values: readonly string[] }
  | { readonly type: 'text'; readonly pattern: RegExp; readonly expected: string; readonly means?: Readonly<Record<string, string>> }
  /** A grammar of its own, which also says what is wrong. */
  | { readonly type: 'form'; readonly parse: (text: string) => Parsed<string>; readonly expected: string }

/** A setting of a listener: it is compared with what the cloud has, and written there. */
export type OptionSpec = OptionType & {
  readonly protocols: readonly Protocol[]
  /** Value without a label; undefined: the option is not sent. A function sees the port's other settings. */
  readonly default: string | number | undefined | ((context: DefaultContext) => string | number | undefined)
  /** Only sent, and only allowed, while this holds for the other settings. */
  readonly when?: readonly [option: string, value: string]
  readonly unit?: string
  readonly help: string
}

export type DefaultContext = {
  readonly protocol: Protocol
  readonly defaultBandwidth: number
  /** What labels set for this port. */
  readonly given: Readonly<Record<string, string | number>>
}

/** No setting of a listener: it says which requests, nodes or clients are meant, or what may be done. */
export type WishSpec = {
  readonly type: 'wish'
  readonly parse: (text: string) => Parsed<unknown>
  readonly expected: string
  readonly protocols: readonly Protocol[]
  /** target: also for the one target on a load balancer, with `@`. */
  readonly scopes: readonly ('service' | 'port' | 'target')[]
  /** For the documentation: what holds without a label. */
  readonly default: string
  readonly help: string
}

export const L4: readonly Protocol[] = ['tcp', 'udp']
export const L7: readonly Protocol[] = ['http', 'https']
export const ALL: readonly Protocol[] = ['tcp', 'udp', 'http', 'https']
export const ON_OFF = ['on', 'off'] as const
