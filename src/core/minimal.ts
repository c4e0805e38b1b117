// The other way round: from the settings that a listener has to the labels that would give it these. Only what differs from the defaults.
import type { Protocol } from './model.ts'
import { knows, OPTION_NAMES, type OptionName, type Settings, specOf } from './options.ts'
import { resolveSettings, type SettingsRules } from './settings.ts'
import { parseValue } from './values.ts'

type Minimal = {
  readonly given: Settings
  /** What no label can say: option and value as the cloud has it. */
  readonly beyond: readonly { readonly option: OptionName; readonly value: string | number }[]
}

/** What to write so that it is read as this value; undefined: no text is. */
export function labelText(option: OptionName, protocol: Protocol, value: string | number): string | undefined {
  const spec = specOf(option)
  const meant = spec.type === 'text' ? Object.entries(spec.means ?? {}).find(([, means]) => means === value)?.[0] : undefined
  const text = meant ?? String(value)
  const parsed = parseValue(option, protocol, text)
  return parsed.ok && parsed.value === value ? text : undefined
}

/** Defaults may depend on what is given, so it is looked at again until nothing differs. */
export function minimalOf(protocol: Protocol, settings: Settings, rules: SettingsRules): Minimal {
  const given: Partial<Record<OptionName, string | number>> = {}
  const beyond = new Map<OptionName, string | number>()
  const differs = (option: OptionName) => {
    const value = settings[option]
    return (
      value !== undefined &&
      knows(option, protocol) &&
      !beyond.has(option) &&
      resolveSettings(protocol, given, rules).settings[option] !== value
    )
  }
  for (let option = OPTION_NAMES.find(differs); option !== undefined; option = OPTION_NAMES.find(differs)) {
    const value = settings[option]
    if (value === undefined || given[option] === value || labelText(option, protocol, value) === undefined) beyond.set(option, value ?? '')
    else given[option] = value
  }
  for (const option of OPTION_NAMES) if (beyond.has(option)) delete given[option]
  return { given, beyond: [...beyond].map(([option, value]) => ({ option, value })) }
}
