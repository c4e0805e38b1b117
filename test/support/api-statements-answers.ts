// Statements about answers: what they have, what filters leave of them, and which of them tell nothing.
import { describe, expect, test } from 'vitest'
import { mark } from '../../scripts/verify/ground.ts'
import { NAME } from '../../scripts/verify/leftovers.ts'
import { lacks } from './answer-shapes.ts'
import { type Api, member, sent } from './api-statements.ts'

type Row = Readonly<Record<string, string>>

export function answerStatements(its: () => Api): void {
  test('answers have at least what the samples of the manual have, each of its type', async () => {
    const api = its()
    const found: string[] = []
    const check = async (action: string, params = {}) => {
      const answer = await api.read(action, params)
      found.push(...lacks(action, answer, String((params as Row)['ListenerProtocol'] ?? '')))
      return answer
    }
    const server = { ...member(api.first), Description: mark('statement') }
    const create = api.on({ VServerGroupName: mark('statement'), ...sent(server) })
    const { VServerGroupId } = await check('CreateVServerGroup', create)
    await check('AddVServerGroupBackendServers', { VServerGroupId, ...sent({ ...server, Port: 30_001 }) })
    await check('SetVServerGroupAttribute', { VServerGroupId, VServerGroupName: mark('other') })
    await check('RemoveVServerGroupBackendServers', { VServerGroupId, ...sent({ ...server, Port: 30_001 }) })
    const { AclId } = await check('CreateAccessControlList', { AclName: NAME })
    await api.ok('AddAccessControlListEntry', { AclId, AclEntrys: JSON.stringify([{ entry: '10.0.0.0/8', comment: 'c' }]) })
    const access = { AclStatus: 'on', AclType: 'white', AclId }
    const drain = { ConnectionDrain: 'on', ConnectionDrainTimeout: 300 }
    await api.ok('CreateLoadBalancerTCPListener', api.tcp(8080, { VServerGroupId, ...access, ...drain }))
    await api.ok('CreateLoadBalancerHTTPListener', api.http(8081, { VServerGroupId }))
    const RuleList = JSON.stringify([{ RuleName: 'r', Domain: 'a.example.com', Url: '/one', VServerGroupId }])
    await check('CreateRules', api.on({ ListenerPort: 8081, RuleList }))
    await api.ok('TagResources', { ResourceType: 'instance', ResourceId: [api.id], Tag: [{ Key: NAME, Value: '1' }] })
    const reads: readonly [string, object?][] = [
      ['DescribeLoadBalancers', { LoadBalancerId: api.id, PageNumber: 1, PageSize: 10 }],
      ['DescribeLoadBalancerAttribute', api.on()],
      ['DescribeLoadBalancerListeners', { LoadBalancerId: [api.id], ListenerProtocol: 'tcp' }],
      ['DescribeLoadBalancerTCPListenerAttribute', api.on({ ListenerPort: 8080 })],
      ['DescribeVServerGroups', api.on({ IncludeListener: true, IncludeRule: true })],
      ['DescribeVServerGroupAttribute', { VServerGroupId }],
      ['DescribeRules', api.on({ ListenerPort: 8081 })],
      ['DescribeHealthStatus', api.on()],
      ['DescribeAccessControlLists', { PageNumber: 1, PageSize: 50 }],
      ['DescribeAccessControlListAttribute', { AclId }],
      ['ListTagResources', { ResourceType: 'instance', ResourceId: [api.id] }],
    ]
    for (const [action, params] of reads) await check(action, params)
    expect(found).toEqual([])
  })

  describe('the list of listeners', () => {
    test.each([
      [{ MaxResults: 101 }, 'IllegalParam.MaxResults'],
      [{ MaxResults: 0 }, 'IllegalParam.MaxResults'],
      [{ NextToken: 'nonsense' }, 'IllegalParam.NextToken'],
      [{ ListenerProtocol: 'quic' }, 'IllegalParam.ListenerProtocol'],
      [{ LoadBalancerId: Array.from({ length: 11 }, () => 'lb-1') }, 'IllegalParamSize.LoadBalancerId'],
    ])('refuses %j', async (params, code) => {
      expect(await its().refusal('DescribeLoadBalancerListeners', params)).toBe(`400 ${code}`)
    })
  })

  test('a load balancer is found by its id, and by no other', async () => {
    const { id, ok } = its()
    const found = async (LoadBalancerId: string) => {
      const { LoadBalancers } = await ok('DescribeLoadBalancers', { LoadBalancerId, PageNumber: 1, PageSize: 10 })
      return LoadBalancers.LoadBalancer.map((row: Row) => row['LoadBalancerId'])
    }
    expect([await found(id), await found('lb-swarmslbverifynone')]).toEqual([[id], []])
  })

  test('health has a row for each server of a listener, unavailable where nothing is checked', async () => {
    const { first, second, group, ok, read, refusal, tcp, on } = its()
    const VServerGroupId = await group(member(first), member(second, 30_001))
    await ok('CreateLoadBalancerTCPListener', tcp(8082, { VServerGroupId }))
    const rows: readonly Row[] = (await read('DescribeHealthStatus', on({ ListenerPort: 8082 }))).BackendServers.BackendServer
    const told = rows.map(({ ServerId, Port, ServerHealthStatus }) => `${ServerId}:${Port} ${ServerHealthStatus}`)
    expect(told.toSorted()).toEqual([`${first}:30000 unavailable`, `${second}:30001 unavailable`].toSorted())
    expect(await refusal('DescribeHealthStatus', on({ ListenerPort: 8083 }))).toBe('404 ListenerNotFound')
  })

  test('an instance is found by its private address in its network, and none by an address that nobody has', async () => {
    const { first, ecs } = its()
    const named = await ecs('DescribeInstances', { InstanceIds: JSON.stringify([first]) })
    const [row] = named.Instances.Instance
    const [address] = row.VpcAttributes.PrivateIpAddress.IpAddress
    const by = async (ip: string) => {
      const where = { VpcId: row.VpcAttributes.VpcId, InstanceNetworkType: 'vpc', PrivateIpAddresses: JSON.stringify([ip]) }
      const { Instances } = await ecs('DescribeInstances', where)
      return Instances.Instance.map(({ InstanceId }: Row) => InstanceId)
    }
    expect([await by(address), await by('192.0.2.1')]).toEqual([[first], []])
  })
}
