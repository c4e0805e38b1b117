// The one table of options. Labels, validation, defaults, diff, docs/labels.md and the nearest-name hint all read it.
// Names are those of Alibaba's Kubernetes controller; new ones only where it has none. What is no option, and why: docs/decisions/0005.
import type { Protocol } from './model.ts'
import { ACCESS_ROWS } from './option-rows-access.ts'
import { HEALTH_ROWS } from './option-rows-health.ts'
import { HTTP_ROWS } from './option-rows-http.ts'
import { TRAFFIC_ROWS } from './option-rows-traffic.ts'
import { WISH_ROWS } from './option-rows-wishes.ts'
import type { OptionSpec, WishSpec } from './option-spec.ts'

export type { OptionSpec, WishSpec } from './option-spec.ts'

/** Settings of listeners. */
export const OPTIONS = { ...TRAFFIC_ROWS, ...HTTP_ROWS, ...ACCESS_ROWS, ...HEALTH_ROWS } as const satisfies Record<string, OptionSpec>
const TABLE: Readonly<Record<LabelName, OptionSpec | WishSpec>> = { ...OPTIONS, ...WISH_ROWS }

export type OptionName = keyof typeof OPTIONS
export type WishName = keyof typeof WISH_ROWS
/** Everything that may stand behind `slb.` or `slb.port.<n>.`, but for the switches. */
export type LabelName = OptionName | WishName

export const isOption = (name: string): name is OptionName => Object.hasOwn(OPTIONS, name)
const isWish = (name: string): name is WishName => Object.hasOwn(WISH_ROWS, name)
export const isLabelName = (name: string): name is LabelName => isOption(name) || isWish(name)
/** In the order of the table: an option comes after those that its `when` speaks of. */
export const OPTION_NAMES: readonly OptionName[] = Object.keys(OPTIONS).filter(isOption)
const WISH_NAMES: readonly WishName[] = Object.keys(WISH_ROWS).filter(isWish)
export const LABEL_NAMES: readonly LabelName[] = [...OPTION_NAMES, ...WISH_NAMES]

export const specOf = (option: OptionName): OptionSpec => OPTIONS[option]
export { WISH_ROWS as WISHES } from './option-rows-wishes.ts'
export const wishOf = (wish: WishName): WishSpec => WISH_ROWS[wish]
export const knows = (name: LabelName, protocol: Protocol): boolean => TABLE[name].protocols.includes(protocol)
export const protocolsOf = (name: LabelName): readonly Protocol[] => TABLE[name].protocols
/** Where the label may stand; settings go everywhere. */
export const hasScope = (name: LabelName, scope: WishSpec['scopes'][number]): boolean =>
  isOption(name) || WISH_ROWS[name].scopes.some((one) => one === scope)

/**
 * Settings of one listener in canonical form. In a desired listener every option of its protocol that applies is present (defaults
 * filled in); an absent one is not ours to manage. `''` and 0 stand for "the cloud's own choice" (no host header, the backend's port).
 * A redirect has `forward-port` and nothing else.
 */
export type Settings = Readonly<Partial<Record<OptionName, string | number>>>
