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
  test.each(['TCP', 'HTTP'])('TCP, HTTP and HTTPS exclude one another: %s on a taken port', async (kind) => {
    const simulator = await simulate()
    await ok(simulator, 'CreateLoadBalancerTCPListener', tcp(80))
    expect(await refusal(simulator, `CreateLoadBalancer${kind}Listener`, http(80, { Bandwidth: -1 }))).toBe('400 ListenerAlreadyExists')
  })

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

  test.each([
    [0, '400 InvalidParam.ListenerPort'],
    [4789, '400 OperationDenied.SpecialListenerPortNotAllowed'],
  ])('a UDP listener cannot be on %i', async (at, answer) => {
    expect(await refusal(await simulate(), 'CreateLoadBalancerUDPListener', udp(at))).toBe(answer)
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
  test('switches to a group and back to the default one', async () => {
    const simulator = await simulate()
    const id = await group(simulator)
    await ok(simulator, 'CreateLoadBalancerTCPListener', tcp(80))
    await ok(simulator, 'SetLoadBalancerTCPListenerAttribute', port(80, { VServerGroup: 'on', VServerGroupId: id }))
    expect(theListener(simulator, 80).vServerGroupId).toBe(id)
    await ok(simulator, 'SetLoadBalancerTCPListenerAttribute', port(80, { VServerGroup: 'off' }))
    expect(theListener(simulator, 80).vServerGroupId).toBeUndefined()
  })

  test('cannot go back to a default group whose port it never had', async () => {
    const simulator = await simulate()
    const VServerGroupId = await group(simulator)
    await ok(simulator, 'CreateLoadBalancerHTTPListener', { ...LB, ListenerPort: 80, HealthCheck: 'off', VServerGroupId })
    const off = port(80, { VServerGroup: 'off' })
    expect(await refusal(simulator, 'SetLoadBalancerHTTPListenerAttribute', off)).toBe('400 OperationFailed.ServerGroupInUse')
  })

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

  test('with DryRun changes nothing', async () => {
    const simulator = await simulate()
    await ok(simulator, 'CreateLoadBalancerTCPListener', tcp(80))
    await ok(simulator, 'SetLoadBalancerTCPListenerAttribute', port(80, { Description: 'b', DryRun: true }))
    expect(theListener(simulator, 80).description).toBe('')
  })

  test('tells another protocol from nothing at all', async () => {
    const simulator = await simulate()
    await ok(simulator, 'CreateLoadBalancerTCPListener', tcp(80))
    expect(await refusal(simulator, 'SetLoadBalancerHTTPListenerAttribute', port(80))).toBe('400 UnsupportedOperationonfixedprotocalport')
    const { body } = await call(simulator, 'SetLoadBalancerHTTPListenerAttribute', port(81))
    expect([body['Code'], body['Message']]).toEqual(['InvalidParameter', 'The specified resource does not exist.'])
  })

  test('cannot exchange hash and other scheduling', async () => {
    const simulator = await simulate()
    await ok(simulator, 'CreateLoadBalancerTCPListener', tcp(80))
    await ok(simulator, 'SetLoadBalancerTCPListenerAttribute', port(80, { Scheduler: 'rr' }))
    expect(await refusal(simulator, 'SetLoadBalancerTCPListenerAttribute', port(80, { Scheduler: 'sch' }))).toBe('400 InvalidParameter')
  })
})

describe('a refused listener', () => {
  test.each([
    { name: 'has neither port nor group', params: { ...LB, ListenerPort: 80, Bandwidth: -1 }, code: 'MissingParameter' },
    { name: 'names a group that is not there', params: tcp(80, { VServerGroupId: 'rsp-none' }), code: 'ResourceNotFound.VServerGroup' },
    { name: 'has a bandwidth of 0', params: tcp(80, { Bandwidth: 0 }), code: 'InvalidParameter' },
    { name: 'has an unknown scheduler', params: tcp(80, { Scheduler: 'qch' }), code: 'InvalidParameter' },
    { name: 'has a description with a character that is not allowed', params: tcp(80, { Description: 'a b' }), code: 'InvalidParameter' },
    { name: 'drains without a timeout', params: tcp(80, { ConnectionDrain: 'on' }), code: 'MissingParameter' },
    {
      name: 'has an access list that is not there',
      params: tcp(80, { AclStatus: 'on', AclType: 'white', AclId: 'acl-x' }),
      code: 'AclNotExist',
    },
    { name: 'has an access list without an id', params: tcp(80, { AclStatus: 'on', AclType: 'white' }), code: 'MissingParameter' },
  ])('$name', async ({ params, code }) => {
    const simulator = await simulate()
    expect(await refusal(simulator, 'CreateLoadBalancerTCPListener', params)).toBe(`400 ${code}`)
    expect(theLoadBalancer(simulator).listeners).toEqual([])
  })

  test.each([
    { name: 'sticky without a kind', params: { StickySession: 'on' }, code: 'MissingParameter' },
    { name: 'sticky by insert without a timeout', params: { StickySession: 'on', StickySessionType: 'insert' }, code: 'MissingParameter' },
    { name: 'sticky by server without a cookie', params: { StickySession: 'on', StickySessionType: 'server' }, code: 'MissingParameter' },
    { name: 'idle for more than a minute', params: { IdleTimeout: 61 }, code: 'InvalidParameter.IdleTimeout' },
    { name: 'waiting for more than three minutes', params: { RequestTimeout: 181 }, code: 'InvalidParameter.RequestTimeout' },
    { name: 'checking a path that does not start with a slash', params: { HealthCheckURI: 'x' }, code: 'InvalidParameter' },
    { name: 'taking an unknown class of status', params: { HealthCheckHttpCode: 'http_9xx' }, code: 'InvalidParameter' },
    { name: 'checking with HTTP/1.1 and no host', params: { HealthCheckHttpVersion: 'http1.1' }, code: 'MissingParam.HealthCheckDomain' },
  ])('of http is $name', async ({ params, code }) => {
    expect(await refusal(await simulate(), 'CreateLoadBalancerHTTPListener', http(80, params))).toBe(`400 ${code}`)
  })

  test.each([
    [{ HealthCheckReq: 'ping' }, 'MissingParameter'],
    [{ HealthCheckReq: 'x'.repeat(65), HealthCheckExp: 'y' }, 'InvalidParamLength.HealthCheckReq'],
    [{ HealthCheckReq: 'p', HealthCheckExp: 'a b' }, 'InvalidParam.HealthCheckExp'],
  ])('of udp has the probe %j', async (params, code) => {
    expect(await refusal(await simulate(), 'CreateLoadBalancerUDPListener', udp(53, params))).toBe(`400 ${code}`)
  })

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
  test('a listener that is not there is ResourceNotFound.Listener on Delete and InvalidParameter on Start', async () => {
    const simulator = await simulate()
    expect(await refusal(simulator, 'DeleteLoadBalancerListener', port(80))).toBe('404 ResourceNotFound.Listener')
    expect(await refusal(simulator, 'StartLoadBalancerListener', port(80))).toBe('400 InvalidParameter')
  })

  test('a running listener can be deleted; its group stays', async () => {
    const simulator = await simulate()
    const VServerGroupId = await group(simulator, member('i-1'))
    await ok(simulator, 'CreateLoadBalancerTCPListener', tcp(80, { VServerGroupId }))
    await ok(simulator, 'StartLoadBalancerListener', port(80))
    await ok(simulator, 'DeleteLoadBalancerListener', port(80))
    expect(theLoadBalancer(simulator)).toMatchObject({ listeners: [], groups: [{ id: VServerGroupId }], status: 'active' })
  })

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

  test('needs its https listener, which cannot be deleted before it', async () => {
    const simulator = await simulate({ state })
    expect(await refusal(simulator, 'CreateLoadBalancerHTTPListener', redirect(444))).toBe('400 InvalidParameter')
    await ok(simulator, 'CreateLoadBalancerHTTPListener', redirect(443))
    expect(await refusal(simulator, 'DeleteLoadBalancerListener', port(443))).toBe('400 ListenerForwardExist')
    await ok(simulator, 'DeleteLoadBalancerListener', port(80))
    await ok(simulator, 'DeleteLoadBalancerListener', port(443))
  })

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

  test('shows little of itself and cannot be changed', async () => {
    const simulator = await simulate({ state })
    await ok(simulator, 'CreateLoadBalancerHTTPListener', redirect(443))
    const shown = await ok(simulator, 'DescribeLoadBalancerHTTPListenerAttribute', port(80))
    expect(shown).toMatchObject({ ListenerForward: 'on', ForwardPort: 443 })
    expect(shown).not.toHaveProperty('HealthCheck')
    const [row] = (await ok(simulator, 'DescribeLoadBalancerListeners', { ListenerPort: 80 })).Listeners
    expect(row.HTTPListenerConfig).toEqual({ ListenerForward: 'on', ForwardPort: 443 })
    expect(await refusal(simulator, 'SetLoadBalancerHTTPListenerAttribute', port(80, { Gzip: 'off' }))).toBe('400 Operation.NotAllowed')
  })
})
