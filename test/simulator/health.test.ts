import { describe, expect, test } from 'vitest'
import type { DataPlane, PlaneHealthRow } from '../../src/simulator/plane.ts'
import { ok, refusal } from './client.ts'
import { group, http, LB, member, port, servers, simulate, tcp, theLoadBalancer } from './support.ts'

type Simulator = Awaited<ReturnType<typeof simulate>>

const health = async (simulator: Simulator, params = {}) =>
  (await ok(simulator, 'DescribeHealthStatus', { ...LB, ...params })).BackendServers.BackendServer.map(
    (row: { ListenerPort: number; ServerId: string; Port: number; ServerHealthStatus: string }) =>
      `${row.ListenerPort} ${row.ServerId}:${row.Port} ${row.ServerHealthStatus}`,
  )

async function running(simulator: Simulator, at: number, params = {}) {
  await ok(simulator, 'CreateLoadBalancerTCPListener', tcp(at, params))
  await ok(simulator, 'StartLoadBalancerListener', port(at))
}

describe('health without a data plane', () => {
  test('has one row for each listener, server and port', async () => {
    const simulator = await simulate()
    await ok(simulator, 'AddBackendServers', { ...LB, ...servers('i-1', 'i-2') })
    await running(simulator, 80)
    await running(simulator, 81, { VServerGroupId: await group(simulator, member('i-1', 31)) })
    expect(await health(simulator)).toEqual(['80 i-1:30000 normal', '80 i-2:30000 normal', '81 i-1:31 normal'])
    expect(await health(simulator, { ListenerPort: 81 })).toEqual(['81 i-1:31 normal'])
  })

  test('is unavailable where nothing is checked', async () => {
    const simulator = await simulate()
    await ok(simulator, 'AddBackendServers', { ...LB, ...servers('i-1') })
    await running(simulator, 80, { HealthCheckSwitch: 'off' })
    await ok(simulator, 'CreateLoadBalancerTCPListener', tcp(81))
    expect(await health(simulator)).toEqual(['80 i-1:30000 unavailable', '81 i-1:30000 unavailable'])
    theLoadBalancer(simulator).status = 'inactive'
    expect(new Set(await health(simulator))).toEqual(new Set(['80 i-1:30000 unavailable', '81 i-1:30000 unavailable']))
  })

  test('is what the table says, the newest fitting entry first', async () => {
    const simulator = await simulate()
    await ok(simulator, 'AddBackendServers', { ...LB, ...servers('i-1', 'i-2') })
    await running(simulator, 80)
    await running(simulator, 81)
    simulator.health.set({ server: 'i-1' }, 'abnormal')
    simulator.health.set({ server: 'i-1', listenerPort: 81 }, 'normal')
    expect(await health(simulator)).toEqual(['80 i-1:30000 abnormal', '80 i-2:30000 normal', '81 i-1:30000 normal', '81 i-2:30000 normal'])
    simulator.health.set({ server: 'i-1' }, 'unavailable')
    expect(await health(simulator, { ListenerPort: 81 })).toEqual(['81 i-1:30000 unavailable', '81 i-2:30000 normal'])
    simulator.health.clear()
    expect(await health(simulator, { ListenerPort: 80 })).toEqual(['80 i-1:30000 normal', '80 i-2:30000 normal'])
  })

  test('covers the groups of rules', async () => {
    const simulator = await simulate()
    await ok(simulator, 'CreateLoadBalancerHTTPListener', http(80))
    const RuleList = JSON.stringify([{ RuleName: 'r', Url: '/a', VServerGroupId: await group(simulator, member('i-2', 5)) }])
    await ok(simulator, 'CreateRules', port(80, { RuleList }))
    await ok(simulator, 'StartLoadBalancerListener', port(80))
    expect(await health(simulator)).toEqual(['80 i-2:5 normal'])
  })

  test('shows servers at weight 0 unless the settings say that the cloud does not', async () => {
    const simulator = await simulate()
    await ok(simulator, 'AddBackendServers', { ...LB, ...servers({ ServerId: 'i-1', Weight: 0 }) })
    await running(simulator, 80)
    expect(await health(simulator)).toEqual(['80 i-1:30000 normal'])
    simulator.settings.unsure.weightZeroHealth = 'absent'
    expect(await health(simulator)).toEqual([])
  })

  test('asks which of two listeners on one port, and says when there is none', async () => {
    const simulator = await simulate()
    await running(simulator, 53)
    await ok(simulator, 'CreateLoadBalancerUDPListener', tcp(53))
    expect(await refusal(simulator, 'DescribeHealthStatus', port(53))).toBe('400 TooManyListeners')
    expect(await refusal(simulator, 'DescribeHealthStatus', port(54))).toBe('404 ListenerNotFound')
    expect(await health(simulator, { ListenerPort: 53, ListenerProtocol: 'udp' })).toEqual([])
  })
})

describe('health with a data plane', () => {
  const plane = (rows: readonly PlaneHealthRow[]): DataPlane => ({
    sync() {},
    health: () => rows,
    problems: () => [],
    close: async () => {},
  })

  test('is what the data plane found, and unavailable where it found nothing yet', async () => {
    const row = { loadBalancerId: 'lb-1', listenerPort: 80, protocol: 'tcp', server: 'i-1', port: 30000, state: 'abnormal' as const }
    const simulator = await simulate({ dataPlane: plane([row]) })
    await ok(simulator, 'AddBackendServers', { ...LB, ...servers('i-1', 'i-2') })
    await running(simulator, 80)
    expect(await health(simulator)).toEqual(['80 i-1:30000 abnormal', '80 i-2:30000 unavailable'])
  })
})
