import { describe, expect, test } from 'vitest'
import { createClbProvider } from '../../../../src/providers/aliyun/clb/provider.ts'
import type { Params } from '../../../../src/providers/aliyun/flatten.ts'
import type { OpenOptions } from '../../../../src/providers/provider.ts'
import { type Answers, answersOf, failureOf, fakeRpc, groupRow, how, listenerRow, members, no, signal, type World } from './support.ts'

const waits = { gather: 0, lag: 0 }

function cloudOf(world: World, answers: Answers = {}) {
  const cloud = fakeRpc({ ...answersOf(world), ...answers })
  const provider = createClbProvider({ rpc: cloud.rpc, now: () => 0, waits })
  return { ...cloud, provider, open: (options: Partial<OpenOptions> = {}) => provider.open('lb-1', how(options), signal) }
}

const own = (n: number) => Array.from({ length: n }, (_, i) => groupRow(`rsp-${i}`, `swarm-slb/me/web/${i}-tcp`, 1))
const inEach = (n: number) => Object.fromEntries(own(n).map((row) => [String(row['VServerGroupId']), members(1)]))
const READS = ['DescribeLoadBalancerAttribute', 'DescribeLoadBalancerListeners', 'DescribeVServerGroups']

describe('a reading', () => {
  test('takes three calls, and one more for each own group whose members are not known', async () => {
    const cloud = cloudOf({ groups: [...own(2), groupRow('rsp-x', 'k8s/80/nginx', 5)], members: inEach(2) })
    const { actual } = await cloud.open()
    expect(cloud.actions().toSorted()).toEqual([...READS, 'DescribeVServerGroupAttribute', 'DescribeVServerGroupAttribute'].toSorted())
    expect(actual.groups.map((group) => group.members.length)).toEqual([1, 1, 0])
    await cloud.open()
    expect(cloud.asked).toHaveLength(8)
  })

  test('asks for all of an answer: a hundred rows, listeners and rules of groups', async () => {
    const cloud = cloudOf({})
    await cloud.open()
    const asked = Object.fromEntries(cloud.params())
    expect(asked).toEqual({
      DescribeLoadBalancerAttribute: { LoadBalancerId: 'lb-1' },
      DescribeLoadBalancerListeners: { LoadBalancerId: ['lb-1'], MaxResults: 100 },
      DescribeVServerGroups: { LoadBalancerId: 'lb-1', IncludeListener: true, IncludeRule: true },
    })
    expect(cloud.asked.every(({ call }) => call.kind === 'read')).toBe(true)
  })

  test('turns every page', async () => {
    const rows = [80, 81, 82].map((port) => listenerRow('tcp', port))
    const pages = (params: { NextToken?: unknown }) => {
      const at = Number(params.NextToken ?? 0)
      return { Listeners: rows.slice(at, at + 1), NextToken: at + 1 < rows.length ? String(at + 1) : '' }
    }
    const cloud = cloudOf({ listeners: rows }, { DescribeLoadBalancerListeners: pages })
    expect((await cloud.open()).actual.listeners.map(({ port }) => port)).toEqual([80, 81, 82])
    expect(cloud.count('DescribeLoadBalancerListeners')).toBe(3)
  })

  test('reads every own group when it has to be fresh, and after everything is forgotten', async () => {
    const cloud = cloudOf({ groups: own(3), members: inEach(3) })
    await cloud.open()
    await cloud.open({ members: 'fresh' })
    expect(cloud.count('DescribeVServerGroupAttribute')).toBe(6)
    cloud.provider.forget()
    await cloud.open()
    expect(cloud.count('DescribeVServerGroupAttribute')).toBe(9)
  })

  test('reads a tenth of the own groups in an audit, and all of them in ten', async () => {
    const cloud = cloudOf({ groups: own(25), members: inEach(25) })
    await cloud.open()
    await cloud.open({ members: 'audit' })
    expect(cloud.count('DescribeVServerGroupAttribute')).toBe(25 + 3)
    for (let n = 0; n < 9; n += 1) await cloud.open({ members: 'audit' })
    const audited = cloud.params().filter(([action]) => action === 'DescribeVServerGroupAttribute')
    expect(new Set(audited.slice(25).map(([, params]) => JSON.stringify(params))).size).toBe(25)
  })

  test('says so where the load balancer is gone', async () => {
    const cloud = cloudOf(
      {},
      { DescribeLoadBalancerAttribute: no('InvalidLoadBalancerId.NotFound'), DescribeVServerGroups: no('InvalidParameter') },
    )
    expect((await cloud.open()).actual).toMatchObject({ id: 'lb-1', status: 'missing', listeners: [], groups: [] })
  })

  test.each([
    ['has no list of them', undefined],
    ['has none: without them nobody sees whose it is, or that it is paused', { Tag: [] }],
  ])('asks for the tags where the first answer %s', async (_, Tags) => {
    const rows = [
      { ResourceId: 'lb-1', TagKey: 'swarm-slb:me', TagValue: 'cluster' },
      { ResourceId: 'lb-2', TagKey: 'swarm-slb:you', TagValue: 'other' },
    ]
    const cloud = cloudOf({ attribute: { Tags } }, { ListTagResources: () => ({ TagResources: { TagResource: rows } }) })
    expect((await cloud.open()).actual.tags).toEqual({ 'swarm-slb:me': 'cluster' })
    expect(cloud.count('ListTagResources')).toBe(1)
  })
})

describe('an answer that cannot be trusted ends the reading', () => {
  const listeners = [listenerRow('tcp', 80)]
  const unlisted = listenerRow('tcp', 80, { VServerGroupId: 'rsp-1' })
  test.each<{ name: string; world: World; answers: Answers }>([
    { name: 'it is about another load balancer', world: { attribute: { LoadBalancerId: 'lb-2' } }, answers: {} },
    {
      name: 'its tags have no end',
      world: { attribute: { Tags: undefined } },
      answers: { ListTagResources: () => ({ NextToken: 'more', TagResources: { TagResource: [] } }) },
    },
    { name: 'it has no server groups', world: {}, answers: { DescribeVServerGroups: () => ({}) } },
    { name: 'it has no default group', world: { attribute: { BackendServers: undefined } }, answers: {} },
    {
      name: 'a listener of another load balancer is in it',
      world: {},
      answers: { DescribeLoadBalancerListeners: () => ({ Listeners: [listenerRow('tcp', 80, { LoadBalancerId: 'lb-2' })] }) },
    },
    {
      name: 'the members are those of another group',
      world: { groups: own(1) },
      answers: { DescribeVServerGroupAttribute: () => ({ VServerGroupId: 'rsp-9', BackendServers: { BackendServer: [] } }) },
    },
    {
      name: 'none of the members that a group counts are listed',
      world: { groups: [groupRow('rsp-0', 'swarm-slb/me/web/80-tcp', 3)] },
      answers: {},
    },
    { name: 'listeners that are named are not listed', world: { listeners }, answers: { DescribeLoadBalancerListeners: () => ({}) } },
    {
      name: 'a listener is listed that is not named',
      world: {},
      answers: { DescribeLoadBalancerListeners: () => ({ Listeners: listeners }) },
    },
    { name: 'one listener is listed twice', world: { listeners: [...listeners, ...listeners] }, answers: {} },
    { name: 'a listener points at a group that is not listed', world: { listeners: [unlisted] }, answers: {} },
    {
      name: 'its pages never end',
      world: {},
      answers: { DescribeLoadBalancerListeners: () => ({ Listeners: [], NextToken: 'again' }) },
    },
  ])('when $name', async ({ world, answers }) => {
    expect(await failureOf(cloudOf(world, answers).open())).toMatchObject({ status: 'unknown', code: 'Malformed' })
  })

  test('but an account without listeners may leave out the list', async () => {
    const cloud = cloudOf({}, { DescribeLoadBalancerListeners: () => ({}) })
    expect((await cloud.open()).actual.listeners).toEqual([])
  })

  test('but a list that lags behind is read once more', async () => {
    const cloud = cloudOf({ listeners }, { DescribeLoadBalancerListeners: (_, nth) => ({ Listeners: nth === 1 ? [] : listeners }) })
    expect((await cloud.open()).actual.listeners).toHaveLength(1)
    expect(cloud.count('DescribeLoadBalancerListeners')).toBe(2)
  })

  test('but members that lag behind are read once more', async () => {
    const listed = answersOf({ members: { 'rsp-0': members(1) } }).DescribeVServerGroupAttribute
    const late = (params: Params, nth: number) =>
      nth === 1 ? { ...params, BackendServers: { BackendServer: [] } } : (listed?.(params, nth) ?? {})
    const cloud = cloudOf({ groups: own(1) }, { DescribeVServerGroupAttribute: late })
    expect((await cloud.open()).actual.groups[0]?.members).toEqual(members(1))
  })

  test('but a group that counts none has none', async () => {
    const cloud = cloudOf({ groups: [groupRow('rsp-0', 'swarm-slb/me/web/80-tcp', 0)] })
    expect((await cloud.open()).actual.groups[0]?.members).toEqual([])
  })

  test.each(READS)('when %s fails', async (action) => {
    const cloud = cloudOf({}, { [action]: no('Forbidden.RAM', 'User not authorized.') })
    expect(await failureOf(cloud.open())).toMatchObject({ status: 'failed', code: 'Forbidden.RAM' })
  })
})

describe('several load balancers', () => {
  const ids = Array.from({ length: 12 }, (_, i) => `lb-${i + 1}`)
  const attribute = (id: unknown) => ({
    ...answersOf({}).DescribeLoadBalancerAttribute?.({}, 1),
    LoadBalancerId: id,
    ListenerPortsAndProtocol: one,
  })
  const one = { ListenerPortAndProtocol: [{ ListenerPort: 80, ListenerProtocol: 'tcp' }] }
  const rows = (params: { LoadBalancerId?: unknown }) =>
    [params.LoadBalancerId].flat().map((id) => listenerRow('tcp', 80, { LoadBalancerId: id, Description: `of ${id}` }))
  const answers: Answers = {
    DescribeLoadBalancerAttribute: ({ LoadBalancerId }) => attribute(LoadBalancerId),
    DescribeLoadBalancerListeners: (params) => ({ Listeners: rows(params), NextToken: '' }),
  }
  const openAll = async (cloud: ReturnType<typeof cloudOf>, all: readonly string[]) =>
    Promise.allSettled(all.map((id) => cloud.provider.open(id, how(), signal)))

  test('opened together share one list for each ten of them, and each gets its own', async () => {
    const cloud = cloudOf({}, answers)
    const opened = await openAll(cloud, ids)
    expect(cloud.count('DescribeLoadBalancerListeners')).toBe(2)
    expect(opened.map((one) => one.status === 'fulfilled' && one.value.actual.listeners.map(({ note }) => note))).toEqual(
      ids.map((id) => [`of ${id}`]),
    )
  })

  test('do not take one another down when one of them is forbidden', async () => {
    const forbidden = (params: { LoadBalancerId?: unknown }) =>
      [params.LoadBalancerId].flat().includes('lb-2') ? no('Forbidden.RAM')() : { Listeners: rows(params), NextToken: '' }
    const cloud = cloudOf({}, { ...answers, DescribeLoadBalancerListeners: forbidden })
    const opened = await openAll(cloud, ids.slice(0, 3))
    expect(opened.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  })

  test('stop asking only when nobody waits any more', async () => {
    const cloud = cloudOf({}, answers)
    const stop = new AbortController()
    const both = [cloud.provider.open('lb-1', how(), stop.signal), cloud.provider.open('lb-2', how(), signal)]
    await Promise.all(both)
    const shared = cloud.asked.find(({ action }) => action === 'DescribeLoadBalancerListeners')
    expect(shared?.params['LoadBalancerId']).toEqual(['lb-1', 'lb-2'])
    stop.abort()
    expect(shared?.call.signal.aborted).toBe(false)
  })
})

test('health is one call for all listeners', async () => {
  const row = { ListenerPort: 80, Protocol: 'http', ServerId: 'i-1', Port: 30000, ServerHealthStatus: 'normal' }
  const cloud = cloudOf({}, { DescribeHealthStatus: () => ({ BackendServers: { BackendServer: [row] } }) })
  const handle = await cloud.open()
  expect(await handle.health(signal)).toEqual([{ listener: 'tcp:80', server: 'i-1', port: 30000, state: 'normal' }])
  expect(cloud.asked.at(-1)?.params).toEqual({ LoadBalancerId: 'lb-1' })
})
