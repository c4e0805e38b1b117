// The configuration: read once, from flags and environment variables, into one frozen object. Every problem is reported at once.
import { contradictions } from './config/check.ts'
import { readSettings, type Settings, type Source } from './config/read.ts'
import type { Secret } from './config/secret.ts'
import { SETTING_KEYS, SETTINGS, type SettingKey } from './config/settings.ts'
import { endpointOf } from './providers/aliyun/endpoints.ts'

type Combined = 'loadBalancers' | 'allow' | 'accessKeyId' | 'accessKeySecret' | 'securityToken' | 'slbEndpoint' | 'ecsEndpoint'

/** Names ending in `Ms` are milliseconds; lists are without repetition. */
export type Config = Omit<Settings, Combined> & {
  /** SLB_ID; a port that names none goes to the first with room. Empty only where `allowed` or `allowedTags` is not. */
  readonly loadBalancers: readonly string[]
  /** All load balancers that labels may name: SLB_ID and SLB_ALLOW. */
  readonly allowed: readonly string[]
  /** Labels may also name those that carry one of these tags. */
  readonly allowedTags: readonly { readonly key: string; readonly value: string }[]
  /** Undefined: the RAM role of the instance, or what the vendor's credential library finds. */
  readonly accessKey: AccessKey | undefined
  readonly slbEndpoint: string
  readonly ecsEndpoint: string
  /** Variables of the vendor's credential library: role, profile, URI. They count where there is no access key. */
  readonly vendorEnv: Readonly<Record<string, string>>
}

type AccessKey = { readonly id: Secret; readonly secret: Secret; readonly token: Secret | undefined }

/** Invalid configuration: every problem found, one line each. The process ends with `exitCode`, EX_CONFIG of sysexits.h. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly exitCode = 78
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

/** @throws ConfigError naming all problems; never with the value of a secret. */
export function readConfig(source: Source): Config {
  const reading = readSettings(source, SETTING_KEYS)
  const problems = [...reading.problems, ...contradictions(reading)]
  if (problems.length > 0) throw new ConfigError(problems)
  const { loadBalancers = [], allow = [], accessKeyId, accessKeySecret, securityToken, ...rest } = reading.settings
  return deepFreeze({
    ...rest,
    loadBalancers,
    allowed: [...new Set([...loadBalancers, ...allow.filter((item) => !item.includes('='))])],
    allowedTags: allow.filter((item) => item.includes('=')).map(toTag),
    accessKey: accessKeyId && accessKeySecret ? { id: accessKeyId, secret: accessKeySecret, token: securityToken } : undefined,
    slbEndpoint: endpointOf('slb', rest.regionId, rest.network, rest.slbEndpoint),
    ecsEndpoint: endpointOf('ecs', rest.regionId, rest.network, rest.ecsEndpoint),
    vendorEnv: vendorEnv(source.env),
  })
}

/**
 * Only some settings: for commands that must work where the rest is not configured.
 * @throws ConfigError naming all problems of these settings.
 */
export function readSome<K extends SettingKey>(source: Source, keys: readonly K[]): Pick<Settings, K> {
  const { settings, problems } = readSettings(source, keys)
  if (problems.length > 0) throw new ConfigError(problems)
  return deepFreeze(settings)
}

/** Variables that look like ours and are not: misspelt, most likely. */
export function unknownVariables(env: Source['env']): readonly string[] {
  const known = new Set<string>(SETTING_KEYS.flatMap((key) => SETTINGS[key].env))
  return Object.keys(env).filter((name) => name.startsWith('SLB_') && !known.has(name))
}

/** Without what opens the account: for texts that others write or read. */
export function publicVariables(env: Source['env']): Source['env'] {
  const ours = SETTING_KEYS.flatMap((key): readonly string[] => ('secret' in SETTINGS[key] ? SETTINGS[key].env : []))
  const hidden = new Set([...ours, ...Object.keys(vendorEnv(env))])
  return Object.fromEntries(Object.entries(env).filter(([name]) => !hidden.has(name)))
}

const toTag = (item: string) => ({ key: item.slice(0, item.indexOf('=')), value: item.slice(item.indexOf('=') + 1) })

function vendorEnv(env: Source['env']): Readonly<Record<string, string>> {
  const ours = new Set<string>(SETTING_KEYS.flatMap((key) => SETTINGS[key].env.flatMap((name) => [name, `${name}_FILE`])))
  const given = Object.entries(env).flatMap(([name, value]) =>
    value && name.startsWith('ALIBABA_CLOUD_') && !ours.has(name) ? [[name, value] as const] : [],
  )
  return Object.fromEntries(given)
}

/** Freezes data all the way down. A Secret is frozen too: it has no field to change. */
function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner)
    Object.freeze(value)
  }
  return value
}
