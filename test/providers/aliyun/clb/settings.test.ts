import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Protocol } from '../../../../src/core/model.ts'
import { OPTIONS, type OptionName, type OptionSpec, type Settings } from '../../../../src/core/options.ts'
import { createParams, readSettings, updateParams } from '../../../../src/providers/aliyun/clb/settings.ts'

const PROBE = { 'health-check-interval': 5, 'healthy-threshold': 2, 'unhealthy-threshold': 3 } as const
/** What an answer that says nothing of them means. */
const QUIET_TCP: Settings = {
  'persistence-timeout': 0,
  'established-timeout': 900,
  'connection-drain': 'off',
  'proxy-protocol': 'off',
  'acl-status': 'off',
}
const QUIET_HTTP: Settings = {
  'idle-timeout': 15,
  'request-timeout': 60,
  gzip: 'on',
  xforwardedfor: 'on',
  'xforwardedfor-proto': 'off',
  'xforwardedfor-slbport': 'off',
  'xforwardedfor-clientsrcport': 'off',
  'xforwardedfor-slbid': 'off',
  'xforwardedfor-slbip': 'off',
  'acl-status': 'off',
}
const TCP: Settings = {
  scheduler: 'wrr',
  bandwidth: -1,
  ...QUIET_TCP,
  'health-check-switch': 'on',
  'health-check-type': 'tcp',
  'health-check-connect-port': 0,
  'health-check-connect-timeout': 3,
  ...PROBE,
}
const HTTP: Settings = {
  scheduler: 'wrr',
  bandwidth: -1,
  'sticky-session': 'off',
  'health-check-flag': 'on',
  'health-check-uri': '/license.txt',
  'health-check-domain': '',
  'health-check-httpcode': 'http_2xx,http_3xx',
  'health-check-method': 'head',
  'health-check-connect-port': 0,
  'health-check-timeout': 3,
  ...PROBE,
}

describe('reading settings', () => {
  const tcpAnswer = {
    Scheduler: 'wrr',
    Bandwidth: -1,
    PersistenceTimeout: 0,
    HealthCheck: 'on',
    HealthCheckType: 'tcp',
    HealthCheckConnectTimeout: 3,
    HealthCheckInterval: 5,
    HealthyThreshold: 2,
    UnhealthyThreshold: 3,
    EstablishedTimeout: 900,
    HealthCheckHttpCode: '',
    HealthCheckURI: '',
    HealthCheckDomain: '',
  }
  test.each<{ name: string; protocol: Protocol; fields: Record<string, unknown>; settings: Settings }>([
    { name: 'gives a tcp listener with a plain check no http fields', protocol: 'tcp', fields: tcpAnswer, settings: TCP },
    ...[0, -520, '-520', null].map((port) => ({
      name: `takes a probe port of ${port} for the backend's own`,
      protocol: 'tcp' as const,
      fields: { ...tcpAnswer, HealthCheckConnectPort: port },
      settings: TCP,
    })),
    {
      name: 'takes numbers that come as text',
      protocol: 'tcp',
      fields: { ...tcpAnswer, Bandwidth: '-1', HealthCheckInterval: '5', HealthCheckConnectPort: '8080' },
      settings: { ...TCP, 'health-check-connect-port': 8080 },
    },
    {
      name: 'keeps only the switch of a check that is off',
      protocol: 'tcp',
      fields: { ...tcpAnswer, HealthCheck: 'off' },
      settings: { scheduler: 'wrr', bandwidth: -1, ...QUIET_TCP, 'health-check-switch': 'off' },
    },
    {
      name: 'keeps only the switch of stickiness that is off',
      protocol: 'http',
      fields: { Scheduler: 'rr', StickySession: 'off', StickySessionType: 'insert', CookieTimeout: 500, HealthCheck: 'off' },
      settings: { ...QUIET_HTTP, scheduler: 'rr', 'sticky-session': 'off', 'health-check-flag': 'off' },
    },
    {
      name: 'keeps the cookie of server stickiness and no timeout',
      protocol: 'http',
      fields: { StickySession: 'on', StickySessionType: 'server', Cookie: 'JSESSIONID', CookieTimeout: 500, HealthCheck: 'off' },
      settings: {
        ...QUIET_HTTP,
        'sticky-session': 'on',
        'sticky-session-type': 'server',
        cookie: 'JSESSIONID',
        'health-check-flag': 'off',
      },
    },
    {
      name: 'sorts the answers that count as healthy, and takes $_ip for no host header',
      protocol: 'tcp',
      fields: {
        ...tcpAnswer,
        HealthCheckType: 'http',
        HealthCheckURI: '/',
        HealthCheckDomain: '$_ip',
        HealthCheckHttpCode: 'http_4xx, http_2xx,http_2xx',
      },
      settings: {
        ...TCP,
        'health-check-type': 'http',
        'health-check-uri': '/',
        'health-check-domain': '',
        'health-check-httpcode': 'http_2xx,http_4xx',
      },
    },
    {
      name: 'fills in what an answer leaves out because it is nothing',
      protocol: 'udp',
      fields: { Scheduler: 'qch', Bandwidth: 5, HealthCheck: 'on', HealthCheckConnectTimeout: 10, HealthCheckInterval: 5 },
      settings: {
        scheduler: 'qch',
        bandwidth: 5,
        'proxy-protocol': 'off',
        'acl-status': 'off',
        'health-check-switch': 'on',
        'health-check-req': '',
        'health-check-exp': '',
        'health-check-connect-port': 0,
        'health-check-interval': 5,
        'health-check-connect-timeout': 10,
      },
    },
    {
      name: 'takes a redirect for its port and nothing else',
      protocol: 'http',
      fields: { ListenerForward: 'on', ForwardPort: '443', Scheduler: 'wrr', Bandwidth: -1 },
      settings: { 'forward-port': 443 },
    },
    {
      name: 'has what is left of a listener whose redirect is off',
      protocol: 'http',
      fields: { ListenerForward: 'off', ForwardPort: 0, HealthCheck: 'off', Gzip: 'off', XForwardedFor_SLBPORT: 'on', IdleTimeout: '30' },
      settings: {
        ...QUIET_HTTP,
        gzip: 'off',
        'xforwardedfor-slbport': 'on',
        'idle-timeout': 30,
        'sticky-session': 'off',
        'health-check-flag': 'off',
      },
    },
    {
      name: 'has the certificates of an https listener, but no further ones',
      protocol: 'https',
      fields: {
        HealthCheck: 'off',
        ServerCertificateId: 'cert-1',
        CACertificateId: 'ca-1',
        TLSCipherPolicy: 'tls_cipher_policy_1_2',
        EnableHttp2: 'off',
        DomainExtensions: { DomainExtension: [{ Domain: 'a.example.com', ServerCertificateId: 'cert-2' }] },
      },
      settings: {
        ...QUIET_HTTP,
        'cert-id': 'cert-1',
        'ca-cert-id': 'ca-1',
        'tls-cipher-policy': 'tls_cipher_policy_1_2',
        'http2-enabled': 'off',
        'sticky-session': 'off',
        'health-check-flag': 'off',
      },
    },
    {
      name: 'takes an https listener that says nothing of TLS for one with the defaults',
      protocol: 'https',
      fields: { HealthCheck: 'off', ServerCertificateId: 'cert-1' },
      settings: {
        ...QUIET_HTTP,
        'cert-id': 'cert-1',
        'ca-cert-id': '',
        'tls-cipher-policy': 'tls_cipher_policy_1_0',
        'http2-enabled': 'on',
        'sticky-session': 'off',
        'health-check-flag': 'off',
      },
    },
    ...[
      { AclIds: ['acl-2', 'acl-1'] },
      { AclIds: { AclId: ['acl-2', 'acl-1', 'acl-2'] } },
      { AclId: 'acl-2, acl-1' },
      { AclIds: [], AclId: 'acl-2,acl-1' },
      { AclIds: { AclId: ['acl-1', 'acl-2'] }, AclId: 'acl-1' },
    ].map((lists) => ({
      name: `sorts the access control lists of ${JSON.stringify(lists)}`,
      protocol: 'tcp' as const,
      fields: { ...tcpAnswer, AclStatus: 'on', AclType: 'white', ...lists },
      settings: { ...TCP, 'acl-status': 'on', 'acl-type': 'white', 'acl-id': 'acl-1,acl-2' },
    })),
    {
      name: 'does not mind the lists of access control that is off',
      protocol: 'tcp',
      fields: { ...tcpAnswer, AclStatus: 'off', AclType: 'white', AclIds: ['acl-1'] },
      settings: TCP,
    },
    ...[true, 'true', 'True'].map((on) => ({
      name: `takes ${JSON.stringify(on)} for the proxy protocol`,
      protocol: 'tcp' as const,
      fields: { ...tcpAnswer, ProxyProtocolV2Enabled: on },
      settings: { ...TCP, 'proxy-protocol': 'on' },
    })),
    {
      name: 'has how long connections drain while they do',
      protocol: 'tcp',
      fields: { ...tcpAnswer, ProxyProtocolV2Enabled: false, ConnectionDrain: 'on', ConnectionDrainTimeout: 30, EstablishedTimeout: 60 },
      settings: { ...TCP, 'connection-drain': 'on', 'connection-drain-timeout': 30, 'established-timeout': 60 },
    },
  ])('$name', ({ protocol, fields, settings }) => {
    expect(readSettings(protocol, fields)).toEqual(settings)
  })
})

describe('writing settings', () => {
  test('sends every field of a check when a listener is created, spelt as that call spells it', () => {
    expect(createParams('tcp', TCP)).toEqual({
      Scheduler: 'wrr',
      Bandwidth: -1,
      PersistenceTimeout: 0,
      EstablishedTimeout: 900,
      ConnectionDrain: 'off',
      AclStatus: 'off',
      HealthCheckSwitch: 'on',
      HealthCheckType: 'tcp',
      healthCheckInterval: 5,
      HealthCheckConnectTimeout: 3,
      HealthyThreshold: 2,
      UnhealthyThreshold: 3,
    })
    expect(createParams('http', HTTP)).toEqual({
      Scheduler: 'wrr',
      Bandwidth: -1,
      StickySession: 'off',
      HealthCheck: 'on',
      HealthCheckURI: '/license.txt',
      HealthCheckDomain: '$_ip',
      HealthCheckHttpCode: 'http_2xx,http_3xx',
      HealthCheckMethod: 'head',
      HealthCheckInterval: 5,
      HealthCheckTimeout: 3,
      HealthyThreshold: 2,
      UnhealthyThreshold: 3,
    })
  })

  test('does not send what means nothing beside the other settings', () => {
    const off: Settings = { ...HTTP, 'health-check-flag': 'off', 'cookie-timeout': 500 }
    expect(createParams('http', off)).toEqual({ Scheduler: 'wrr', Bandwidth: -1, StickySession: 'off', HealthCheck: 'off' })
  })

  test('creates a redirect with its port and a check that is off', () => {
    expect(createParams('http', { 'forward-port': 443 })).toEqual({ ListenerForward: 'on', ForwardPort: 443, HealthCheck: 'off' })
  })

  test('does not send what a listener starts with where some load balancers refuse the parameter', () => {
    const https: Settings = {
      'tls-cipher-policy': 'tls_cipher_policy_1_0',
      'cert-id': 'cert-1',
      'ca-cert-id': '',
      'domain-extensions': 'a.b:cert-2',
    }
    expect(createParams('https', https)).toEqual({ ServerCertificateId: 'cert-1' })
    expect(createParams('tcp', { 'proxy-protocol': 'off' })).toEqual({})
    expect(createParams('tcp', { 'proxy-protocol': 'on' })).toEqual({ ProxyProtocolV2Enabled: 'true' })
    expect(createParams('https', { 'tls-cipher-policy': 'tls_cipher_policy_1_2' })).toEqual({ TLSCipherPolicy: 'tls_cipher_policy_1_2' })
  })

  const acl: Settings = { 'acl-status': 'on', 'acl-type': 'white', 'acl-id': 'acl-1,acl-2' }
  const sticky: Settings = { 'sticky-session': 'on', 'sticky-session-type': 'insert', 'cookie-timeout': 500 }
  test.each<{ name: string; protocol: Protocol; set: Settings; settings: Settings; params: Record<string, unknown> }>([
    { name: 'only what changed', protocol: 'tcp', set: { bandwidth: 7 }, settings: TCP, params: { Bandwidth: 7 } },
    {
      name: 'one field of a check that is on',
      protocol: 'tcp',
      set: { 'health-check-interval': 9 },
      settings: TCP,
      params: { HealthCheckInterval: 9 },
    },
    {
      name: 'all of a check that is switched on',
      protocol: 'tcp',
      set: { 'health-check-switch': 'on' },
      settings: TCP,
      params: {
        HealthCheckSwitch: 'on',
        HealthCheckType: 'tcp',
        HealthCheckInterval: 5,
        HealthCheckConnectTimeout: 3,
        HealthyThreshold: 2,
        UnhealthyThreshold: 3,
      },
    },
    {
      name: 'nothing but the switch of a check that is switched off',
      protocol: 'http',
      set: { 'health-check-flag': 'off' },
      settings: { ...HTTP, 'health-check-flag': 'off' },
      params: { HealthCheck: 'off' },
    },
    {
      name: 'stickiness with its type and its timeout',
      protocol: 'http',
      set: { 'sticky-session': 'on' },
      settings: { ...HTTP, ...sticky },
      params: { StickySession: 'on', StickySessionType: 'insert', CookieTimeout: 500 },
    },
    {
      name: 'a cookie timeout with what it belongs to',
      protocol: 'http',
      set: { 'cookie-timeout': 500 },
      settings: { ...HTTP, ...sticky },
      params: { StickySession: 'on', StickySessionType: 'insert', CookieTimeout: 500 },
    },
    {
      name: "the way back to the backend's own port and address",
      protocol: 'http',
      set: { 'health-check-connect-port': 0, 'health-check-domain': '' },
      settings: HTTP,
      params: { HealthCheckConnectPort: -520, HealthCheckDomain: '$_ip' },
    },
    {
      name: 'access control with its lists and their kind',
      protocol: 'tcp',
      set: { 'acl-id': 'acl-1,acl-2' },
      settings: { ...TCP, ...acl },
      params: { AclStatus: 'on', AclType: 'white', AclId: 'acl-1,acl-2' },
    },
    { name: 'access control to off', protocol: 'tcp', set: { 'acl-status': 'off' }, settings: TCP, params: { AclStatus: 'off' } },
    {
      name: 'draining with its time',
      protocol: 'tcp',
      set: { 'connection-drain': 'on' },
      settings: { ...TCP, 'connection-drain': 'on', 'connection-drain-timeout': 30 },
      params: { ConnectionDrain: 'on', ConnectionDrainTimeout: 30 },
    },
    { name: 'draining to off', protocol: 'tcp', set: { 'connection-drain': 'off' }, settings: TCP, params: { ConnectionDrain: 'off' } },
    {
      name: 'the proxy protocol back',
      protocol: 'udp',
      set: { 'proxy-protocol': 'off' },
      settings: TCP,
      params: { ProxyProtocolV2Enabled: 'false' },
    },
    {
      name: 'a certificate, a policy and headers alone',
      protocol: 'https',
      set: { 'cert-id': 'cert-2', 'tls-cipher-policy': 'tls_cipher_policy_1_0', 'xforwardedfor-proto': 'on', 'domain-extensions': '' },
      settings: HTTP,
      params: { ServerCertificateId: 'cert-2', TLSCipherPolicy: 'tls_cipher_policy_1_0', XForwardedFor_proto: 'on' },
    },
    {
      name: 'both halves of a udp payload',
      protocol: 'udp',
      set: { 'health-check-req': 'ping' },
      settings: { ...TCP, 'health-check-req': 'ping', 'health-check-exp': 'pong' },
      params: { healthCheckReq: 'ping', healthCheckExp: 'pong' },
    },
  ])('updates $name', ({ protocol, set, settings, params }) => {
    expect(updateParams(protocol, set, settings)).toEqual(params)
  })
})

/** What the cloud keeps of a Create call: its own names for what it was told. */
function kept(params: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { HealthCheckSwitch, healthCheckInterval, healthCheckReq, healthCheckExp, ...rest } = params
  const renamed = {
    HealthCheck: HealthCheckSwitch,
    HealthCheckInterval: healthCheckInterval,
    HealthCheckReq: healthCheckReq,
    HealthCheckExp: healthCheckExp,
  }
  return { ...Object.fromEntries(Object.entries(renamed).filter(([, value]) => value !== undefined)), ...rest }
}

const anyValue = (spec: OptionSpec): fc.Arbitrary<string | number> => {
  if (spec.type === 'int') return fc.integer({ min: spec.min, max: spec.max })
  if (spec.type === 'enum') return fc.constantFrom(...spec.values)
  if (spec.type === 'set') return fc.subarray([...spec.values], { minLength: 1 }).map((values) => values.join(','))
  return fc.stringMatching(/^[a-z]{1,20}$/)
}

const anySettings: fc.Arbitrary<Settings> = fc.record(
  Object.fromEntries(
    Object.entries(OPTIONS)
      .filter(([name]) => name !== 'forward-port')
      .map(([name, spec]) => [name as OptionName, anyValue(spec)]),
  ),
)

test.each<Protocol>(['tcp', 'udp', 'http', 'https'])('what a %s listener was created with is what is read', (protocol) => {
  fc.assert(
    fc.property(anySettings, (settings) => {
      const read = readSettings(protocol, kept(createParams(protocol, settings)))
      expect(readSettings(protocol, kept(createParams(protocol, read)))).toEqual(read)
      for (const [name, value] of Object.entries(read)) expect(value).toBe(settings[name as OptionName])
    }),
    { numRuns: 50 },
  )
})
