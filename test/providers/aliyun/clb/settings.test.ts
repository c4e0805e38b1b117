import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Protocol } from '../../../../src/core/model.ts'
import { OPTIONS, type OptionName, type OptionSpec, type Settings } from '../../../../src/core/options.ts'
import { createParams, readSettings, updateParams } from '../../../../src/providers/aliyun/clb/settings.ts'

const PROBE = { 'health-check-interval': 5, 'healthy-threshold': 2, 'unhealthy-threshold': 3 } as const
const TCP: Settings = {
  scheduler: 'wrr',
  bandwidth: -1,
  'persistence-timeout': 0,
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
      settings: { scheduler: 'wrr', bandwidth: -1, 'persistence-timeout': 0, 'health-check-switch': 'off' },
    },
    {
      name: 'keeps only the switch of stickiness that is off',
      protocol: 'http',
      fields: { Scheduler: 'rr', StickySession: 'off', StickySessionType: 'insert', CookieTimeout: 500, HealthCheck: 'off' },
      settings: { scheduler: 'rr', 'sticky-session': 'off', 'health-check-flag': 'off' },
    },
    {
      name: 'keeps the cookie of server stickiness and no timeout',
      protocol: 'http',
      fields: { StickySession: 'on', StickySessionType: 'server', Cookie: 'JSESSIONID', CookieTimeout: 500, HealthCheck: 'off' },
      settings: { 'sticky-session': 'on', 'sticky-session-type': 'server', cookie: 'JSESSIONID', 'health-check-flag': 'off' },
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
        'health-check-switch': 'on',
        'health-check-req': '',
        'health-check-exp': '',
        'health-check-connect-port': 0,
        'health-check-interval': 5,
        'health-check-connect-timeout': 10,
      },
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
  Object.fromEntries(Object.entries(OPTIONS).map(([name, spec]) => [name as OptionName, anyValue(spec)])),
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
