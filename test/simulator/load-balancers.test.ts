import { describe, expect, test } from 'vitest'
import { call, ok, refusal } from './client.ts'
import { group, LB, member, simulate, tcp, theLoadBalancer } from './support.ts'

const SPEC = { LoadBalancerSpec: 'slb.s1.small' }

describe('creating a load balancer', () => {
  test('answers with id and address; it is active at once and holds its address alone', async () => {
    const simulator = await simulate({ state: { addressPool: ['127.0.5.1'] } })
    const [first, second] = [await ok(simulator, 'CreateLoadBalancer', SPEC), await ok(simulator, 'CreateLoadBalancer', SPEC)]
    expect(first).toMatchObject({ Address: '127.0.5.1', LoadBalancerName: first.LoadBalancerId, NetworkType: 'vpc' })
    expect(second.Address).toBe('127.77.0.1')
    expect(theLoadBalancer(simulator)).toMatchObject({ id: first.LoadBalancerId, status: 'active', listeners: [] })
  })

  test('with one token makes one, and refuses the token for anything else', async () => {
    const simulator = await simulate()
    const [first, again] = [
      await ok(simulator, 'CreateLoadBalancer', { ...SPEC, ClientToken: 't' }),
      await ok(simulator, 'CreateLoadBalancer', { ...SPEC, ClientToken: 't' }),
    ]
    expect(again.LoadBalancerId).toBe(first.LoadBalancerId)
    expect(await refusal(simulator, 'CreateLoadBalancer', { ...SPEC, ClientToken: 't', LoadBalancerName: 'x' })).toBe(
      '400 LX_REQUEST_TOKEN_CONFLICT',
    )
    expect(simulator.state.loadBalancers).toHaveLength(2)
  })

  test('is told to wait while a call with the same token is under way', async () => {
    const simulator = await simulate({ settings: { latencyMs: 150 } })
    const params = { ...SPEC, ClientToken: 't' }
    const [first, second] = await Promise.all([
      call(simulator, 'CreateLoadBalancer', params),
      call(simulator, 'CreateLoadBalancer', params),
    ])
    expect([first, second].map(({ body }) => body['Code'] ?? 'OK').sort()).toEqual(['OK', 'OperationFailed.TokenIsProcessing'])
  })

  test.each([
    [{}, '400 MissingParam.LoadBalancerSpec'],
    [{ ...SPEC, LoadBalancerName: '1' }, '400 InvalidParameter'],
    [{ ...SPEC, AddressType: 'moon' }, '400 InvalidParameter'],
    [{ ...SPEC, 'Tag.1.Key': 'acs:x' }, '400 InvalidParam.TagKey'],
  ])('is refused with %j', async (params, answer) => {
    expect(await refusal(await simulate(), 'CreateLoadBalancer', params)).toBe(answer)
  })

  test('is over the quota', async () => {
    const simulator = await simulate({ settings: { quotas: { loadBalancers: 1 } } })
    expect(await refusal(simulator, 'CreateLoadBalancer', SPEC)).toBe('400 ORDER.QUANTITY_INVALID')
  })
})

describe('changing a load balancer', () => {
  test.each([
    ['SetLoadBalancerName', { LoadBalancerName: 'other' }, { name: 'other' }],
    ['SetLoadBalancerStatus', { LoadBalancerStatus: 'inactive' }, { status: 'inactive' }],
    ['SetLoadBalancerDeleteProtection', { DeleteProtection: 'on' }, { deleteProtection: 'on' }],
    [
      'SetLoadBalancerModificationProtection',
      { ModificationProtectionStatus: 'ConsoleProtection', ModificationProtectionReason: 'why' },
      { modificationProtection: 'ConsoleProtection', modificationProtectionReason: 'why' },
    ],
    ['ModifyLoadBalancerInstanceSpec', { LoadBalancerSpec: 'slb.s3.large' }, { spec: 'slb.s3.large' }],
    [
      'ModifyLoadBalancerInternetSpec',
      { InternetChargeType: 'paybybandwidth', Bandwidth: 9 },
      { internetChargeType: 'paybybandwidth', bandwidth: 9 },
    ],
    ['ModifyLoadBalancerInstanceChargeType', { InstanceChargeType: 'PayByCLCU' }, { instanceChargeType: 'PayByCLCU' }],
    ['MoveResourceGroup', { ResourceId: 'lb-1', ResourceType: 'loadbalancer', NewResourceGroupId: 'rg-2' }, { resourceGroupId: 'rg-2' }],
  ])('%s', async (action, params, changed) => {
    const simulator = await simulate()
    await ok(simulator, action, { ...LB, ...params })
    expect(theLoadBalancer(simulator)).toMatchObject(changed)
  })

  test('that is not there is 404, or whatever the settings say', async () => {
    const simulator = await simulate()
    const none = { LoadBalancerId: 'lb-none' }
    expect(await refusal(simulator, 'DescribeLoadBalancerAttribute', none)).toBe('404 InvalidLoadBalancerId.NotFound')
    simulator.settings.unsure.loadBalancerMissingStatus = 400
    expect(await refusal(simulator, 'DescribeLoadBalancerAttribute', none)).toBe('400 InvalidLoadBalancerId.NotFound')
  })

  test('Delete takes listeners and groups with it, but not against its protection', async () => {
    const simulator = await simulate()
    const VServerGroupId = await group(simulator)
    await ok(simulator, 'CreateLoadBalancerTCPListener', tcp(80))
    theLoadBalancer(simulator).deleteProtection = 'on'
    expect(await refusal(simulator, 'DeleteLoadBalancer', LB)).toBe('400 OperationDenied.DeleteProtectionIsOn')
    theLoadBalancer(simulator).deleteProtection = 'off'
    await ok(simulator, 'DeleteLoadBalancer', LB)
    expect(await refusal(simulator, 'DescribeVServerGroupAttribute', { VServerGroupId })).toBe('404 InvalidParameter')
  })
})

describe('DescribeLoadBalancers', () => {
  const state = {
    instances: [{ id: 'i-1', privateIp: '10.0.0.1' }],
    loadBalancers: [
      { id: 'lb-a', name: 'one', addressType: 'internet' as const, tags: [{ key: 'k', value: '1' }, { key: 'x' }] },
      { id: 'lb-b', name: 'two', tags: [{ key: 'k', value: '2' }], groups: [{ servers: [{ serverId: 'i-1', port: 80 }] }] },
      { id: 'lb-c', name: 'two', status: 'inactive' as const },
    ],
  }

  test.each([
    ['ids', { LoadBalancerId: 'lb-a,lb-c' }, ['lb-a', 'lb-c']],
    ['names, which need not be unique', { LoadBalancerName: 'two' }, ['lb-b', 'lb-c']],
    ['address type', { AddressType: 'internet' }, ['lb-a']],
    ['status', { LoadBalancerStatus: 'inactive' }, ['lb-c']],
    ['a server', { ServerId: 'i-1' }, ['lb-b']],
    ["a server's address", { ServerIntranetAddress: '10.0.0.1' }, ['lb-b']],
    ['a tag with its value', { 'Tag.1.Key': 'k', 'Tag.1.Value': '2' }, ['lb-b']],
    ['a tag with any value', { 'Tag.1.Key': 'k' }, ['lb-a', 'lb-b']],
    ['all of several tags', { 'Tag.1.Key': 'k', 'Tag.2.Key': 'x' }, ['lb-a']],
    ['any of several tags in the old form', { Tags: '[{"TagKey":"k","TagValue":"2"},{"TagKey":"x"}]' }, ['lb-a', 'lb-b']],
    ['nothing', {}, ['lb-a', 'lb-b', 'lb-c']],
    ['a filter that nothing passes', { LoadBalancerId: 'lb-none' }, []],
  ])('filters by %s', async (_, params, ids) => {
    const { LoadBalancers, TotalCount } = await ok(await simulate({ state }), 'DescribeLoadBalancers', params)
    expect(LoadBalancers.LoadBalancer.map((row: { LoadBalancerId: string }) => row.LoadBalancerId)).toEqual(ids)
    expect(TotalCount).toBe(ids.length)
  })

  test('shows pages of 10 unless told otherwise', async () => {
    const simulator = await simulate({ state: { loadBalancers: Array.from({ length: 12 }, (_, n) => ({ id: `lb-${n}` })) } })
    const first = await ok(simulator, 'DescribeLoadBalancers')
    expect([first.LoadBalancers.LoadBalancer.length, first.PageSize, first.TotalCount]).toEqual([10, 10, 12])
    const second = await ok(simulator, 'DescribeLoadBalancers', { PageNumber: 3, PageSize: 5 })
    expect(second.LoadBalancers.LoadBalancer).toHaveLength(2)
  })

  test('lists the listeners three times over in one load balancer, once misspelt', async () => {
    const simulator = await simulate()
    await ok(simulator, 'CreateLoadBalancerTCPListener', tcp(80, { Description: 'd' }))
    expect(await ok(simulator, 'DescribeLoadBalancerAttribute', LB)).toMatchObject({
      ListenerPorts: { ListenerPort: [80] },
      ListenerPortsAndProtocal: { ListenerPortAndProtocal: [{ ListenerPort: 80, ListenerProtocal: 'tcp' }] },
      ListenerPortsAndProtocol: { ListenerPortAndProtocol: [{ ListenerPort: 80, ListenerProtocol: 'tcp', Description: 'd' }] },
    })
  })
})

test('servers of the default group come without a port, members with one', async () => {
  const simulator = await simulate()
  await ok(simulator, 'AddBackendServers', { ...LB, BackendServers: '[{"ServerId":"i-1"}]' })
  const VServerGroupId = await group(simulator, member('i-1'))
  const [server] = (await ok(simulator, 'DescribeLoadBalancerAttribute', LB)).BackendServers.BackendServer
  const [row] = (await ok(simulator, 'DescribeVServerGroupAttribute', { VServerGroupId })).BackendServers.BackendServer
  expect([server.Port, row.Port]).toEqual([undefined, 30000])
  simulator.settings.unsure.ecsServerIp = 'absent'
  const [hidden] = (await ok(simulator, 'DescribeVServerGroupAttribute', { VServerGroupId })).BackendServers.BackendServer
  expect([row.ServerIp, hidden.ServerIp]).toEqual(['10.0.0.1', undefined])
})
