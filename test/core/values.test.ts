import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Protocol } from '../../src/core/model.ts'
import { nearest } from '../../src/core/nearest.ts'
import { OPTION_NAMES, type OptionName } from '../../src/core/options.ts'
import { boundedName, plain, quote } from '../../src/core/quote.ts'
import { expectedValue, parseValue } from '../../src/core/values.ts'
import { anyString } from '../support/random.ts'

type Row = [option: OptionName, protocol: Protocol, text: string, value: string | number]
type Bad = [option: OptionName, protocol: Protocol, text: string]

describe('option values', () => {
  test.each<Row>([
    ['scheduler', 'tcp', 'sch', 'sch'],
    ['scheduler', 'http', ' WRR ', 'wrr'],
    ['bandwidth', 'tcp', '-1', -1],
    ['bandwidth', 'http', '5120', 5120],
    ['persistence-timeout', 'tcp', '0', 0],
    ['sticky-session', 'http', 'on', 'on'],
    ['sticky-session', 'http', 'true', 'on'],
    ['health-check-switch', 'tcp', 'FALSE', 'off'],
    ['cookie', 'http', 'JSESSIONID', 'JSESSIONID'],
    ['health-check-uri', 'http', '/license.txt', '/license.txt'],
    ['health-check-uri', 'http', '/', '/'],
    ['health-check-domain', 'http', '$_ip', ''],
    ['health-check-httpcode', 'http', 'http_4xx, http_2xx,http_2xx', 'http_2xx,http_4xx'],
    ['health-check-interval', 'udp', '050', 50],
  ])('%s of a %s listener takes %j', (option, protocol, text, value) => {
    expect(parseValue(option, protocol, text)).toEqual({ ok: true, value })
  })

  test.each<Bad>([
    ['scheduler', 'http', 'sch'],
    ['scheduler', 'tcp', 'qch'],
    ['scheduler', 'tcp', 'constructor'],
    ['bandwidth', 'tcp', '0'],
    ['bandwidth', 'tcp', '-2'],
    ['bandwidth', 'tcp', '5121'],
    ['bandwidth', 'tcp', '1e3'],
    ['bandwidth', 'tcp', '0x10'],
    ['bandwidth', 'tcp', '٣'],
    ['bandwidth', 'tcp', ''],
    ['persistence-timeout', 'tcp', '3601'],
    ['cookie-timeout', 'http', '86401'],
    ['cookie', 'http', '$id'],
    ['cookie', 'http', 'a;b'],
    ['cookie', 'http', 'a b'],
    ['cookie', 'http', 'c'.repeat(201)],
    ['health-check-uri', 'http', 'license.txt'],
    ['health-check-uri', 'http', `/${'a'.repeat(80)}`],
    ['health-check-uri', 'http', '/a b'],
    ['health-check-uri', 'http', '/\r\nHost: x'],
    ['health-check-httpcode', 'http', '200'],
    ['health-check-httpcode', 'http', ''],
    ['health-check-interval', 'tcp', '51'],
    ['health-check-interval', 'tcp', '5s'],
    ['health-check-connect-timeout', 'tcp', '301'],
    ['health-check-connect-port', 'tcp', '65536'],
    ['healthy-threshold', 'tcp', '1'],
    ['unhealthy-threshold', 'tcp', '11'],
    ['health-check-req', 'udp', 'a-b'],
  ])('%s of a %s listener refuses %j and says what it expects', (option, protocol, text) => {
    const parsed = parseValue(option, protocol, text)
    expect(parsed.ok ? '' : parsed.text).toContain(`; expected ${expectedValue(option, protocol)}`)
  })

  test('every option says what it expects, per protocol where that differs', () => {
    expect(expectedValue('scheduler', 'http')).toBe('wrr or rr')
    expect(expectedValue('scheduler')).toBe('wrr, rr, sch, tch or qch')
    expect(expectedValue('bandwidth')).toBe('a whole number from 1 to 5120, or -1')
    for (const option of OPTION_NAMES) expect(expectedValue(option)).not.toBe('')
  })

  test('what was taken is taken again, unchanged', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...OPTION_NAMES),
        fc.constantFrom<Protocol>('tcp', 'udp', 'http'),
        fc.oneof(fc.string(), fc.integer().map(String)),
        (option, protocol, text) => {
          const once = parseValue(option, protocol, text)
          if (once.ok) expect(parseValue(option, protocol, String(once.value))).toEqual(once)
        },
      ),
    )
  })
})

describe('quoting', () => {
  test('shows what cannot be seen', () => {
    expect(quote('a\n\u202Eb"\\\u0000')).toBe('"a\\u{a}\\u{202e}b\\"\\\\\\u{0}"')
    expect(quote('http：//')).toBe('"http\\u{ff1a}//"')
    expect(quote('\ud800x')).toBe('"\\u{d800}x"')
  })

  test('is short and printable, whatever comes', () => {
    fc.assert(
      fc.property(anyString(500), (text) => {
        expect(quote(text)).toMatch(/^[ -~]{2,110}$/)
        expect(plain(text)).toMatch(/^[ -~]{1,120}$/)
      }),
    )
    expect(quote('x'.repeat(10_000))).toBe(`"${'x'.repeat(60)}..." (10000 characters)`)
  })

  test('leaves a name as it is, and cuts one that is none so that two stay apart', () => {
    expect(boundedName('n'.repeat(255))).toBe('n'.repeat(255))
    const [one, two] = [boundedName(`${'n'.repeat(10_000)}1`), boundedName(`${'n'.repeat(10_000)}2`)]
    expect(one).not.toBe(two)
    expect([one.length, two.length]).toEqual([255, 255])
  })
})

describe('the nearest name', () => {
  test.each([
    ['schedular', 'scheduler'],
    ['scheduelr', 'scheduler'],
    ['health-check-url', 'health-check-uri'],
    ['healthcheck-interval', 'health-check-interval'],
    ['stickysession', 'sticky-session'],
  ])('of %s is %s', (name, expected) => {
    expect(nearest(name, OPTION_NAMES)).toBe(expected)
  })

  test.each(['', 'x', 'something-else-entirely', 'x'.repeat(10_000)])('is none for %j', (name) => {
    expect(nearest(name, OPTION_NAMES)).toBeUndefined()
  })
})
