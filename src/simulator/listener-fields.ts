// The settings of a listener, one row each: which protocols have it, its API default, what it may be. Create, Set, Describe and the state file all read it.
import type { Protocol, Values } from './world.ts'

export type Field = {
  readonly name: string
  readonly on: readonly Protocol[]
  readonly kind: 'int' | 'text' | 'bool'
  readonly initial?: string | number | boolean
  /** What the request calls it, where that differs from the answer. */
  readonly from?: string
  readonly allow?: RegExp | readonly [min: number, max: number]
  /** Error code other than InvalidParameter. */
  readonly code?: string
  /** On the row itself in DescribeLoadBalancerListeners, not inside `…ListenerConfig`. */
  readonly top?: true
}

const L4 = ['tcp', 'udp'] as const
const L7 = ['http', 'https'] as const
const ALL = [...L4, ...L7] as const
const SWITCH = /^(on|off)$/
const CODES = /^http_[1-5]xx(,http_[1-5]xx)*$/
const URI = /^\/[^\s]{0,79}$/

const onOff = (name: string, on: readonly Protocol[], initial: 'on' | 'off'): Field => ({ name, on, kind: 'text', initial, allow: SWITCH })

const LISTENER_FIELDS: readonly Field[] = [
  { name: 'Bandwidth', on: ALL, kind: 'int', initial: -1, top: true },
  { name: 'Scheduler', on: ['tcp'], kind: 'text', initial: 'wrr', allow: /^(wrr|rr|wlc|sch|tch)$/, top: true },
  { name: 'Scheduler', on: ['udp'], kind: 'text', initial: 'wrr', allow: /^(wrr|rr|wlc|sch|tch|qch)$/, top: true },
  { name: 'Scheduler', on: L7, kind: 'text', initial: 'wrr', allow: /^(wrr|rr|wlc)$/, top: true },

  // Layer 4 sends HealthCheckSwitch and reads HealthCheck.
  { name: 'HealthCheck', on: L4, kind: 'text', initial: 'on', from: 'HealthCheckSwitch', allow: SWITCH },
  { name: 'HealthCheck', on: L7, kind: 'text', initial: 'on', allow: SWITCH },
  { name: 'HealthCheckType', on: ['tcp'], kind: 'text', initial: 'tcp', allow: /^(tcp|http)$/ },
  { name: 'HealthCheckConnectPort', on: ALL, kind: 'int' },
  { name: 'HealthCheckConnectTimeout', on: L4, kind: 'int', initial: 5 },
  { name: 'HealthCheckTimeout', on: L7, kind: 'int', initial: 5 },
  { name: 'HealthCheckInterval', on: ALL, kind: 'int', initial: 2 },
  { name: 'HealthyThreshold', on: ALL, kind: 'int', initial: 3 },
  { name: 'UnhealthyThreshold', on: ALL, kind: 'int', initial: 3 },
  { name: 'HealthCheckURI', on: ['tcp'], kind: 'text', initial: '', allow: URI },
  { name: 'HealthCheckURI', on: L7, kind: 'text', initial: '/', allow: URI },
  { name: 'HealthCheckDomain', on: ['tcp', ...L7], kind: 'text', initial: '', allow: /^(\$_ip|[A-Za-z0-9.-]{0,80})$/ },
  { name: 'HealthCheckHttpCode', on: ['tcp'], kind: 'text', initial: '', allow: CODES },
  { name: 'HealthCheckHttpCode', on: L7, kind: 'text', initial: 'http_2xx', allow: CODES },
  { name: 'HealthCheckMethod', on: ['tcp'], kind: 'text', allow: /^(head|get)$/i },
  { name: 'HealthCheckMethod', on: L7, kind: 'text', initial: 'head', allow: /^(head|get)$/i },
  { name: 'HealthCheckHttpVersion', on: L7, kind: 'text', allow: /^http1\.[01]$/, code: 'InvalidParameter.HealthCheckHttpVersion' },
  { name: 'HealthCheckReq', on: ['udp'], kind: 'text', initial: '' },
  { name: 'HealthCheckExp', on: ['udp'], kind: 'text', initial: '' },

  { name: 'EstablishedTimeout', on: ['tcp'], kind: 'int', initial: 900 },
  { name: 'PersistenceTimeout', on: L4, kind: 'int', initial: 0, allow: [0, 3600] },
  { name: 'SynProxy', on: ['tcp'], kind: 'text', initial: 'disable', allow: /^(enable|disable)$/ },
  onOff('ConnectionDrain', L4, 'off'),
  { name: 'ConnectionDrainTimeout', on: L4, kind: 'int', allow: [10, 900] },
  { name: 'ProxyProtocolV2Enabled', on: L4, kind: 'bool', initial: false },

  onOff('StickySession', L7, 'off'),
  { name: 'StickySessionType', on: L7, kind: 'text', allow: /^(insert|server)$/ },
  { name: 'Cookie', on: L7, kind: 'text', allow: /^[^$,;\s][^,;\s]{0,199}$/ },
  { name: 'CookieTimeout', on: L7, kind: 'int', allow: [1, 86_400] },
  onOff('Gzip', L7, 'on'),
  { name: 'IdleTimeout', on: L7, kind: 'int', initial: 15, allow: [1, 60], code: 'InvalidParameter.IdleTimeout' },
  { name: 'RequestTimeout', on: L7, kind: 'int', initial: 60, allow: [1, 180], code: 'InvalidParameter.RequestTimeout' },
  onOff('XForwardedFor', L7, 'on'),
  onOff('XForwardedFor_ClientSrcPort', L7, 'off'),
  onOff('XForwardedFor_proto', L7, 'off'),
  onOff('XForwardedFor_SLBID', L7, 'off'),
  onOff('XForwardedFor_SLBIP', L7, 'off'),
  onOff('XForwardedFor_SLBPORT', L7, 'off'),

  onOff('EnableHttp2', ['https'], 'on'),
  { name: 'ServerCertificateId', on: ['https'], kind: 'text' },
  { name: 'CACertificateId', on: ['https'], kind: 'text' },
  { name: 'TLSCipherPolicy', on: ['https'], kind: 'text', initial: 'tls_cipher_policy_1_0' },
  onOff('XForwardedFor_ClientCertClientVerify', ['https'], 'off'),
  onOff('XForwardedFor_ClientCertFingerprint', ['https'], 'off'),
  onOff('XForwardedFor_ClientCertIssuerDN', ['https'], 'off'),
  onOff('XForwardedFor_ClientCertSubjectDN', ['https'], 'off'),
]

const byProtocol = (protocol: Protocol): readonly Field[] => LISTENER_FIELDS.filter((field) => field.on.includes(protocol))

const TABLE: Readonly<Record<Protocol, readonly Field[]>> = {
  tcp: byProtocol('tcp'),
  udp: byProtocol('udp'),
  http: byProtocol('http'),
  https: byProtocol('https'),
}

export const fieldsOf = (protocol: Protocol): readonly Field[] => TABLE[protocol]

/** What the API uses for everything a Create call leaves out. */
export function defaultsOf(protocol: Protocol): Values {
  const values: Values = {}
  for (const { name, initial } of fieldsOf(protocol)) if (initial !== undefined) values[name] = initial
  return values
}

/** The values of a listener with a check over HTTP that was created without them. */
export const HTTP_CHECK_DEFAULTS = { HealthCheckURI: '/', HealthCheckHttpCode: 'http_2xx', HealthCheckMethod: 'head' } as const
