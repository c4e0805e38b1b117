// Statements about server groups and the default group.
import { describe, expect, test } from 'vitest'
import { mark } from '../../scripts/verify/ground.ts'
import { type Api, member, sent } from './api-statements.ts'

const NAMED = { VServerGroupName: mark('statement') }

export function groupStatements(its: () => Api): void {
  describe('a server group', () => {
    test('is made with its members in one call; two may have one name', async () => {
      const { first, group, members, read, on } = its()
      const one = await group(member(first), member(first, 30_001, 0))
      expect(await group()).not.toBe(one)
      expect(await members(one)).toEqual([`${first}:30000=100`, `${first}:30001=0`])
      expect((await read('DescribeVServerGroups', on())).VServerGroups.VServerGroup).toHaveLength(2)
    })

    test('has weights changed by Set, and nothing else', async () => {
      const { first, second, group, members, ok, refusal } = its()
      const VServerGroupId = await group(member(first))
      const rows = sent(member(first, 30_000, 0), member(second))
      const answer = await ok('SetVServerGroupAttribute', { VServerGroupId, VServerGroupName: mark('renamed'), ...rows })
      expect(answer).toMatchObject({ VServerGroupName: mark('renamed'), VServerGroupId })
      expect(await members(VServerGroupId)).toEqual([`${first}:30000=0`])
      expect(await refusal('SetVServerGroupAttribute', { VServerGroupId })).toBe('400 MissingParameter')
    })

    test('loses what Remove names; what is no member is passed over', async () => {
      const { first, second, group, members, ok } = its()
      const VServerGroupId = await group(member(first))
      await ok('RemoveVServerGroupBackendServers', { VServerGroupId, ...sent(member(second), member(first, 1)) })
      expect(await members(VServerGroupId)).toEqual([`${first}:30000=100`])
      await ok('RemoveVServerGroupBackendServers', { VServerGroupId, ...sent(member(first)) })
      expect(await members(VServerGroupId)).toEqual([])
    })

    test('has old members taken out and new ones put in by Modify', async () => {
      const { first, group, members, ok } = its()
      const VServerGroupId = await group(member(first))
      const swap = { OldBackendServers: JSON.stringify([member(first)]), NewBackendServers: JSON.stringify([member(first, 30_001)]) }
      await ok('ModifyVServerGroupBackendServers', { VServerGroupId, ...swap })
      expect(await members(VServerGroupId)).toEqual([`${first}:30001=100`])
    })

    test('cannot be deleted while a listener or a rule uses it', async () => {
      const { first, group, ok, refusal, on, http } = its()
      const [bound, ruled] = [await group(member(first)), await group(member(first))]
      await ok('CreateLoadBalancerHTTPListener', http(8001, { VServerGroupId: bound }))
      const RuleList = JSON.stringify([{ RuleName: 'r', Url: '/a', VServerGroupId: ruled }])
      await ok('CreateRules', on({ ListenerPort: 8001, RuleList }))
      expect(await refusal('DeleteVServerGroup', { VServerGroupId: bound })).toBe('400 RspoolVipExist')
      expect(await refusal('DeleteVServerGroup', { VServerGroupId: ruled })).toBe('400 RspoolRuleExist')
      await ok('DeleteLoadBalancerListener', on({ ListenerPort: 8001 }))
      for (const VServerGroupId of [bound, ruled]) await ok('DeleteVServerGroup', { VServerGroupId })
    })

    test('shows its listeners only when asked', async () => {
      const { first, group, ok, read, on, tcp } = its()
      const VServerGroupId = await group(member(first))
      await ok('CreateLoadBalancerTCPListener', tcp(8002, { VServerGroupId }))
      const shown = async (more = {}) => (await read('DescribeVServerGroups', on(more))).VServerGroups.VServerGroup[0]
      expect(await shown()).toMatchObject({ ServerCount: 1, AssociatedObjects: { Listeners: { Listener: [] }, Rules: { Rule: [] } } })
      expect((await shown({ IncludeListener: true })).AssociatedObjects.Listeners.Listener).toEqual([{ Port: 8002, Protocol: 'tcp' }])
    })

    test('that is not there is InvalidParameter with status 404', async () => {
      expect(await its().refusal('DescribeVServerGroupAttribute', { VServerGroupId: 'rsp-none' })).toBe('404 InvalidParameter')
    })

    test.each([
      { name: 'are not JSON', json: 'x', answer: '400 BackendServersMalformed' },
      { name: 'are no list', json: '{}', answer: '400 BackendServersMalformed' },
      { name: 'have no port', json: '[{"ServerId":"FIRST"}]', answer: '400 InvalidParameter' },
      { name: 'have a weight of 101', json: '[{"ServerId":"FIRST","Port":1,"Weight":101}]', answer: '400 InvalidWeight.Malformed' },
      { name: 'are of an unknown type', json: '[{"ServerId":"FIRST","Port":1,"Type":"vm"}]', answer: '400 BackendServer.InvalidType' },
      { name: 'are unknown', json: '[{"ServerId":"i-none","Port":1}]', answer: '400 InvalidServerId.NotExist' },
      { name: 'are named twice', json: '[{"ServerId":"FIRST","Port":1},{"ServerId":"FIRST","Port":1}]', answer: '400 InvalidParameter' },
    ])('is refused when its servers $name', async ({ json, answer }) => {
      const { first, refusal, on } = its()
      const BackendServers = json.replaceAll('FIRST', first)
      expect(await refusal('CreateVServerGroup', on({ ...NAMED, BackendServers }))).toBe(answer)
    })

    test.each([
      ['single quotes and numbers as words', "[{'ServerId':'FIRST','Port':'80','Weight':'7','Type':'ecs'}]"],
      ['small first letters, unknown keys and an empty address', '[{"serverId":"FIRST","port":80,"weight":7,"serverIp":"","other":1}]'],
    ])('may have its servers written with %s', async (_, json) => {
      const { first, ok, members, on } = its()
      const { VServerGroupId } = await ok('CreateVServerGroup', on({ ...NAMED, BackendServers: json.replace('FIRST', first) }))
      expect(await members(VServerGroupId)).toEqual([`${first}:80=7`])
    })
  })

  describe('the default group', () => {
    const backends = async ({ read, on }: Api) =>
      (await read('DescribeLoadBalancerAttribute', on())).BackendServers.BackendServer as readonly Readonly<Record<string, unknown>>[]

    test('has servers without a port, each once', async () => {
      const api = its()
      await api.ok('AddBackendServers', api.on(sent({ ServerId: api.first, Weight: 50 }, { ServerId: api.first, Weight: 1 })))
      const rows = await backends(api)
      expect(rows).toMatchObject([{ ServerId: api.first, Weight: 50 }])
      expect(rows[0]).not.toHaveProperty('Port')
    })

    test('has weights changed by Set, and Remove passes over what is not there', async () => {
      const api = its()
      await api.ok('AddBackendServers', api.on(sent({ ServerId: api.first }, { ServerId: api.second })))
      await api.ok('SetBackendServers', api.on(sent({ ServerId: api.first, Weight: 0 })))
      await api.ok('RemoveBackendServers', api.on(sent({ ServerId: api.second }, { ServerId: 'i-none' })))
      expect(await backends(api)).toMatchObject([{ ServerId: api.first, Weight: 0 }])
    })

    test('refuses unknown servers', async () => {
      const { refusal, on } = its()
      expect(await refusal('AddBackendServers', on(sent({ ServerId: 'i-none' })))).toBe('404 InvalidServerId.NotFound')
    })
  })
}
