// Statements about forwarding rules.
import { describe, expect, test } from 'vitest'
import { type Api, member } from './api-statements.ts'

export function ruleStatements(its: () => Api): void {
  /** An http listener and a group to lead to. */
  async function ruled(port: number) {
    const { first, ok, group, http, on } = its()
    await ok('CreateLoadBalancerHTTPListener', http(port))
    const VServerGroupId = await group(member(first))
    const rule = (RuleName: string, more: object = { Url: `/${RuleName}` }) => ({ RuleName, VServerGroupId, ...more })
    return {
      rule,
      at: on({ ListenerPort: port }),
      create: (...rules: object[]) => on({ ListenerPort: port, RuleList: JSON.stringify(rules) }),
    }
  }

  describe('forwarding rules', () => {
    test('are created in one call and begin with the settings of their listener', async () => {
      const { ok, read } = its()
      const { rule, create, at } = await ruled(8050)
      const { Rules } = await ok('CreateRules', create(rule('aa'), rule('bb', { Domain: '*.example.com' })))
      expect(Rules.Rule.map(({ RuleName }: { RuleName: string }) => RuleName)).toEqual(['aa', 'bb'])
      const shown: readonly { RuleName: string; RuleId: string }[] = (await read('DescribeRules', at)).Rules.Rule
      const [second] = shown.filter(({ RuleName }) => RuleName === 'bb')
      expect(second).toMatchObject({ Domain: '*.example.com', ListenerSync: 'on', Scheduler: 'wrr', HealthCheck: 'on' })
      expect(await ok('DescribeRuleAttribute', { RuleId: second?.RuleId })).toMatchObject({ ListenerPort: '8050' })
    })

    test('are refused with a place or a name that is taken, without one, or where they lead nowhere', async () => {
      const { ok, refusal } = its()
      const { rule, create } = await ruled(8051)
      const { VServerGroupId } = rule('one')
      await ok('CreateRules', create(rule('one')))
      const add = (...bad: object[]) => refusal('CreateRules', create(...bad.map((one) => ({ VServerGroupId, ...one }))))
      expect(await add({ RuleName: 'x', Url: '/one' })).toBe('400 DomainExist')
      expect(await add({ RuleName: 'one', Url: '/x' })).toBe('400 InvalidParameter')
      expect(await add({ Url: '/x' })).toBe('400 MissingParameter.RuleName')
      expect(await add({ RuleName: 'x' })).toBe('400 RuleListMalformed')
      expect(await add({ RuleName: 'x', Url: '/' })).toBe('400 UrlMalformed')
      expect(await add({ RuleName: 'x', Url: 'x' })).toBe('400 UrlMalformed')
      expect(await add({ RuleName: 'x', Domain: 'www.*' })).toBe('400 DomainMalformed')
      expect(await add({ RuleName: 'x', Url: '/x', VServerGroupId: 'rsp-none' })).toBe('404 InvalidParameter')
      const eleven = Array.from({ length: 11 }, (_, n) => ({ RuleName: `r${n}`, Url: `/r${n}` }))
      expect(await add(...eleven)).toBe('400 RuleListMalformed')
    })

    test('belong to http and https only', async () => {
      const { ok, refusal, tcp, on } = its()
      const { rule } = await ruled(8052)
      await ok('CreateLoadBalancerTCPListener', tcp(8053))
      const RuleList = JSON.stringify([rule('a1')])
      expect(await refusal('CreateRules', on({ ListenerPort: 8053, RuleList }))).toBe('400 RuleNotSupport')
    })

    test('may leave the settings of their listener, with all they then need', async () => {
      const { ok, read, refusal } = its()
      const { rule, create } = await ruled(8054)
      const RuleId = (await ok('CreateRules', create(rule('a1')))).Rules.Rule[0].RuleId
      expect(await refusal('SetRule', { RuleId, ListenerSync: 'off', Scheduler: 'rr' })).toBe('400 MissingParameter')
      const own = { ListenerSync: 'off', Scheduler: 'rr', StickySession: 'off', HealthCheck: 'on', HealthCheckURI: '/own' }
      await ok('SetRule', { RuleId, ...own })
      expect(await read('DescribeRuleAttribute', { RuleId })).toMatchObject(own)
      await ok('SetRule', { RuleId, ListenerSync: 'on', RuleName: 'renamed' })
      expect(await read('DescribeRuleAttribute', { RuleId })).toMatchObject({ RuleName: 'renamed', Scheduler: 'wrr', HealthCheckURI: '/' })
    })

    test('are deleted by id, and with their listener', async () => {
      const { ok, refusal, read } = its()
      const { rule, create, at } = await ruled(8055)
      const { Rules } = await ok('CreateRules', create(rule('a1'), rule('a2')))
      const [first, second] = Rules.Rule.map(({ RuleId }: { RuleId: string }) => RuleId)
      await ok('DeleteRules', { RuleIds: JSON.stringify([first]) })
      expect((await read('DescribeRules', at)).Rules.Rule).toMatchObject([{ RuleId: second }])
      expect(await refusal('DeleteRules', { RuleIds: JSON.stringify([first]) })).toBe('404 InvalidRuleId.NotFound')
      await ok('DeleteLoadBalancerListener', at)
      expect(await refusal('DescribeRuleAttribute', { RuleId: second })).toBe('404 InvalidRuleId.NotFound')
    })
  })
}
