import { describe, expect, test } from 'vitest'
import type { LoadBalancer } from '../../../../src/core/model.ts'
import { toGroup, toHealth, toListener, toLoadBalancer } from '../../../../src/providers/aliyun/clb/convert.ts'
import { attributeSchema, groupsSchema, healthSchema, listenersSchema, parse } from '../../../../src/providers/aliyun/clb/wire.ts'
import type { JsonObject } from '../../../../src/providers/aliyun/rpc.ts'
import { CallError } from '../../../../src/providers/provider.ts'
import { answersOf, groupRow, listenerRow } from './support.ts'

const reply = (body: object) => ({ body: body as JsonObject, requestId: 'request-1' })
const listenerOf = (row: object) => {
  const [first] = parse('Describe', listenersSchema, reply({ Listeners: [row] })).Listeners
  if (first === undefined) throw new Error('no row')
  return toListener(first)
}
const attributeOf = (more: object) =>
  parse('Describe', attributeSchema, reply({ ...answersOf({}).DescribeLoadBalancerAttribute?.({}, 1), ...more }))

describe('the target of a listener', () => {
  const redirect = { HTTPListenerConfig: { ListenerForward: 'on', ForwardPort: 443 } }
  const pair = { TCPListenerConfig: { HealthCheck: 'off', MasterSlaveServerGroupId: 'rsp-2' } }
  test.each([
    { name: 'is the default group with its port', row: listenerRow('tcp', 80), target: { kind: 'default', port: 30000 } },
    {
      name: 'is the server group, also where a port is shown beside it',
      row: listenerRow('tcp', 80, { VServerGroupId: 'rsp-1' }),
      target: { kind: 'group', group: 'rsp-1' },
    },
    { name: 'is not ours to drive behind a redirect', row: listenerRow('http', 80, redirect), target: undefined },
    { name: 'is not ours to drive with a master and a slave', row: listenerRow('tcp', 80, pair), target: undefined },
    { name: 'is unknown where neither is given', row: listenerRow('tcp', 80, { BackendServerPort: 0 }), target: undefined },
  ])('$name', ({ row, target }) => {
    expect(listenerOf(row).target).toEqual(target)
  })
})

describe('a listener', () => {
  test.each([
    ['running', 'running'],
    ['stopped', 'stopped'],
    ['starting', 'changing'],
    ['configuring', 'changing'],
    ['stopping', 'changing'],
  ])('that is %s counts as %s', (Status, expected) => {
    expect(listenerOf(listenerRow('tcp', 80, { Status })).status).toBe(expected)
  })

  test.each([
    ['https', 'tcp:443'],
    ['udp', 'udp:443'],
    ['tcp', 'tcp:443'],
  ])('over %s is %s', (protocol, key) => {
    expect(listenerOf(listenerRow(protocol, 443)).key).toBe(key)
  })

  test('of a kind that this product does not know takes its port and nothing else', () => {
    expect(listenerOf(listenerRow('tcpssl', 443))).toMatchObject({ key: 'tcp:443', protocol: 'tcp', target: undefined, settings: {} })
  })

  test('without the part of its protocol is no answer', () => {
    expect(() => listenerOf({ ...listenerRow('tcp', 80), TCPListenerConfig: undefined })).toThrow(CallError)
  })
})

describe('the status of a load balancer', () => {
  const now = Date.parse('2026-06-01T00:00:00Z')
  test.each<{ attribute: object; status: LoadBalancer['status'] }>([
    { attribute: {}, status: 'active' },
    { attribute: { LoadBalancerStatus: 'inactive' }, status: 'inactive' },
    { attribute: { LoadBalancerStatus: 'locked', EndTimeStamp: 1 }, status: 'locked' },
    { attribute: { EndTimeStamp: now - 1 }, status: 'expired' },
    { attribute: { EndTimeStamp: String(now - 1) }, status: 'expired' },
    { attribute: { EndTimeStamp: now + 1 }, status: 'active' },
    { attribute: { EndTimeStamp: 0 }, status: 'active' },
    { attribute: { EndTimeStamp: undefined }, status: 'active' },
  ])('is $status with $attribute', ({ attribute, status }) => {
    expect(toLoadBalancer(attributeOf(attribute), { listeners: [], groups: [], tags: {} }, now).status).toBe(status)
  })

  test('that nobody knows is no answer', () => {
    const attribute = attributeOf({ LoadBalancerStatus: 'dreaming' })
    expect(() => toLoadBalancer(attribute, { listeners: [], groups: [], tags: {} }, now)).toThrow(/Malformed.*dreaming/)
  })
})

test('members of the default group have no port, and weights may come as text', () => {
  const servers = { BackendServer: [{ ServerId: 'i-1', Weight: '100', Type: 'ecs' }] }
  const { members } = toLoadBalancer(attributeOf({ BackendServers: servers }), { listeners: [], groups: [], tags: {} }, 0)
  expect(members).toEqual([{ server: 'i-1', port: undefined, weight: 100, note: '' }])
})

test('a group knows the listeners of both answers and the number of its rules', () => {
  const associated = { Listeners: { Listener: [{ Port: 80, Protocol: 'http' }] }, Rules: { Rule: [{ RuleId: 'rule-1' }] } }
  const answer = parse(
    'D',
    groupsSchema,
    reply({ VServerGroups: { VServerGroup: [groupRow('rsp-1', 'web', 0, { AssociatedObjects: associated })] } }),
  )
  const listeners = [80, 81].map((port) => listenerOf(listenerRow('http', port, { VServerGroupId: 'rsp-1' })))
  const [row] = answer.VServerGroups
  expect(row && toGroup(row, listeners, [])).toEqual({ ref: 'rsp-1', name: 'web', members: [], listeners: ['tcp:80', 'tcp:81'], rules: 1 })
})

test.each([
  { ServerHealthStatus: 'normal', state: 'normal' },
  { ServerHealthStatus: 'abnormal', state: 'abnormal' },
  { ServerHealthStatus: 'unavailable', state: 'unavailable' },
  { ServerHealthStatus: '', state: 'unavailable' },
])('a server reported "$ServerHealthStatus" is $state', ({ ServerHealthStatus, state }) => {
  const row = { ListenerPort: 53, Protocol: 'udp', ServerId: 'i-1', Port: 30053, ServerHealthStatus }
  const [first] = parse('DescribeHealthStatus', healthSchema, reply({ BackendServers: { BackendServer: [row] } })).BackendServers
  expect(first && toHealth(first)).toEqual({ listener: 'udp:53', server: 'i-1', port: 30053, state })
})

describe('an answer of another shape is unknown, never nothing', () => {
  test.each([
    ['a list without its wrapper', { ...attributeOfRaw(), BackendServers: undefined }],
    ['a weight that is no number', { ...attributeOfRaw(), BackendServers: { BackendServer: [{ ServerId: 'i-1', Weight: 'much' }] } }],
    ['a list where an object belongs', []],
    ['no id', { ...attributeOfRaw(), LoadBalancerId: undefined }],
  ])('%s', (_, body) => {
    try {
      parse('DescribeLoadBalancerAttribute', attributeSchema, reply(body))
      expect.unreachable()
    } catch (error) {
      expect(error).toMatchObject({ status: 'unknown', code: 'Malformed', action: 'DescribeLoadBalancerAttribute', requestId: 'request-1' })
    }
  })

  test('an empty list may lack its inner key', () => {
    expect(attributeOf({ BackendServers: {}, Tags: {} })).toMatchObject({ BackendServers: [], Tags: [] })
  })
})

function attributeOfRaw(): object {
  return answersOf({}).DescribeLoadBalancerAttribute?.({}, 1) ?? {}
}
