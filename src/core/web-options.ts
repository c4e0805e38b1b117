// Options of http and https listeners that are not simply an attribute of the listener.
import type { Protocol } from './model.ts'
import type { Settings } from './options.ts'

/** What a forwarding rule can have of its own; all else is its listener's. */
export const RULE_OPTIONS: readonly string[] = [
  'scheduler',
  'sticky-session',
  'sticky-session-type',
  'cookie-timeout',
  'cookie',
  'health-check-flag',
  'health-check-uri',
  'health-check-domain',
  'health-check-httpcode',
  'health-check-connect-port',
  'health-check-interval',
  'health-check-timeout',
  'healthy-threshold',
  'unhealthy-threshold',
]

/** All that a redirect has. */
const REDIRECT_OPTIONS: readonly string[] = ['forward-port']

/** Things of their own on the cloud, with changes of their own. */
const SEPARATE: readonly string[] = ['domain-extensions']

export const isL7 = (protocol: Protocol): boolean => protocol === 'http' || protocol === 'https'

export const settingOf = (settings: Readonly<Record<string, string | number | undefined>>, name: string): string | number | undefined =>
  settings[name]

const only = (settings: Settings, isMeant: (name: string) => boolean): Settings =>
  Object.fromEntries(Object.entries(settings).filter(([name, value]) => value !== undefined && isMeant(name)))

/** The attributes of a listener: what is sent when it is created, and what is compared. */
export const attributesOf = (settings: Settings): Settings => only(settings, (name) => !SEPARATE.includes(name))
export const redirectOf = (settings: Settings): Settings => only(settings, (name) => REDIRECT_OPTIONS.includes(name))

const ACCESS: readonly string[] = ['acl-status', 'acl-type', 'acl-id']

/**
 * All settings as they should be, for the API that takes some of them together. A certificate or address list that is not known yet, or
 * is another guest's to name, stays as it is.
 */
export function withUnmanaged(want: Settings, have: Settings): Settings {
  const hasAccess = settingOf(want, 'acl-status') !== undefined
  const stays = (name: string) => ['cert-id', 'ca-cert-id'].includes(name) || (!hasAccess && ACCESS.includes(name))
  return { ...only(have, (name) => stays(name) && settingOf(want, name) === undefined), ...want }
}

/** Undefined: labels set none of them, so that the rule has those of its listener. Otherwise all of them: the API takes them together. */
export function ruleSettings(given: Settings, settings: Settings): Settings | undefined {
  const isOwn = (name: string) => RULE_OPTIONS.includes(name)
  return Object.keys(only(given, isOwn)).length === 0 ? undefined : only(settings, isOwn)
}
