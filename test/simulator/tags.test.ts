import { describe, expect, test } from 'vitest'
import { ok, refusal } from './client.ts'
import { group, LB, simulate, tcp, theLoadBalancer } from './support.ts'

const lb = { ResourceType: 'instance', 'ResourceId.1': 'lb-1' }
const tag = (key: string, value: string, n = 1) => ({ [`Tag.${n}.Key`]: key, [`Tag.${n}.Value`]: value })

describe('tags', () => {
  test('are written, overwritten, listed and taken away', async () => {
    const simulator = await simulate()
    await ok(simulator, 'TagResources', { ...lb, ...tag('a', '1'), ...tag('b', '2', 2) })
    await ok(simulator, 'TagResources', { ...lb, ...tag('a', '3') })
    expect(theLoadBalancer(simulator).tags).toEqual([
      { key: 'a', value: '3' },
      { key: 'b', value: '2' },
    ])
    const listed = await ok(simulator, 'ListTagResources', { ...lb, ...tag('a', '3') })
    expect(listed.NextToken).toBe('')
    expect(listed.TagResources.TagResource[0]).toEqual({ ResourceId: 'lb-1', ResourceType: 'instance', TagKey: 'a', TagValue: '3' })
    await ok(simulator, 'UntagResources', { ...lb, 'TagKey.1': 'a' })
    expect(theLoadBalancer(simulator).tags).toEqual([{ key: 'b', value: '2' }])
    await ok(simulator, 'UntagResources', { ...lb, All: true })
    expect(theLoadBalancer(simulator).tags).toEqual([])
  })

  test('may be on listeners and groups too', async () => {
    const simulator = await simulate()
    await ok(simulator, 'CreateLoadBalancerTCPListener', tcp(80))
    const id = await group(simulator)
    await ok(simulator, 'TagResources', { ResourceType: 'listener', 'ResourceId.1': 'lb-1_tcp_80', ...tag('a', '1') })
    await ok(simulator, 'TagResources', { ResourceType: 'vservergroup', 'ResourceId.1': id, ...tag('b', '2') })
    expect(theLoadBalancer(simulator)).toMatchObject({
      listeners: [{ tags: [{ key: 'a', value: '1' }] }],
      groups: [{ tags: [{ key: 'b', value: '2' }] }],
    })
  })

  test('are listed in pages', async () => {
    const tags = Array.from({ length: 20 }, (_, n) => ({ key: `k${n}`, value: 'v' }))
    const simulator = await simulate({ state: { loadBalancers: ['lb-1', 'lb-2', 'lb-3'].map((id) => ({ id, tags })) } })
    const ids = { 'ResourceId.1': 'lb-1', 'ResourceId.2': 'lb-2', 'ResourceId.3': 'lb-3' }
    const first = await ok(simulator, 'ListTagResources', { ResourceType: 'instance', ...ids })
    const second = await ok(simulator, 'ListTagResources', { ResourceType: 'instance', ...ids, NextToken: first.NextToken })
    expect([first.TagResources.TagResource.length, second.TagResources.TagResource.length, second.NextToken]).toEqual([50, 10, ''])
  })

  test('are for what is there', async () => {
    const none = { ...lb, 'ResourceId.1': 'lb-none', ...tag('a', '1') }
    expect(await refusal(await simulate(), 'TagResources', none)).toBe('400 ResourceNotExist')
  })

  test('are 20 at most', async () => {
    const tags = Array.from({ length: 20 }, (_, n) => ({ key: `k${n}`, value: 'v' }))
    const simulator = await simulate({ state: { loadBalancers: [{ id: 'lb-1', tags }] } })
    await ok(simulator, 'TagResources', { ...lb, ...tag('k0', 'other') })
    expect(await refusal(simulator, 'TagResources', { ...lb, ...tag('more', '') })).toBe('400 QuotaExceed.TagsPerResource')
  })

  test('in the old calls are JSON and belong to load balancers', async () => {
    const simulator = await simulate()
    await ok(simulator, 'AddTags', { ...LB, Tags: '[{"TagKey":"a","TagValue":"1"},{"TagKey":"b","TagValue":"2"}]' })
    await ok(simulator, 'RemoveTags', { ...LB, Tags: '[{"TagKey":"a"}]' })
    const { TagSets } = await ok(simulator, 'DescribeTags', LB)
    expect(TagSets.TagSet).toEqual([{ TagKey: 'b', TagValue: '2', InstanceCount: 1 }])
    const six = JSON.stringify(Array.from({ length: 6 }, (_, n) => ({ TagKey: `k${n}`, TagValue: '' })))
    expect(await refusal(simulator, 'AddTags', { ...LB, Tags: six })).toBe('400 QuotaExceeded.Tag')
  })
})
