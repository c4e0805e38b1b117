import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseRules, ruleKey } from '../../src/core/rules-label.ts'
import { lines, problems, read } from '../support/labels.ts'

type Labels = Readonly<Record<string, string>>

/** The rules of every target, in order. */
const rules = (ports: readonly string[], labels: Labels) =>
  read(ports, labels).ports.flatMap((one) => (one.status === 'wanted' ? one.targets.map((target) => target.rules.map(ruleKey)) : []))

const shown = (text: string) => {
  const parsed = parseRules(text)
  return parsed.ok ? parsed.value.map(ruleKey) : parsed.text
}

describe('the rules of a label', () => {
  test.each([
    ['shop.example.com', ['shop.example.com/']],
    ['shop.example.com/', ['shop.example.com/']],
    ['Shop.Example.COM/Api', ['shop.example.com/Api']],
    ['*.example.com', ['*.example.com/']],
    ['/static', ['/static']],
    ['*/static', ['/static']],
    ['/a?b&c.%20#d', ['/a?b&c.%20#d']],
    [
      'shop.example.com/api; www.example.com; *.example.com; /static',
      ['*.example.com/', '/static', 'shop.example.com/api', 'www.example.com/'],
    ],
    [' ;b.example.com;a.example.com;;b.example.com/ ; B.example.com ', ['a.example.com/', 'b.example.com/']],
    ['xn--bcher-kva.example', ['xn--bcher-kva.example/']],
    [`a.example.com/${'x'.repeat(79)}`, [`a.example.com/${'x'.repeat(79)}`]],
  ])('%j', (text, expected) => {
    expect(shown(text)).toEqual(expected)
  })

  test.each([
    ['', /^no rule; expected \[host\]\[\/path\]/],
    [' ; ', /^no rule; expected/],
    ['/', /^"\/" would take every request: leave out the label rules/],
    ['*', /^"\*" would take every request/],
    ['http://shop.example.com', /^"http:\/\/shop.example.com": leave out "http:\/\/", the listener has the protocol/],
    ['shop.example.com:8080/api', /^"shop.example.com:8080": leave out the port, which is the listener's/],
    ['shop', /^"shop" is no host name/],
    ['10.0.0.1', /^"10.0.0.1" is no host name/],
    ['shop_1.example.com', /^"shop_1.example.com" is no host name/],
    ['-shop.example.com', /is no host name/],
    ['shop..example.com', /is no host name/],
    ['shop.example.com.', /is no host name/],
    [`${'a'.repeat(64)}.example.com`, /is no host name/],
    ['shop.*.com', /^"shop.\*.com": a wildcard is the whole first part/],
    ['w*.example.com', /a wildcard is the whole first part/],
    ['*.*.example.com', /a wildcard is the whole first part/],
    ['*.', /is no host name/],
    ['bücher.example/x', /^"b\\u\{fc\}cher.example" has letters that are not ASCII; write xn--bcher-kva.example;/],
    ['пример.рф', /has letters that are not ASCII; write xn--e1afmkfd.xn--p1ai;/],
    ['a\u202E.example.com', /has letters that are not ASCII/],
    ['shop.example.com/a b', /^"shop.example.com\/a b" has characters other than letters, digits and -\/\.%\?#& in its path/],
    ['/käse', /has characters other than/],
    ['/a*', /has characters other than/],
    [`/${'a'.repeat(80)}`, /is longer than 80 characters/],
    ['a.example.com, b.example.com', /is no host name/],
    [Array.from({ length: 41 }, (_, i) => `h${i}.example.com`).join(';'), '41 rules, but a listener takes at most 40'],
    ['a.b;'.repeat(3000), /is longer than 8192 characters$/],
  ])('%j are a mistake', (text, expected) => {
    expect(shown(text)).toEqual(expect.stringMatching(expected))
  })

  test('may be 40, however often they are written', () => {
    const all = Array.from({ length: 40 }, (_, i) => `h${i}.example.com`).join(';')
    expect(shown(`${all};${all}`)).toHaveLength(40)
  })

  test('are the same when they are read again', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.domain(), fc.webPath(), fc.string()), { maxLength: 5 }), (parts) => {
        const once = parseRules(parts.join(';'))
        if (once.ok) expect(parseRules(once.value.map(ruleKey).join(';'))).toEqual(once)
        else expect(once.text).toMatch(/^[ -~]+$/)
      }),
    )
  })
})

describe('rules', () => {
  test('are for the http and https targets of a port', () => {
    const labels = { 'slb.port.80': 'http://lb-a;https://lb-a;tcp://lb-b:90', 'slb.port.80.rules': 'shop.example.com' }
    expect(rules(['80:80'], labels)).toEqual([['shop.example.com/'], ['shop.example.com/'], []])
    expect(problems(read(['80:80'], labels))).toEqual([])
  })

  test('may differ by target, and be those of a whole service', () => {
    const labels = { 'slb.port.80': 'http://lb-a;http://lb-b', 'slb.rules': 'a.example.com', 'slb.port.80.rules@lb-b': '/b' }
    expect(rules(['80:80'], labels)).toEqual([['a.example.com/'], ['/b']])
  })

  test('have what labels set beside them, without defaults and without what has no effect', () => {
    const labels = { 'slb.port.80': 'http://', 'slb.port.80.rules': '/a', 'slb.port.80.sticky-session': 'on', 'slb.cookie': 'id' }
    const [one] = read(['80:80'], labels).ports
    expect(one).toMatchObject({ status: 'wanted', targets: [{ given: { 'sticky-session': 'on' }, settings: { 'cookie-timeout': 1800 } }] })
    expect(one?.status === 'wanted' && one.targets[0]?.given).toEqual({ 'sticky-session': 'on' })
  })

  test('need no certificate of their own on an https listener', () => {
    expect(problems(read(['80:80'], { 'slb.port.80': 'https://', 'slb.port.80.rules': '/a' }))).toEqual([])
  })

  test.each<[string, Labels, string]>([
    [
      'on a tcp listener',
      { 'slb.port.80': 'tcp://', 'slb.port.80.rules': '/a' },
      'slb.port.80.rules is not for tcp listeners, only for http, https',
    ],
    [
      'that say nothing',
      { 'slb.port.80': 'http://', 'slb.port.80.rules': '' },
      'slb.port.80.rules: no rule; expected [host][/path] between semicolons, such as shop.example.com/api; *.example.com; /static',
    ],
    [
      'of the service that say nothing',
      { 'slb.port.80': 'http://', 'slb.rules': ';' },
      'slb.rules: no rule; expected [host][/path] between semicolons, such as shop.example.com/api; *.example.com; /static',
    ],
    [
      'misspelt',
      { 'slb.port.80': 'http://', 'slb.port.80.rule': '/a' },
      'slb.port.80.rule is no known option; did you mean slb.port.80.rules?',
    ],
  ])('%s freeze their port', (_, labels, problem) => {
    expect(lines(read(['80:80'], labels))).toEqual(['80/tcp frozen'])
    expect(problems(read(['80:80'], labels))).toEqual([problem])
  })

  test('are left out, where the service is to have the listener itself', () => {
    expect(rules(['80:80'], { 'slb.port.80': 'http://' })).toEqual([[]])
  })
})
