// Changes to rules and further certificates: what is sent, and what is made of answers that are lost, doubled or odd.
import { describe, expect, test } from 'vitest'
import type { Change, Rule, RuleSpec } from '../../../../src/core/model.ts'
import type { Params } from '../../../../src/providers/aliyun/flatten.ts'
import { MARK, openWith, place, WORLD } from './opened.ts'
import { type Answers, answersOf, failureOf, how, listenerRow, no, signal, turn } from './support.ts'

const spec = (n: number, more: Partial<RuleSpec> = {}): RuleSpec => ({
  name: `r${n}`,
  domain: `${n}.example.com`,
  url: '',
  group: 'rsp-1',
  settings: undefined,
  ...more,
})
const specs = (count: number) => Array.from({ length: count }, (_, n) => spec(n))
const rule = (n: number, more: Partial<Rule> = {}): Rule => ({ ...spec(n), ref: `rule-${n}`, ...more })
const row = (n: number, more: object = {}) => ({
  RuleId: `rule-${n}`,
  RuleName: `r${n}`,
  Domain: `${n}.example.com`,
  VServerGroupId: 'rsp-1',
  ...more,
})

const sent = (params: Params): readonly { readonly RuleName: string }[] => JSON.parse(String(params['RuleList']))
const created = (params: Params) => ({ Rules: { Rule: sent(params).map(({ RuleName }) => ({ RuleId: `id-${RuleName}`, RuleName })) } })
const listing = (...rows: object[]) => ({ DescribeRules: () => ({ Rules: { Rule: rows } }) })
const OURS = answersOf({ ...WORLD, listeners: [listenerRow('http', 8080, { VServerGroupId: 'rsp-1', Description: MARK })] })
const open = (answers: Answers = {}) => openWith({ ...OURS, CreateRules: created, ...answers })
const OWN = { scheduler: 'rr', 'sticky-session': 'off', 'health-check-flag': 'off' } as const
const create = (rules: readonly RuleSpec[]): Change => ({ kind: 'createRules', ...place, rules })
const where = { LoadBalancerId: 'lb-1', ListenerPort: 8080, ListenerProtocol: 'http' }

describe('new rules', () => {
  test('are sent ten at a time, host and path only where there are some', async () => {
    const { handle, calls } = await open()
    await handle.apply(create([spec(0, { domain: '', url: '/api' }), ...specs(12).slice(1)]), turn)
    expect(calls().map(({ action, params }) => [action, sent(params).length])).toEqual([
      ['CreateRules', 10],
      ['CreateRules', 2],
    ])
    const [first, second] = sent(calls()[0]?.params ?? {})
    expect(calls()[0]?.params).toMatchObject(where)
    expect(first).toEqual({ RuleName: 'r0', Url: '/api', VServerGroupId: 'rsp-1' })
    expect(second).toEqual({ RuleName: 'r1', Domain: '1.example.com', VServerGroupId: 'rsp-1' })
  })

  test('of a group that the plan creates find it by its mark', async () => {
    const { handle, calls } = await open()
    await handle.apply({ kind: 'createGroup', name: 'new', members: [] }, turn)
    await handle.apply(create([spec(1, { group: 'new' })]), turn)
    expect(sent(calls()[1]?.params ?? {})).toMatchObject([{ VServerGroupId: 'rsp-new' }])
  })

  test('get settings of their own by the id that the answer has for their name', async () => {
    const { handle, calls } = await open()
    await handle.apply(create([spec(1), spec(2, { settings: OWN })]), turn)
    expect(
      calls()
        .slice(1)
        .map(({ action, params }) => [action, params]),
    ).toEqual([['SetRule', { RuleId: 'id-r2', ListenerSync: 'off', Scheduler: 'rr', StickySession: 'off', HealthCheck: 'off' }]])
  })

  test.each<{ name: string; answer: object }>([
    { name: 'lacks one of them', answer: { Rules: { Rule: [{ RuleId: 'x', RuleName: 'r0' }] } } },
    { name: 'has another shape', answer: { Rules: ['r0', 'r1'] } },
    { name: 'says nothing', answer: {} },
  ])('whose answer $name are not known, and not sent again', async ({ answer }) => {
    const { handle, cloud } = await open({ CreateRules: () => answer })
    expect(await failureOf(handle.apply(create(specs(2)), turn))).toMatchObject({ status: 'unknown', code: 'Malformed' })
    expect(cloud.count('CreateRules')).toBe(1)
  })

  test.each(['unknown', 'failed'] as const)('whose outcome is %s are asked for by the next reading', async (status) => {
    const { handle, provider, cloud } = await open({ CreateRules: no('Some', 'x', status), ...listing(row(1)) })
    expect(await failureOf(handle.apply(create([spec(1)]), turn))).toMatchObject({ status })
    expect(cloud.count('CreateRules')).toBe(1)
    const { actual } = await provider.open('lb-1', how(), signal)
    expect(actual.listeners[0]?.rules).toMatchObject([{ ref: 'rule-1', name: 'r1' }])
  })
})

describe('a batch refused for a duplicate', () => {
  const twice = (code: string) => (params: Params, nth: number) => (nth === 1 ? no(code)() : created(params))

  test.each(['DomainExist', 'DomainRuleDuplicated'])(
    '(%s) uses what is there under its name, and sends the rest once more',
    async (code) => {
      const { handle, calls } = await open({ CreateRules: twice(code), ...listing(row(1, { VServerGroupId: 'rsp-9' })) })
      await handle.apply(create([spec(1, { settings: OWN }), spec(2)]), turn)
      expect(calls().map(({ action }) => action)).toEqual(['CreateRules', 'DescribeRules', 'SetRule', 'CreateRules', 'SetRule'])
      expect(calls()[2]?.params).toEqual({ RuleId: 'rule-1', VServerGroupId: 'rsp-1' })
      expect(sent(calls()[3]?.params ?? {})).toMatchObject([{ RuleName: 'r2' }])
      expect(calls()[4]?.params).toMatchObject({ RuleId: 'rule-1', ListenerSync: 'off' })
    },
  )

  test('is a failure where the duplicate has another name: that one is somebody else’s', async () => {
    const { handle, cloud } = await open({ CreateRules: no('DomainExist'), ...listing(row(1, { RuleName: 'theirs' })) })
    expect(await failureOf(handle.apply(create([spec(1)]), turn))).toMatchObject({ status: 'failed', code: 'DomainExist' })
    expect(cloud.count('CreateRules')).toBe(1)
  })

  test('for another reason is a failure', async () => {
    const { handle, calls } = await open({ CreateRules: no('TooManyRules') })
    expect(await failureOf(handle.apply(create(specs(2)), turn))).toMatchObject({ code: 'TooManyRules' })
    expect(calls()).toHaveLength(1)
  })
})

describe('a changed rule', () => {
  const update = (more: object) => ({ kind: 'updateRule', ...place, rule: rule(1), settings: undefined, ...more }) as const

  test.each([
    { name: 'another group alone', change: update({ group: 'rsp-1' }), params: { VServerGroupId: 'rsp-1' } },
    {
      name: 'settings of its own',
      change: update({ settings: OWN }),
      params: { ListenerSync: 'off', Scheduler: 'rr', StickySession: 'off', HealthCheck: 'off' },
    },
    { name: 'those of its listener again', change: update({ rule: rule(1, { settings: OWN }) }), params: { ListenerSync: 'on' } },
  ])('gets $name in one call', async ({ change, params }) => {
    const { handle, calls } = await open()
    await handle.apply(change, turn)
    expect(calls().map((call) => [call.action, call.params])).toEqual([['SetRule', { RuleId: 'rule-1', ...params }]])
  })

  test('is made anew where its probe goes back to the port of the backends', async () => {
    const probe = { ...OWN, 'health-check-flag': 'on', 'health-check-connect-port': 8081 } as const
    const { handle, calls } = await open()
    await handle.apply(update({ rule: rule(1, { settings: probe }), settings: { ...probe, 'health-check-connect-port': 0 } }), turn)
    expect(calls().map(({ action }) => action)).toEqual(['DeleteRules', 'CreateRules', 'SetRule'])
    expect(calls()[2]?.params).not.toHaveProperty('HealthCheckConnectPort')
  })
})

describe('rules that go', () => {
  const remove = (count: number): Change => ({
    kind: 'deleteRules',
    ...place,
    rules: Array.from({ length: count }, (_, n) => rule(n)),
  })

  test('go ten at a time', async () => {
    const { handle, calls } = await open()
    await handle.apply(remove(12), turn)
    expect(calls().map(({ params }) => JSON.parse(String(params['RuleIds'])).length)).toEqual([10, 2])
  })

  test('and are gone in part already are looked up, and the rest goes', async () => {
    const gone = (_: Params, nth: number) => (nth === 1 ? no('InvalidRuleId.NotFound')() : {})
    const { handle, calls } = await open({ DeleteRules: gone, ...listing(row(2)) })
    await handle.apply(remove(3), turn)
    expect(calls().map(({ action }) => action)).toEqual(['DeleteRules', 'DescribeRules', 'DeleteRules'])
    expect(calls()[2]?.params).toEqual({ RuleIds: '["rule-2"]' })
  })

  test('and are all gone need nothing more', async () => {
    const { handle, cloud } = await open({ DeleteRules: no('InvalidRuleId.NotFound'), ...listing() })
    await expect(handle.apply(remove(3), turn)).resolves.toEqual([])
    expect(cloud.count('DeleteRules')).toBe(1)
  })
})

describe('further certificates', () => {
  const extension = { ref: 'de-1', domain: 'shop.example.com', certificate: 'c-1' }
  const at = { key: 'tcp:443' } as const

  test.each<{ change: Change; call: readonly [string, Params] }>([
    {
      change: { kind: 'createExtension', ...at, domain: 'shop.example.com', certificate: 'c-1' },
      call: [
        'CreateDomainExtension',
        { LoadBalancerId: 'lb-1', ListenerPort: 443, Domain: 'shop.example.com', ServerCertificateId: 'c-1' },
      ],
    },
    {
      change: { kind: 'updateExtension', ...at, extension, certificate: 'c-2' },
      call: ['SetDomainExtensionAttribute', { DomainExtensionId: 'de-1', ServerCertificateId: 'c-2' }],
    },
    { change: { kind: 'deleteExtension', ...at, extension }, call: ['DeleteDomainExtension', { DomainExtensionId: 'de-1' }] },
  ])('$change.kind is one call', async ({ change, call }) => {
    const { handle, calls } = await open()
    await handle.apply(change, turn)
    expect(calls().map(({ action, params }) => [action, params])).toEqual([call])
  })

  test('that are gone are deleted, and those that a rule holds are not', async () => {
    const gone = await open({ DeleteDomainExtension: no('InvalidParameter.DomainExtensionId') })
    await expect(gone.handle.apply({ kind: 'deleteExtension', ...at, extension }, turn)).resolves.toEqual([])
    const held = await open({ DeleteDomainExtension: no('DomainExtensionRelatedRuleExist') })
    expect(await failureOf(held.handle.apply({ kind: 'deleteExtension', ...at, extension }, turn))).toMatchObject({
      code: 'DomainExtensionRelatedRuleExist',
    })
  })
})
