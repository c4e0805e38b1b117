import { describe, expect, test } from 'vitest'
import type { InstancesOptions } from '../../../src/providers/aliyun/instances.ts'
import { ecs, instance, lookups, node, refusal } from './ecs-support.ts'

describe('what was found', () => {
  const known = async (options: Partial<InstancesOptions> = {}) => {
    const cloud = ecs([instance('i-1', '10.0.0.1'), instance('i-2', '10.0.0.2')])
    const all = lookups(cloud, options)
    await all.ask([node('n1'), node('n2')])
    return { cloud, ...all }
  }

  test('is kept ten minutes without a call, and then asked for again', async () => {
    const { cloud, clock, ask } = await known()
    clock.now += 599_999
    await ask([node('n1'), node('n2')])
    expect(cloud.calls).toHaveLength(1)
    clock.now += 1
    await ask([node('n1'), node('n2')])
    expect(cloud.calls).toHaveLength(2)
  })

  test.each([
    { name: 'the call fails', change: (cloud: ReturnType<typeof ecs>) => (cloud.state.fail = refusal('InternalError', 'unknown')) },
    { name: 'the call gives up', change: (cloud: ReturnType<typeof ecs>) => (cloud.state.fail = refusal('Aborted', 'pending')) },
    {
      name: 'the permission is gone',
      change: (cloud: ReturnType<typeof ecs>) => Object.assign(cloud.state, { instances: [], dryRun: undefined }),
    },
    { name: 'the list is empty', change: (cloud: ReturnType<typeof ecs>) => (cloud.state.instances = []) },
    {
      name: 'the instance is stopped',
      change: (cloud: ReturnType<typeof ecs>) => (cloud.state.instances = [instance('i-1', '10.0.0.1', { status: 'Stopped' })]),
    },
  ])('outlives its ten minutes when $name', async ({ change }) => {
    const { cloud, clock, ask } = await known()
    change(cloud)
    clock.now += 700_000
    expect(await ask([node('n1'), node('n2')])).toEqual({ n1: 'i-1', n2: 'i-2' })
    expect(cloud.calls.length).toBeGreaterThan(1)
  })

  test('gives way to another running instance with the same address', async () => {
    const { cloud, clock, ask } = await known()
    cloud.state.instances = [instance('i-new', '10.0.0.1'), instance('i-2', '10.0.0.2')]
    clock.now += 700_000
    expect(await ask([node('n1'), node('n2')])).toEqual({ n1: 'i-new', n2: 'i-2' })
  })

  test('is forgotten when the cloud refuses it', async () => {
    const { cloud, instances, ask } = await known()
    instances.forget('i-1')
    cloud.state.instances = [instance('i-new', '10.0.0.1')]
    expect(await ask([node('n1'), node('n2')])).toEqual({ n1: 'i-new', n2: 'i-2' })
    expect(cloud.calls.at(-1)).toMatchObject({ PrivateIpAddresses: '["10.0.0.1"]' })
  })

  test('does not count for another address, nor for another node', async () => {
    const { cloud, ask } = await known()
    cloud.state.fail = refusal('InternalError', 'unknown')
    expect(await ask([node('n1', '10.0.0.99'), node('n9', '10.0.0.1')])).toEqual({
      n1: expect.stringMatching(/^\? the lookup failed/),
      n9: expect.stringMatching(/^\? the lookup failed/),
    })
  })

  test('by many passes at a time is one call', async () => {
    const cloud = ecs([instance('i-1', '10.0.0.1')])
    const { ask } = lookups(cloud)
    const all = await Promise.all(Array.from({ length: 5 }, () => ask([node('n1')])))
    expect(all).toEqual(Array.from({ length: 5 }, () => ({ n1: 'i-1' })))
    expect(cloud.calls).toHaveLength(1)
  })

  test('a node joins: the others are not asked for again', async () => {
    const { cloud, ask } = await known()
    cloud.state.instances = [...cloud.state.instances, instance('i-3', '10.0.0.3')]
    expect(await ask([node('n1'), node('n2'), node('n3')])).toEqual({ n1: 'i-1', n2: 'i-2', n3: 'i-3' })
    expect(cloud.calls.at(-1)).toMatchObject({ PrivateIpAddresses: '["10.0.0.3"]' })
  })

  test('what will be due soon is asked with what is due', async () => {
    const { cloud, clock, ask } = await known()
    clock.now += 400_000
    cloud.state.instances = [...cloud.state.instances, instance('i-3', '10.0.0.3')]
    await ask([node('n1'), node('n2'), node('n3')])
    expect(cloud.calls.at(-1)).toMatchObject({ PrivateIpAddresses: '["10.0.0.1","10.0.0.2","10.0.0.3"]' })
  })
})

describe('what was not found', () => {
  test('is asked for again after a few seconds, not in every pass', async () => {
    const cloud = ecs([instance('i-2', '10.0.0.2')])
    const { ask, clock } = lookups(cloud)
    await ask([node('n1')])
    await ask([node('n1')])
    expect(cloud.calls).toHaveLength(1)
    cloud.state.instances = [instance('i-1', '10.0.0.1')]
    clock.now += 5_000
    expect(await ask([node('n1')])).toEqual({ n1: 'i-1' })
  })

  test('because the call gave up waiting is asked for in the next pass', async () => {
    const cloud = ecs([instance('i-1', '10.0.0.1')])
    const { ask } = lookups(cloud)
    cloud.state.fail = refusal('Aborted', 'pending')
    expect(await ask([node('n1')])).toEqual({ n1: expect.stringMatching(/Aborted/) })
    cloud.state.fail = undefined
    expect(await ask([node('n1')])).toEqual({ n1: 'i-1' })
  })

  test('a pass that is ended while another one asks goes on with what is known', async () => {
    const cloud = ecs([instance('i-1', '10.0.0.1')])
    const { ask } = lookups(cloud)
    const stop = new AbortController()
    const first = ask([node('n1')])
    const second = ask([node('n1')], stop.signal)
    stop.abort()
    expect(await second).toEqual({ n1: '? not looked up yet' })
    expect(await first).toEqual({ n1: 'i-1' })
  })
})
