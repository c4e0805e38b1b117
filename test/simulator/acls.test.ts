import { describe, expect, test } from 'vitest'
import { ok, refusal } from './client.ts'
import { LB, port, simulate, tcp, theListener } from './support.ts'

describe('access control lists', () => {
  test('must speak the IP version of the load balancer', async () => {
    const simulator = await simulate({ state: { acls: [{ id: 'acl-6', addressIPVersion: 'ipv6' }], loadBalancers: [{ id: 'lb-1' }] } })
    const bound = tcp(80, { AclStatus: 'on', AclType: 'black', AclId: 'acl-6' })
    expect(await refusal(simulator, 'CreateLoadBalancerTCPListener', bound)).toBe('400 IpVersionConflict')
  })

  test('the older white list belongs to one listener', async () => {
    const simulator = await simulate()
    await ok(simulator, 'CreateLoadBalancerTCPListener', tcp(80))
    await ok(simulator, 'SetListenerAccessControlStatus', port(80, { AccessControlStatus: 'open_white_list' }))
    await ok(simulator, 'AddListenerWhiteListItem', port(80, { SourceItems: '10.0.0.1,10.0.0.2' }))
    await ok(simulator, 'RemoveListenerWhiteListItem', port(80, { SourceItems: '10.0.0.1' }))
    expect(await ok(simulator, 'DescribeListenerAccessControlAttribute', port(80))).toMatchObject({
      AccessControlStatus: 'open_white_list',
      SourceItems: '10.0.0.2',
    })
    expect(theListener(simulator, 80).whiteList?.items).toEqual(['10.0.0.2'])
  })
})

describe('master-slave groups', () => {
  const two = (types: string[]) => JSON.stringify(types.map((ServerType, n) => ({ ServerId: `i-${n + 1}`, Port: 80, ServerType })))

  test('have one master and one slave and serve layer 4 only', async () => {
    const simulator = await simulate()
    const create = (servers: string) => ({ ...LB, MasterSlaveBackendServers: servers })
    const { MasterSlaveServerGroupId } = await ok(simulator, 'CreateMasterSlaveServerGroup', create(two(['Master', 'Slave'])))
    await ok(simulator, 'CreateLoadBalancerTCPListener', { ...LB, ListenerPort: 80, Bandwidth: -1, MasterSlaveServerGroupId })
    expect(await refusal(simulator, 'DeleteMasterSlaveServerGroup', { MasterSlaveServerGroupId })).toBe('400 RspoolVipExist')
    const http = { ...LB, ListenerPort: 81, HealthCheck: 'off', VServerGroupId: MasterSlaveServerGroupId }
    expect(await refusal(simulator, 'CreateLoadBalancerHTTPListener', http)).toBe('400 InvalidParameter.VServerGroupId')
    await ok(simulator, 'DeleteLoadBalancerListener', port(80))
    await ok(simulator, 'DeleteMasterSlaveServerGroup', { MasterSlaveServerGroupId })
  })

  test.each([
    [two(['Master']), 'BACKEND_SERVERS_NUM_MUST_BE_TWO'],
    [two(['Master', 'Master']), 'BACKEND_SERVERS_CAN_ONLY_CONTAIN_ONE_MASTER_AND_ONE_SLAVE'],
    [two(['Master', 'Third']), 'INVALID_SERVER_TYPE'],
  ])('are refused with %s', async (MasterSlaveBackendServers, code) => {
    expect(await refusal(await simulate(), 'CreateMasterSlaveServerGroup', { ...LB, MasterSlaveBackendServers })).toBe(`400 ${code}`)
  })
})
