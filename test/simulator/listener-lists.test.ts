import { describe, expect, test } from 'vitest'
import { ok } from './client.ts'
import { LB, simulate } from './support.ts'

const many = (count: number) => ({
  loadBalancers: ['lb-1', 'lb-2'].map((id) => ({
    id,
    listeners: Array.from({ length: count }, (_, n) => ({
      port: n + 1,
      protocol: n % 2 === 0 ? ('tcp' as const) : ('http' as const),
      description: `d${n}`,
      backendServerPort: 1,
      tags: n === 0 ? [{ key: 'k', value: 'v' }] : [],
    })),
  })),
})

describe('DescribeLoadBalancerListeners', () => {
  test('pages by token until it is empty, 20 rows a page when not told', async () => {
    const simulator = await simulate({ state: many(25) })
    const first = await ok(simulator, 'DescribeLoadBalancerListeners')
    expect([first.Listeners.length, first.MaxResults, first.TotalCount]).toEqual([20, 20, 50])
    const ports: string[] = []
    let NextToken = ''
    do {
      const page = await ok(simulator, 'DescribeLoadBalancerListeners', { MaxResults: 20, ...(NextToken === '' ? {} : { NextToken }) })
      ports.push(
        ...page.Listeners.map((row: { LoadBalancerId: string; ListenerPort: number }) => `${row.LoadBalancerId} ${row.ListenerPort}`),
      )
      NextToken = page.NextToken
    } while (NextToken !== '')
    expect(new Set(ports).size).toBe(50)
    expect(ports).toHaveLength(50)
  })

  test('hides nothing when a listener of an earlier page is deleted between two pages', async () => {
    const simulator = await simulate({ state: many(25) })
    const first = await ok(simulator, 'DescribeLoadBalancerListeners', { 'LoadBalancerId.1': 'lb-1' })
    await ok(simulator, 'DeleteLoadBalancerListener', { ...LB, ListenerPort: 1 })
    const second = await ok(simulator, 'DescribeLoadBalancerListeners', { 'LoadBalancerId.1': 'lb-1', NextToken: first.NextToken })
    expect(second.Listeners.map((row: { ListenerPort: number }) => row.ListenerPort)).toEqual([21, 22, 23, 24, 25])
  })

  test.each([
    ['load balancers', { 'LoadBalancerId.1': 'lb-2' }, 4],
    ['several load balancers', { 'LoadBalancerId.1': 'lb-1', 'LoadBalancerId.2': 'lb-2' }, 8],
    ['the protocol', { ListenerProtocol: 'http' }, 4],
    ['the port', { ListenerPort: 3 }, 2],
    ['the description', { Description: 'd1' }, 2],
    ['a tag', { 'Tag.1.Key': 'k', 'Tag.1.Value': 'v' }, 2],
    ['a tag with another value', { 'Tag.1.Key': 'k', 'Tag.1.Value': 'w' }, 0],
  ])('filters by %s', async (_, params, count) => {
    expect((await ok(await simulate({ state: many(4) }), 'DescribeLoadBalancerListeners', params)).TotalCount).toBe(count)
  })

  test('leaves out the list where the settings say that an empty one is left out', async () => {
    const simulator = await simulate()
    expect((await ok(simulator, 'DescribeLoadBalancerListeners')).Listeners).toEqual([])
    simulator.settings.unsure.emptyListeners = 'absent'
    expect(await ok(simulator, 'DescribeLoadBalancerListeners')).not.toHaveProperty('Listeners')
  })
})
