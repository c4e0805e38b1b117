import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatTarget, parseBoolean, parseKey, parseTargets } from '../../src/core/grammar.ts'

const target = (protocol: string, loadBalancer?: string, port?: number) => ({ protocol, loadBalancer, port })

describe('label keys', () => {
  test.each([
    ['slb.port.80', { kind: 'target', port: 80, transport: undefined }],
    ['slb.port.53/udp', { kind: 'target', port: 53, transport: 'udp' }],
    ['slb.port.80.scheduler', { kind: 'option', port: 80, transport: undefined, option: 'scheduler', at: undefined }],
    ['slb.port.80/tcp.health-check-uri@lb-a', { kind: 'option', port: 80, transport: 'tcp', option: 'health-check-uri', at: 'lb-a' }],
    ['slb.port.80.scheduler@My_lb/a.b', { kind: 'option', port: 80, transport: undefined, option: 'scheduler', at: 'My_lb/a.b' }],
    ['slb.health-check-interval', { kind: 'service', option: 'health-check-interval' }],
    ['slb.enable', { kind: 'service', option: 'enable' }],
  ])('%s is understood', (key, expected) => {
    expect(parseKey(key)).toEqual(expected)
  })

  test.each([
    'slb.',
    'slb.port.',
    'slb.port.0',
    'slb.port.080',
    'slb.port.65536',
    'slb.port.123456',
    'slb.port.80/sctp',
    'slb.port.80.',
    'slb.port.80.Scheduler',
    'slb.port.80.scheduler@',
    `slb.port.80.scheduler@${'a'.repeat(81)}`,
    'slb.port.80.scheduler@a@b',
    'slb.port.80 ',
    'slb.port.80\n',
    'slb.port.８０',
    'slb.a.b',
    'slb.__proto__',
  ])('%j fits no form', (key) => {
    expect(parseKey(key)).toBeUndefined()
  })
})

describe('targets', () => {
  test.each([
    ['http://my-slb:8080', [target('http', 'my-slb', 8080)]],
    ['http://:8080', [target('http', undefined, 8080)]],
    ['http://', [target('http')]],
    ['tcp://lb-2ze0e2wlvf9l1hfv9m1lv', [target('tcp', 'lb-2ze0e2wlvf9l1hfv9m1lv')]],
    ['udp://:53', [target('udp', undefined, 53)]],
    ['https://Web/Public_1.a:443', [target('https', 'Web/Public_1.a', 443)]],
    [' tcp://lb-a:80 ; tcp://lb-b:80 ;', [target('tcp', 'lb-a', 80), target('tcp', 'lb-b', 80)]],
  ])('%s is understood', (text, expected) => {
    expect(parseTargets(text)).toEqual({ ok: true, value: expected })
  })

  test.each([
    '',
    ' ',
    ';',
    'my-slb:8080',
    'HTTP://:80',
    'http://:',
    'http://:0',
    'http://:65536',
    'http://:-1',
    'http://a b:80',
    'http:/:80',
    'ftp://:21',
    'http://lb:80/',
    'http：//:80',
    `http://${'a'.repeat(81)}:80`,
  ])('%j is no target, and the message gives the form', (text) => {
    const parsed = parseTargets(text)
    expect(parsed.ok ? '' : parsed.text).toContain('expected tcp|udp|http|https://[load balancer][:listener port]')
  })

  test('one bad target spoils the list', () => {
    expect(parseTargets('http://:80;nonsense').ok).toBe(false)
  })

  test('a huge value is cut in the message and not taken apart', () => {
    const parsed = parseTargets('tcp://a:1;'.repeat(1000))
    expect(parsed.ok ? '' : parsed.text).toMatch(/^"tcp:\/\/a:1;.{0,60}\.\.\." \(10000 characters\) is longer than 4096 characters$/)
  })

  test('are written the way they are read', () => {
    const names = fc.option(fc.stringMatching(/^[A-Za-z0-9._/-]{1,80}$/), { nil: undefined })
    const ports = fc.option(fc.integer({ min: 1, max: 65535 }), { nil: undefined })
    const targets = fc.record({ protocol: fc.constantFrom('tcp', 'udp', 'http', 'https'), loadBalancer: names, port: ports })
    fc.assert(
      fc.property(fc.array(targets, { minLength: 1, maxLength: 5 }), (list) => {
        expect(parseTargets(list.map(formatTarget).join('; '))).toEqual({ ok: true, value: list })
      }),
    )
  })
})

test.each([
  ['true', true],
  [' TRUE ', true],
  ['False', false],
])('%j is a boolean', (text, value) => {
  expect(parseBoolean(text)).toEqual({ ok: true, value })
})

test.each(['', 'on', '1', 'yes', 'true\u200b'])('%j is neither true nor false', (text) => {
  expect(parseBoolean(text).ok).toBe(false)
})
