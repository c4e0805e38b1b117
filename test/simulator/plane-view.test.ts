import { describe, expect, test } from 'vitest'
import { loadWorld } from '../../src/simulator/load-world.ts'
import type { PlaneListener } from '../../src/simulator/plane.ts'
import { planeListeners } from '../../src/simulator/plane-view.ts'
import type { StateFile } from '../../src/simulator/world.ts'

type FileLoadBalancer = NonNullable<StateFile['loadBalancers']>[number]

const view = (loadBalancer: Omit<FileLoadBalancer, 'id'>, more: StateFile = {}) => {
  const instances = [
    { id: 'i-1', privateIp: '10.0.0.1', networkInterfaces: [{ id: 'eni-1', primaryIp: '10.0.7.1', secondaryIps: ['10.0.7.2'] }] },
    { id: 'i-2', privateIp: '10.0.0.2' },
  ]
  return planeListeners(loadWorld({ instances, ...more, loadBalancers: [{ id: 'lb-1', address: '127.77.9.9', ...loadBalancer }] }))
}

function only(listeners: readonly PlaneListener[]): PlaneListener {
  const [listener] = listeners
  if (listener === undefined || listeners.length !== 1) throw new Error(`${listeners.length} listeners`)
  return listener
}

describe('the view for the data plane', () => {
  test('of the default group uses the backend port of the listener', () => {
    const listener = only(
      view({
        backendServers: [{ serverId: 'i-1', weight: 30 }, { serverId: 'i-2' }],
        listeners: [{ port: 80, protocol: 'tcp', status: 'running', backendServerPort: 30000, config: { PersistenceTimeout: 60 } }],
      }),
    )
    expect(listener).toMatchObject({
      loadBalancerId: 'lb-1',
      address: '127.77.9.9',
      port: 80,
      protocol: 'tcp',
      running: true,
      persistenceMs: 60_000,
    })
    expect(listener.group).toEqual({
      scheduler: 'wrr',
      sticky: { kind: 'off' },
      check: {
        type: 'tcp',
        intervalMs: 2000,
        timeoutMs: 5000,
        healthyThreshold: 3,
        unhealthyThreshold: 3,
        port: undefined,
        uri: '/',
        domain: '',
        method: 'HEAD',
        codes: ['http_2xx'],
        request: '',
        expect: '',
      },
      backends: [
        { server: 'i-1', address: '10.0.0.1', port: 30000, weight: 30 },
        { server: 'i-2', address: '10.0.0.2', port: 30000, weight: 100 },
      ],
    })
  })

  test('of a VServer group uses the ports of its members, and addresses of interfaces', () => {
    const listener = only(
      view({
        groups: [
          {
            id: 'rsp-1',
            servers: [
              { serverId: 'i-2', port: 5 },
              { serverId: 'eni-1', type: 'eni', port: 6 },
              { serverId: 'eni-1', type: 'eni', serverIp: '10.0.7.2', port: 6 },
              { serverId: 'i-gone', port: 7 },
            ],
          },
        ],
        listeners: [{ port: 80, protocol: 'http', vServerGroupId: 'rsp-1', backendServerPort: 1 }],
      }),
    )
    expect(listener.group.backends.map(({ address, port }) => `${address}:${port}`)).toEqual(['10.0.0.2:5', '10.0.7.1:6', '10.0.7.2:6'])
  })

  test.each([
    ['stopped', 'active', false],
    ['running', 'inactive', false],
    ['running', 'locked', false],
    ['running', 'active', true],
  ] as const)('a %s listener of an %s load balancer: running is %s', (status, loadBalancer, running) => {
    const found = only(view({ status: loadBalancer, listeners: [{ port: 80, protocol: 'tcp', status, backendServerPort: 1 }] }))
    expect(found.running).toBe(running)
  })

  test.each([
    ['tcp', {}, { type: 'tcp' }],
    ['tcp', { HealthCheckType: 'http' }, { type: 'http', uri: '/', codes: ['http_2xx'], method: 'HEAD' }],
    ['udp', { HealthCheckReq: 'a', HealthCheckExp: 'b' }, { type: 'udp', request: 'a', expect: 'b' }],
    [
      'http',
      { HealthCheckMethod: 'get', HealthCheckURI: '/x', HealthCheckHttpCode: 'http_2xx,http_3xx' },
      { type: 'http', method: 'GET', uri: '/x', codes: ['http_2xx', 'http_3xx'] },
    ],
    ['https', { HealthCheckDomain: 'a.b' }, { type: 'http', domain: 'a.b' }],
    ['tcp', { HealthCheckConnectPort: 8080 }, { port: 8080 }],
    ['tcp', { HealthCheckConnectPort: -520 }, { port: undefined }],
  ] as const)('a %s listener with %j checks with %j', (protocol, config, check) => {
    expect(only(view({ listeners: [{ port: 80, protocol, config, backendServerPort: 1 }] })).group.check).toMatchObject(check)
  })

  test('a timeout below the interval counts as the interval, and a check may be off', () => {
    const check = (config: Record<string, string | number>) =>
      only(view({ listeners: [{ port: 80, protocol: 'http', config, backendServerPort: 1 }] })).group.check
    expect(check({ HealthCheckInterval: 10, HealthCheckTimeout: 3 })).toMatchObject({ intervalMs: 10_000, timeoutMs: 10_000 })
    expect(check({ HealthCheck: 'off' })).toBeUndefined()
  })

  test.each([
    [
      { StickySession: 'on', StickySessionType: 'insert', CookieTimeout: 60 },
      { kind: 'insert', timeoutS: 60 },
    ],
    [
      { StickySession: 'on', StickySessionType: 'server', Cookie: 'c' },
      { kind: 'server', cookie: 'c' },
    ],
    [{ StickySession: 'off', StickySessionType: 'server', Cookie: 'c' }, { kind: 'off' }],
  ])('stickiness %j is %j', (config, sticky) => {
    expect(only(view({ listeners: [{ port: 80, protocol: 'http', config, backendServerPort: 1 }] })).group.sticky).toEqual(sticky)
  })

  test('a rule has the settings of its listener, or its own, and always its own group', () => {
    const rule = (id: string, listenerSync: 'on' | 'off') => ({
      id,
      name: id,
      domain: 'a.b',
      url: `/${id}`,
      vServerGroupId: 'rsp-1',
      listenerSync,
      config: { Scheduler: 'rr', HealthCheck: 'off' },
    })
    const { rules } = only(
      view({
        groups: [{ id: 'rsp-1', servers: [{ serverId: 'i-2', port: 5 }] }],
        listeners: [{ port: 80, protocol: 'http', backendServerPort: 1, rules: [rule('r1', 'on'), rule('r2', 'off')] }],
      }),
    )
    expect(rules[0]).toMatchObject({
      id: 'r1',
      domain: 'a.b',
      url: '/r1',
      group: { scheduler: 'wrr', check: { type: 'http' }, backends: [{ port: 5 }] },
    })
    expect(rules[1]?.group).toMatchObject({ scheduler: 'rr', check: undefined, backends: [{ port: 5 }] })
  })

  test('http has its headers, timeouts and redirect', () => {
    const config = { XForwardedFor: 'off', XForwardedFor_SLBID: 'on', IdleTimeout: 7, RequestTimeout: 8 }
    expect(only(view({ listeners: [{ port: 80, protocol: 'http', config, forwardPort: 443 }] }))).toMatchObject({
      headers: { for: false, proto: false, slbId: true, slbIp: false, slbPort: false, clientPort: false },
      idleTimeoutMs: 7000,
      requestTimeoutMs: 8000,
      redirectTo: 443,
    })
  })

  test('https has its certificates, as far as they are there', () => {
    const domainExtensions = [
      { domain: 'a.b', certificateId: 'c-2' },
      { domain: 'c.d', certificateId: 'c-none' },
    ]
    const certificates = ['c-1', 'c-2'].map((id) => ({ id, certificate: `cert ${id}`, privateKey: `key ${id}` }))
    const config = { ServerCertificateId: 'c-1' }
    const listener = only(
      view({ listeners: [{ port: 443, protocol: 'https', config, domainExtensions, backendServerPort: 1 }] }, { certificates }),
    )
    expect(listener.certificate).toEqual({ cert: 'cert c-1', key: 'key c-1' })
    expect(listener.extensions).toEqual([{ domain: 'a.b', cert: 'cert c-2', key: 'key c-2' }])
  })

  test('https has the authority of its clients', () => {
    const caCertificates = [{ id: 'ca-1', certificate: 'ca pem' }]
    const config = { CACertificateId: 'ca-1' }
    const listeners = [{ port: 443, protocol: 'https' as const, config, backendServerPort: 1 }]
    expect(only(view({ listeners }, { caCertificates })).clientAuthority).toBe('ca pem')
    expect(only(view({ listeners })).clientAuthority).toBeUndefined()
  })

  test.each<{ name: string; listener: object; access: PlaneListener['access'] }>([
    { name: 'off', listener: { aclStatus: 'off', aclType: 'white', aclIds: ['a'] }, access: [] },
    {
      name: 'on with several lists',
      listener: { aclStatus: 'on', aclType: 'black', aclIds: ['a', 'b'] },
      access: [{ type: 'black', networks: ['10.0.0.0/8', '192.168.0.1'] }],
    },
    { name: 'on with a white list without entries', listener: { aclStatus: 'on', aclType: 'white', aclIds: ['none'] }, access: [] },
    { name: 'on with a black list without entries', listener: { aclStatus: 'on', aclType: 'black', aclIds: ['none'] }, access: [] },
    {
      name: 'the older white list, without entries',
      listener: { whiteList: { status: 'open_white_list', items: [] } },
      access: [{ type: 'white', networks: [] }],
    },
    { name: 'the older white list, closed', listener: { whiteList: { status: 'close', items: ['10.0.0.1'] } }, access: [] },
  ])('access control: $name', ({ listener, access }) => {
    const acls = [
      { id: 'a', entries: [{ entry: '10.0.0.0/8' }] },
      { id: 'b', entries: [{ entry: '192.168.0.1' }] },
      { id: 'none', entries: [] },
    ]
    expect(only(view({ listeners: [{ port: 80, protocol: 'tcp', ...listener }] }, { acls })).access).toEqual(access)
  })

  test('the slave of a master-slave group waits at weight 0', () => {
    const servers = [
      { serverId: 'i-1', port: 5, serverType: 'Master' as const },
      { serverId: 'i-2', port: 5, serverType: 'Slave' as const },
    ]
    const found = only(
      view({
        masterSlaveGroups: [{ id: 'rsp-ms', servers }],
        listeners: [{ port: 80, protocol: 'tcp', masterSlaveServerGroupId: 'rsp-ms' }],
      }),
    )
    expect(found.group.backends.map(({ weight }) => weight)).toEqual([100, 0])
  })
})
