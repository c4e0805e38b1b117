// From given options to the complete canonical settings of one listener: defaults filled in, and only what applies.
import type { Protocol } from './model.ts'
import { isOption, knows, OPTION_NAMES, type OptionName, type OptionSpec, type Settings, specOf } from './options.ts'
import { expectedValue } from './values.ts'

export type SettingsRules = {
  /** SLB_DEFAULT_BANDWIDTH, Mbit/s; -1 is unlimited. */
  readonly defaultBandwidth: number
}

/** unused: has no effect as the other options stand. conflict: something that belongs to it is missing. */
export type SettingsFault = { readonly kind: 'unused' | 'conflict'; readonly option: OptionName; readonly text: string }

/** The switch of the health check is `health-check-switch` on layer 4 and `health-check-flag` on layer 7. */
const checkSwitch = (protocol: Protocol) => (protocol === 'tcp' || protocol === 'udp' ? 'health-check-switch' : 'health-check-flag')

/**
 * `['health-check', 'on']` is the switch of this protocol; `['health-check', 'http']` is a probe that speaks HTTP: any check of an
 * http or https listener, and one of a tcp listener with health-check-type http.
 */
function holds(when: NonNullable<OptionSpec['when']>, protocol: Protocol, settings: Settings): boolean {
  const [name, value] = when
  if (name !== 'health-check') return isOption(name) && settings[name] === value
  if (settings[checkSwitch(protocol)] !== 'on') return false
  return value === 'on' || checkSwitch(protocol) === 'health-check-flag' || settings['health-check-type'] === 'http'
}

function describeWhen(when: NonNullable<OptionSpec['when']>, protocol: Protocol): string {
  const [name, value] = when
  if (name !== 'health-check') return `${name} ${value}`
  const on = `${checkSwitch(protocol)} on`
  return value === 'http' && protocol === 'tcp' ? `${on} and health-check-type http` : on
}

function defaultOf(spec: OptionSpec, protocol: Protocol, given: Settings, rules: SettingsRules): string | number | undefined {
  if (typeof spec.default !== 'function') return spec.default
  return spec.default({ protocol, given, defaultBandwidth: rules.defaultBandwidth })
}

/** Two that go only together. */
const PAIRS = [
  ['health-check-req', 'health-check-exp'],
  ['health-check-exp', 'health-check-req'],
] as const

function conflicts(settings: Settings): SettingsFault[] {
  const faults: SettingsFault[] = []
  if (settings['sticky-session-type'] === 'server' && settings.cookie === undefined) {
    faults.push({ kind: 'conflict', option: 'sticky-session-type', text: 'server needs cookie, the name of the application cookie' })
  }
  for (const option of ['acl-type', 'acl-id'] as const) {
    if (settings['acl-status'] === 'on' && settings[option] === undefined)
      faults.push({ kind: 'conflict', option: 'acl-status', text: `on needs ${option}, ${expectedValue(option)}` })
  }
  for (const [one, other] of PAIRS) {
    if ((settings[one] ?? '') !== '' && (settings[other] ?? '') === '')
      faults.push({ kind: 'conflict', option: one, text: `goes only together with ${other}` })
  }
  return faults
}

/** A redirect has its port and nothing else: the API changes nothing of it, and shows nothing else. */
function redirect(given: Settings): { settings: Settings; faults: readonly SettingsFault[] } {
  const others = OPTION_NAMES.filter((option) => option !== 'forward-port' && given[option] !== undefined)
  const port = given['forward-port']
  return {
    settings: port === undefined ? {} : { 'forward-port': port },
    faults: others.map((option) => ({ kind: 'unused', option, text: 'has no use on a redirect, which has only its forward-port' })),
  }
}

export const isRedirect = (protocol: Protocol, given: Settings): boolean => protocol === 'http' && given['forward-port'] !== undefined

/** The settings with what is wrong as data, for callers that know which label set which option. */
export function resolveSettings(
  protocol: Protocol,
  given: Settings,
  rules: SettingsRules,
): { settings: Settings; faults: readonly SettingsFault[] } {
  if (isRedirect(protocol, given)) return redirect(given)
  const settings: Partial<Record<OptionName, string | number>> = {}
  const faults: SettingsFault[] = []
  for (const option of OPTION_NAMES) {
    const spec = specOf(option)
    const value = given[option]
    if (!knows(option, protocol)) {
      if (value !== undefined)
        faults.push({ kind: 'unused', option, text: `is not for ${protocol} listeners, only for ${spec.protocols.join(', ')}` })
    } else if (spec.when !== undefined && !holds(spec.when, protocol, settings)) {
      if (value !== undefined) faults.push({ kind: 'unused', option, text: `takes effect only with ${describeWhen(spec.when, protocol)}` })
    } else {
      const set = value ?? defaultOf(spec, protocol, given, rules)
      if (set !== undefined) settings[option] = set
    }
  }
  return { settings, faults: [...faults, ...conflicts(settings)] }
}

/** Complete canonical settings for one listener of this protocol, from valid values. With the health check off only its switch is there. */
export function settingsFor(
  protocol: Protocol,
  given: Settings,
  rules: SettingsRules,
): { settings: Settings; problems: readonly string[] } {
  const { settings, faults } = resolveSettings(protocol, given, rules)
  return { settings, problems: faults.map(({ option, text }) => `${option} ${text}`) }
}
