// One row for each option: on which listeners, what it is without a label, what it may be, what it may not, and the way back.
import { describe, expect, test } from 'vitest'
import type { Protocol } from '../../src/core/model.ts'
import { knows, LABEL_NAMES, OPTION_NAMES, type OptionName, type Settings } from '../../src/core/options.ts'
import { settingsFor } from '../../src/core/settings.ts'
import { isImmovable } from '../../src/core/traits.ts'
import { expectedValue, parseValue } from '../../src/core/values.ts'
import { createParams, readSettings, updateParams } from '../../src/providers/aliyun/clb/settings.ts'
import { CLB_TRAITS } from '../../src/providers/aliyun/clb/traits.ts'

type Row = {
  readonly on: Protocol
  /** Without a label, beside `given`. */
  readonly bare: string | number | undefined
  readonly good: readonly (readonly [text: string, value: string | number])[]
  readonly bad: readonly string[]
  /** Other options that it takes effect with. */
  readonly given?: Settings
}

const SWITCH = (on: Protocol, bare: 'on' | 'off', given: Settings = {}): Row => ({
  on,
  bare,
  good: [
    ['on', 'on'],
    ['OFF', 'off'],
    ['true', 'on'],
    ['false', 'off'],
  ],
  bad: ['', 'yes', '1', 'on,off', 'on off', 'constructor'],
  given,
})
const NUMBER = (on: Protocol, bare: number | undefined, min: number, max: number, given: Settings = {}): Row => ({
  on,
  bare,
  good: [
    [`${min}`, min],
    [` ${max} `, max],
    [`0${max}`, max],
  ],
  bad: ['', `${min - 1}`, `${max + 1}`, `${min}.5`, '1e2', '0x10', `${min}s`, '٣', '9'.repeat(40), 'NaN'],
  given,
})
const TEXT = (on: Protocol, bare: string | undefined, good: readonly string[], bad: readonly string[], given: Settings = {}): Row => ({
  on,
  bare,
  good: good.map((text) => [text, text] as const),
  bad: ['', ...bad],
  given,
})

const HTTP_TCP: Settings = { 'health-check-type': 'http' }
const ACL: Settings = { 'acl-status': 'on', 'acl-type': 'white', 'acl-id': 'acl-1' }
const STICKY: Settings = { 'sticky-session': 'on' }
const SERVER: Settings = { ...STICKY, 'sticky-session-type': 'server', cookie: 'id' }
const PAYLOAD: Settings = { 'health-check-req': 'ping', 'health-check-exp': 'pong' }

const ROWS: Readonly<Record<OptionName, Row>> = {
  scheduler: TEXT('tcp', 'wrr', ['rr', 'sch', 'tch'], ['qch', 'wlc', 'random']),
  bandwidth: {
    ...NUMBER('http', -1, 1, 5120),
    good: [['-1', -1] as const, ['5120', 5120] as const],
    bad: ['0', '-2', '5121', 'unlimited'],
  },
  'persistence-timeout': NUMBER('tcp', 0, 0, 3600),
  'established-timeout': NUMBER('tcp', 900, 10, 900),
  'connection-drain': SWITCH('tcp', 'off'),
  'connection-drain-timeout': NUMBER('tcp', 300, 10, 900, { 'connection-drain': 'on' }),
  'proxy-protocol': SWITCH('udp', 'off'),
  'idle-timeout': NUMBER('http', 15, 1, 60),
  'request-timeout': NUMBER('https', 60, 1, 180),
  'sticky-session': SWITCH('http', 'off'),
  'sticky-session-type': TEXT('http', 'insert', ['insert'], ['cookie', 'on'], STICKY),
  'cookie-timeout': NUMBER('http', 1800, 1, 86_400, STICKY),
  cookie: TEXT('http', undefined, ['JSESSIONID', 'a-b_c'], ['$id', 'a;b', 'a b', 'a,b', 'c'.repeat(201)], SERVER),
  gzip: SWITCH('http', 'on'),
  xforwardedfor: SWITCH('https', 'on'),
  'xforwardedfor-proto': SWITCH('http', 'off'),
  'xforwardedfor-slbport': SWITCH('http', 'off'),
  'xforwardedfor-clientsrcport': SWITCH('http', 'off'),
  'xforwardedfor-slbid': SWITCH('http', 'off'),
  'xforwardedfor-slbip': SWITCH('http', 'off'),
  'forward-port': NUMBER('http', undefined, 1, 65_535),
  'cert-id': TEXT(
    'https',
    undefined,
    ['1231579085529123_166f8204689_1714763408_709981430', 'file:shop.example.com', 'file:a.b'],
    ['file:', 'file:..', 'file:.', 'file:a/b', 'file:a..b', `file:${'a'.repeat(65)}`, 'File:a', 'a b', 'a,b', '../a', 'a'.repeat(101)],
  ),
  'ca-cert-id': TEXT('https', '', ['139a00604ad-cn-east-hangzhou-01'], ['file:ca', 'a b', 'a,b']),
  'domain-extensions': {
    on: 'https',
    bare: '',
    good: [
      ['Shop.example.com:cert-1', 'shop.example.com:cert-1'],
      ['b.example.com:file:b , *.a.example.com:cert-1,', '*.a.example.com:cert-1,b.example.com:file:b'],
      ['a.example.com:c,a.example.com:c', 'a.example.com:c'],
    ],
    bad: [
      '',
      ',',
      'shop.example.com',
      'shop.example.com:',
      ':cert-1',
      'shop:cert-1',
      'a.*.com:c',
      'a.com:file:..',
      'a.com:c,a.com:d',
      'bücher.de:c',
    ],
  },
  'tls-cipher-policy': TEXT(
    'https',
    'tls_cipher_policy_1_0',
    ['tls_cipher_policy_1_2', 'tls_cipher_policy_1_2_strict_with_1_3', 'tls-bp14bb1e7dlllz9bhfc0l'],
    ['1.2', 'tls_cipher_policy_1_3', 'tls_cipher_policy_1_1_strict', 'tls-'],
  ),
  'http2-enabled': SWITCH('https', 'on'),
  'acl-status': { ...SWITCH('tcp', 'off', { 'acl-type': 'white', 'acl-id': 'acl-1' }) },
  'acl-type': TEXT('udp', undefined, ['white', 'black'], ['allow', 'grey'], ACL),
  'acl-id': {
    on: 'http',
    bare: undefined,
    good: [
      ['acl-b, acl-a,acl-b', 'acl-a,acl-b'],
      ['acl-2', 'acl-2'],
    ],
    bad: ['', ',', 'acl 1', '10.0.0.0/8', 'a'.repeat(101)],
    given: ACL,
  },
  'health-check-switch': SWITCH('tcp', 'on'),
  'health-check-flag': SWITCH('http', 'on'),
  'health-check-type': TEXT('tcp', 'tcp', ['http'], ['udp', 'https']),
  'health-check-uri': TEXT(
    'tcp',
    '/',
    ['/license.txt', '/a?b=1&c=%20'],
    ['license.txt', '/a b', `/${'a'.repeat(80)}`, '/\r\nHost: x'],
    HTTP_TCP,
  ),
  'health-check-domain': {
    ...TEXT('http', '', ['www.example.com'], ['a b', 'a/b', 'a'.repeat(81)]),
    good: [
      ['www.example.com', 'www.example.com'],
      ['$_ip', ''],
    ],
  },
  'health-check-httpcode': {
    ...TEXT('tcp', 'http_2xx,http_3xx', [], ['200', 'http_2xx;http_3xx'], HTTP_TCP),
    good: [['http_5xx, http_2xx', 'http_2xx,http_5xx']],
  },
  'health-check-method': TEXT('https', 'head', ['get'], ['post', 'HEAD GET']),
  'health-check-req': TEXT('udp', '', ['ping', 'a'.repeat(64)], ['a-b', 'a'.repeat(65)], PAYLOAD),
  'health-check-exp': TEXT('udp', '', ['pong'], ['a b', 'a'.repeat(65)], PAYLOAD),
  'health-check-connect-port': NUMBER('tcp', 0, 1, 65_535),
  'health-check-interval': NUMBER('udp', 5, 1, 50),
  'health-check-connect-timeout': NUMBER('tcp', 3, 1, 300),
  'health-check-timeout': NUMBER('http', 3, 1, 300),
  'healthy-threshold': NUMBER('tcp', 2, 2, 10),
  'unhealthy-threshold': NUMBER('https', 3, 2, 10),
}

const rules = { defaultBandwidth: -1 }
const of = (protocol: Protocol, given: Settings) =>
  settingsFor(protocol, protocol === 'https' ? { 'cert-id': 'cert-1', ...given } : given, rules).settings
const without = (settings: Settings, ...options: readonly OptionName[]): Settings =>
  Object.fromEntries(Object.entries(settings).filter(([name]) => !options.some((option) => option === name)))

/** What the cloud keeps of calls: its own names for what it was told, and nothing that was not. */
function kept(...calls: readonly Readonly<Record<string, unknown>>[]): Record<string, unknown> {
  const names: Readonly<Record<string, string>> = {
    HealthCheckSwitch: 'HealthCheck',
    healthCheckInterval: 'HealthCheckInterval',
    healthCheckReq: 'HealthCheckReq',
    healthCheckExp: 'HealthCheckExp',
  }
  return Object.fromEntries(calls.flatMap((params) => Object.entries(params).map(([name, value]) => [names[name] ?? name, value])))
}

describe.each(OPTION_NAMES.map((option) => ({ option, row: ROWS[option] })))('$option', ({ option, row }) => {
  const { on, bare, good, bad, given = {} } = row
  const others = without(given, option)

  test('has its default without a label', () => {
    expect(settingsFor(on, others, rules).settings[option]).toBe(bare)
  })

  test.each(good)('takes %j', (text, value) => {
    expect(parseValue(option, on, text)).toEqual({ ok: true, value })
    expect(parseValue(option, undefined, text)).toEqual({ ok: true, value })
    expect(of(on, { ...given, [option]: value })[option]).toBe(value)
  })

  test.each(bad)('does not take %j, and says what it expects', (text) => {
    const parsed = parseValue(option, on, text)
    expect(parsed.ok ? 'taken' : parsed.text).toMatch(/^[ -~]{1,400}$/)
    if (!parsed.ok && !/two certificates|longer than/.test(parsed.text)) expect(parsed.text).toContain('expected ')
  })

  test('is no setting of listeners that do not know it', () => {
    for (const protocol of ['tcp', 'udp', 'http', 'https'] as const) {
      const [, value] = good[0] ?? ['', '']
      if (!knows(option, protocol)) expect(of(protocol, { [option]: value })).not.toHaveProperty(option)
    }
  })

  test.each(good.map(([, value]) => value))('with %j is what is read after it was created', (value) => {
    const wanted = of(on, { ...given, [option]: value })
    expect(readSettings(on, kept(createParams(on, wanted)))).toEqual(without(wanted, 'domain-extensions'))
  })

  test.each(good.map(([, value]) => value))('with %j is set by one call, and taken back by one', (value) => {
    const after = of(on, { ...given, [option]: value })
    const immovable = isImmovable(CLB_TRAITS)
    const start = of(on, given[option] === undefined ? others : {})
    for (const [from, to] of [
      [start, after],
      [after, start],
    ] as const) {
      const set: Settings = Object.fromEntries(
        Object.entries(to).filter(([name, now]) => now !== from[name as OptionName] && name !== 'domain-extensions'),
      )
      if (immovable(from, to) || Object.keys(set).length === 0) continue
      const params = updateParams(on, set, to)
      expect(Object.keys(params).length).toBeGreaterThan(0)
      expect(readSettings(on, kept(createParams(on, from), params))).toEqual(without(to, 'domain-extensions'))
    }
  })
})

test('every option has a row of tests, and says what it expects', () => {
  expect(Object.keys(ROWS).sort()).toEqual([...OPTION_NAMES].sort())
  for (const name of LABEL_NAMES) expect(expectedValue(name)).toMatch(/^[ -~]{2,200}$/)
})

test('only what the API cannot change demands another listener', () => {
  const immovable = isImmovable(CLB_TRAITS)
  const replaced = OPTION_NAMES.filter((option) => {
    const { on, good, given = {} } = ROWS[option]
    const before = of(on, without(given, option))
    return good.some(([, value]) =>
      [true, false].some((there) => {
        const after = of(on, { ...given, [option]: value })
        return there ? immovable(before, after) : immovable(after, before)
      }),
    )
  })
  expect(replaced).toEqual(['scheduler', 'forward-port', 'ca-cert-id', 'health-check-req', 'health-check-exp', 'health-check-connect-port'])
})
