// Statements about tags, access control lists and pages.
import { describe, expect, test } from 'vitest'
import { NAME } from '../../scripts/verify/leftovers.ts'
import type { Api } from './api-statements.ts'

const tag = (key: string, Value: string) => ({ Key: `${NAME}-${key}`, Value })
const entries = (...list: readonly string[]) => ({ AclEntrys: JSON.stringify(list.map((entry) => ({ entry, comment: 'c' }))) })

export function tagStatements(its: () => Api): void {
  const lb = () => ({ ResourceType: 'instance', ResourceId: [its().id] })

  test('tags are written, listed and taken away', async () => {
    const { ok, read, id } = its()
    await ok('TagResources', { ...lb(), Tag: [tag('a', '1'), tag('b', '2')] })
    const listed = await read('ListTagResources', { ...lb(), Tag: [tag('a', '1')] })
    const row = { ResourceId: id, ResourceType: 'instance', TagKey: `${NAME}-a`, TagValue: '1' }
    expect(listed.TagResources.TagResource).toContainEqual(row)
    await ok('UntagResources', { ...lb(), TagKey: [`${NAME}-a`] })
    const left = (await read('ListTagResources', lb())).TagResources.TagResource
    expect(left.map(({ TagKey }: { TagKey: string }) => TagKey)).toEqual(expect.arrayContaining([`${NAME}-b`]))
    expect(left).not.toContainEqual(row)
  })

  test.each([
    ['TagResources', { Tag: [{ Key: 'acs:x', Value: '' }] }, 'InvalidParam.TagKey'],
    ['TagResources', { Tag: [tag('a', 'http://x')] }, 'InvalidParam.TagValue'],
    ['TagResources', { Tag: [tag('a', '1'), tag('a', '2')] }, 'Duplicate.TagKey'],
    ['TagResources', { ResourceType: 'moon', Tag: [tag('a', '1')] }, 'InvalidParam.ResourceType'],
    ['TagResources', { Tag: [{ Value: '1' }] }, 'MissingParameter'],
    ['ListTagResources', { NextToken: 'x' }, 'InvalidParam.NextToken'],
    ['ListTagResources', { ResourceId: [] }, 'MissingParam.TagOrResourceId'],
  ])('%s refuses %j', async (action, params, code) => {
    expect(await its().refusal(action, { ...lb(), ...params })).toBe(`400 ${code}`)
  })

  describe('an access control list', () => {
    test('holds entries, is bound to listeners, and cannot be deleted while it is', async () => {
      const { id, ok, read, refusal, tcp, on } = its()
      const { AclId } = await ok('CreateAccessControlList', { AclName: NAME })
      await ok('AddAccessControlListEntry', { AclId, ...entries('10.0.0.0/8', '192.168.0.1') })
      await ok('RemoveAccessControlListEntry', { AclId, ...entries('192.168.0.1') })
      await ok('CreateLoadBalancerTCPListener', tcp(8060, { AclStatus: 'on', AclType: 'white', AclId }))
      expect(await read('DescribeAccessControlListAttribute', { AclId })).toMatchObject({
        AclEntrys: { AclEntry: [{ AclEntryIP: '10.0.0.0/8', AclEntryComment: 'c' }] },
        RelatedListeners: { RelatedListener: [{ LoadBalancerId: id, ListenerPort: 8060, AclType: 'white', Protocol: 'tcp' }] },
      })
      expect(await refusal('DeleteAccessControlList', { AclId })).toBe('400 OperationFailed.AclBindedWithVip')
      await ok('SetLoadBalancerTCPListenerAttribute', on({ ListenerPort: 8060, AclStatus: 'off' }))
      await ok('DeleteAccessControlList', { AclId })
    })

    test('refuses entries that are none, are there, or are too many', async () => {
      const { ok, refusal } = its()
      const { AclId } = await ok('CreateAccessControlList', { AclName: NAME })
      await ok('AddAccessControlListEntry', { AclId, ...entries('10.0.0.0/8') })
      const add = (params: object) => refusal('AddAccessControlListEntry', { AclId, ...params })
      expect(await add(entries('10.0.0.0/33'))).toBe('400 AclEntryIllegal')
      expect(await add(entries('nowhere'))).toBe('400 AclEntryIllegal')
      expect(await add(entries('::1'))).toBe('400 IllegalEntry')
      expect(await add(entries('10.0.0.0/8'))).toBe('400 InvalidParam.AclEntryExists')
      expect(await add(entries())).toBe('400 AclEntryEmpty')
      expect(await add(entries(...Array.from({ length: 51 }, (_, n) => `10.1.0.${n}`)))).toBe('400 AclEntryExceedLimit')
    })
  })

  test('the list of listeners is shown in pages, by token', async () => {
    const { id, ok, read, tcp } = its()
    for (const port of [8061, 8062, 8063]) await ok('CreateLoadBalancerTCPListener', tcp(port))
    const params = { LoadBalancerId: [id], MaxResults: 2 }
    const first = await read('DescribeLoadBalancerListeners', params)
    const second = await ok('DescribeLoadBalancerListeners', { ...params, NextToken: first.NextToken })
    const ports = [...first.Listeners, ...second.Listeners].map(({ ListenerPort }: { ListenerPort: number }) => ListenerPort)
    expect(ports.toSorted()).toEqual([8061, 8062, 8063])
    expect(second.NextToken ?? '').toBe('')
  })
}
