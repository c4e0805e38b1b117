// Statements about listeners: their states, their defaults, and what is refused.
import { describe, expect, test } from 'vitest'
import { mark } from '../../scripts/verify/ground.ts'
import { type Api, member } from './api-statements.ts'

const ATTRIBUTE = 'DescribeLoadBalancerTCPListenerAttribute'

export function listenerStatements(its: () => Api): void {
  const at = (ListenerPort: number, more = {}) => its().on({ ListenerPort, ...more })

  describe('a new listener', () => {
    test('is stopped, and runs after Start', async () => {
      const { ok, read, tcp } = its()
      await ok('CreateLoadBalancerTCPListener', tcp(8010))
      expect((await read(ATTRIBUTE, at(8010))).Status).toBe('stopped')
      await ok('StartLoadBalancerListener', at(8010))
      expect((await read(ATTRIBUTE, at(8010))).Status).toBe('running')
      await ok('StopLoadBalancerListener', at(8010))
      expect((await read(ATTRIBUTE, at(8010))).Status).toBe('stopped')
    })

    test('has the defaults for what was left out', async () => {
      const { ok, read, tcp } = its()
      await ok('CreateLoadBalancerTCPListener', tcp(8011))
      expect(await read(ATTRIBUTE, at(8011))).toMatchObject({
        ...{ Scheduler: 'wrr', HealthCheck: 'on', HealthCheckType: 'tcp', HealthCheckConnectTimeout: 5 },
        ...{ HealthyThreshold: 3, UnhealthyThreshold: 3, EstablishedTimeout: 900, PersistenceTimeout: 0, BackendServerPort: 30_000 },
      })
    })

    test('of http has some that others rely on', async () => {
      const { ok, read, http } = its()
      await ok('CreateLoadBalancerHTTPListener', http(8011))
      expect(await read('DescribeLoadBalancerHTTPListenerAttribute', at(8011))).toMatchObject({
        ...{ Bandwidth: -1, HealthCheckHttpCode: 'http_2xx', Gzip: 'on', XForwardedFor: 'on', StickySession: 'off' },
        ...{ ListenerForward: 'off', IdleTimeout: 15, RequestTimeout: 60 },
      })
    })

    test('of layer 4 sends HealthCheckSwitch and reads HealthCheck', async () => {
      const { ok, read, tcp } = its()
      await ok('CreateLoadBalancerTCPListener', tcp(8012, { HealthCheckSwitch: 'off' }))
      expect((await read(ATTRIBUTE, at(8012))).HealthCheck).toBe('off')
    })

    test('excludes others of its transport on that port', async () => {
      const { ok, refusal, tcp, http } = its()
      await ok('CreateLoadBalancerTCPListener', tcp(8013))
      expect(await refusal('CreateLoadBalancerTCPListener', tcp(8013))).toBe('400 ListenerAlreadyExists')
      expect(await refusal('CreateLoadBalancerHTTPListener', http(8013))).toBe('400 ListenerAlreadyExists')
    })

    test('is listed three times over in its load balancer, once misspelt, and in the list of listeners', async () => {
      const { id, ok, read, tcp, on } = its()
      await ok('CreateLoadBalancerTCPListener', tcp(8014))
      const row = { ListenerPort: 8014, ListenerProtocol: 'tcp' }
      const attribute = await read('DescribeLoadBalancerAttribute', on())
      expect(attribute.ListenerPorts.ListenerPort).toEqual([8014])
      expect(attribute.ListenerPortsAndProtocal.ListenerPortAndProtocal).toMatchObject([{ ListenerPort: 8014 }])
      expect(attribute.ListenerPortsAndProtocol.ListenerPortAndProtocol).toMatchObject([row])
      const listed = (more = {}) => ok('DescribeLoadBalancerListeners', { LoadBalancerId: [id], ...more })
      expect((await listed()).Listeners).toMatchObject([{ ...row, TCPListenerConfig: { ProxyProtocolV2Enabled: 'false' } }])
      expect((await listed({ ListenerProtocol: 'http' })).TotalCount).toBe(0)
    })
  })

  describe('Set', () => {
    test('changes only what it names', async () => {
      const { ok, read, tcp } = its()
      await ok('CreateLoadBalancerTCPListener', tcp(8020, { HealthyThreshold: 4 }))
      await ok('SetLoadBalancerTCPListenerAttribute', at(8020, { EstablishedTimeout: 60 }))
      expect(await read(ATTRIBUTE, at(8020))).toMatchObject({ HealthyThreshold: 4, EstablishedTimeout: 60 })
    })

    test('switches to a group and back to the default one, and needs the id with the switch', async () => {
      const { first, group, ok, read, refusal, tcp } = its()
      const VServerGroupId = await group(member(first))
      await ok('CreateLoadBalancerTCPListener', tcp(8021))
      const set = (more: object) => at(8021, more)
      expect(await refusal('SetLoadBalancerTCPListenerAttribute', set({ VServerGroup: 'on' }))).toBe('400 MissingParam.VServerGroupId')
      await ok('SetLoadBalancerTCPListenerAttribute', set({ VServerGroup: 'on', VServerGroupId }))
      expect((await read(ATTRIBUTE, at(8021))).VServerGroupId).toBe(VServerGroupId)
      await ok('SetLoadBalancerTCPListenerAttribute', set({ VServerGroup: 'off' }))
      expect((await read(ATTRIBUTE, at(8021))).VServerGroupId ?? '').toBe('')
    })

    test('cannot go back to a default group whose port it never had', async () => {
      const { first, group, ok, refusal, on } = its()
      const VServerGroupId = await group(member(first))
      const own = { ListenerPort: 8024, HealthCheck: 'off', Description: mark('statement'), VServerGroupId }
      await ok('CreateLoadBalancerHTTPListener', on(own))
      const off = at(8024, { VServerGroup: 'off' })
      expect(await refusal('SetLoadBalancerHTTPListenerAttribute', off)).toBe('400 OperationFailed.ServerGroupInUse')
    })

    test('cannot exchange hash and other scheduling', async () => {
      const { ok, refusal, tcp } = its()
      await ok('CreateLoadBalancerTCPListener', tcp(8025))
      await ok('SetLoadBalancerTCPListenerAttribute', at(8025, { Scheduler: 'rr' }))
      expect(await refusal('SetLoadBalancerTCPListenerAttribute', at(8025, { Scheduler: 'sch' }))).toBe('400 InvalidParameter')
    })

    test('tells another protocol from nothing at all', async () => {
      const { ok, refusal, tcp } = its()
      await ok('CreateLoadBalancerTCPListener', tcp(8022))
      const action = 'SetLoadBalancerHTTPListenerAttribute'
      expect(await refusal(action, at(8022))).toBe('400 UnsupportedOperationonfixedprotocalport')
      expect(await refusal(action, at(8023))).toBe('400 InvalidParameter')
    })
  })

  describe('a listener is refused', () => {
    test.each([
      { name: 'that names a group which is not there', more: { VServerGroupId: 'rsp-none' }, code: 'ResourceNotFound.VServerGroup' },
      { name: 'with a bandwidth of 0', more: { Bandwidth: 0 }, code: 'InvalidParameter' },
      { name: 'with an unknown scheduler', more: { Scheduler: 'qch' }, code: 'InvalidParameter' },
      { name: 'with a description that has a space', more: { Description: 'a b' }, code: 'InvalidParameter' },
      { name: 'without a port or a group', more: { BackendServerPort: undefined }, code: 'MissingParameter' },
      { name: 'that drains without a timeout', more: { ConnectionDrain: 'on' }, code: 'MissingParameter' },
      {
        name: 'with an access list that is not there',
        more: { AclStatus: 'on', AclType: 'white', AclId: 'acl-x' },
        code: 'AclNotExist',
      },
      { name: 'with an access list without an id', more: { AclStatus: 'on', AclType: 'white' }, code: 'MissingParameter' },
    ])('$name', async ({ more, code }) => {
      const { refusal, tcp } = its()
      expect(await refusal('CreateLoadBalancerTCPListener', tcp(8030, more))).toBe(`400 ${code}`)
    })

    test.each([
      { name: 'sticky without a kind', more: { StickySession: 'on' }, code: 'MissingParameter' },
      { name: 'sticky by insert without a timeout', more: { StickySession: 'on', StickySessionType: 'insert' }, code: 'MissingParameter' },
      { name: 'sticky by server without a cookie', more: { StickySession: 'on', StickySessionType: 'server' }, code: 'MissingParameter' },
      { name: 'idle for more than a minute', more: { IdleTimeout: 61 }, code: 'InvalidParameter.IdleTimeout' },
      { name: 'waiting for more than three minutes', more: { RequestTimeout: 181 }, code: 'InvalidParameter.RequestTimeout' },
      { name: 'checking a path that does not start with a slash', more: { HealthCheckURI: 'x' }, code: 'InvalidParameter' },
      { name: 'taking an unknown class of status', more: { HealthCheckHttpCode: 'http_9xx' }, code: 'InvalidParameter' },
      { name: 'checking with HTTP/1.1 and no host', more: { HealthCheckHttpVersion: 'http1.1' }, code: 'MissingParam.HealthCheckDomain' },
    ])('of http when it is $name', async ({ more, code }) => {
      const { refusal, http } = its()
      expect(await refusal('CreateLoadBalancerHTTPListener', http(8031, more))).toBe(`400 ${code}`)
    })

    test.each([
      { name: 'on no port', port: 0, more: {}, code: 'InvalidParam.ListenerPort' },
      { name: 'on a port of the system', port: 4789, more: {}, code: 'OperationDenied.SpecialListenerPortNotAllowed' },
      { name: 'with a question and no answer', port: 8032, more: { HealthCheckReq: 'ping' }, code: 'MissingParameter' },
      {
        name: 'with a long question',
        port: 8032,
        more: { HealthCheckReq: 'x'.repeat(65), HealthCheckExp: 'y' },
        code: 'InvalidParamLength.HealthCheckReq',
      },
      {
        name: 'with a space in the answer',
        port: 8032,
        more: { HealthCheckReq: 'p', HealthCheckExp: 'a b' },
        code: 'InvalidParam.HealthCheckExp',
      },
    ])('of udp $name', async ({ port, more, code }) => {
      const { refusal, tcp } = its()
      expect(await refusal('CreateLoadBalancerUDPListener', tcp(port, more))).toBe(`400 ${code}`)
    })
  })

  describe('deleting a listener', () => {
    test('that is not there is ResourceNotFound.Listener, and InvalidParameter on Start', async () => {
      const { refusal } = its()
      expect(await refusal('DeleteLoadBalancerListener', at(8040))).toBe('404 ResourceNotFound.Listener')
      expect(await refusal('StartLoadBalancerListener', at(8040))).toBe('400 InvalidParameter')
    })

    test('works while it runs; its group stays', async () => {
      const { first, group, members, ok, tcp } = its()
      const VServerGroupId = await group(member(first))
      await ok('CreateLoadBalancerTCPListener', tcp(8041, { VServerGroupId }))
      await ok('StartLoadBalancerListener', at(8041))
      await ok('DeleteLoadBalancerListener', at(8041))
      expect(await members(VServerGroupId)).toHaveLength(1)
    })
  })
}
