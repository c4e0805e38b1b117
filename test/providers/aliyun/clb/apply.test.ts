import { describe, expect, test } from 'vitest'
import type { Change, Member } from '../../../../src/core/model.ts'
import { HTTP, MARK, openWith, own, place } from './opened.ts'
import { member, members, turn } from './support.ts'

const HTTP_PARAMS = { Description: MARK, Scheduler: 'wrr', Bandwidth: -1, StickySession: 'off', HealthCheck: 'off' }
const AT = { LoadBalancerId: 'lb-1', ListenerPort: 8080 }
const WITH = { ...AT, ListenerProtocol: 'http' }
const portless = (server: string): Member => ({ ...member(server), port: undefined })
const inDefault = { group: 'default', name: 'default' } as const
const full = (server: string, Port?: number) => ({ ServerId: server, ...(Port ? { Port } : {}), Weight: 100, Description: 'swarm-slb/me' })

describe('a change becomes calls', () => {
  test.each<{ change: Change; calls: unknown[][] }>([
    {
      change: { kind: 'tagLoadBalancer', tags: { 'swarm-slb:me': 'cluster' } },
      calls: [['TagResources', { ResourceType: 'instance', ResourceId: ['lb-1'], Tag: [{ Key: 'swarm-slb:me', Value: 'cluster' }] }]],
    },
    {
      change: { kind: 'createGroup', name: 'new', members: members(1) },
      calls: [['CreateVServerGroup', { LoadBalancerId: 'lb-1', VServerGroupName: 'new', BackendServers: [full('i-1', 30000)] }]],
    },
    {
      change: { kind: 'createGroup', name: 'new', members: [] },
      calls: [['CreateVServerGroup', { LoadBalancerId: 'lb-1', VServerGroupName: 'new' }]],
    },
    {
      change: { kind: 'addBackends', ...own, members: [member('i-3')] },
      calls: [['AddVServerGroupBackendServers', { VServerGroupId: 'rsp-1', BackendServers: [full('i-3', 30000)] }]],
    },
    {
      change: { kind: 'addBackends', ...inDefault, members: [portless('i-3')] },
      calls: [['AddBackendServers', { LoadBalancerId: 'lb-1', BackendServers: [full('i-3')] }]],
    },
    {
      change: { kind: 'setWeights', ...own, members: [member('i-1', 30000, 0, '')], was: [member('i-1')] },
      calls: [['SetVServerGroupAttribute', { VServerGroupId: 'rsp-1', BackendServers: [{ ServerId: 'i-1', Port: 30000, Weight: 0 }] }]],
    },
    {
      change: { kind: 'setWeights', ...inDefault, members: [portless('i-1')], was: [] },
      calls: [['SetBackendServers', { LoadBalancerId: 'lb-1', BackendServers: [full('i-1')] }]],
    },
    {
      change: { kind: 'renameGroup', group: own.group, name: 'new', was: own.name },
      calls: [['SetVServerGroupAttribute', { VServerGroupId: 'rsp-1', VServerGroupName: 'new' }]],
    },
    {
      change: { kind: 'removeBackends', ...own, members: [member('i-1')] },
      calls: [['RemoveVServerGroupBackendServers', { VServerGroupId: 'rsp-1', BackendServers: [{ ServerId: 'i-1', Port: 30000 }] }]],
    },
    {
      change: { kind: 'removeBackends', ...inDefault, members: [portless('i-1')] },
      calls: [['RemoveBackendServers', { LoadBalancerId: 'lb-1', BackendServers: [{ ServerId: 'i-1' }] }]],
    },
    { change: { kind: 'deleteGroup', ...own }, calls: [['DeleteVServerGroup', { VServerGroupId: 'rsp-1' }]] },
    {
      change: { kind: 'createListener', listener: HTTP },
      calls: [
        ['CreateLoadBalancerHTTPListener', { ...AT, ...HTTP_PARAMS, VServerGroupId: 'rsp-1' }],
        ['StartLoadBalancerListener', WITH],
      ],
    },
    {
      change: {
        kind: 'createListener',
        listener: { ...HTTP, key: 'udp:53', port: 53, protocol: 'udp', target: { kind: 'default', port: 30053 } },
      },
      calls: [
        [
          'CreateLoadBalancerUDPListener',
          { LoadBalancerId: 'lb-1', ListenerPort: 53, Description: MARK, BackendServerPort: 30053, Scheduler: 'wrr', Bandwidth: -1 },
        ],
        ['StartLoadBalancerListener', { LoadBalancerId: 'lb-1', ListenerPort: 53, ListenerProtocol: 'udp' }],
      ],
    },
    {
      change: {
        kind: 'updateListener',
        ...place,
        set: { bandwidth: 5 },
        was: { bandwidth: -1 },
        settings: { ...HTTP.settings, bandwidth: 5 },
      },
      calls: [['SetLoadBalancerHTTPListenerAttribute', { ...AT, Bandwidth: 5 }]],
    },
    {
      change: {
        kind: 'updateListener',
        ...place,
        set: {},
        was: {},
        settings: HTTP.settings,
        note: 'other',
        target: { kind: 'group', group: 'rsp-1' },
      },
      calls: [['SetLoadBalancerHTTPListenerAttribute', { ...AT, Description: 'other', VServerGroup: 'on', VServerGroupId: 'rsp-1' }]],
    },
    { change: { kind: 'startListener', ...place }, calls: [['StartLoadBalancerListener', WITH]] },
    {
      change: { kind: 'startListener', ...place, note: MARK },
      calls: [
        ['SetLoadBalancerHTTPListenerAttribute', { ...AT, Description: MARK }],
        ['StartLoadBalancerListener', WITH],
      ],
    },
    {
      change: { kind: 'stopListener', ...place, note: `${MARK}/stopped` },
      calls: [
        ['StopLoadBalancerListener', WITH],
        ['SetLoadBalancerHTTPListenerAttribute', { ...AT, Description: `${MARK}/stopped` }],
      ],
    },
    { change: { kind: 'deleteListener', ...place }, calls: [['DeleteLoadBalancerListener', WITH]] },
    {
      change: { kind: 'replaceListener', was: 'tcp', listener: HTTP },
      calls: [
        ['DeleteLoadBalancerListener', { ...AT, ListenerProtocol: 'tcp' }],
        ['CreateLoadBalancerHTTPListener', { ...AT, ...HTTP_PARAMS, VServerGroupId: 'rsp-1' }],
        ['StartLoadBalancerListener', WITH],
      ],
    },
  ])('$change.kind $change', async ({ change, calls }) => {
    const { handle, written } = await openWith({})
    const ids = await handle.apply(change, turn)
    expect(written()).toEqual(calls)
    expect(ids).toHaveLength(calls.length)
  })
})
