import { describe, expect, test } from 'vitest'
import { createBusyLock } from '../../src/simulator/gateway/busy.ts'
import { createThrottle } from '../../src/simulator/gateway/throttle.ts'
import { createHistory } from '../../src/simulator/history.ts'
import { loadWorld } from '../../src/simulator/load-world.ts'
import { type SettingsPatch, settingsSchema } from '../../src/simulator/settings.ts'
import { call, ok } from './client.ts'
import { group, LB, port, simulate, tcp, theLoadBalancer } from './support.ts'

const settings = (patch: SettingsPatch) => settingsSchema.parse(patch)
const params = (given: Record<string, string>) => new Map(Object.entries(given))

describe('the busy lock', () => {
  const world = loadWorld({
    loadBalancers: [
      { id: 'lb-1', groups: [{ id: 'rsp-1' }, { id: 'rsp-2' }] },
      { id: 'lb-2', groups: [] },
    ],
  })
  const setup = (scope: 'none' | 'instance' | 'object', durationMs = 1000) => {
    const lock = createBusyLock()
    const busy = settings({ busy: { scope, durationMs } })
    return (given: Record<string, string>, now: number, latencyMs = 0) => {
      try {
        lock.take(params(given), world, busy, now, latencyMs)
        return 'OK'
      } catch (err) {
        return (err as { code: string }).code
      }
    }
  }

  test('of an instance covers its groups and listeners, and no other instance', () => {
    const take = setup('instance')
    expect(take({ VServerGroupId: 'rsp-1' }, 0)).toBe('OK')
    expect(take({ VServerGroupId: 'rsp-2' }, 999)).toBe('BackendServer.configuring')
    expect(take({ LoadBalancerId: 'lb-1', ListenerPort: '80' }, 999)).toBe('BackendServer.configuring')
    expect(take({ LoadBalancerId: 'lb-2' }, 999)).toBe('OK')
    expect(take({ VServerGroupId: 'rsp-2' }, 1000)).toBe('OK')
  })

  test('of an object leaves the other objects free', () => {
    const take = setup('object')
    expect(take({ VServerGroupId: 'rsp-1' }, 0)).toBe('OK')
    expect(take({ VServerGroupId: 'rsp-2' }, 1)).toBe('OK')
    expect(take({ LoadBalancerId: 'lb-1', ListenerPort: '80' }, 2)).toBe('OK')
    expect(take({ LoadBalancerId: 'lb-1', ListenerPort: '80' }, 3)).toBe('BackendServer.configuring')
    expect(take({ VServerGroupId: 'rsp-1' }, 4)).toBe('BackendServer.configuring')
  })

  test('lasts as long as the call itself, and a refused call does not lengthen it', () => {
    const take = setup('instance', 0)
    expect(take({ LoadBalancerId: 'lb-1' }, 0, 100)).toBe('OK')
    expect(take({ LoadBalancerId: 'lb-1' }, 99, 100)).toBe('BackendServer.configuring')
    expect(take({ LoadBalancerId: 'lb-1' }, 100, 100)).toBe('OK')
  })

  test('has no part in calls that configure no load balancer, and none when it is off', () => {
    const take = setup('instance')
    expect([take({ ResourceType: 'instance' }, 0), take({ ResourceType: 'instance' }, 0)]).toEqual(['OK', 'OK'])
    const off = setup('none')
    expect([off({ LoadBalancerId: 'lb-1' }, 0), off({ LoadBalancerId: 'lb-1' }, 0)]).toEqual(['OK', 'OK'])
  })

  test('refuses parallel writes of one load balancer and no reads', async () => {
    const simulator = await simulate({ settings: { latencyMs: 100, busy: { scope: 'instance' } } })
    const codes = (await Promise.all([1, 2, 3].map((n) => call(simulator, 'CreateLoadBalancerTCPListener', tcp(n))))).map(
      ({ body }) => body['Code'],
    )
    expect(codes.filter((code) => code === undefined)).toHaveLength(1)
    expect(codes.filter((code) => code === 'BackendServer.configuring')).toHaveLength(2)
    const reads = await Promise.all([1, 2, 3].map(() => call(simulator, 'DescribeLoadBalancerAttribute', LB)))
    expect(reads.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(theLoadBalancer(simulator).listeners).toHaveLength(1)
  })
})

describe('the call rates', () => {
  const take = (throttle: ReturnType<typeof createThrottle>, action: string, now: number, patch: SettingsPatch) => {
    try {
      throttle.take(action, !action.startsWith('Describe'), settings(patch), now)
      return 'OK'
    } catch (err) {
      return (err as { code: string }).code
    }
  }
  const on = { rates: { enabled: true, writesPerMinute: 60, actions: { StopX: 1 } } }

  test('are off until they are wanted', () => {
    const throttle = createThrottle()
    for (let n = 0; n < 500; n++) expect(take(throttle, 'CreateX', 0, {})).toBe('OK')
  })

  test('let a full bucket through at once, then as much as flows in', () => {
    const throttle = createThrottle()
    const burst = Array.from({ length: 61 }, () => take(throttle, 'CreateX', 0, on))
    expect(burst.filter((code) => code === 'OK')).toHaveLength(60)
    expect(burst.at(-1)).toBe('Throttling.User')
    expect(take(throttle, 'CreateX', 999, on)).toBe('Throttling.User')
    expect(take(throttle, 'CreateX', 1001, on)).toBe('OK')
  })

  test('count each action for itself, some with a rate of their own', () => {
    const throttle = createThrottle()
    expect([take(throttle, 'StopX', 0, on), take(throttle, 'StopX', 0, on), take(throttle, 'CreateX', 0, on)]).toEqual([
      'OK',
      'Throttling.User',
      'OK',
    ])
  })
})

describe('latency and lag', () => {
  test('delay every answer, single actions differently', async () => {
    const simulator = await simulate({ settings: { latencyMs: 80, slowActions: { DescribeRegions: 0 } } })
    await ok(simulator, 'DescribeRegions')
    await ok(simulator, 'DescribeLoadBalancers')
    const [quick, slow] = simulator.requests.entries().map(({ ms }) => ms)
    expect(quick).toBeLessThan(60)
    expect(slow).toBeGreaterThanOrEqual(75)
  })

  test('show reads what was true some time ago', async () => {
    const simulator = await simulate({ settings: { readLagMs: 60_000 } })
    await group(simulator)
    expect((await ok(simulator, 'DescribeVServerGroups', LB)).VServerGroups.VServerGroup).toEqual([])
    simulator.settings.readLagMs = 0
    expect((await ok(simulator, 'DescribeVServerGroups', LB)).VServerGroups.VServerGroup).toHaveLength(1)
  })

  test('end when their time is over', () => {
    const [history, world] = [createHistory(), loadWorld({ regionId: 'before' })]
    history.remember(world, 100, 1000)
    world.regionId = 'between'
    history.remember(world, 100, 1050)
    world.regionId = 'after'
    const seen = (now: number) => history.view(world, 100, now).regionId
    expect([seen(1099), seen(1100), seen(1149), seen(1150)]).toEqual(['before', 'between', 'between', 'after'])
  })
})

test('a write is refused by the lock even while its answer is still on the way', async () => {
  const simulator = await simulate({ settings: { busy: { scope: 'object', durationMs: 60_000 } } })
  await ok(simulator, 'CreateLoadBalancerTCPListener', tcp(80))
  expect((await call(simulator, 'StartLoadBalancerListener', port(80))).status).toBe(409)
  simulator.settings.busy.scope = 'none'
  await ok(simulator, 'StartLoadBalancerListener', port(80))
})
