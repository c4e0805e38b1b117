import { describe, expect, test } from 'vitest'
import { ecs, ok, refusal } from './client.ts'
import { simulate } from './support.ts'

const state = {
  vpcId: 'vpc-1',
  instances: [
    { id: 'i-1', privateIp: '10.0.0.1', secondaryIps: ['10.0.0.11'], tags: [{ key: 'swarm', value: 'a' }] },
    { id: 'i-2', privateIp: '10.0.0.2', status: 'Stopped' as const, networkInterfaces: [{ id: 'eni-9', primaryIp: '10.0.9.9' }] },
    { id: 'i-3', privateIp: '10.0.0.1', vpcId: 'vpc-2' },
  ],
}
const vpc = (...ips: string[]) => ({ InstanceNetworkType: 'vpc', PrivateIpAddresses: JSON.stringify(ips) })

describe('DescribeInstances', () => {
  test.each([
    ['a private address, in every network', vpc('10.0.0.1'), ['i-1', 'i-3']],
    ['a private address in one network', { ...vpc('10.0.0.1'), VpcId: 'vpc-1' }, ['i-1']],
    ['a secondary address', vpc('10.0.0.11'), ['i-1']],
    ['an address of a second interface', vpc('10.0.9.9'), ['i-2']],
    ['an address nobody has', vpc('10.0.0.99'), []],
    ['ids', { InstanceIds: '["i-2","i-3"]' }, ['i-2', 'i-3']],
    ['an empty list of ids, which is a filter', { InstanceIds: '[]' }, []],
    ['status', { Status: 'Stopped' }, ['i-2']],
    ['a tag', { 'Tag.1.Key': 'swarm' }, ['i-1']],
    ['two filters, which both count', { Status: 'Running', VpcId: 'vpc-2' }, ['i-3']],
    ['an address without the network type, which is overlooked', { PrivateIpAddresses: '["10.0.0.2"]' }, ['i-1', 'i-2', 'i-3']],
  ])('filters by %s', async (_, params, ids) => {
    const { Instances, TotalCount } = await ok(await simulate({ state }), 'DescribeInstances', ecs(params))
    expect(Instances.Instance.map((row: { InstanceId: string }) => row.InstanceId)).toEqual(ids)
    expect(TotalCount).toBe(ids.length)
  })

  test('shows every list wrapped, and the addresses of every interface', async () => {
    const simulator = await simulate({ state })
    const [first, second] = (await ok(simulator, 'DescribeInstances', ecs())).Instances.Instance
    expect(first).toMatchObject({
      InstanceId: 'i-1',
      Status: 'Running',
      VpcAttributes: { VpcId: 'vpc-1', PrivateIpAddress: { IpAddress: ['10.0.0.1'] } },
      InnerIpAddress: { IpAddress: [] },
      NetworkInterfaces: {
        NetworkInterface: [
          {
            Type: 'Primary',
            PrimaryIpAddress: '10.0.0.1',
            PrivateIpSets: {
              PrivateIpSet: [
                { PrivateIpAddress: '10.0.0.1', Primary: true },
                { PrivateIpAddress: '10.0.0.11', Primary: false },
              ],
            },
          },
        ],
      },
    })
    expect(second.NetworkInterfaces.NetworkInterface.map((each: { PrimaryIpAddress: string }) => each.PrimaryIpAddress)).toEqual([
      '10.0.0.2',
      '10.0.9.9',
    ])
  })

  test('pages by token, at least 10 a page', async () => {
    const instances = Array.from({ length: 25 }, (_, n) => ({ id: `i-${n}`, privateIp: `10.1.0.${n}` }))
    const simulator = await simulate({ state: { instances } })
    const first = await ok(simulator, 'DescribeInstances', ecs({ MaxResults: 3 }))
    expect([first.Instances.Instance.length, first.NextToken === '']).toEqual([10, false])
    const last = await ok(simulator, 'DescribeInstances', ecs({ MaxResults: 100 }))
    expect([last.Instances.Instance.length, last.NextToken]).toEqual([25, ''])
    const byNumber = await ok(simulator, 'DescribeInstances', ecs({ PageNumber: 3, PageSize: 10 }))
    expect(byNumber.Instances.Instance).toHaveLength(5)
  })

  test('answers a caller without permission with an empty list, and says so only in a dry run', async () => {
    const simulator = await simulate({ state })
    expect(await refusal(simulator, 'DescribeInstances', ecs({ DryRun: true }))).toBe('400 DryRunOperation')
    simulator.settings.denied.push('DescribeInstances')
    expect((await ok(simulator, 'DescribeInstances', ecs())).Instances.Instance).toEqual([])
    expect(await refusal(simulator, 'DescribeInstances', ecs({ DryRun: true }))).toBe('403 Forbidden.RAM')
  })

  test.each(['x', '{}', JSON.stringify(Array.from({ length: 101 }, (_, n) => `10.0.0.${n}`))])(
    'refuses the addresses %s',
    async (PrivateIpAddresses) => {
      expect(await refusal(await simulate(), 'DescribeInstances', ecs({ InstanceNetworkType: 'vpc', PrivateIpAddresses }))).toBe(
        '400 InvalidParameter',
      )
    },
  )
})
