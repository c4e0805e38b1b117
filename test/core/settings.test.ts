import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Protocol } from '../../src/core/model.ts'
import { knows, OPTION_NAMES, type Settings } from '../../src/core/options.ts'
import { settingsFor } from '../../src/core/settings.ts'

const rules = { defaultBandwidth: -1 }
const CHECK_L4 = {
  'health-check-interval': 5,
  'health-check-connect-timeout': 3,
  'healthy-threshold': 2,
  'unhealthy-threshold': 3,
  'health-check-connect-port': 0,
}
const CHECK_L7 = {
  'health-check-interval': 5,
  'health-check-timeout': 3,
  'healthy-threshold': 2,
  'unhealthy-threshold': 3,
  'health-check-connect-port': 0,
}

const ALL: Settings = { scheduler: 'wrr', bandwidth: -1, 'acl-status': 'off' }
const BARE_TCP: Settings = {
  ...ALL,
  'persistence-timeout': 0,
  'established-timeout': 900,
  'connection-drain': 'off',
  'proxy-protocol': 'off',
}
const TCP: Settings = {
  ...BARE_TCP,
  'health-check-switch': 'on',
  'health-check-type': 'tcp',
  ...CHECK_L4,
}
const UDP: Settings = {
  ...ALL,
  'proxy-protocol': 'off',
  'health-check-switch': 'on',
  'health-check-req': '',
  'health-check-exp': '',
  ...CHECK_L4,
}
const BARE_HTTP: Settings = {
  ...ALL,
  'idle-timeout': 15,
  'request-timeout': 60,
  'sticky-session': 'off',
  gzip: 'on',
  xforwardedfor: 'on',
  'xforwardedfor-proto': 'off',
  'xforwardedfor-slbport': 'off',
  'xforwardedfor-clientsrcport': 'off',
  'xforwardedfor-slbid': 'off',
  'xforwardedfor-slbip': 'off',
}
const HTTP: Settings = {
  ...BARE_HTTP,
  'health-check-flag': 'on',
  'health-check-uri': '/',
  'health-check-domain': '',
  'health-check-httpcode': 'http_2xx,http_3xx,http_4xx',
  'health-check-method': 'head',
  ...CHECK_L7,
}

const HTTPS: Settings = {
  ...HTTP,
  'ca-cert-id': '',
  'domain-extensions': '',
  'tls-cipher-policy': 'tls_cipher_policy_1_0',
  'http2-enabled': 'on',
}

describe('settings', () => {
  test.each<[Protocol, Settings]>([
    ['tcp', TCP],
    ['udp', UDP],
    ['http', HTTP],
    ['https', HTTPS],
  ])('of a %s listener are complete without a label', (protocol, settings) => {
    expect(settingsFor(protocol, {}, rules)).toEqual({ settings, problems: [] })
  })

  test.each<{ name: string; protocol: Protocol; given: Settings; settings: Settings }>([
    {
      name: 'take the default bandwidth of the configuration',
      protocol: 'tcp',
      given: { bandwidth: 10 },
      settings: { ...TCP, bandwidth: 10 },
    },
    {
      name: 'hold a port with a check path of its own to 2xx and 3xx',
      protocol: 'http',
      given: { 'health-check-uri': '/license.txt' },
      settings: { ...HTTP, 'health-check-uri': '/license.txt', 'health-check-httpcode': 'http_2xx,http_3xx' },
    },
    {
      name: 'keep only the switch when a tcp check is off',
      protocol: 'tcp',
      given: { 'health-check-switch': 'off' },
      settings: { ...BARE_TCP, 'health-check-switch': 'off' },
    },
    {
      name: 'keep only the flag when an http check is off',
      protocol: 'http',
      given: { 'health-check-flag': 'off' },
      settings: { ...BARE_HTTP, 'health-check-flag': 'off' },
    },
    {
      name: 'add the http probe to a tcp listener that asks for it',
      protocol: 'tcp',
      given: { 'health-check-type': 'http', 'health-check-uri': '/up' },
      settings: {
        ...TCP,
        'health-check-type': 'http',
        'health-check-uri': '/up',
        'health-check-domain': '',
        'health-check-httpcode': 'http_2xx,http_3xx',
      },
    },
    {
      name: 'insert a cookie for half an hour',
      protocol: 'http',
      given: { 'sticky-session': 'on' },
      settings: { ...HTTP, 'sticky-session': 'on', 'sticky-session-type': 'insert', 'cookie-timeout': 1800 },
    },
    {
      name: 'follow the cookie of the application',
      protocol: 'http',
      given: { 'sticky-session': 'on', 'sticky-session-type': 'server', cookie: 'JSESSIONID' },
      settings: { ...HTTP, 'sticky-session': 'on', 'sticky-session-type': 'server', cookie: 'JSESSIONID' },
    },
    {
      name: 'drain connections for five minutes',
      protocol: 'tcp',
      given: { 'connection-drain': 'on' },
      settings: { ...TCP, 'connection-drain': 'on', 'connection-drain-timeout': 300 },
    },
    {
      name: 'have the lists of the cloud where access control is on',
      protocol: 'udp',
      given: { 'acl-status': 'on', 'acl-type': 'white', 'acl-id': 'acl-1,acl-2' },
      settings: { ...UDP, 'acl-status': 'on', 'acl-type': 'white', 'acl-id': 'acl-1,acl-2' },
    },
    {
      name: 'are the port alone on a redirect',
      protocol: 'http',
      given: { 'forward-port': 443 },
      settings: { 'forward-port': 443 },
    },
    {
      name: 'carry both halves of a udp probe',
      protocol: 'udp',
      given: { 'health-check-req': 'ping', 'health-check-exp': 'pong' },
      settings: { ...UDP, 'health-check-req': 'ping', 'health-check-exp': 'pong' },
    },
  ])('$name', ({ protocol, given, settings }) => {
    expect(settingsFor(protocol, given, rules)).toEqual({ settings, problems: [] })
  })

  test('the default bandwidth comes from the configuration', () => {
    expect(settingsFor('udp', {}, { defaultBandwidth: 50 }).settings.bandwidth).toBe(50)
  })

  test.each<{ protocol: Protocol; given: Settings; problem: string }>([
    { protocol: 'http', given: { cookie: 'id' }, problem: 'cookie takes effect only with sticky-session-type server' },
    {
      protocol: 'http',
      given: { 'sticky-session': 'on', cookie: 'id' },
      problem: 'cookie takes effect only with sticky-session-type server',
    },
    { protocol: 'http', given: { 'cookie-timeout': 60 }, problem: 'cookie-timeout takes effect only with sticky-session-type insert' },
    {
      protocol: 'http',
      given: { 'sticky-session-type': 'insert' },
      problem: 'sticky-session-type takes effect only with sticky-session on',
    },
    {
      protocol: 'http',
      given: { 'sticky-session': 'on', 'sticky-session-type': 'server' },
      problem: 'sticky-session-type server needs cookie, the name of the application cookie',
    },
    {
      protocol: 'tcp',
      given: { 'health-check-uri': '/' },
      problem: 'health-check-uri takes effect only with health-check-switch on and health-check-type http',
    },
    {
      protocol: 'http',
      given: { 'health-check-flag': 'off', 'health-check-uri': '/' },
      problem: 'health-check-uri takes effect only with health-check-flag on',
    },
    {
      protocol: 'tcp',
      given: { 'health-check-switch': 'off', 'healthy-threshold': 3 },
      problem: 'healthy-threshold takes effect only with health-check-switch on',
    },
    {
      protocol: 'tcp',
      given: { 'connection-drain-timeout': 60 },
      problem: 'connection-drain-timeout takes effect only with connection-drain on',
    },
    { protocol: 'http', given: { 'acl-id': 'acl-1' }, problem: 'acl-id takes effect only with acl-status on' },
    {
      protocol: 'http',
      given: { 'acl-status': 'on', 'acl-id': 'acl-1' },
      problem: 'acl-status on needs acl-type, white or black',
    },
    {
      protocol: 'http',
      given: { 'acl-status': 'on', 'acl-type': 'black' },
      problem: 'acl-status on needs acl-id, ids of access control lists, comma separated',
    },
    {
      protocol: 'http',
      given: { 'forward-port': 443, gzip: 'off' },
      problem: 'gzip has no use on a redirect, which has only its forward-port',
    },
    { protocol: 'https', given: { 'forward-port': 443 }, problem: 'forward-port is not for https listeners, only for http' },
    { protocol: 'udp', given: { 'health-check-req': 'ping' }, problem: 'health-check-req goes only together with health-check-exp' },
    { protocol: 'udp', given: { 'health-check-exp': 'pong' }, problem: 'health-check-exp goes only together with health-check-req' },
    { protocol: 'udp', given: { 'persistence-timeout': 5 }, problem: 'persistence-timeout is not for udp listeners, only for tcp' },
  ])('$given of a $protocol listener is a problem', ({ protocol, given, problem }) => {
    expect(settingsFor(protocol, given, rules).problems).toEqual([problem])
  })

  test('are the same when they are settled again, and never hold an option of another protocol', () => {
    const given = fc.record(
      {
        'forward-port': fc.constant(443),
        'connection-drain': fc.constantFrom('on', 'off'),
        'acl-status': fc.constantFrom('on', 'off'),
        'sticky-session': fc.constantFrom('on', 'off'),
        'sticky-session-type': fc.constantFrom('insert', 'server'),
        cookie: fc.constant('id'),
        'health-check-switch': fc.constantFrom('on', 'off'),
        'health-check-flag': fc.constantFrom('on', 'off'),
        'health-check-type': fc.constantFrom('tcp', 'http'),
        'health-check-uri': fc.constantFrom('/', '/up'),
        'health-check-interval': fc.integer({ min: 1, max: 50 }),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.constantFrom<Protocol>('tcp', 'udp', 'http', 'https'), given, (protocol, options) => {
        const { settings } = settingsFor(protocol, options, rules)
        expect(settingsFor(protocol, settings, rules).settings).toEqual(settings)
        expect(OPTION_NAMES.filter((name) => settings[name] !== undefined && !knows(name, protocol))).toEqual([])
      }),
    )
  })
})
