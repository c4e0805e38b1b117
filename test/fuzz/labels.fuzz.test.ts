// Labels are what anybody writes who may deploy a stack: whatever they hold, they are read, refused with words, and harm nothing.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseAllow, parseDeny } from '../../src/core/access-label.ts'
import { parseNetwork } from '../../src/core/address.ts'
import { readServices } from '../../src/core/claims.ts'
import { parseDomain } from '../../src/core/domains.ts'
import { parseBoolean, parseKey, parseTargets } from '../../src/core/grammar.ts'
import { parseAclIds, parseCaCertificate, parseCertificate, parseExtensions } from '../../src/core/id-labels.ts'
import { readService } from '../../src/core/labels.ts'
import { formatMark, type Mark, markService, parseBackendNote, parseMark } from '../../src/core/marks.ts'
import type { PublishedPort } from '../../src/core/model.ts'
import { moveOf } from '../../src/core/moving.ts'
import { parseNodeChoice } from '../../src/core/node-choice.ts'
import { LABEL_NAMES } from '../../src/core/options.ts'
import { describePause, pauseOf } from '../../src/core/pause.ts'
import { parseRoutingListeners } from '../../src/core/routing-listeners.ts'
import { parseRules } from '../../src/core/rules-label.ts'
import { parseLabelValue } from '../../src/core/values.ts'
import { LABEL_RULES, newMemory, OWNER, PLACES, port, service } from './ground.ts'
import { fuzz } from './measure.ts'
import { anyRecord, anyText, like } from './texts.ts'

const KEYS = [
  'slb.port.80',
  'slb.port.80/tcp',
  'slb.port.53/udp',
  'slb.enable',
  'slb.freeze',
  'slb.pause',
  'aliyun.lb.port_80',
  'aliyun.probe.url',
  'aliyun.routing.port_80',
  'aliyun.routing.session_sticky',
  ...LABEL_NAMES.flatMap((name) => [`slb.${name}`, `slb.port.80.${name}`, `slb.port.80.${name}@my-slb`]),
]
const VALUES = [
  'http://my-slb:8080',
  'tcp://:80;https://lb-2:443',
  'udp://:53',
  'true',
  'false',
  'on',
  '5',
  'shop.example.com/api; *.example.com; /static',
  '10.0.0.0/8, 203.0.113.7, 2001:db8::/32',
  'node.labels.zone==a && node.role!=manager',
  'file:shop',
  'a.example.com:file:shop,*.example.com:123',
  'http_2xx,http_3xx',
  'http://container:8080/health',
  '2026-01-31T18:00Z alice: why',
]

const PARSERS: Readonly<Record<string, readonly [(text: string) => unknown, ...string[]]>> = {
  key: [parseKey, 'slb.port.80/tcp.scheduler@my-slb', 'slb.health-check-uri'],
  targets: [parseTargets, 'http://my-slb:8080;tcp://:80', 'udp://lb-1:53'],
  boolean: [parseBoolean, 'true', 'false'],
  network: [parseNetwork, '10.0.0.0/8', '2001:db8::1/128', '::ffff:10.0.0.1'],
  allow: [parseAllow, '10.0.0.0/8, 203.0.113.7', '::/0'],
  deny: [parseDeny, '10.0.0.0/8,192.0.2.0/24', 'fe80::1'],
  nodes: [parseNodeChoice, 'node.labels.zone==a && node.role!=manager', 'all', 'workers', 'node.id==x,node.hostname!=y'],
  rules: [parseRules, 'shop.example.com/api; *.example.com; /static', 'xn--bcher-kva.example/a?b=c&d#e'],
  domain: [parseDomain, 'shop.example.com', '*.example.com', 'a.b.c.d.e'],
  certificate: [parseCertificate, 'file:shop', '1231579xxxxxxxx_166f8204689_1714763408_709981430'],
  authority: [parseCaCertificate, '139a00604ad-cn-east-hangzhou-01'],
  extensions: [parseExtensions, 'shop.example.com:file:shop,*.example.com:123'],
  acls: [parseAclIds, 'acl-1,acl-2'],
  listeners: [parseRoutingListeners, 'http:80,https:443', 'http://my-slb:80'],
}

test.each(Object.entries(PARSERS))('the parser of %s answers whatever it is given', async (name, [parse, ...good]) => {
  await fuzz({
    name,
    inputs: like(...good),
    count: 2000,
    run: (text) => {
      const result = parse(text)
      expect(result === undefined || typeof result === 'object').toBe(true)
      return { size: JSON.stringify(result ?? null).length, most: 2000 + 40 * text.length }
    },
  })
})

test('values of every label', async () => {
  await fuzz({
    name: 'values',
    inputs: fc.tuple(fc.constantFrom(...LABEL_NAMES), like(...VALUES)),
    count: 12_000,
    run: ([name, text]) => {
      const result = parseLabelValue(name, text)
      if (!result.ok) return { size: result.text.length, most: 1500 }
      return { size: JSON.stringify(result.value).length, most: 2000 + 40 * text.length }
    },
  })
})

const labels = anyRecord(fc.oneof(fc.constantFrom(...KEYS), like(...KEYS)), like(...VALUES), 12)
const ports = fc.array(
  fc.record({
    target: fc.constantFrom(80, 53, 0, 65535),
    published: fc.constantFrom(undefined, 30000, 30001),
    transport: fc.constantFrom('tcp', 'udp', 'sctp'),
    mode: fc.constantFrom('ingress', 'host'),
  }),
  { maxLength: 4 },
)

const settings = { ports, name: like('web', 'stack_web'), settled: fc.boolean() }
type Given = {
  readonly labels: Readonly<Record<string, string>>
  readonly containerLabels: Readonly<Record<string, string>>
  readonly ports: readonly Pick<PublishedPort, 'target' | 'published' | 'transport' | 'mode'>[]
  readonly name: string
  readonly settled: boolean
}

function readWhole({ labels: given, containerLabels, ports: published, name, settled }: Given) {
  const one = service(name, 30000, given, { containerLabels, settled, ports: published.map((over) => port(over.published, over)) })
  const reading = readService(one, LABEL_RULES)
  const wanted = readServices([one], () => reading, PLACES, OWNER, newMemory(), 0)
  expect(reading.problems.length).toBeLessThan(120)
  for (const { text } of [...reading.problems, ...wanted.problems]) {
    expect(text.length).toBeLessThan(4000)
    // Nothing that steers a terminal gets into words for people.
    expect(/[\0-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/.test(text), JSON.stringify(text)).toBe(false)
  }
  return { size: wanted.claims.length, most: 400 }
}

test('a service with any labels at all becomes ports and problems of bounded size', async () => {
  await fuzz({ name: 'services', inputs: fc.record({ labels, containerLabels: labels, ...settings }), count: 8000, run: readWhole })
})

/** Up to 10 kB of what a label may have many of, and of what it may not. */
const longValue = fc
  .tuple(
    fc.constantFrom(...VALUES.flatMap((value) => [`${value};`, `${value},`, `${value}&&`, value]), 'x', ' '),
    fc.integer({ min: 1, max: 10_000 }),
  )
  .map(([piece, size]) => piece.repeat(Math.ceil(size / piece.length)).slice(0, size))
const manyKeys = fc.oneof(
  fc.constantFrom(...KEYS),
  fc
    .tuple(fc.integer({ min: 1, max: 999 }), fc.constantFrom('', '/udp', ...LABEL_NAMES.map((name) => `.${name}`)))
    .map(([n, rest]) => `slb.port.${n}${rest}`),
  fc.integer().map((n) => `com.example.${n}`),
)
const manyLabels = fc
  .array(fc.tuple(manyKeys, fc.oneof({ weight: 9, arbitrary: like(...VALUES) }, { weight: 1, arbitrary: longValue })), {
    minLength: 500,
    maxLength: 600,
    size: 'max',
  })
  .map((pairs) => Object.fromEntries(pairs))

test('hundreds of labels, and values of ten thousand characters, are read like few and short ones', async () => {
  const few = anyRecord(fc.constantFrom(...KEYS), longValue, 12)
  const some = fc.oneof({ weight: 1, arbitrary: manyLabels }, { weight: 3, arbitrary: few })
  await fuzz({ name: 'many labels', inputs: fc.record({ labels: some, containerLabels: labels, ...settings }), count: 800, run: readWhole })
})

const someMark: fc.Arbitrary<Mark> = fc.record({
  owner: fc.constantFrom('me', 'a', 'k3v9w0aaaa', 'A.b-c', 'x'.repeat(16)),
  service: fc.oneof(like('web', 'stack_web'), fc.string({ minLength: 1, maxLength: 120 })),
  port: fc.integer({ min: 1, max: 65535 }),
  transport: fc.constantFrom('tcp', 'udp'),
  suffix: fc.constantFrom('', 'stopped', 'closed'),
})

test('a mark that was written is read as it was meant, and fits', async () => {
  await fuzz({
    name: 'marks',
    inputs: someMark,
    count: 8000,
    run: (mark) => {
      const text = formatMark(mark)
      expect(parseMark(text)).toEqual({ ...mark, service: markService(mark.service, mark.owner) })
      expect(formatMark({ ...mark, suffix: '' }).length).toBeLessThanOrEqual(80)
    },
  })
})

test('what is read as a mark is one that we would write', async () => {
  await fuzz({
    name: 'notes',
    inputs: like('swarm-slb/me/web/80-tcp', 'swarm-slb/me/web/80-tcp/closed', 'swarm-slb/me', 'swarm-slb/me/0', 'swarm-slb/me/-/80-tcp'),
    count: 8000,
    run: (text) => {
      const mark = parseMark(text)
      if (mark !== undefined) expect(formatMark(mark)).toBe(text)
      const note = parseBackendNote(text)
      if (note !== undefined) expect(`swarm-slb/${note.owner}${note.zero ? '/0' : ''}`).toBe(text)
    },
  })
})

test('pauses and moves', async () => {
  const now = Date.UTC(2026, 0, 1)
  await fuzz({
    name: 'pauses',
    inputs: fc.tuple(like('true', 'false', '2026-01-31T18:00Z', '2026-01-31T18:00+08:00 alice: why', 'lb-2', 'lb-2/withdraw'), anyText),
    count: 8000,
    run: ([text]) => {
      const pause = pauseOf(text, undefined, now)
      moveOf({ id: 'lb-1', tags: { 'swarm-slb:move': text } }, () => true)
      const line = pause === undefined ? '' : describePause(pause, 'tag')
      if (text.trim() === 'false') expect(pause).toBeUndefined()
      expect(line).not.toMatch(/[\n\r\u001b]/)
      return { size: line.length, most: 1200 }
    },
  })
})
