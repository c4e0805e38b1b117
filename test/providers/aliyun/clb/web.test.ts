// What is read of rules and further certificates, and what is not read again.
import { describe, expect, test } from 'vitest'
import { createClbProvider } from '../../../../src/providers/aliyun/clb/provider.ts'
import type { Params } from '../../../../src/providers/aliyun/flatten.ts'
import type { OpenOptions } from '../../../../src/providers/provider.ts'
import { type Answers, answersOf, failureOf, fakeRpc, groupRow, how, listenerRow, no, signal } from './support.ts'

type Rule = { readonly id: string; readonly port: number; group?: string; readonly more?: object }

const mark = (name: string) => `swarm-slb/me/${name}/80-tcp`
const secure = { HTTPSListenerConfig: { HealthCheck: 'off' }, VServerGroupId: 'rsp-1' }

/** Ports 80 to 83 are http, 443 and 444 https, all ours; 8080 is somebody else's. What a test changes is seen by the next reading. */
function world() {
  const rules: Rule[] = []
  const web = [80, 81, 82, 83].map((port) => listenerRow('http', port, { Description: mark(`web-${port}`), VServerGroupId: 'rsp-1' }))
  const safe = [443, 444].map((port) => listenerRow('https', port, { Description: mark(`safe-${port}`), ...secure }))
  const others = [
    listenerRow('http', 8080, { Description: 'theirs' }),
    listenerRow('http', 8081, { Description: mark('from'), HTTPListenerConfig: { ListenerForward: 'on', ForwardPort: 443 } }),
    listenerRow('tcp', 22, { Description: mark('ssh') }),
  ]
  const associated = (group: string) => ({
    Listeners: { Listener: [] },
    Rules: { Rule: rules.filter((rule) => (rule.group ?? 'rsp-1') === group).map(({ id }) => ({ RuleId: id })) },
  })
  const groups = () => ['rsp-1', 'rsp-2'].map((id) => groupRow(id, mark(id), 0, { AssociatedObjects: associated(id) }))
  const rows = (port: unknown) =>
    rules
      .filter((rule) => rule.port === port)
      .map(({ id, group, more }) => ({ RuleId: id, RuleName: id, Domain: `${id}.Example.com`, VServerGroupId: group ?? 'rsp-1', ...more }))
  const answers: Answers = {
    ...answersOf({ listeners: [...web, ...safe, ...others] }),
    DescribeVServerGroups: () => ({ VServerGroups: { VServerGroup: groups() } }),
    DescribeRules: ({ ListenerPort }: Params) => ({ Rules: { Rule: rows(ListenerPort) } }),
    DescribeDomainExtensions: ({ ListenerPort }: Params) => ({
      DomainExtensions: {
        DomainExtension:
          ListenerPort === 443 ? [{ DomainExtensionId: 'de-1', Domain: 'Shop.example.com', ServerCertificateId: 'c-1' }] : [],
      },
    }),
  }
  return { rules, answers }
}

function opened(more: Answers = {}) {
  const { rules, answers } = world()
  const cloud = fakeRpc({ ...answers, ...more })
  const provider = createClbProvider({ rpc: cloud.rpc, now: () => 0, waits: { gather: 0, lag: 0 } })
  const open = (members: OpenOptions['members'] = 'cached') => provider.open('lb-1', how({ members }), signal)
  const portsAsked = async (action: string, members?: OpenOptions['members']) => {
    const before = cloud.asked.length
    await open(members)
    return cloud.asked.slice(before).flatMap((one) => (one.action === action ? [one.params['ListenerPort']] : []))
  }
  return { ...cloud, rules, provider, open, portsAsked }
}

describe('rules', () => {
  test('cost nothing on a load balancer that has none, not even when all is read afresh', async () => {
    const its = opened()
    for (const members of ['fresh', 'cached', 'audit'] as const) expect(await its.portsAsked('DescribeRules', members)).toEqual([])
  })

  test('are read once of every http and https listener of ours, and then known', async () => {
    const its = opened()
    its.rules.push({ id: 'a', port: 80 }, { id: 'b', port: 443 })
    expect(await its.portsAsked('DescribeRules')).toEqual([80, 81, 82, 83, 443, 444])
    for (let i = 0; i < 3; i += 1) expect(await its.portsAsked('DescribeRules')).toEqual([])
    const { actual } = await its.open()
    expect(actual.listeners.flatMap(({ port, rules }) => rules.map(({ ref, domain }) => `${port} ${ref} ${domain}`))).toEqual([
      '80 a a.example.com',
      '443 b b.example.com',
    ])
  })

  test('that somebody else makes, moves or deletes are noticed, as cheaply as they can be', async () => {
    const its = opened()
    its.rules.push({ id: 'a', port: 80 }, { id: 'b', port: 81 })
    await its.open()
    its.rules[0] = { id: 'a', port: 80, group: 'rsp-2' }
    expect(await its.portsAsked('DescribeRules')).toEqual([80])
    its.rules.splice(1, 1)
    expect(await its.portsAsked('DescribeRules')).toEqual([81])
    its.rules.push({ id: 'c', port: 82 })
    expect(await its.portsAsked('DescribeRules')).toEqual([80, 81, 82, 83, 443, 444])
    expect(await its.portsAsked('DescribeRules')).toEqual([])
  })

  test('on listeners of other people are looked for once', async () => {
    const its = opened()
    its.rules.push({ id: 'theirs', port: 8080 })
    expect(await its.portsAsked('DescribeRules')).toHaveLength(6)
    expect(await its.portsAsked('DescribeRules')).toEqual([])
    expect((await its.open()).actual.listeners.flatMap(({ rules }) => rules)).toEqual([])
  })

  test('are all read again when it has to be fresh, a part of them in an audit, and all within ten audits', async () => {
    const its = opened()
    its.rules.push({ id: 'a', port: 80 })
    await its.open()
    expect(await its.portsAsked('DescribeRules', 'fresh')).toHaveLength(6)
    const audited = []
    for (let i = 0; i < 10; i += 1) audited.push(await its.portsAsked('DescribeRules', 'audit'))
    expect(audited.slice(0, 6).every(({ length }) => length === 1)).toBe(true)
    expect(new Set(audited.flat()).size).toBe(6)
  })

  test('have their listener’s settings, or all of their own', async () => {
    const its = opened()
    const check = { HealthCheck: 'on', HealthCheckURI: '/a', HealthCheckDomain: '$_ip', HealthCheckHttpCode: 'http_3xx,http_2xx' }
    const times = { HealthCheckInterval: 5, HealthCheckTimeout: 3, HealthyThreshold: 2, UnhealthyThreshold: 3 }
    const own = { ListenerSync: 'off', Scheduler: 'rr', StickySession: 'off', ...check, ...times }
    its.rules.push({ id: 'a', port: 80, more: { ListenerSync: 'on', Scheduler: 'rr' } }, { id: 'b', port: 80, more: own })
    const [first, second] = (await its.open()).actual.listeners.find(({ port }) => port === 80)?.rules ?? []
    expect(first?.settings).toBeUndefined()
    expect(second?.settings).toEqual({
      scheduler: 'rr',
      'sticky-session': 'off',
      'health-check-flag': 'on',
      'health-check-uri': '/a',
      'health-check-domain': '',
      'health-check-httpcode': 'http_2xx,http_3xx',
      'health-check-connect-port': 0,
      'health-check-interval': 5,
      'health-check-timeout': 3,
      'healthy-threshold': 2,
      'unhealthy-threshold': 3,
    })
  })
})

describe('further certificates', () => {
  test('are read once of every https listener of ours, and again when it has to be fresh or in an audit', async () => {
    const its = opened()
    expect(await its.portsAsked('DescribeDomainExtensions')).toEqual([443, 444])
    expect(await its.portsAsked('DescribeDomainExtensions')).toEqual([])
    expect(await its.portsAsked('DescribeDomainExtensions', 'audit')).toEqual([443])
    expect(await its.portsAsked('DescribeDomainExtensions', 'fresh')).toEqual([443, 444])
    its.provider.forget()
    expect(await its.portsAsked('DescribeDomainExtensions')).toEqual([443, 444])
    const { actual } = await its.open()
    expect(actual.listeners.flatMap(({ extensions }) => extensions)).toEqual([
      { ref: 'de-1', domain: 'shop.example.com', certificate: 'c-1' },
    ])
  })

  test('are none where the load balancer cannot have any', async () => {
    const its = opened({ DescribeDomainExtensions: no('DomainExtensionNotSupport') })
    expect((await its.open()).actual.listeners.flatMap(({ extensions }) => extensions)).toEqual([])
  })
})

describe('an answer that is none is not taken for "nothing there"', () => {
  const rule = { RuleId: 'a', RuleName: 'a', Domain: 'a.example.com', VServerGroupId: 'rsp-1' }
  test.each<{ name: string; action: string; body: object }>([
    { name: 'no list', action: 'DescribeRules', body: {} },
    { name: 'a list that is none', action: 'DescribeRules', body: { Rules: 'none' } },
    { name: 'a rule without an id', action: 'DescribeRules', body: { Rules: { Rule: [{ ...rule, RuleId: undefined }] } } },
    { name: 'a rule without a group', action: 'DescribeRules', body: { Rules: { Rule: [rule, { ...rule, VServerGroupId: '' }] } } },
    { name: 'a group that is not there', action: 'DescribeRules', body: { Rules: { Rule: [{ ...rule, VServerGroupId: 'rsp-9' }] } } },
    { name: 'no list of certificates', action: 'DescribeDomainExtensions', body: {} },
    {
      name: 'a certificate without id',
      action: 'DescribeDomainExtensions',
      body: { DomainExtensions: { DomainExtension: [{ Domain: 'a' }] } },
    },
  ])('$action: $name', async ({ action, body }) => {
    const its = opened({ [action]: () => body })
    its.rules.push({ id: 'a', port: 80 })
    expect(await failureOf(its.open())).toMatchObject({ status: 'unknown', action, code: 'Malformed' })
  })

  test('and a failure is known as one, and the next reading asks again', async () => {
    const failing = (_: Params, nth: number) => (nth === 1 ? no('InternalError', 'x', 'unknown')() : { Rules: { Rule: [] } })
    const its = opened({ DescribeRules: failing })
    its.rules.push({ id: 'a', port: 80 })
    expect(await failureOf(its.open())).toMatchObject({ status: 'unknown' })
    expect(await its.portsAsked('DescribeRules')).toContain(80)
  })
})
