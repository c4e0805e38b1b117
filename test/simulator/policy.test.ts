// A RAM policy decides what a caller may do to what, by the resource that the vendor's pages name for each call.
import { describe, expect, test } from 'vitest'
import type { SettingsPatch } from '../../src/simulator/settings.ts'
import type { StateFile } from '../../src/simulator/world.ts'
import { call, ok, type Params } from './client.ts'
import { servers, simulate } from './support.ts'

const state: StateFile = {
  loadBalancers: ['lb-1', 'lb-2'].map((id) => ({
    id,
    backendServers: [{ serverId: 'i-1' }],
    groups: [{ id: `rsp-${id}`, name: 'g' }],
    listeners: [
      {
        port: 80,
        protocol: 'http',
        vServerGroupId: `rsp-${id}`,
        rules: [{ id: `rule-${id}`, name: 'r', domain: 'a.example.com', vServerGroupId: `rsp-${id}` }],
      },
    ],
  })),
  instances: [
    { id: 'i-1', privateIp: '10.0.0.1' },
    { id: 'i-2', privateIp: '10.0.0.2' },
  ],
  acls: [{ id: 'acl-1', entries: [{ entry: '10.0.0.0/8' }] }, { id: 'acl-2' }],
}

type Statement = NonNullable<NonNullable<SettingsPatch['policy']>['Statement']>[number]
const allow = (Action: Statement['Action'], Resource: Statement['Resource']): Statement => ({ Effect: 'Allow', Action, Resource })

async function under(...Statement: readonly Statement[]) {
  const simulator = await simulate({ state, settings: { policy: { Version: '1', Statement: [...Statement] } } })
  return async (action: string, params: Params = {}) => {
    const { status, body } = await call(simulator, action, params)
    return status === 200 ? 'done' : body['Code']
  }
}

const on = (id: string, more: Params = {}): Params => ({ LoadBalancerId: id, ...more })
const ONE = 'acs:slb:*:*:loadbalancer/lb-1'

/** What it takes to do this to the first of two things, and the same call about the second. */
const CALLS: readonly (readonly [action: string, resource: string | readonly string[], first: Params, second: Params])[] = [
  ['DescribeLoadBalancerAttribute', ONE, on('lb-1'), on('lb-2')],
  ['StartLoadBalancerListener', ONE, on('lb-1', { ListenerPort: 80 }), on('lb-2', { ListenerPort: 80 })],
  ['DescribeLoadBalancerListeners', ONE, { 'LoadBalancerId.1': 'lb-1' }, { 'LoadBalancerId.1': 'lb-1', 'LoadBalancerId.2': 'lb-2' }],
  ['DescribeVServerGroupAttribute', ONE, { VServerGroupId: 'rsp-lb-1' }, { VServerGroupId: 'rsp-lb-2' }],
  ['SetRule', ONE, { RuleId: 'rule-lb-1', RuleName: 'x' }, { RuleId: 'rule-lb-2', RuleName: 'x' }],
  ['DeleteRules', ONE, { RuleIds: '["rule-lb-1"]' }, { RuleIds: '["rule-lb-2"]' }],
  [
    'TagResources',
    ONE,
    { ResourceType: 'instance', 'ResourceId.1': 'lb-1', 'Tag.1.Key': 'a' },
    { ResourceType: 'instance', 'ResourceId.1': 'lb-1', 'ResourceId.2': 'lb-2', 'Tag.1.Key': 'a' },
  ],
  ['DescribeAccessControlListAttribute', 'acs:slb:*:*:acl/acl-1', { AclId: 'acl-1' }, { AclId: 'acl-2' }],
  [
    'TagResources',
    'acs:slb:*:*:acl/acl-1',
    { ResourceType: 'acl', 'ResourceId.1': 'acl-1', 'Tag.1.Key': 'a' },
    { ResourceType: 'acl', 'ResourceId.1': 'acl-2', 'Tag.1.Key': 'a' },
  ],
  [
    'AddVServerGroupBackendServers',
    [ONE, 'acs:ecs:*:*:instance/i-1'],
    { VServerGroupId: 'rsp-lb-1', ...servers({ ServerId: 'i-1', Port: 80 }) },
    { VServerGroupId: 'rsp-lb-1', ...servers({ ServerId: 'i-2', Port: 80 }) },
  ],
]

describe('a policy that names one of two', () => {
  test.each(CALLS)('lets %s on %s reach it, and not the other', async (action, resource, first, second) => {
    const ask = await under(allow(`slb:${action}`, typeof resource === 'string' ? resource : [...resource]))
    expect(await ask(action, second)).toBe('Forbidden.RAM')
    expect(await ask(action, first)).toBe('done')
  })

  test('lets nothing be listed: that is asked of all', async () => {
    const ask = await under(allow('slb:*', [ONE, 'acs:slb:*:*:certificate/a', 'acs:slb:*:*:acl/acl-1']))
    expect(await ask('DescribeLoadBalancers')).toBe('Forbidden.RAM')
    expect(await ask('DescribeLoadBalancerListeners')).toBe('Forbidden.RAM')
    expect(await ask('DescribeServerCertificates')).toBe('Forbidden.RAM')
    expect(await ask('DescribeAccessControlLists')).toBe('Forbidden.RAM')
    expect(await ask('ListTagResources', { ResourceType: 'acl', 'Tag.1.Key': 'a' })).toBe('Forbidden.RAM')
  })
})

test('all of a kind are named with a star, and a region or an account may be named', async () => {
  const resources = ['acs:slb:cn-hangzhou:1234567890123456:loadbalancer/*', 'acs:slb:cn-hangzhou:*:certificate/*', 'acs:slb:*:*:acl/*']
  const ask = await under(allow(['slb:Describe*', 'slb:CreateAccessControlList'], resources))
  expect(await ask('DescribeLoadBalancers')).toBe('done')
  expect(await ask('DescribeLoadBalancerAttribute', on('lb-2'))).toBe('done')
  expect(await ask('DescribeServerCertificates')).toBe('done')
  expect(await ask('CreateAccessControlList', { AclName: 'a' })).toBe('done')
  const elsewhere = await under(allow('slb:*', 'acs:slb:cn-beijing:*:loadbalancer/*'))
  expect(await elsewhere('DescribeLoadBalancerAttribute', on('lb-1'))).toBe('Forbidden.RAM')
})

test('an upload is about no resource that could be named', async () => {
  const named = await under(allow('slb:UploadServerCertificate', 'acs:slb:*:*:certificate/*'))
  expect(await named('UploadServerCertificate')).toBe('Forbidden.RAM')
  const all = await under(allow('slb:UploadServerCertificate', '*'))
  expect(await all('UploadServerCertificate')).toBe('InvalidParameter')
})

test('what a statement denies no other allows, and what none allows is denied', async () => {
  const ask = await under(allow('slb:*', '*'), { Effect: 'Deny', Action: 'slb:Delete*', Resource: ONE })
  expect(await ask('DeleteVServerGroup', { VServerGroupId: 'rsp-lb-1' })).toBe('Forbidden.RAM')
  expect(await ask('DeleteVServerGroup', { VServerGroupId: 'gone' })).not.toBe('Forbidden.RAM')
  expect(await (await under())('DescribeRegions')).toBe('Forbidden.RAM')
  expect(await (await under(allow('slb:SetRule', '*')))('DeleteVServerGroup', { VServerGroupId: 'gone' })).toBe('Forbidden.RAM')
})

test('who may not look for instances sees none', async () => {
  const simulator = await simulate({ state, settings: { policy: { Version: '1', Statement: [] } } })
  const ecs = { Version: '2014-05-26' }
  expect((await ok(simulator, 'DescribeInstances', ecs)).Instances.Instance).toEqual([])
  expect((await call(simulator, 'DescribeInstances', { ...ecs, DryRun: true })).body['Code']).toBe('Forbidden.RAM')
  simulator.settings.policy = { Version: '1', Statement: [allow('ecs:DescribeInstances', 'acs:ecs:*:*:instance/*')] }
  expect((await ok(simulator, 'DescribeInstances', ecs)).Instances.Instance).toHaveLength(2)
})

test('a condition is refused, since it would not be kept', async () => {
  const Condition = { StringEquals: { 'slb:tag/a': 'b' } }
  const policy = { Version: '1', Statement: [{ ...allow('slb:*', '*'), Condition }] } as const
  await expect(simulate({ settings: { policy } as never })).rejects.toThrow(/Condition/)
})
