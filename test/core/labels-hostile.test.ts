import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readService } from '../../src/core/labels.ts'
import type { PublishedPort } from '../../src/core/model.ts'
import { LABEL_NAMES } from '../../src/core/options.ts'
import { LABELLED, lines, PUBLISHED, problems, read, service } from '../support/labels.ts'
import { anyString } from '../support/random.ts'

/** Processor time: a busy machine fails no test. */
const cpuMs = () => process.cpuUsage().user / 1000

const anyText = fc.oneof(anyString(40), fc.string({ maxLength: 40 }))
const number = fc.oneof(fc.constantFrom('80', '53', '0', '65536', '080'), fc.nat(70_000).map(String))
const option = fc.oneof(fc.constantFrom<string>(...LABEL_NAMES, '__proto__', 'constructor'), anyText)
const key = fc.oneof(
  anyText,
  fc.constantFrom(
    'slb.enable',
    'slb.freeze',
    '__proto__',
    'constructor',
    'slb.__proto__',
    'slb.port.80.__proto__',
    'aliyun.probe.url',
    'aliyun.probe.timeout_seconds',
    'aliyun.routing.session_sticky',
    'aliyun.routing.port_80',
    'aliyun.routing.weight',
  ),
  number.map((port) => `aliyun.lb.port_${port}`),
  fc.tuple(number, fc.constantFrom('', '/tcp', '/udp', '/sctp')).map(([port, transport]) => `slb.port.${port}${transport}`),
  fc
    .tuple(number, fc.constantFrom('', '/tcp'), option, fc.constantFrom('', '@lb', '@a b'))
    .map(([port, transport, name, at]) => `slb.port.${port}${transport}.${name}${at}`),
  option.map((name) => `slb.${name}`),
)
const value = fc.oneof(
  anyText,
  fc.constantFrom(
    'true',
    'false',
    'on',
    'off',
    'http://:8080',
    'tcp://lb;udp://lb',
    'udp://',
    'http://lb:80',
    'server',
    'insert',
    '/up',
    '5',
    '-1',
    'http://container:80/up',
    'https://lb',
    '443',
    'file:shop',
    'shop.example.com:file:shop',
    'shop.example.com/api; *.example.com',
    '10.0.0.0/8, 203.0.113.7',
    '::/0',
    'node.labels.zone==a && workers',
    'ignore',
    'white',
  ),
  fc
    .tuple(
      fc.constantFrom('tcp://a:1;', 'x', '\u202E', '-', '/a', 'a.b;', 'a.b:c,', '1.1.1.1,', '::', 'node.id==a,', '*.', '"'),
      fc.nat(10_000),
    )
    .map(([part, times]) => part.repeat(times)),
)
const ports: fc.Arbitrary<PublishedPort> = fc.record({
  target: fc.constantFrom(80, 53, 443),
  published: fc.option(fc.integer({ min: 1, max: 65535 }), { nil: undefined }),
  transport: fc.constantFrom('tcp', 'udp', 'sctp'),
  mode: fc.constantFrom('ingress', 'host'),
})
const routing = [{ protocol: 'http', loadBalancer: undefined, port: 80 }] as const
const labelMaps = fc.array(fc.tuple(key, value), { maxLength: 12 }).map((entries): Record<string, string> => Object.fromEntries(entries))

describe('any labels at all', { timeout: 60_000 }, () => {
  test('are read without throwing, quickly, into one reading a port, with printable problems', () => {
    fc.assert(
      fc.property(
        labelMaps,
        labelMaps,
        fc.array(ports, { maxLength: 5 }),
        fc.boolean(),
        fc.boolean(),
        (labels, containerLabels, published, settled, all) => {
          const start = cpuMs()
          const reading = readService(
            { ...service([], labels), containerLabels, ports: published, settled },
            { ...(all ? PUBLISHED : LABELLED), routing },
          )
          expect(cpuMs() - start).toBeLessThan(100)
          expect(reading.ports.map((one) => one.port)).toEqual(published)
          for (const problem of reading.problems) expect(problem.text).toMatch(/^[ -~]{1,700}$/)
          for (const one of reading.ports) if (one.status === 'wanted') expect(one.targets.length).toBeGreaterThan(0)
          for (const { access, settings } of reading.ports.flatMap((one) => (one.status === 'wanted' ? one.targets : []))) {
            if (access === undefined) continue
            expect(access.entries.length).toBeGreaterThan(0)
            expect(settings['acl-status']).toBe('on')
          }
        },
      ),
      { numRuns: 5000 },
    )
  })

  test('give the same reading whatever order they come in', () => {
    fc.assert(
      fc.property(labelMaps, fc.array(ports, { maxLength: 4 }), (labels, published) => {
        const reversed = Object.fromEntries(Object.entries(labels).reverse())
        const [one, other] = [labels, reversed].map((map) => readService({ ...service([], map), ports: published }, PUBLISHED))
        expect(one).toEqual(other)
      }),
      { numRuns: 300 },
    )
  })
})

describe('hostile labels', () => {
  test('huge in value are cut in the message', () => {
    const target = problems(read(['80:80'], { 'slb.port.80': 'x'.repeat(10_000) }))
    expect(target).toEqual([expect.stringMatching(/^slb\.port\.80: "x{60}\.\.\." \(10000 characters\) is longer than 4096 characters$/)])
    const bandwidth = problems(read(['80:80'], { 'slb.port.80': 'http://', 'slb.bandwidth': '9'.repeat(10_000) }))
    expect(bandwidth).toEqual([
      expect.stringMatching(/^slb\.bandwidth: "9{60}\.\.\." \(10000 characters\) is not a value for http; expected/),
    ])
  })

  test.each([
    ['unknown service options', (i: number) => [`slb.health-check-intervall-${i}`, 'x']],
    ['unknown port options', (i: number) => [`slb.port.80.health-check-intervall-${i}`, 'x']],
    ['options of ports that are not published', (i: number) => [`slb.port.${i + 100}.scheduler`, 'x']],
    ['options of load balancers that are no target', (i: number) => [`slb.port.80.scheduler@lb-${i}`, 'x']],
    ['ports that are not published', (i: number) => [`slb.port.${i + 100}`, 'x']],
    ['keys that fit no form', (i: number) => [`slb.${i}.${'x.'.repeat(100)}`, 'x']],
  ] as const)('huge in number are summed up, and still fast: %s', (_, label) => {
    const labels = Object.fromEntries([['slb.port.80', 'http://:80'], ...Array.from({ length: 10_000 }, (__, i) => label(i))])
    const start = cpuMs()
    const reading = read(['80:80'], labels)
    expect(cpuMs() - start).toBeLessThan(500)
    expect(reading.problems).toHaveLength(51)
    expect(reading.problems[50]?.text).toMatch(/^and \d+ more problems of its labels$/)
  })

  test('cannot reach the prototype', () => {
    const labels: Record<string, string> = JSON.parse(
      '{"__proto__":"http://:1","constructor":"x","slb.port.80.__proto__":"x","slb.constructor":"x"}',
    )
    const reading = readService(
      service(['80:80'], labels, { containerLabels: JSON.parse('{"__proto__":"x","slb.port.80":"http://"}') }),
      LABELLED,
    )
    expect(lines(reading)).toEqual(['80/tcp frozen'])
    expect(problems(reading)).toHaveLength(3)
    expect(Object.prototype).not.toHaveProperty('scheduler')
  })

  test('cannot forge a line of the log', () => {
    const [problem] = problems(read(['80:80'], { 'slb.port.80': 'x\n2026-01-01 INFO all is well\u001b[2J' }))
    expect(problem).toContain('"x\\u{a}2026-01-01 INFO all is well\\u{1b}[2J"')
  })

  test('with a look-alike letter show it', () => {
    expect(problems(read(['80:80'], { 'slb.port.80': 'httр://:80' }))[0]).toContain('"htt\\u{440}://:80"')
  })
})
