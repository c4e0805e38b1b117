// Every documented answer has at least the members, of the same JSON types, that the vendor's samples show.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts'
import { lacks } from '../support/answer-shapes.ts'
import { ok, type Params } from './client.ts'
import { selfSigned } from './dataplane/certificate.ts'

describe('an answer has the shape of the vendor sample', () => {
  let simulator: Simulator
  const { cert, key } = selfSigned('www.example.com')
  beforeAll(async () => {
    simulator = await startSimulator({ state: richState(cert, key) })
  })
  afterAll(() => simulator.close())

  const lb = { LoadBalancerId: 'lb-1' }
  const row = (ServerId: string, Port?: number) => JSON.stringify([{ ServerId, Port, Description: 'd' }])
  const calls: readonly [action: string, params: Params][] = [
    ['DescribeRegions', {}],
    ['DescribeZones', {}],
    ['DescribeAvailableResource', {}],
    ['DescribeLoadBalancers', {}],
    ['DescribeLoadBalancerAttribute', lb],
    ['DescribeLoadBalancerTCPListenerAttribute', { ...lb, ListenerPort: 80 }],
    ['DescribeLoadBalancerUDPListenerAttribute', { ...lb, ListenerPort: 53 }],
    ['DescribeLoadBalancerHTTPListenerAttribute', { ...lb, ListenerPort: 8080 }],
    ['DescribeLoadBalancerHTTPSListenerAttribute', { ...lb, ListenerPort: 443 }],
    ['DescribeLoadBalancerListeners', { 'LoadBalancerId.1': 'lb-1', ListenerProtocol: 'tcp' }],
    ['DescribeLoadBalancerListeners', { ListenerProtocol: 'udp' }],
    ['DescribeLoadBalancerListeners', { ListenerProtocol: 'http' }],
    ['DescribeLoadBalancerListeners', { ListenerProtocol: 'https' }],
    ['DescribeHealthStatus', lb],
    ['DescribeVServerGroups', { ...lb, IncludeListener: true, IncludeRule: true }],
    ['DescribeVServerGroupAttribute', { VServerGroupId: 'rsp-1' }],
    ['DescribeMasterSlaveServerGroups', { ...lb, IncludeListener: true }],
    ['DescribeMasterSlaveServerGroupAttribute', { MasterSlaveServerGroupId: 'rsp-ms' }],
    ['DescribeRules', { ...lb, ListenerPort: 8080 }],
    ['DescribeRuleAttribute', { RuleId: 'rule-1' }],
    ['DescribeServerCertificates', {}],
    ['DescribeCACertificates', {}],
    ['DescribeDomainExtensions', { ...lb, ListenerPort: 443 }],
    ['DescribeDomainExtensionAttribute', { DomainExtensionId: 'de-1' }],
    ['DescribeAccessControlLists', {}],
    ['DescribeAccessControlListAttribute', { AclId: 'acl-1' }],
    ['DescribeListenerAccessControlAttribute', { ...lb, ListenerPort: 8080 }],
    ['DescribeTags', lb],
    ['ListTagResources', { ResourceType: 'instance', 'ResourceId.1': 'lb-1' }],
    ['ListTLSCipherPolicies', { IncludeListener: true }],
    ['CreateLoadBalancer', { LoadBalancerSpec: 'slb.s1.small', VSwitchId: 'vsw-1', VpcId: 'vpc-1' }],
    ['AddBackendServers', { ...lb, BackendServers: row('i-2') }],
    ['SetBackendServers', { ...lb, BackendServers: row('i-2') }],
    ['RemoveBackendServers', { ...lb, BackendServers: row('i-2') }],
    ['CreateVServerGroup', { ...lb, VServerGroupName: 'x', BackendServers: row('i-1', 80) }],
    ['SetVServerGroupAttribute', { VServerGroupId: 'rsp-1', VServerGroupName: 'y' }],
    ['AddVServerGroupBackendServers', { VServerGroupId: 'rsp-1', BackendServers: row('i-2', 80) }],
    ['ModifyVServerGroupBackendServers', { VServerGroupId: 'rsp-1', OldBackendServers: row('i-2', 80), NewBackendServers: row('i-2', 81) }],
    ['RemoveVServerGroupBackendServers', { VServerGroupId: 'rsp-1', BackendServers: row('i-2', 81) }],
    ['CreateRules', { ...lb, ListenerPort: 8080, RuleList: JSON.stringify([{ RuleName: 'r2', Url: '/two', VServerGroupId: 'rsp-1' }]) }],
    ['UploadServerCertificate', { ServerCertificate: cert, PrivateKey: key }],
    ['UploadCACertificate', { CACertificate: cert }],
    ['CreateDomainExtension', { ...lb, ListenerPort: 443, Domain: 'two.example.com', ServerCertificateId: 'cert-1' }],
    ['CreateAccessControlList', { AclName: 'a' }],
    ['CreateTLSCipherPolicy', { Name: 'p', 'Ciphers.1': 'AES128-SHA', 'TLSVersions.1': 'TLSv1.2' }],
    ['ModifyLoadBalancerInstanceSpec', { ...lb, LoadBalancerSpec: 'slb.s3.small' }],
    ['ModifyLoadBalancerInternetSpec', { ...lb, Bandwidth: 5 }],
    ['CreateLoadBalancerTCPListener', { ...lb, ListenerPort: 81, Bandwidth: -1, BackendServerPort: 1 }],
    ['StartLoadBalancerListener', { ...lb, ListenerPort: 81 }],
    ['DeleteLoadBalancerListener', { ...lb, ListenerPort: 81 }],
  ]

  test.each(calls)('%s %j', async (action, params) => {
    expect(lacks(action, await ok(simulator, action, params), String(params['ListenerProtocol'] ?? ''))).toEqual([])
  })

  test('types that differ between calls differ in the same way', async () => {
    const list = await ok(simulator, 'DescribeLoadBalancers')
    expect(list.LoadBalancers.LoadBalancer[0]).toMatchObject({ InternetChargeType: '4', InternetChargeTypeAlias: 'paybytraffic' })
    expect((await ok(simulator, 'DescribeLoadBalancerAttribute', lb)).InternetChargeType).toBe('paybytraffic')
    const [row] = (await ok(simulator, 'DescribeLoadBalancerListeners', { ListenerPort: 80 })).Listeners
    expect(row.TCPListenerConfig.ProxyProtocolV2Enabled).toBe('false')
    const one = await ok(simulator, 'DescribeLoadBalancerTCPListenerAttribute', { ...lb, ListenerPort: 80 })
    expect(one.ProxyProtocolV2Enabled).toBe(false)
    expect((await ok(simulator, 'DescribeRuleAttribute', { RuleId: 'rule-1' })).ListenerPort).toBe('8080')
    const added = await ok(simulator, 'AddBackendServers', { ...lb, BackendServers: row2('i-2') })
    expect(added.BackendServers.BackendServer[0].Weight).toBe('100')
    const removed = await ok(simulator, 'RemoveBackendServers', { ...lb, BackendServers: row2('i-2') })
    expect(removed.BackendServers.BackendServer[0].Weight).toBe(100)
  })

  const row2 = (ServerId: string) => JSON.stringify([{ ServerId }])
})

function richState(cert: string, key: string) {
  const tags = [{ key: 'k', value: 'v' }]
  return {
    instances: [
      { id: 'i-1', privateIp: '10.0.0.1' },
      { id: 'i-2', privateIp: '10.0.0.2' },
    ],
    certificates: [{ id: 'cert-1', name: 'c', certificate: cert, privateKey: key, tags }],
    caCertificates: [{ id: 'ca-1', name: 'c', certificate: cert, tags }],
    acls: [{ id: 'acl-1', name: 'a', entries: [{ entry: '10.0.0.0/8', comment: 'c' }], tags }],
    tlsPolicies: [{ id: 'tls-1', name: 'p', ciphers: ['AES128-SHA'], tlsVersions: ['TLSv1.2'] }],
    loadBalancers: [
      {
        id: 'lb-1',
        tags,
        backendServers: [{ serverId: 'i-1', description: 'd' }],
        groups: [{ id: 'rsp-1', name: 'g', tags, servers: [{ serverId: 'i-1', port: 80, description: 'd' }] }],
        masterSlaveGroups: [
          {
            id: 'rsp-ms',
            name: 'ms',
            tags,
            servers: [
              { serverId: 'i-1', port: 80, serverType: 'Master' as const },
              { serverId: 'i-2', port: 80, serverType: 'Slave' as const },
            ],
          },
        ],
        listeners: [
          {
            port: 80,
            protocol: 'tcp' as const,
            status: 'running' as const,
            vServerGroupId: 'rsp-1',
            tags,
            config: { HealthCheckType: 'http', ConnectionDrainTimeout: 300 },
            aclStatus: 'on' as const,
            aclType: 'white' as const,
            aclIds: ['acl-1'],
          },
          {
            port: 53,
            protocol: 'udp' as const,
            vServerGroupId: 'rsp-1',
            tags,
            config: { HealthCheckReq: 'a', HealthCheckExp: 'b', ConnectionDrainTimeout: 300 },
            aclStatus: 'on' as const,
            aclType: 'white' as const,
            aclIds: ['acl-1'],
          },
          { port: 54, protocol: 'udp' as const, masterSlaveServerGroupId: 'rsp-ms' },
          {
            port: 8080,
            protocol: 'http' as const,
            vServerGroupId: 'rsp-1',
            tags,
            aclStatus: 'on' as const,
            aclType: 'white' as const,
            aclIds: ['acl-1'],
            config: { StickySession: 'on', StickySessionType: 'insert', CookieTimeout: 500, Cookie: 'c', HealthCheckConnectPort: 80 },
            rules: [
              {
                id: 'rule-1',
                name: 'r',
                domain: 'www.example.com',
                url: '/one',
                vServerGroupId: 'rsp-1',
                listenerSync: 'off' as const,
                config: {
                  Scheduler: 'wrr',
                  StickySession: 'on',
                  StickySessionType: 'insert',
                  Cookie: 'c',
                  CookieTimeout: 5,
                  HealthCheck: 'on',
                  HealthCheckConnectPort: 80,
                  HealthCheckDomain: '',
                  HealthCheckHttpCode: 'http_2xx',
                  HealthCheckInterval: 2,
                  HealthCheckTimeout: 5,
                  HealthCheckURI: '/',
                  HealthyThreshold: 3,
                  UnhealthyThreshold: 3,
                },
              },
            ],
          },
          {
            port: 443,
            protocol: 'https' as const,
            vServerGroupId: 'rsp-1',
            tags,
            aclStatus: 'on' as const,
            aclType: 'white' as const,
            aclIds: ['acl-1'],
            config: { ServerCertificateId: 'cert-1', TLSCipherPolicy: 'tls-1' },
            rules: [{ id: 'rule-2', name: 'r', domain: 'www.example.com', url: '/one', vServerGroupId: 'rsp-1' }],
            domainExtensions: [{ id: 'de-1', domain: 'one.example.com', certificateId: 'cert-1' }],
          },
        ],
      },
    ],
  }
}
