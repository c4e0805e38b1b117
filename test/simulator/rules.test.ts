import { describe, expect, test } from 'vitest'
import { ok, refusal } from './client.ts'
import { group, http, port, simulate, theListener } from './support.ts'

async function ruled(options = {}) {
  const simulator = await simulate(options)
  await ok(simulator, 'CreateLoadBalancerHTTPListener', http(80))
  const VServerGroupId = await group(simulator)
  const rule = (RuleName: string, more: object = { Url: `/${RuleName}` }) => ({ RuleName, VServerGroupId, ...more })
  const create = (...rules: object[]) => port(80, { RuleList: JSON.stringify(rules) })
  return { simulator, VServerGroupId, rule, create }
}

describe('forwarding rules', () => {
  test('are created in one call and begin with the settings of their listener', async () => {
    const { simulator, rule, create } = await ruled()
    const { Rules } = await ok(simulator, 'CreateRules', create(rule('aa'), rule('bb', { Domain: '*.Example.com' })))
    expect(Rules.Rule.map(({ RuleName }: { RuleName: string }) => RuleName)).toEqual(['aa', 'bb'])
    const shown = (await ok(simulator, 'DescribeRules', port(80))).Rules.Rule
    expect(shown[1]).toMatchObject({ Domain: '*.example.com', Url: '', ListenerSync: 'on', Scheduler: 'wrr', HealthCheck: 'on' })
  })

  test.each([
    { name: 'a taken domain and URL', rules: [{ RuleName: 'x', Url: '/one' }], code: '400 DomainExist' },
    { name: 'a taken name', rules: [{ RuleName: 'one', Url: '/x' }], code: '400 InvalidParameter' },
    { name: 'no name', rules: [{ Url: '/x' }], code: '400 MissingParameter.RuleName' },
    { name: 'neither domain nor URL', rules: [{ RuleName: 'x' }], code: '400 RuleListMalformed' },
    { name: 'a URL that is only a slash', rules: [{ RuleName: 'x', Url: '/' }], code: '400 UrlMalformed' },
    { name: 'a URL without a slash', rules: [{ RuleName: 'x', Url: 'x' }], code: '400 UrlMalformed' },
    { name: 'a domain with a star at the end', rules: [{ RuleName: 'x', Domain: 'www.*' }], code: '400 DomainMalformed' },
    { name: 'an unknown group', rules: [{ RuleName: 'x', Url: '/x', VServerGroupId: 'rsp-none' }], code: '404 InvalidParameter' },
    {
      name: 'more than ten',
      rules: Array.from({ length: 11 }, (_, n) => ({ RuleName: `r${n}`, Url: `/r${n}` })),
      code: '400 RuleListMalformed',
    },
  ])('are refused with $name, all of the call', async ({ rules, code }) => {
    const { simulator, rule, create } = await ruled()
    await ok(simulator, 'CreateRules', create(rule('one', { Url: '/one' })))
    const list = [rule('good'), ...rules.map((each) => ({ VServerGroupId: rule('').VServerGroupId, ...each }))]
    expect(await refusal(simulator, 'CreateRules', create(...(rules.length > 9 ? list.slice(1) : list)))).toBe(code)
    expect(theListener(simulator, 80).rules).toHaveLength(1)
  })

  test('have domains as long as the settings say', async () => {
    const { simulator, rule, create } = await ruled()
    const domain = (length: number) => ({ Domain: `${'a.'.repeat(length / 2 - 1)}cn` })
    await ok(simulator, 'CreateRules', create(rule('a1', domain(80))))
    expect(await refusal(simulator, 'CreateRules', create(rule('a2', domain(82))))).toBe('400 DomainMalformed')
    simulator.settings.unsure.longestRuleDomain = 253
    await ok(simulator, 'CreateRules', create(rule('a2', domain(252))))
  })

  test('are 40 at most', async () => {
    const { simulator, rule, create } = await ruled({ settings: { quotas: { rules: 2 } } })
    await ok(simulator, 'CreateRules', create(rule('a1'), rule('a2')))
    expect(await refusal(simulator, 'CreateRules', create(rule('a3')))).toBe('400 TooManyRules')
  })

  test('may leave the settings of their listener, with all they then need', async () => {
    const { simulator, rule, create } = await ruled()
    const { Rules } = await ok(simulator, 'CreateRules', create(rule('a1')))
    const RuleId = Rules.Rule[0].RuleId
    expect(await refusal(simulator, 'SetRule', { RuleId, ListenerSync: 'off', Scheduler: 'rr' })).toBe('400 MissingParameter')
    const own = { ListenerSync: 'off', Scheduler: 'rr', StickySession: 'off', HealthCheck: 'on', HealthCheckURI: '/own' }
    await ok(simulator, 'SetRule', { RuleId, ...own })
    expect(await ok(simulator, 'DescribeRuleAttribute', { RuleId })).toMatchObject({ ...own, HealthCheckInterval: 2, ListenerPort: '80' })
    await ok(simulator, 'SetRule', { RuleId, ListenerSync: 'on', RuleName: 'renamed' })
    expect(await ok(simulator, 'DescribeRuleAttribute', { RuleId })).toMatchObject({
      RuleName: 'renamed',
      Scheduler: 'wrr',
      HealthCheckURI: '/',
    })
  })

  test('are deleted by id, and with their listener', async () => {
    const { simulator, rule, create } = await ruled()
    const { Rules } = await ok(simulator, 'CreateRules', create(rule('a1'), rule('a2')))
    const [first, second] = Rules.Rule.map(({ RuleId }: { RuleId: string }) => RuleId)
    await ok(simulator, 'DeleteRules', { RuleIds: JSON.stringify([first]) })
    expect(theListener(simulator, 80).rules.map(({ id }) => id)).toEqual([second])
    expect(await refusal(simulator, 'DeleteRules', { RuleIds: JSON.stringify([first]) })).toBe('404 InvalidRuleId.NotFound')
    await ok(simulator, 'DeleteLoadBalancerListener', port(80))
    expect(await refusal(simulator, 'DescribeRuleAttribute', { RuleId: second })).toBe('404 InvalidRuleId.NotFound')
  })

  test('wait while their listener is between two states', async () => {
    const { simulator, rule, create } = await ruled()
    theListener(simulator, 80).transition = { status: 'configuring', until: Date.now() + 60_000 }
    expect(await refusal(simulator, 'CreateRules', create(rule('a1')))).toBe('400 OperationFailed.ListenerStatusNotSupport')
  })
})
