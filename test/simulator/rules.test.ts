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

  test('wait while their listener is between two states', async () => {
    const { simulator, rule, create } = await ruled()
    theListener(simulator, 80).transition = { status: 'configuring', until: Date.now() + 60_000 }
    expect(await refusal(simulator, 'CreateRules', create(rule('a1')))).toBe('400 OperationFailed.ListenerStatusNotSupport')
  })
})
