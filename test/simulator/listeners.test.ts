import { describe, expect, test } from 'vitest'
import { call, ok, refusal } from './client.ts'
import { group, http, LB, member, port, simulate, tcp, theListener, theLoadBalancer } from './support.ts'

const udp = tcp

describe('a new listener', () => {
  test("has the API's defaults for what was left out", async () => {
    const simulator = await simulate()
    await ok(simulator, 'CreateLoadBalancerTCPListener', tcp(80))
    expect(await ok(simulator, 'DescribeLoadBalancerTCPListenerAttribute', port(80))).toMatchObject({
      Scheduler: 'wrr',
      HealthCheck: 'on',
      HealthCheckType: 'tcp',
      HealthCheckConnectTimeout: 5,
      HealthCheckInterval: 2,
      HealthyThreshold: 3,
      UnhealthyThreshold: 3,
      HealthCheckURI: '',
      EstablishedTimeout: 900,
      PersistenceTimeout: 0,
      BackendServerPort: 30000,
    })
    await ok(simulator, 'CreateLoadBalancerHTTPListener', http(81))
    expect(await ok(simulator, 'DescribeLoadBalancerHTTPListenerAttribute', port(81))).toMatchObject({
      Bandwidth: -1,
      HealthCheckURI: '/',
      HealthCheckHttpCode: 'http_2xx',
      HealthCheckMethod: 'head',
      Gzip: 'on',
      XForwardedFor: 'on',
      StickySession: 'off',
      ListenerForward: 'off',
      IdleTimeout: 15,
      RequestTimeout: 60,
    })
  })

  test('with an HTTP check shows what that check uses', async () => {
    const simulator = await simulate()
    await ok(simulator, 'CreateLoadBalancerTCPListener', tcp(80, { HealthCheckType: 'http' }))
    expect(await ok(simulator, 'DescribeLoadBalancerTCPListenerAttribute', port(80))).toMatchObject({
      HealthCheckURI: '/',
      HealthCheckHttpCode: 'http_2xx',
    })
  })

  test('shows the port of its default servers only while no group is bound', async () => {
    const simulator = await simulate()
    const id = await group(simulator, member('i-1'))
    await ok(simulator, 'CreateLoadBalancerTCPListener', tcp(80, { VServerGroupId: id }))
    const shown = await ok(simulator, 'DescribeLoadBalancerTCPListenerAttribute', port(80))
    expect(shown).toMatchObject({ VServerGroupId: id })
    expect(shown).not.toHaveProperty('BackendServerPort')
    simulator.settings.unsure.backendPortWithGroup = 'shown'
    expect((await ok(simulator, 'DescribeLoadBalancerTCPListenerAttribute', port(80))).BackendServerPort).toBe(30000)
    simulator.settings.unsure.backendPortWithGroup = 'zero'
    expect((await ok(simulator, 'DescribeLoadBalancerTCPListenerAttribute', port(80))).BackendServerPort).toBe(0)
  })

  test.each([
    ['absent', undefined],
    ['zero', 0],
    ['-520', -520],
  ] as const)('shows a port that was never set as %s where the settings say so', async (unset, shown) => {
    const simulator = await simulate({ settings: { unsure: { unsetCheckPort: unset, unsetBackendPort: unset } } })
    const VServerGroupId = await group(simulator)
    await ok(simulator, 'CreateLoadBalancerTCPListener', { ...LB, ListenerPort: 80, Bandwidth: -1, VServerGroupId })
    const { HealthCheckConnectPort, BackendServerPort } = await ok(simulator, 'DescribeLoadBalancerTCPListenerAttribute', port(80))
    expect([HealthCheckConnectPort, BackendServerPort]).toEqual([shown, shown])
  })

  test('is checked as often as the settings say where nothing was said', async () => {
    const simulator = await simulate({ settings: { unsure: { tcpCheckInterval: 3, udpCheckInterval: 5, httpCheckInterval: 4 } } })
    await ok(simulator, 'CreateLoadBalancerTCPListener', tcp(80))
    await ok(simulator, 'CreateLoadBalancerUDPListener', udp(53))
    await ok(simulator, 'CreateLoadBalancerHTTPListener', http(81))
    await ok(simulator, 'CreateLoadBalancerHTTPListener', http(82, { HealthCheckInterval: 9 }))
    expect([80, 53, 81, 82].map((at) => theListener(simulator, at).config['HealthCheckInterval'])).toEqual([3, 5, 4, 9])
  })
})

describe('ports', () => {
  test('UDP lives beside TCP, and calls by port must then say which', async () => {
    const simulator = await simulate()
    await ok(simulator, 'CreateLoadBalancerTCPListener', tcp(53))
    await ok(simulator, 'CreateLoadBalancerUDPListener', udp(53))
    const { status, body } = await call(simulator, 'StartLoadBalancerListener', port(53))
    expect([status, body['Code'], body['Message']]).toEqual([
      400,
      'TooManyListeners',
      'More than 1 listener is found, please be more specified.',
    ])
    await ok(simulator, 'StartLoadBalancerListener', port(53, { ListenerProtocol: 'udp' }))
    expect(theLoadBalancer(simulator).listeners.map(({ status: state }) => state)).toEqual(['stopped', 'running'])
  })

  test('UDP beside TCP is a conflict where the settings say so', async () => {
    const simulator = await simulate({ settings: { unsure: { tcpUdpSamePort: false } } })
    await ok(simulator, 'CreateLoadBalancerTCPListener', tcp(53))
    expect(await refusal(simulator, 'CreateLoadBalancerUDPListener', udp(53))).toBe('400 InvalidParameter.ListenerPortConflict')
  })

  test('the 51st listener is over the quota', async () => {
    const simulator = await simulate()
    for (let n = 1; n <= 50; n++) await ok(simulator, 'CreateLoadBalancerTCPListener', tcp(n))
    expect(await refusal(simulator, 'CreateLoadBalancerTCPListener', tcp(51))).toBe('400 ListenerNumberOverLimit')
    simulator.settings.quotas.listeners = 51
    await ok(simulator, 'CreateLoadBalancerTCPListener', tcp(51))
  })
})

describe('Set', () => {
  test('needs the id with the switch, and overlooks an id without it', async () => {
    const simulator = await simulate()
    const VServerGroupId = await group(simulator)
    await ok(simulator, 'CreateLoadBalancerTCPListener', tcp(80))
    expect(await refusal(simulator, 'SetLoadBalancerTCPListenerAttribute', port(80, { VServerGroup: 'on' }))).toBe(
      '400 MissingParam.VServerGroupId',
    )
    await ok(simulator, 'SetLoadBalancerTCPListenerAttribute', port(80, { VServerGroupId }))
    expect(theListener(simulator, 80).vServerGroupId).toBeUndefined()
    simulator.settings.unsure.groupIdAlone = 'apply'
    await ok(simulator, 'SetLoadBalancerTCPListenerAttribute', port(80, { VServerGroupId }))
    expect(theListener(simulator, 80).vServerGroupId).toBe(VServerGroupId)
  })

  test('says of nothing at all what clients look for', async () => {
    const { body } = await call(await simulate(), 'SetLoadBalancerHTTPListenerAttribute', port(81))
    expect([body['Code'], body['Message']]).toEqual(['InvalidParameter', 'The specified resource does not exist.'])
  })

  test('with DryRun changes nothing', async () => {
    const simulator = await simulate()
    await ok(simulator, 'CreateLoadBalancerTCPListener', tcp(80))
    await ok(simulator, 'SetLoadBalancerTCPListenerAttribute', port(80, { Description: 'b', DryRun: true }))
    expect(theListener(simulator, 80).description).toBe('')
  })
})

describe('a refused listener', () => {
  test('wants more bandwidth than its load balancer has left', async () => {
    const state = { loadBalancers: [{ id: 'lb-1', addressType: 'internet', internetChargeType: 'paybybandwidth', bandwidth: 10 }] } as const
    const simulator = await simulate({ state: { loadBalancers: [...state.loadBalancers] } })
    await ok(simulator, 'CreateLoadBalancerTCPListener', tcp(80, { Bandwidth: 6 }))
    expect(await refusal(simulator, 'CreateLoadBalancerTCPListener', tcp(81, { Bandwidth: 5 }))).toBe('400 InvalidParameter')
    await ok(simulator, 'CreateLoadBalancerTCPListener', tcp(81, { Bandwidth: 4 }))
  })

  test('is bound to an empty group where the settings forbid it', async () => {
    const simulator = await simulate({ settings: { unsure: { emptyGroup: 'refuse' } } })
    const VServerGroupId = await group(simulator)
    expect(await refusal(simulator, 'CreateLoadBalancerTCPListener', tcp(80, { VServerGroupId }))).toBe('400 VServerGroupEmpty')
  })
})

describe('deleting and the states', () => {
  test('deleting the last one makes the load balancer inactive where the settings say so', async () => {
    const simulator = await simulate({ settings: { unsure: { lastListenerInactivates: true } } })
    await ok(simulator, 'CreateLoadBalancerTCPListener', tcp(80))
    await ok(simulator, 'DeleteLoadBalancerListener', port(80))
    expect(theLoadBalancer(simulator).status).toBe('inactive')
  })

  test.each([
    ['ok', 200],
    ['error', 400],
  ] as const)('starting a running listener is %s', async (startRunning, status) => {
    const simulator = await simulate({ settings: { unsure: { startRunning, stopStopped: startRunning } } })
    await ok(simulator, 'CreateLoadBalancerTCPListener', tcp(80))
    expect((await call(simulator, 'StopLoadBalancerListener', port(80))).status).toBe(status)
    await ok(simulator, 'StartLoadBalancerListener', port(80))
    expect((await call(simulator, 'StartLoadBalancerListener', port(80))).status).toBe(status)
  })

  test('between two states a listener takes no other change', async () => {
    const simulator = await simulate({ settings: { transitionMs: 60_000 } })
    await ok(simulator, 'CreateLoadBalancerTCPListener', tcp(80))
    expect((await ok(simulator, 'DescribeLoadBalancerTCPListenerAttribute', port(80))).Status).toBe('configuring')
    expect(await refusal(simulator, 'StartLoadBalancerListener', port(80))).toBe('400 Operation.Deny')
    expect(await refusal(simulator, 'SetLoadBalancerTCPListenerAttribute', port(80))).toBe('400 ServiceIsConfiguring')
    theListener(simulator, 80).transition = { status: 'configuring', until: 0 }
    await ok(simulator, 'StartLoadBalancerListener', port(80))
    expect((await ok(simulator, 'DescribeLoadBalancerTCPListenerAttribute', port(80))).Status).toBe('starting')
  })

  test('a locked load balancer refuses every write and answers every read', async () => {
    const simulator = await simulate()
    theLoadBalancer(simulator).status = 'locked'
    expect(await refusal(simulator, 'CreateLoadBalancerTCPListener', tcp(80))).toBe('400 ActionNotAllowed')
    expect((await ok(simulator, 'DescribeLoadBalancerAttribute', LB)).LoadBalancerStatus).toBe('locked')
  })
})

describe('a redirect to https', () => {
  const redirect = (to: number) => ({ ...LB, ListenerPort: 80, HealthCheck: 'off', ListenerForward: 'on', ForwardPort: to })
  const state = {
    loadBalancers: [{ id: 'lb-1', listeners: [{ port: 443, protocol: 'https' as const, backendServerPort: 1 }] }],
  }

  test('may be asked for with a status, and without HealthCheck where the settings say so', async () => {
    const simulator = await simulate({ state })
    const { HealthCheck: _, ...bare } = redirect(443)
    expect(await refusal(simulator, 'CreateLoadBalancerHTTPListener', { ...bare, HealthCheck: 'off', ForwardCode: 200 })).toBe(
      '400 InvalidParameter.ForwardCode',
    )
    expect(await refusal(simulator, 'CreateLoadBalancerHTTPListener', bare)).toBe('400 MissingParameter')
    simulator.settings.unsure.redirectNeedsHealthCheck = false
    await ok(simulator, 'CreateLoadBalancerHTTPListener', { ...bare, ForwardCode: 302 })
  })
})
