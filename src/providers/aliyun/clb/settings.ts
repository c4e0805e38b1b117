// Listener options on the wire: one table, read and written from both sides, so that what was written reads back the same.
import type { Protocol } from '../../../core/model.ts'
import { OPTIONS, type OptionName, type OptionSpec, type Settings } from '../../../core/options.ts'

type Value = string | number
type Wire = {
  /** Parameter of the Create* and Set* calls. */
  readonly param: string
  /** Spelling in CreateLoadBalancerTCPListener and CreateLoadBalancerUDPListener, where it is another one. */
  readonly createL4?: string
  /** Key in answers, where it is another one. */
  readonly key?: string
  /** What it means when an answer leaves it out. */
  readonly absent?: Value
}

// Small first letters are the vendor's: its metadata spells these so, and only for these calls.
const WIRE: Readonly<Record<OptionName, Wire>> = {
  scheduler: { param: 'Scheduler' },
  bandwidth: { param: 'Bandwidth' },
  'persistence-timeout': { param: 'PersistenceTimeout', absent: 0 },
  'sticky-session': { param: 'StickySession', absent: 'off' },
  'sticky-session-type': { param: 'StickySessionType' },
  'cookie-timeout': { param: 'CookieTimeout' },
  cookie: { param: 'Cookie' },
  'health-check-switch': { param: 'HealthCheckSwitch', key: 'HealthCheck' },
  'health-check-flag': { param: 'HealthCheck' },
  'health-check-type': { param: 'HealthCheckType', absent: 'tcp' },
  'health-check-uri': { param: 'HealthCheckURI' },
  'health-check-domain': { param: 'HealthCheckDomain', absent: '' },
  'health-check-httpcode': { param: 'HealthCheckHttpCode' },
  'health-check-method': { param: 'HealthCheckMethod', absent: 'head' },
  'health-check-req': { param: 'healthCheckReq', key: 'HealthCheckReq', absent: '' },
  'health-check-exp': { param: 'healthCheckExp', key: 'HealthCheckExp', absent: '' },
  'health-check-connect-port': { param: 'HealthCheckConnectPort', absent: 0 },
  'health-check-interval': { param: 'HealthCheckInterval', createL4: 'healthCheckInterval' },
  'health-check-connect-timeout': { param: 'HealthCheckConnectTimeout' },
  'health-check-timeout': { param: 'HealthCheckTimeout' },
  'healthy-threshold': { param: 'HealthyThreshold' },
  'unhealthy-threshold': { param: 'UnhealthyThreshold' },
}

/** The options a protocol has, each after the ones it depends on. */
const NAMES = Object.keys(OPTIONS) as readonly OptionName[]

const spec = (name: OptionName): OptionSpec => OPTIONS[name]
const isL7 = (protocol: Protocol) => protocol === 'http' || protocol === 'https'
const checked = (protocol: Protocol, settings: Settings) => settings[isL7(protocol) ? 'health-check-flag' : 'health-check-switch'] === 'on'

/** Whether an option means anything beside the others: with the check off its fields are neither sent nor read. */
function active(name: OptionName, protocol: Protocol, settings: Settings): boolean {
  const { protocols, when } = spec(name)
  if (!protocols.includes(protocol)) return false
  if (when === undefined) return true
  const [other, value] = when
  if (other !== 'health-check') return (settings as Readonly<Record<string, Value>>)[other] === value
  return checked(protocol, settings) && (value === 'on' || isL7(protocol) || settings['health-check-type'] === 'http')
}

/** The vendor's own order, so that the same set is the same text. */
function sortedCodes(codes: string): string {
  const order: readonly string[] = OPTIONS['health-check-httpcode'].values
  const place = (code: string) => (order.includes(code) ? order.indexOf(code) : order.length)
  const unique = [...new Set(codes.split(',').map((code) => code.trim()))]
  return unique.sort((a, b) => place(a) - place(b) || a.localeCompare(b)).join(',')
}

/** A value of an answer in canonical form; undefined where there is none. */
function canonical(name: OptionName, value: unknown): Value | undefined {
  if (spec(name).type === 'int') {
    const number = Number(value)
    // -520 is an old word for "the backend's own port".
    return name === 'health-check-connect-port' ? Math.max(0, number) : number
  }
  const text = String(value)
  if (name === 'health-check-domain') return text === '$_ip' ? '' : text
  if (name === 'health-check-httpcode') return sortedCodes(text)
  return spec(name).type === 'enum' ? text.toLowerCase() : text
}

/** Canonical settings out of the fields of an answer. */
export function readSettings(protocol: Protocol, fields: Readonly<Record<string, unknown>>): Settings {
  const settings: Partial<Record<OptionName, Value>> = {}
  for (const name of NAMES) {
    if (!active(name, protocol, settings)) continue
    const { param, key = param, absent } = WIRE[name]
    const given = fields[key]
    const missing = given === undefined || given === null || (given === '' && absent !== undefined)
    const value = missing ? absent : canonical(name, given)
    if (value !== undefined) settings[name] = value
  }
  return settings
}

/** What is sent for one value; undefined where the cloud's own choice is asked for by sending nothing. */
function wireValue(name: OptionName, value: Value, reset: boolean): Value | undefined {
  if (name === 'health-check-domain' && value === '') return '$_ip'
  // Only layer 7 takes -520 back; on layer 4 the traits ask for a replacement.
  if (name === 'health-check-connect-port' && value === 0) return reset ? -520 : undefined
  return value === '' ? undefined : value
}

type Params = Record<string, Value>

/** Parameters of a Create* call: every option that applies. */
export function createParams(protocol: Protocol, settings: Settings): Params {
  const params: Params = {}
  for (const name of NAMES) {
    const value = active(name, protocol, settings) ? settings[name] : undefined
    const sent = value === undefined ? undefined : wireValue(name, value, false)
    const { param, createL4 = param } = WIRE[name]
    if (sent !== undefined) params[isL7(protocol) ? param : createL4] = sent
  }
  return params
}

const STICKY: readonly OptionName[] = ['sticky-session', 'sticky-session-type', 'cookie-timeout', 'cookie']
const SWITCHES: readonly OptionName[] = ['health-check-switch', 'health-check-flag', 'health-check-type']
const PROBE = NAMES.filter((name) => /^(un)?health/.test(name))
const PAYLOAD: readonly OptionName[] = ['health-check-req', 'health-check-exp']

/** Parameters of a Set* call: the changed options, and those that the API only takes together with them. */
export function updateParams(protocol: Protocol, set: Settings, settings: Settings): Params {
  const wanted: Settings = { ...settings, ...set }
  const changed = (names: readonly OptionName[]) => names.some((name) => set[name] !== undefined)
  const together = new Set([...(changed(STICKY) ? STICKY : []), ...(changed(PAYLOAD) ? PAYLOAD : []), ...(changed(SWITCHES) ? PROBE : [])])
  const params: Params = {}
  for (const name of NAMES) {
    const value = wanted[name]
    const asked = set[name] !== undefined || together.has(name)
    if (value === undefined || !asked || !active(name, protocol, wanted)) continue
    const sent = wireValue(name, value, isL7(protocol) && set[name] !== undefined)
    if (sent !== undefined) params[WIRE[name].param] = sent
  }
  return params
}
