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
  /** Not sent with a Create call: the cloud starts with it, and some load balancers refuse the parameter itself. */
  readonly initial?: Value
}

// Small first letters are the vendor's: its metadata spells these so, and only for these calls.
/** Undefined: no parameter of a listener, but something with calls of its own. */
const WIRE: Readonly<Record<OptionName, Wire | undefined>> = {
  scheduler: { param: 'Scheduler' },
  bandwidth: { param: 'Bandwidth' },
  'persistence-timeout': { param: 'PersistenceTimeout', absent: 0 },
  'established-timeout': { param: 'EstablishedTimeout', absent: 900 },
  'connection-drain': { param: 'ConnectionDrain', absent: 'off' },
  'connection-drain-timeout': { param: 'ConnectionDrainTimeout' },
  'proxy-protocol': { param: 'ProxyProtocolV2Enabled', absent: 'off', initial: 'off' },
  'idle-timeout': { param: 'IdleTimeout', absent: 15 },
  'request-timeout': { param: 'RequestTimeout', absent: 60 },
  'sticky-session': { param: 'StickySession', absent: 'off' },
  'sticky-session-type': { param: 'StickySessionType' },
  'cookie-timeout': { param: 'CookieTimeout' },
  cookie: { param: 'Cookie' },
  gzip: { param: 'Gzip', absent: 'on' },
  xforwardedfor: { param: 'XForwardedFor', absent: 'on' },
  'xforwardedfor-proto': { param: 'XForwardedFor_proto', absent: 'off' },
  'xforwardedfor-slbport': { param: 'XForwardedFor_SLBPORT', absent: 'off' },
  'xforwardedfor-clientsrcport': { param: 'XForwardedFor_ClientSrcPort', absent: 'off' },
  'xforwardedfor-slbid': { param: 'XForwardedFor_SLBID', absent: 'off' },
  'xforwardedfor-slbip': { param: 'XForwardedFor_SLBIP', absent: 'off' },
  'forward-port': { param: 'ForwardPort' },
  'cert-id': { param: 'ServerCertificateId' },
  'ca-cert-id': { param: 'CACertificateId', absent: '' },
  'domain-extensions': undefined,
  'tls-cipher-policy': { param: 'TLSCipherPolicy', absent: 'tls_cipher_policy_1_0', initial: 'tls_cipher_policy_1_0' },
  'http2-enabled': { param: 'EnableHttp2', absent: 'on' },
  'acl-status': { param: 'AclStatus', absent: 'off' },
  'acl-type': { param: 'AclType' },
  'acl-id': { param: 'AclId' },
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

/** The list comes wrapped, bare, or as the text that was sent. */
function aclIds({ AclIds: list, AclId: text }: Readonly<Record<string, unknown>>): string | undefined {
  const inner = typeof list === 'object' && list !== null && 'AclId' in list ? list.AclId : list
  const ids: readonly unknown[] = Array.isArray(inner) && inner.length > 0 ? inner : String(text ?? '').split(',')
  return (
    [...new Set(ids.map((id) => String(id).trim()))]
      .filter((id) => id !== '')
      .sort()
      .join(',') || undefined
  )
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
  // A boolean in the single Describe calls, a word in DescribeLoadBalancerListeners.
  if (name === 'proxy-protocol') return text.toLowerCase() === 'true' ? 'on' : 'off'
  return spec(name).type === 'enum' ? text.toLowerCase() : text
}

/** Canonical settings out of the fields of an answer. */
export function readSettings(protocol: Protocol, fields: Readonly<Record<string, unknown>>): Settings {
  if (protocol === 'http' && fields['ListenerForward'] === 'on') return { 'forward-port': Number(fields['ForwardPort']) }
  const settings: Partial<Record<OptionName, Value>> = {}
  for (const name of NAMES) {
    const wire = WIRE[name]
    if (wire === undefined || name === 'forward-port' || !active(name, protocol, settings)) continue
    const { param, key = param, absent } = wire
    const given = name === 'acl-id' ? aclIds(fields) : fields[key]
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
  if (name === 'proxy-protocol') return String(value === 'on')
  return value === '' ? undefined : value
}

type Params = Record<string, Value>

/** A redirect is born as one; HealthCheck is required of every http listener, and it checks nobody. */
const redirectParams = (port: Value): Params => ({ ListenerForward: 'on', ForwardPort: port, HealthCheck: 'off' })

/** Parameters of a Create* call: every option that applies. */
export function createParams(protocol: Protocol, settings: Settings): Params {
  const forward = protocol === 'http' ? settings['forward-port'] : undefined
  if (forward !== undefined) return redirectParams(forward)
  const params: Params = {}
  for (const name of NAMES) {
    const wire = WIRE[name]
    const value = wire !== undefined && active(name, protocol, settings) ? settings[name] : undefined
    if (wire === undefined || value === undefined || value === wire.initial) continue
    const sent = wireValue(name, value, false)
    const { param, createL4 = param } = wire
    if (sent !== undefined) params[isL7(protocol) ? param : createL4] = sent
  }
  return params
}

const PROBE = NAMES.filter((name) => /^(un)?health/.test(name))
/** Where one of the first changes, the API takes it only with all of the second. */
const TOGETHER: readonly (readonly [changed: readonly OptionName[], sent: readonly OptionName[]])[] = [
  ...[
    ['sticky-session', 'sticky-session-type', 'cookie-timeout', 'cookie'] as const,
    ['health-check-req', 'health-check-exp'] as const,
    ['connection-drain', 'connection-drain-timeout'] as const,
    ['acl-status', 'acl-type', 'acl-id'] as const,
  ].map((names) => [names, names] as const),
  [['health-check-switch', 'health-check-flag', 'health-check-type'], PROBE],
]

/** Parameters of a Set* call: the changed options, and those that the API only takes together with them. */
export function updateParams(protocol: Protocol, set: Settings, settings: Settings): Params {
  const wanted: Settings = { ...settings, ...set }
  const changed = (names: readonly OptionName[]) => names.some((name) => set[name] !== undefined)
  const together = new Set(TOGETHER.flatMap(([names, sent]) => (changed(names) ? sent : [])))
  const params: Params = {}
  for (const name of NAMES) {
    const [wire, value] = [WIRE[name], wanted[name]]
    const asked = set[name] !== undefined || together.has(name)
    if (wire === undefined || value === undefined || !asked || !active(name, protocol, wanted)) continue
    const sent = wireValue(name, value, isL7(protocol) && set[name] !== undefined)
    if (sent !== undefined) params[wire.param] = sent
  }
  return params
}
