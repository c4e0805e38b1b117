// Labels from what a load balancer has, piece by piece.
import { describe, expect, test } from 'vitest'
import { minimalOf } from '../../src/core/minimal.ts'
import type { ActualListener, LoadBalancer, Service } from '../../src/core/model.ts'
import { quoted } from '../../src/export/hcl.ts'
import { labelsOf } from '../../src/export/labels.ts'
import { listingOf } from '../../src/export/parts.ts'
import { refOf, yamlOf } from '../../src/export/yaml.ts'
import { balancer, defaults, group, listener, markOf, member, service, threeMembers, toDefault, toGroup } from '../support/build.ts'

const RULES = { defaultBandwidth: -1 }
const swarm = (...services: readonly Service[]) => ({ services, servers: new Set(['i-1', 'i-2', 'i-3']) })
const listing = (lb: Partial<LoadBalancer>, services: readonly Service[] = [service('web', 30000)]) =>
  listingOf(balancer({ members: threeMembers(), ...lb }), swarm(...services), RULES)
const labelled = (...listeners: readonly ActualListener[]) => {
  const { parts } = listing({ listeners, groups: [group('rsp-1', 'g', threeMembers({ port: 30001 }), { rules: 1 })] })
  return parts.map((part) => {
    const { labels, notes } = labelsOf(part, 'front', false)
    return { service: part.service, labels: Object.fromEntries(labels), notes }
  })
}
const rule = (domain: string, url: string) => ({ ref: `r-${domain}${url}`, name: '', domain, url, group: 'rsp-1', settings: undefined })

test.each([
  ['a listener with our defaults', 'http', {}],
  ['a check path brings its own codes', 'http', { 'health-check-uri': '/ok' }],
  [
    'codes that are the default only without a path',
    'http',
    { 'health-check-uri': '/ok', 'health-check-httpcode': 'http_2xx,http_3xx,http_4xx' },
  ],
  ['a check that is off', 'tcp', { 'health-check-switch': 'off' }],
  ['stickiness with its timeout', 'http', { 'sticky-session': 'on', 'cookie-timeout': 60 }],
] as const)('of %s only what differs is given', (_, protocol, given) => {
  expect(minimalOf(protocol, defaults(protocol, given), RULES)).toEqual({ given, beyond: [] })
})

test('a value that no label can have is told apart', () => {
  const settings = { ...defaults('tcp'), scheduler: 'wlc' }
  expect(minimalOf('tcp', settings, RULES)).toEqual({ given: {}, beyond: [{ option: 'scheduler', value: 'wlc' }] })
})

describe('one service port', () => {
  test('with two listeners has one label with both, and options for those that know them', () => {
    const [web] = labelled(
      listener('http', 80, toDefault(30000), 'by hand', { settings: defaults('http', { 'sticky-session': 'on' }) }),
      listener('tcp', 81, toDefault(30000), 'by hand', { settings: defaults('tcp', { 'persistence-timeout': 60 }) }),
    )
    expect(web?.labels).toEqual({
      'slb.port.80': 'http://front:80;tcp://front:81',
      'slb.port.80.sticky-session': 'on',
      'slb.port.80.persistence-timeout': '60',
      'slb.port.80.adopt': 'true',
    })
  })

  test('says what its listeners cannot have both', () => {
    const [web] = labelled(
      listener('tcp', 80, toDefault(30000), '', { settings: defaults('tcp', { scheduler: 'rr' }) }),
      listener('tcp', 81, toDefault(30000), ''),
    )
    expect(web?.labels).toMatchObject({ 'slb.port.80.scheduler': 'rr' })
    expect(web?.notes).toEqual(['tcp:81 has scheduler wrr, but labels of one port are for all its listeners'])
  })

  test('needs no adopt where the listener has our mark', () => {
    const [web] = labelled(listener('tcp', 80, toDefault(30000), markOf('web')))
    expect(web?.labels).toEqual({ 'slb.port.80': 'tcp://front:80' })
    expect(web?.notes).toEqual(['tcp:80 carries the mark of service web of owner me'])
  })

  test('that has the listener needs no rules on it', () => {
    const [web] = listing({
      listeners: [listener('http', 80, toGroup('rsp-1'), '', { rules: [rule('a.example.com', '')] })],
      groups: [group('rsp-1', 'g', threeMembers({ port: 30000 }))],
    }).parts.map((part) => labelsOf(part, 'front', false))
    expect(web?.labels.get('slb.port.80.rules')).toBeUndefined()
    expect(web?.notes.join()).toContain('left out: a.example.com/ on http:80')
  })
})

test('a redirect goes with the service that it leads to', () => {
  const [web] = labelled(
    listener('https', 443, toDefault(30000), '', { settings: { ...defaults('https'), 'cert-id': 'c-1' } }),
    listener('http', 80, toDefault(1), '', { target: undefined, settings: { 'forward-port': 443 } }),
  )
  expect(web?.labels).toMatchObject({
    'slb.port.80': 'https://front:443;http://front:80',
    'slb.port.80.forward-port': '443',
    'slb.port.80.cert-id': 'c-1',
  })
})

test('a master-slave group, a redirect to nowhere and an empty group are named, not guessed', () => {
  const { parts, notes } = listing({
    listeners: [
      listener('tcp', 1, toDefault(1), '', { target: undefined }),
      listener('http', 2, toDefault(1), '', { target: undefined, settings: { 'forward-port': 443 } }),
      listener('tcp', 3, toGroup('rsp-0'), ''),
    ],
    groups: [group('rsp-0', 'empty', [])],
  })
  expect(parts).toEqual([])
  expect(notes).toEqual([
    'tcp:3 leads to a group without servers',
    'tcp:1 uses a master-slave group, or is of a kind that labels cannot ask for',
    'http:2 redirects to https:443, which leads to no service here',
  ])
})

test('what members say that labels cannot is a note', () => {
  const members = [member('i-1', { port: 30000, weight: 50 }), member('i-2', { port: 30000 }), member('i-7', { port: 31000 })]
  const [part] = listing({ listeners: [listener('tcp', 80, toGroup('rsp-0'), '')], groups: [group('rsp-0', 'g', members)] }).parts
  expect(part?.notes).toEqual([
    'group g has servers on several ports (30000, 31000); only 30000 is here',
    'weights other than 100 in group g (i-1 50) are no matter of labels of services: see the node label slb.weight',
    'servers that are no nodes of this swarm are left out: i-7',
  ])
})

test('the load balancer is named as a label can name it', () => {
  expect(refOf({ id: 'lb-1', name: 'my/slb.a_b' })).toBe('my/slb.a_b')
  expect(refOf({ id: 'lb-1', name: '负载均衡' })).toBe('lb-1')
})

test('no name from outside can steer a terminal, end a comment or a string', () => {
  const text = yamlOf(balancer({ name: 'a\nservices: {}\u001b[2J' }), { parts: [], notes: ['x\ny'] })
  expect(text.split('\n').filter((line) => !line.startsWith('#'))).toEqual(['services: {}', ''])
  expect(text).not.toContain('\u001b')
  expect(quoted('\u200b\u{e0041}\u202e')).toBe('"\\u200b\\U000e0041\\u202e"')
  expect(quoted('a"b\\c\n$' + '{d} %{e}\u0007')).toBe('"a\\"b\\\\c\\n$$' + '{d} %%{e}\\u0007"')
})
