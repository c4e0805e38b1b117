import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { DataPlane, PlaneListener } from '../../src/simulator/plane.ts'
import { startSimulator } from '../../src/simulator/simulator.ts'
import { call, ok, refusal } from './client.ts'
import { group, LB, member, port, servers, simulate, tcp, theListener, theLoadBalancer } from './support.ts'

type Simulator = Awaited<ReturnType<typeof simulate>>

async function control(simulator: Simulator, method: string, path: string, body?: unknown) {
  const init = body === undefined ? { method } : { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const response = await fetch(`${simulator.controlUrl}${path}`, init)
  // biome-ignore lint/suspicious/noExplicitAny: tests reach deep into JSON
  return { status: response.status, body: (await response.json()) as any }
}

describe('the control port', () => {
  test('gives the whole state, and takes another', async () => {
    const simulator = await simulate()
    await ok(simulator, 'CreateLoadBalancerTCPListener', tcp(80))
    const { body } = await control(simulator, 'GET', '/state')
    expect(body.loadBalancers[0].listeners[0]).toMatchObject({ port: 80, protocol: 'tcp', status: 'stopped' })
    body.loadBalancers[0].name = 'renamed'
    expect((await control(simulator, 'PUT', '/state', body)).status).toBe(200)
    expect(theLoadBalancer(simulator).name).toBe('renamed')
    expect((await ok(simulator, 'DescribeLoadBalancers')).LoadBalancers.LoadBalancer[0].LoadBalancerName).toBe('renamed')
  })

  test('refuses a state that makes no sense, and keeps the old one', async () => {
    const simulator = await simulate()
    const { status, body } = await control(simulator, 'PUT', '/state', { loadBalancers: [{ id: 'x', color: 'red' }] })
    expect(status).toBe(400)
    expect(body.error).toContain('color')
    expect(theLoadBalancer(simulator).id).toBe('lb-1')
  })

  test('shows and changes settings, one at a time, or none at all', async () => {
    const simulator = await simulate()
    const patch = { latencyMs: 5, quotas: { listeners: 1 }, rates: { actions: { X: 7 } } }
    expect((await control(simulator, 'PATCH', '/settings', patch)).body).toMatchObject({
      latencyMs: 5,
      quotas: { listeners: 1, rules: 40 },
    })
    expect(simulator.settings.rates).toMatchObject({ actions: { X: 7 }, writesPerMinute: 90 })
    const bad = await control(simulator, 'PATCH', '/settings', { latencyMs: 9, quotas: { listeners: 'many' } })
    expect(bad.status).toBe(400)
    expect(simulator.settings).toMatchObject({ latencyMs: 5, quotas: { listeners: 1 } })
  })

  test('takes faults, one or several, lists and clears them', async () => {
    const simulator = await simulate()
    const fault = { action: 'DescribeRegions', times: 5, as: { code: 'SystemBusy' } }
    await control(simulator, 'POST', '/faults', fault)
    const listed = await control(simulator, 'POST', '/faults', [{ action: 'X', as: 'reset' }])
    expect(listed.body).toHaveLength(2)
    expect(await refusal(simulator, 'DescribeRegions')).toBe('400 SystemBusy')
    expect((await control(simulator, 'GET', '/faults')).body[0]).toMatchObject({ action: 'DescribeRegions', seen: 1, when: 'before' })
    await control(simulator, 'DELETE', '/faults')
    await ok(simulator, 'DescribeRegions')
    expect((await control(simulator, 'POST', '/faults', { action: 'X', as: 'explode' })).status).toBe(400)
  })

  test('counts requests by action, caller and outcome, without secrets, until reset', async () => {
    const simulator = await simulate()
    await ok(simulator, 'DescribeRegions')
    await call(simulator, 'CreateLoadBalancerTCPListener', tcp(80))
    await call(simulator, 'CreateLoadBalancerTCPListener', tcp(80))
    const { body } = await control(simulator, 'GET', '/requests?limit=1')
    expect(body.counts).toEqual({
      total: 3,
      reads: 1,
      writes: 2,
      byAction: { DescribeRegions: 1, CreateLoadBalancerTCPListener: 2 },
      byCaller: { 'testid test-client': 3 },
      byCode: { OK: 2, ListenerAlreadyExists: 1 },
    })
    expect(body.requests).toHaveLength(1)
    expect(body.requests[0]).toMatchObject({ action: 'CreateLoadBalancerTCPListener', status: 400, params: { ListenerPort: '80' } })
    expect(Object.keys(body.requests[0].params)).not.toContain('Signature')
    expect((await control(simulator, 'GET', '/requests?action=DescribeRegions')).body.requests).toHaveLength(1)
    await control(simulator, 'POST', '/requests/reset')
    expect((await control(simulator, 'GET', '/requests')).body).toMatchObject({ counts: { total: 0 }, requests: [] })
  })

  test('keeps only so many requests, and counts all', async () => {
    const simulator = await simulate({ settings: { requestLogSize: 2 } })
    for (let n = 0; n < 5; n++) await ok(simulator, 'DescribeRegions')
    expect([simulator.requests.entries().length, simulator.requests.counts().total]).toEqual([2, 5])
  })

  test('tells what a data plane could not do', async () => {
    const plane: DataPlane = { sync() {}, health: () => [], problems: () => ['no such address'], close: async () => {} }
    const simulator = await simulate({ dataPlane: plane })
    expect((await control(simulator, 'GET', '/health')).body).toEqual({
      status: 'degraded',
      problems: ['no such address'],
      loadBalancers: 1,
      listeners: 0,
      running: 0,
    })
  })

  test('sets the health table', async () => {
    const simulator = await simulate()
    await ok(simulator, 'AddBackendServers', { ...LB, ...servers('i-1') })
    await ok(simulator, 'CreateLoadBalancerTCPListener', tcp(80))
    await ok(simulator, 'StartLoadBalancerListener', port(80))
    await control(simulator, 'PUT', '/health-table', { server: 'i-1', state: 'abnormal' })
    const state = async () => (await ok(simulator, 'DescribeHealthStatus', LB)).BackendServers.BackendServer[0].ServerHealthStatus
    expect(await state()).toBe('abnormal')
    await control(simulator, 'DELETE', '/health-table')
    expect(await state()).toBe('normal')
  })

  test('answers nonsense shortly', async () => {
    const simulator = await simulate()
    expect(await control(simulator, 'GET', '/nowhere')).toMatchObject({ status: 404 })
    const response = await fetch(`${simulator.controlUrl}/state`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: '{',
    })
    expect(response.status).toBe(400)
  })
})

describe('changes by hand', () => {
  async function prepared() {
    const seen: (readonly PlaneListener[])[] = []
    const plane: DataPlane = { sync: (listeners) => seen.push(listeners), health: () => [], problems: () => [], close: async () => {} }
    const simulator = await simulate({ dataPlane: plane })
    await ok(simulator, 'AddBackendServers', { ...LB, ...servers('i-1', 'i-2') })
    const id = await group(simulator, member('i-1'), member('i-1', 30001), member('i-2'))
    await ok(simulator, 'CreateLoadBalancerTCPListener', tcp(80, { VServerGroupId: id }))
    return { simulator, id, plane: () => seen.at(-1) ?? [] }
  }

  test('of a listener keep everything else, and reach the data plane', async () => {
    const { simulator, plane } = await prepared()
    const patch = { status: 'running', description: 'by hand', config: { HealthCheckInterval: 9 } }
    expect((await control(simulator, 'PATCH', '/load-balancers/web/listeners/tcp/80', patch)).status).toBe(200)
    expect(theListener(simulator, 80)).toMatchObject({ status: 'running', description: 'by hand' })
    expect(theListener(simulator, 80).config).toMatchObject({ HealthCheckInterval: 9, HealthyThreshold: 3 })
    expect(plane()[0]).toMatchObject({ running: true, group: { check: { intervalMs: 9000 } } })
    await control(simulator, 'PATCH', '/load-balancers/lb-1/listeners/tcp/80', { vServerGroupId: null, backendServerPort: 5 })
    expect(plane()[0]?.group.backends.map(({ port: at }) => at)).toEqual([5, 5])
    await control(simulator, 'DELETE', '/load-balancers/lb-1/listeners/tcp/80')
    expect(plane()).toEqual([])
  })

  test('of weights and servers', async () => {
    const { simulator, id } = await prepared()
    await control(simulator, 'PATCH', '/load-balancers/lb-1/backends/i-1', { weight: 7 })
    await control(simulator, 'DELETE', '/load-balancers/lb-1/backends/i-2')
    await control(simulator, 'PATCH', `/groups/${id}/backends/i-1/30001`, { weight: 0 })
    await control(simulator, 'DELETE', `/groups/${id}/backends/i-2`)
    expect(theLoadBalancer(simulator)).toMatchObject({
      backendServers: [{ serverId: 'i-1', weight: 7 }],
      groups: [
        {
          servers: [
            { port: 30000, weight: 100 },
            { port: 30001, weight: 0 },
          ],
        },
      ],
    })
  })

  test('of load balancers and instances', async () => {
    const { simulator } = await prepared()
    await control(simulator, 'PATCH', '/load-balancers/lb-1', { status: 'locked' })
    await control(simulator, 'PATCH', '/instances/i-1', { status: 'Stopped' })
    expect(simulator.state).toMatchObject({ loadBalancers: [{ status: 'locked' }], instances: [{ status: 'Stopped' }, {}, {}, {}] })
  })

  test.each([
    ['PATCH', '/load-balancers/none', {}, 404],
    ['PATCH', '/load-balancers/lb-1/listeners/tcp/81', {}, 404],
    ['DELETE', '/load-balancers/lb-1/listeners/tcp/81', undefined, 404],
    ['PATCH', '/load-balancers/lb-1/backends/i-none', { weight: 1 }, 404],
    ['PATCH', '/groups/rsp-none/backends/i-1', { weight: 1 }, 404],
    ['PATCH', '/load-balancers/lb-1/backends/i-1', { weight: 101 }, 400],
    ['PATCH', '/load-balancers/lb-1/listeners/tcp/80', { color: 'red' }, 400],
  ])('%s %s %j is refused', async (method, path, patch, status) => {
    const { simulator } = await prepared()
    const before = JSON.stringify(simulator.state)
    expect((await control(simulator, method, path, patch)).status).toBe(status)
    expect(JSON.stringify(simulator.state)).toBe(before)
  })
})

describe('the state file', () => {
  test('brings everything back after save', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'simulator-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const path = join(folder, 'state.json')
    const simulator = await simulate()
    await group(simulator, member('i-1'))
    await simulator.save(path)
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual(JSON.parse(JSON.stringify(simulator.state)))
    const again = await simulate({ state: path })
    expect(again.state).toEqual(simulator.state)
  })

  test('may leave out nearly everything', async () => {
    const simulator = await simulate({ state: { loadBalancers: [{ id: 'lb-1', listeners: [{ port: 80, protocol: 'http' }] }] } })
    expect(theLoadBalancer(simulator)).toMatchObject({ name: 'lb-1', status: 'active', spec: 'slb.s2.small', address: '127.77.0.1' })
    expect(theListener(simulator, 80)).toMatchObject({ status: 'stopped', config: { HealthCheckURI: '/', Scheduler: 'wrr' } })
  })

  test('that makes no sense stops the start, with nothing left open', async () => {
    await expect(startSimulator({ state: { loadBalancers: [{ id: 'x', bandwidth: 1.5 }] } })).rejects.toThrow('bandwidth')
    await expect(startSimulator({ state: '/nowhere/state.json' })).rejects.toThrow('ENOENT')
  })

  test('a port that is taken stops the start', async () => {
    const simulator = await simulate()
    await expect(startSimulator({ controlPort: Number(new URL(simulator.apiUrl).port) })).rejects.toThrow('EADDRINUSE')
  })
})
