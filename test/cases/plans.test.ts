// Cases about the order of changes and about values, where the truth is a pure function.
import { describe, expect, test } from 'vitest'
import type { LoadBalancer, Node, Plan } from '../../src/core/model.ts'
import { NO_NODES, type NodesMemory } from '../../src/core/nodes.ts'
import { parseValue } from '../../src/core/values.ts'
import { readSettings } from '../../src/providers/aliyun/clb/settings.ts'
import {
  backendsOf,
  balancer,
  diffOf,
  group,
  listener,
  MINUTE,
  markOf,
  member,
  NOW,
  node,
  RULES,
  remembers,
  service,
  THREE,
  text,
  toGroup,
  wantedBy,
  web,
} from '../support/build.ts'
import { chosenBy, edge, hostPort, left, read, task } from '../support/chosen.ts'
import { type Guest, guest, options, passes, sharing } from '../support/guests.ts'
import { LABELLED, read as readLabels } from '../support/labels.ts'
import { PASS_RULES } from '../support/passes.ts'
import { ground, pass } from '../support/worker-ground.ts'

const GROUPS = { ...RULES, backends: 'vserver-group' } as const
const servers = ['i-1', 'i-2', 'i-3']
const own = (name: string, port: number) =>
  group(
    `rsp-${name}`,
    markOf(name),
    servers.map((one) => member(one, { port })),
    { listeners: [`tcp:${port - 30_000 + 8000}`] },
  )
/** Each of these services has a tcp listener and a group of its own. */
const withOwn = (...names: readonly (readonly [string, number])[]): LoadBalancer =>
  balancer({
    groups: names.map(([name, port]) => own(name, port)),
    listeners: names.map(([name, port]) => listener('tcp', port - 30_000 + 8000, toGroup(`rsp-${name}`), markOf(name))),
  })
const at = (name: string, published: number, labels: Record<string, string> = {}, protocol = 'tcp') =>
  service(name, published, { 'slb.port.80': `${protocol}://:${published - 30_000 + 8000}`, ...labels })
const chainOf = (plan: Plan, change: string) => plan.find((chain) => text([chain]).some((line) => line.startsWith(change)))
const gone = (...names: readonly string[]) => Object.fromEntries(names.map((name) => [name, NOW - MINUTE]))

describe('U1 to U6: what waits for what', () => {
  test('U1 a listener that is changed and one that is deleted wait for nothing; a new one waits for its group', () => {
    const services = [at('a', 30_001, { 'slb.port.80.scheduler': 'rr' }), at('c', 30_003)]
    const wanted = wantedBy(services, { memory: remembers(['a', 'b', 'c'], gone('b')) })
    const { plan } = diffOf({ wanted, lb: withOwn(['a', 30_001], ['b', 30_002]), rules: GROUPS })
    const [update, remove, create] = ['update listener tcp:8001', 'delete listener tcp:8002', 'create listener tcp:8003'].map((line) =>
      chainOf(plan, line),
    )
    const group = chainOf(plan, `create group ${markOf('c')}`)?.id ?? 'none'
    expect(create?.after).toContain(group)
    for (const chain of [update, remove]) expect(chain?.after).not.toContain(group)
  })

  const secured = (name: string, published: number): Guest =>
    guest(name, published, [], { key: 'tcp:443', port: 443, protocol: 'https', ...options({ 'cert-id': 'cert-1' }, 'https') })
  const redirect = guest('old', 30_002, [], { given: { 'forward-port': 443 }, settings: { 'forward-port': 443 } })

  test('U2 a redirect is made after the https listener that it leads to', async () => {
    const lines = await passes().settle(sharing([redirect, secured('web', 30_001)]))
    expect(lines.filter((line) => line.includes('listener')).map((line) => line.split(' ').slice(0, 3).join(' '))).toEqual([
      'create listener https:443',
      'create listener http:80',
    ])
  })

  test('U3 a redirect goes before the https listener that it leads to', async () => {
    const its = passes()
    const stays = guest('else', 30_003, [], { key: 'tcp:81', port: 81 })
    await its.settle(sharing([redirect, secured('web', 30_001), stays]))
    const memory = remembers(['old', 'web', 'else'], gone('old', 'web'))
    expect(await its.settle(sharing([stays], { memory }))).toEqual(['delete listener http:80', 'delete listener https:443'])
  })

  test('U4 another protocol on the same port, on the group that is there, is one replacement that waits for nothing', () => {
    const { plan } = diffOf({ services: [at('a', 30_001, {}, 'http')], lb: withOwn(['a', 30_001]), rules: GROUPS })
    expect(text(plan)).toEqual([expect.stringMatching(/^replace listener tcp:8001 by http:8001/)])
  })

  test('U5 another protocol that needs a group which is not there: the group first, then the replacement', () => {
    const lb = balancer({
      members: servers.map((one) => member(one)),
      listeners: [listener('tcp', 8001, { kind: 'default', port: 30_001 }, markOf('a'))],
    })
    const { plan } = diffOf({ services: [at('a', 30_001, { 'slb.weights': 'ignore' }, 'http')], lb })
    const replaced = chainOf(plan, 'replace listener tcp:8001 by http:8001')
    expect(replaced?.after).toContain(chainOf(plan, 'create group')?.id)
  })

  test('U6 a listener that goes over to another group: the new group, the switch, and the old group last', () => {
    const heir = service('b', 30_002, { 'slb.port.80': 'tcp://:8001' })
    const wanted = wantedBy([heir], { memory: remembers(['a', 'b'], gone('a')) })
    const { plan } = diffOf({ wanted, lb: withOwn(['a', 30_001]), rules: GROUPS })
    expect(text(plan).map((line) => line.split(' ').slice(0, 3).join(' '))).toEqual([
      `create group ${markOf('b')}`,
      'update listener tcp:8001:',
      `delete group ${markOf('a')}`,
    ])
    expect(chainOf(plan, 'update')?.after).toContain(chainOf(plan, 'create group')?.id)
    expect(chainOf(plan, 'delete group')?.after).toContain(chainOf(plan, 'update')?.id)
  })
})

describe('U7: access lists are compared as sets', () => {
  const wanted = (text: string) => {
    const parsed = parseValue('acl-id', 'tcp', text)
    return parsed.ok ? parsed.value : parsed.text
  }
  const there = (ids: unknown, status = 'on') =>
    readSettings('tcp', { AclStatus: status, AclType: 'white', AclIds: { AclId: ids } })['acl-id']

  test.each([
    ['a', ['a'], true],
    ['a,b', ['a', 'b'], true],
    ['a,b', ['b', 'a'], true],
    ['b, a,a', ['a', 'b'], true],
    ['a', ['a', 'b'], false],
    ['a,b', ['a'], false],
  ])('U7 %j against %j: equal is %j', (text, ids, equal) => {
    expect(wanted(text) === there(ids)).toBe(equal)
  })

  test('U7 no list at all is no difference', () => {
    expect([there([], 'off'), there('', 'off'), readSettings('tcp', { AclStatus: 'off' })['acl-id']]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })
})

describe('U8: a full load balancer', () => {
  test('U8 200 backends are replaced by 200 others under a quota of 200, and none of the old ones is left', async () => {
    const nodes = (from: number) => Array.from({ length: 200 }, (_, i) => node(`n${from + i}`))
    const its = ground()
    const rules = { ...PASS_RULES, drain: 0, quotas: { ...PASS_RULES.quotas, backends: 200 } }
    const look = async (all: readonly Node[], memory: NodesMemory) => {
      its.clock.now += 1000
      const backends = backendsOf(all, { memory, now: its.clock.now })
      await pass(its, { services: [web()], backends, rules, resync: true })
      return backends.memory
    }
    let memory = await look(nodes(1), NO_NODES)
    expect(its.provider.lb().members).toHaveLength(200)
    const fullest: number[] = []
    for (let time = 0; time < 20; time += 1) {
      memory = await look(nodes(201), memory)
      fullest.push(its.provider.lb().members.length)
    }
    expect(Math.max(...fullest)).toBeLessThanOrEqual(200)
    expect(
      its.provider
        .lb()
        .members.map(({ server }) => Number(server.slice(2)))
        .toSorted((a, b) => a - b),
    ).toEqual(Array.from({ length: 200 }, (_, i) => 201 + i))
  })
})

describe('U9: weights', () => {
  const weights = (labels: readonly (string | undefined)[]) => {
    const nodes = labels.map((weight, i) => node(`n${i + 1}`, { labels: weight === undefined ? {} : { 'slb.weight': weight } }))
    return [...backendsOf(nodes).wishes.values()].map(({ weight }) => weight)
  }

  test('U9 a node without a label has weight 100, with one what it says, 0 among it', () => {
    expect(weights([undefined, '50', '0'])).toEqual([100, 50, 0])
  })

  test('U9 every node at 0 is what every node says', () => {
    expect(weights(['0', '0', '0'])).toEqual([0, 0, 0])
  })

  test('U9 in host mode a node has as many shares as it has tasks: 2, 2 and 1', () => {
    const tasks = read(
      ...[
        ['n1', 32_768],
        ['n1', 32_769],
        ['n2', 32_768],
        ['n2', 32_769],
        ['n3', 32_768],
      ].map(([id, on]) => task(String(id), { on: Number(on) })),
    )
    const { plan } = diffOf({ wanted: chosenBy([edge({ ports: [hostPort(undefined)] })], { tasks }) })
    const shares = Map.groupBy(left(balancer(), plan), (line) => line.split(':')[0])
    expect([...shares].map(([server, lines]) => [server, lines.length])).toEqual([
      ['i-1', 2],
      ['i-2', 2],
      ['i-3', 1],
    ])
  })
})

test.each(['abc', '150', '-1', '', '1.5'])(
  'U10 the weight %j is a problem that names the label, and the node keeps the default',
  (text) => {
    const { wishes, problems } = backendsOf([node('n1', { labels: { 'slb.weight': text } }), ...THREE.slice(1)])
    expect(problems.map((one) => one.text)).toEqual(['node label slb.weight must be 0-100'])
    expect([...wishes.values()].map(({ weight }) => weight)).toEqual([100, 100, 100])
  },
)

describe('U17: labels of ours and the older ones of the vendor', () => {
  test('U17 ours win, also where they say off or false', () => {
    const given = (labels: Record<string, string>) => {
      const [port] = readLabels(['80:30000'], labels, LABELLED).ports
      return port?.status === 'wanted' ? port.targets[0]?.settings : port?.status
    }
    const target = { 'aliyun.lb.port_80': 'http://front:80', 'aliyun.probe.url': 'http://container/vendor' }
    expect(given({ ...target })).toMatchObject({ 'health-check-uri': '/vendor' })
    expect(given({ ...target, 'slb.port.80.health-check-uri': '/ours' })).toMatchObject({ 'health-check-uri': '/ours' })
    expect(given({ ...target, 'slb.port.80.health-check-flag': 'false' })).toMatchObject({ 'health-check-flag': 'off' })
  })
})
