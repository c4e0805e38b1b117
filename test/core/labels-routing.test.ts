// aliyun.routing.*, as Alibaba's former Swarm service read it.
import { describe, expect, test } from 'vitest'
import { parseRoutingListeners } from '../../src/core/routing-listeners.ts'
import { ruleKey } from '../../src/core/rules-label.ts'
import { LABELLED, lines, problems, read } from '../support/labels.ts'

type Labels = Readonly<Record<string, string>>

const listeners = (text: string) => {
  const parsed = parseRoutingListeners(text)
  return { ...LABELLED, routing: parsed.ok ? parsed.value : [] }
}
const reading = (labels: Labels, setting = 'http:80,https:443', ports = ['80:30000']) => read(ports, labels, listeners(setting))

/** `http://:80 shop.example.com/ (sticky)` */
const rules = (...from: Parameters<typeof reading>) =>
  reading(...from).ports.flatMap((one) =>
    one.status !== 'wanted'
      ? [one.status]
      : one.targets.map((target) => {
          const sticky = target.given['sticky-session'] === 'on' ? ' (sticky)' : ''
          return `${target.protocol}://${target.loadBalancer ?? ''}:${target.listenerPort} ${target.rules.map(ruleKey).join(' ')}${sticky}`
        }),
  )

describe('aliyun.routing.port_<n>', () => {
  test.each<[string, Labels, string[]]>([
    ['is a rule of the http listener', { 'aliyun.routing.port_80': 'shop.example.com' }, ['http://:80 shop.example.com/']],
    ['may name its protocol', { 'aliyun.routing.port_80': 'https://shop.example.com' }, ['https://:443 shop.example.com/']],
    [
      'may have paths, in both spellings',
      { 'aliyun.routing.port_80': 'a.example.com:/x;http://b.example.com/y' },
      ['http://:80 a.example.com/x b.example.com/y'],
    ],
    [
      'may have hosts of both protocols, websockets too',
      { 'aliyun.routing.port_80': 'a.example.com; https://a.example.com; ws://b.example.com; wss://c.example.com' },
      ['http://:80 a.example.com/ b.example.com/', 'https://:443 a.example.com/ c.example.com/'],
    ],
    [
      'is sticky where that is asked for',
      { 'aliyun.routing.port_80': 'a.example.com', 'aliyun.routing.session_sticky': 'true' },
      ['http://:80 a.example.com/ (sticky)'],
    ],
    [
      'is not sticky where a label of ours says so',
      { 'aliyun.routing.port_80': 'a.example.com', 'aliyun.routing.session_sticky': 'true', 'slb.sticky-session': 'off' },
      ['http://:80 a.example.com/'],
    ],
    [
      'gives way to rules of ours',
      { 'aliyun.routing.port_80': 'a.example.com', 'slb.port.80.rules': 'b.example.com' },
      ['http://:80 b.example.com/'],
    ],
    [
      'stands beside aliyun.lb',
      { 'aliyun.routing.port_80': 'a.example.com', 'aliyun.lb.port_80': 'tcp://my-slb:8080' },
      ['tcp://my-slb:8080 ', 'http://:80 a.example.com/'],
    ],
  ])('%s', (_, labels, expected) => {
    expect(rules(labels)).toEqual(expected)
    expect(problems(reading(labels))).toEqual([])
  })

  test('goes to all listeners of its protocol', () => {
    const labels = { 'aliyun.routing.port_80': 'a.example.com' }
    expect(rules(labels, 'http:80,http://internal:8080')).toEqual(['http://:80 a.example.com/', 'http://internal:8080 a.example.com/'])
  })

  test('gives way to a target of ours, and says so', () => {
    const labels = { 'aliyun.routing.port_80': 'a.example.com', 'slb.port.80': 'http://:8080' }
    expect(rules(labels)).toEqual(['http://:8080 '])
    expect(problems(reading(labels))).toEqual(['aliyun.routing.port_80 has no effect: slb.port.80 says where the port goes'])
  })

  test.each<[string, string, string[], string]>([
    [
      'a single word',
      'wp;wp.example.com',
      ['http://:80 wp.example.com/'],
      'aliyun.routing.port_80: "wp" stood for a name under alicontainer.com, which is gone: write the whole host name',
    ],
    [
      'nothing but a single word with a path',
      'wp/blog',
      ['unexposed'],
      'aliyun.routing.port_80: "wp" stood for a name under alicontainer.com, which is gone: write the whole host name',
    ],
    [
      'a name of that service',
      'wp.c123.cn-hangzhou.alicontainer.com',
      ['unexposed'],
      'aliyun.routing.port_80: "wp.c123.cn-hangzhou.alicontainer.com": alicontainer.com is gone',
    ],
    [
      'a name for use inside',
      'db.local;a.example.com',
      ['http://:80 a.example.com/'],
      'aliyun.routing.port_80: "db.local" was for use inside the cluster',
    ],
    [
      'layer 4',
      'tcp://a.example.com',
      ['unexposed'],
      'aliyun.routing.port_80: "tcp://a.example.com" has no host to tell apart; use slb.port.<container port>: tcp://:<listener port>',
    ],
  ])('passes over %s, and says so', (_, text, expected, problem) => {
    expect(rules({ 'aliyun.routing.port_80': text })).toEqual(expected)
    expect(problems(reading({ 'aliyun.routing.port_80': text }))).toEqual([problem])
  })

  test('passes over hosts whose protocol has no listener', () => {
    const labels = { 'aliyun.routing.port_80': 'https://a.example.com;b.example.com' }
    expect(rules(labels, 'http:80')).toEqual(['http://:80 b.example.com/'])
    expect(problems(reading(labels, 'http:80'))).toEqual([
      'aliyun.routing.port_80: SLB_ROUTING_LISTENERS names no https listener for its https hosts',
    ])
  })

  test.each([
    'a b.example.com',
    'ftp://a.example.com',
    'a_b.example.com',
    'a.example.com/x y',
    'bücher.example',
    '/only/a/path',
    'a.;'.repeat(2000),
  ])('with %j freezes its port', (text) => {
    const one = reading({ 'aliyun.routing.port_80': text, 'aliyun.lb.port_81': 'http://lb:81' }, 'http:80', ['80:80', '81:81'])
    expect(lines(one)).toEqual(['80/tcp frozen', '81/tcp http://lb:81'])
    expect(problems(one)).toEqual([expect.stringMatching(/^aliyun\.routing\.port_80: [ -~]+$/)])
  })

  test('misspelt freezes the service; what has no counterpart is said, and nothing more', () => {
    const labels = { 'aliyun.routing.port_8O': 'a.example.com', 'aliyun.lb.port_80': 'http://lb:80', 'aliyun.routing.weight': '50' }
    expect(lines(reading(labels))).toEqual(['80/tcp frozen'])
    expect(problems(reading(labels))).toEqual([
      'aliyun.routing.port_8O fits no form of label; expected aliyun.routing.port_<container port>',
      'aliyun.routing.weight has no counterpart on a load balancer, and no effect',
    ])
  })

  test('of a port that is not published is a problem of that label', () => {
    expect(problems(reading({ 'aliyun.routing.port_81': 'a.example.com' }))).toEqual([
      'aliyun.routing.port_81: container port 81 is not published (published: 80/tcp)',
    ])
  })
})

test.each<[Labels, string[], string[]]>([
  [
    { 'aliyun.routing.session_sticky': 'true' },
    ['unexposed'],
    ['aliyun.routing.session_sticky has no effect without hosts in aliyun.routing.port_<container port>'],
  ],
  [
    { 'aliyun.routing.session_sticky': 'perhaps', 'aliyun.routing.port_80': 'a.example.com' },
    ['frozen'],
    ['aliyun.routing.session_sticky: "perhaps" is neither true nor false'],
  ],
  [{ 'aliyun.routing.session_sticky': 'false', 'aliyun.routing.port_80': 'a.example.com' }, ['http://:80 a.example.com/'], []],
])('%j is said to be so', (labels, expected, said) => {
  expect(rules(labels)).toEqual(expected)
  expect(problems(reading(labels))).toEqual(said)
})
