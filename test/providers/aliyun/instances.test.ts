import { describe, expect, test } from 'vitest'
import { ecs, instance, lookups, node, refusal } from './ecs-support.ts'

describe('a node', () => {
  test.each([
    { name: 'is the instance with its primary address', there: [instance('i-a', '10.0.0.1')], found: 'i-a' },
    { name: 'is the instance with its address on any interface', there: [instance('i-a', '10.0.0.1', { eni: true })], found: 'i-a' },
    {
      name: 'is the instance with it as the primary address of an interface',
      there: [{ ...instance('i-a', '10.9.9.9'), NetworkInterfaces: { NetworkInterface: [{ PrimaryIpAddress: '10.0.0.1' }] } }],
      found: 'i-a',
    },
    {
      name: 'is the running one of two that had its address',
      there: [instance('i-old', '10.0.0.1', { status: 'Stopped' }), instance('i-a', '10.0.0.1')],
      found: 'i-a',
    },
    {
      name: 'is nobody when two are running',
      there: [instance('i-a', '10.0.0.1'), instance('i-b', '10.0.0.1')],
      found: '? 2 instances have the address 10.0.0.1',
    },
    {
      name: 'is nobody when its instance does not run',
      there: [instance('i-a', '10.0.0.1', { status: 'Stopping' })],
      found: '? instance i-a with 10.0.0.1 is Stopping',
    },
    {
      name: 'is not an instance of another VPC with the same address',
      there: [instance('i-a', '10.0.0.1', { vpc: 'vpc-2' })],
      found: '? no instance with the private address 10.0.0.1 in vpc-1',
    },
    {
      name: 'is not an instance with a longer address',
      there: [instance('i-a', '10.0.0.11')],
      found: '? no instance with the private address 10.0.0.1 in vpc-1',
    },
  ])('$name', async ({ there, found }) => {
    expect(await lookups(ecs(there)).ask([node('n1')])).toEqual({ n1: found })
  })

  test('with the label is what the label says, without a call', async () => {
    const cloud = ecs()
    expect(await lookups(cloud).ask([{ ...node('n1'), label: ' i-label ' }])).toEqual({ n1: 'i-label' })
    expect(cloud.calls).toHaveLength(0)
  })

  test.each([
    { name: 'a label that is no id', node: { ...node('n1'), label: 'i 1;' }, why: /^\? the node label slb.instance-id is not/ },
    { name: 'no address', node: { id: 'n1', address: undefined }, why: /^\? the node has no address/ },
    { name: 'an IPv6 address', node: node('n1', 'fd00::1'), why: /^\? fd00::1 is no IPv4 address/ },
  ])('with $name is nobody, and is left out of the call', async ({ node: odd, why }) => {
    const cloud = ecs([instance('i-2', '10.0.0.2')])
    const found = await lookups(cloud).ask([odd, node('n2')])
    expect(found).toEqual({ n1: expect.stringMatching(why), n2: 'i-2' })
    expect(cloud.calls[0]).toMatchObject({ PrivateIpAddresses: '["10.0.0.2"]' })
  })
})

describe('the call', () => {
  test('asks for all nodes at once, inside the VPC', async () => {
    const cloud = ecs([instance('i-1', '10.0.0.1'), instance('i-2', '10.0.0.2')])
    await lookups(cloud).ask([node('n1'), node('n2')])
    expect(cloud.calls).toEqual([
      { VpcId: 'vpc-1', InstanceNetworkType: 'vpc', PrivateIpAddresses: '["10.0.0.1","10.0.0.2"]', MaxResults: 100, NextToken: undefined },
    ])
  })

  test('takes at most a hundred addresses, and follows the pages', async () => {
    const nodes = Array.from({ length: 150 }, (_, i) => node(`n${i}`, `10.0.${Math.floor(i / 200)}.${i % 200}`))
    const cloud = ecs(nodes.map(({ id, address = '' }) => instance(`i-${id}`, address)))
    const found = await lookups(cloud).ask(nodes)
    expect(found).toEqual(Object.fromEntries(nodes.map(({ id }) => [id, `i-${id}`])))
    expect(cloud.calls.map(({ NextToken }) => NextToken)).toEqual([undefined, '100', undefined, '100'])
    for (const call of cloud.calls) expect(JSON.parse(String(call['PrivateIpAddresses'])).length).toBeLessThanOrEqual(100)
  })

  test('does not follow pages for ever', async () => {
    const cloud = ecs([instance('i-1', '10.0.0.1'), instance('i-2', '10.0.0.2')])
    cloud.state.page = 0
    expect(await lookups(cloud).ask([node('n1')])).toEqual({ n1: expect.stringMatching(/does not end/) })
    expect(cloud.calls).toHaveLength(20)
  })

  test('is not made without a VPC: the same address may be somebody else elsewhere', async () => {
    for (const vpcId of [async () => undefined, () => Promise.reject(new Error('not on ECS'))]) {
      const cloud = ecs([instance('i-1', '10.0.0.1')])
      expect(await lookups(cloud, { vpcId }).ask([node('n1')])).toEqual({
        n1: expect.stringMatching(/^\? the VPC is not known: set SLB_VPC_ID/),
      })
      expect(cloud.calls).toHaveLength(0)
    }
  })

  test('an answer of another shape is no answer', async () => {
    const cloud = ecs([{ InstanceId: 'i-1' }])
    expect(await lookups(cloud).ask([node('n1')])).toEqual({
      n1: expect.stringMatching(/^\? the lookup failed: .* not a list of instances/),
    })
  })
})

describe('an empty answer', () => {
  test('is a missing permission where a dry run says so', async () => {
    for (const dryRun of [undefined, refusal('Forbidden.RAM')]) {
      const cloud = ecs()
      cloud.state.dryRun = dryRun
      expect(await lookups(cloud).ask([node('n1')])).toEqual({ n1: '? no permission for ecs:DescribeInstances' })
    }
  })

  test('is an answer where the dry run says that the call is allowed, and that is asked once in a while only', async () => {
    const cloud = ecs()
    const { ask, clock } = lookups(cloud, { probeMs: 60_000, missMs: 0 })
    const dryRuns = () => cloud.calls.filter((call) => call['DryRun'] === true).length
    for (let i = 0; i < 3; i += 1) expect(await ask([node('n1')])).toEqual({ n1: expect.stringMatching(/^\? no instance with/) })
    expect(dryRuns()).toBe(1)
    clock.now += 60_000
    await ask([node('n1')])
    expect(dryRuns()).toBe(2)
  })

  test('is neither when the dry run fails', async () => {
    const cloud = ecs()
    cloud.state.dryRun = refusal('RequestTimeout', 'unknown')
    expect(await lookups(cloud).ask([node('n1')])).toEqual({ n1: expect.stringMatching(/^\? the lookup failed: .*RequestTimeout/) })
  })

  test('does not need a dry run where others were found', async () => {
    const cloud = ecs([instance('i-1', '10.0.0.1')])
    await lookups(cloud).ask([node('n1'), node('n2')])
    expect(cloud.calls).toHaveLength(1)
  })
})
