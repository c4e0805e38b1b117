import { describe, expect, test } from 'vitest'
import { call, ok, refusal, send, signed } from './client.ts'
import { LB, simulate, theLoadBalancer } from './support.ts'

const create = { ...LB, VServerGroupName: 'g' }

describe('faults on order', () => {
  test('hit the n-th call of their action, so many times, and no other', async () => {
    const simulator = await simulate()
    simulator.faults.add({ action: 'CreateVServerGroup', nth: 2, times: 2, as: { code: 'ServiceIsConfiguring' } })
    const codes: unknown[] = []
    for (let n = 0; n < 5; n++) {
      await ok(simulator, 'DescribeLoadBalancers')
      codes.push((await call(simulator, 'CreateVServerGroup', create)).body['Code'] ?? 'OK')
    }
    expect(codes).toEqual(['OK', 'ServiceIsConfiguring', 'ServiceIsConfiguring', 'OK', 'OK'])
    expect(theLoadBalancer(simulator).groups).toHaveLength(3)
    expect(simulator.faults.list()).toEqual([])
  })

  test('hit any action with a star, and none after clear', async () => {
    const simulator = await simulate()
    simulator.faults.add({ action: '*', times: 100, as: { code: 'Throttling' } })
    expect(await refusal(simulator, 'DescribeLoadBalancers')).toBe('400 Throttling')
    simulator.faults.clear()
    await ok(simulator, 'DescribeLoadBalancers')
  })

  test('leave calls alone that the gateway refuses', async () => {
    const simulator = await simulate()
    simulator.faults.add({ action: 'DescribeLoadBalancers', as: { code: 'Throttling' } })
    const unsigned = await send(simulator, signed({ Action: 'DescribeLoadBalancers' }, 'POST', 'wrong'))
    expect(unsigned.body['Code']).toBe('SignatureDoesNotMatch')
    expect(await refusal(simulator, 'DescribeLoadBalancers')).toBe('400 Throttling')
  })

  test.each([
    ['before', 0],
    ['after', 1],
  ] as const)('%s the change leaves %i groups behind', async (when, groups) => {
    const simulator = await simulate()
    simulator.faults.add({ action: 'CreateVServerGroup', when, as: { code: 'InternalError' } })
    expect(await refusal(simulator, 'CreateVServerGroup', create)).toBe('500 InternalError')
    expect(theLoadBalancer(simulator).groups).toHaveLength(groups)
  })

  test.each([
    ['BackendServer.configuring', 409],
    ['ServiceIsConfiguring', 400],
    ['OperationBusy', 400],
    ['SystemBusy', 400],
    ['VServerGroupProcessing', 400],
    ['OperationFailed.ListenerStatusNotSupport', 400],
    ['Throttling.User', 400],
    ['ServiceUnavailable', 503],
    ['Forbidden.RAM', 403],
  ])('as %s have the status of the tables', async (code, status) => {
    const simulator = await simulate()
    simulator.faults.add({ action: '*', as: { code } })
    expect(await refusal(simulator, 'DescribeLoadBalancers')).toBe(`${status} ${code}`)
  })

  test('as a code may have a status of their own', async () => {
    const simulator = await simulate()
    simulator.faults.add({ action: '*', as: { code: 'SystemBusy', status: 449 } })
    expect(await refusal(simulator, 'DescribeLoadBalancers')).toBe('449 SystemBusy')
  })

  test('as 5xx are JSON without a Code', async () => {
    const simulator = await simulate()
    simulator.faults.add({ action: '*', as: '5xx' })
    const { status, body } = await call(simulator, 'DescribeLoadBalancers')
    expect([status, body['Code'], body['RequestId']]).toEqual([503, undefined, expect.any(String)])
  })

  test.each([
    ['html', 502, '<html>'],
    ['html-200', 200, '<html>'],
    ['malformed-json', 200, '{"RequestId"'],
    ['wrong-shape', 200, '"Data":[]'],
  ] as const)('as %s answer %i', async (as, status, text) => {
    const simulator = await simulate()
    simulator.faults.add({ action: '*', as })
    const reply = await call(simulator, 'DescribeLoadBalancers')
    expect(reply.status).toBe(status)
    expect(reply.text).toContain(text)
    expect(reply.body).not.toHaveProperty('LoadBalancers')
  })

  test('as reset break the connection', async () => {
    const simulator = await simulate()
    simulator.faults.add({ action: '*', as: 'reset' })
    await expect(call(simulator, 'DescribeLoadBalancers')).rejects.toThrow('fetch failed')
    expect(simulator.requests.entries().at(-1)).toMatchObject({ status: 0, code: 'fault reset' })
  })

  test('as hang never answer, and do not keep the simulator from closing', async () => {
    const simulator = await simulate()
    simulator.faults.add({ action: 'CreateVServerGroup', when: 'after', as: 'hang' })
    const body = signed({ Action: 'CreateVServerGroup', ...create }, 'POST')
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    await expect(fetch(simulator.apiUrl, { method: 'POST', headers, body, signal: AbortSignal.timeout(150) })).rejects.toThrow('timeout')
    expect(theLoadBalancer(simulator).groups).toHaveLength(1)
    simulator.faults.add({ action: '*', as: 'hang' })
    const cut = expect(call(simulator, 'DescribeLoadBalancers')).rejects.toThrow('fetch failed')
    while (simulator.requests.counts().total < 2) await new Promise((resolve) => setTimeout(resolve, 5))
    await simulator.close()
    await cut
  })

  test('that make no sense are refused', async () => {
    const simulator = await simulate()
    expect(() => simulator.faults.add({ action: 'x', nth: 0, as: 'reset' })).toThrow('nth')
  })
})
