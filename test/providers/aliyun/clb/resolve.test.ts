import { describe, expect, test } from 'vitest'
import { createClbProvider } from '../../../../src/providers/aliyun/clb/provider.ts'
import { findByTag } from '../../../../src/providers/aliyun/clb/resolve.ts'
import type { Params } from '../../../../src/providers/aliyun/flatten.ts'
import { answersOf, failureOf, fakeRpc, how, no, signal } from './support.ts'

type Instance = { readonly id: string; readonly name: string }

/** The search for names is fuzzy here, as the vendor may have it. */
function cloudOf(instances: readonly Instance[], pageSize = 100) {
  const describeAll = ({ LoadBalancerId, LoadBalancerName, PageNumber }: Params) => {
    const ids = String(LoadBalancerId ?? '').split(',')
    const names = String(LoadBalancerName ?? '').split(',')
    const found = instances.filter(({ id, name }) =>
      LoadBalancerId === undefined ? names.some((part) => name.includes(part)) : ids.includes(id),
    )
    const page = found.slice((Number(PageNumber) - 1) * pageSize, Number(PageNumber) * pageSize)
    return {
      LoadBalancers: { LoadBalancer: page.map(({ id, name }) => ({ LoadBalancerId: id, LoadBalancerName: name })) },
      TotalCount: found.length,
    }
  }
  let now = 0
  const cloud = fakeRpc({
    ...answersOf({}),
    DescribeLoadBalancerAttribute: no('InvalidLoadBalancerId.NotFound'),
    DescribeLoadBalancers: describeAll,
  })
  const provider = createClbProvider({ rpc: cloud.rpc, now: () => now, waits: { gather: 0, problem: 60_000 } })
  const resolve = async (...refs: string[]) => Object.fromEntries(await provider.resolve(refs, signal))
  const pass = (ms: number) => {
    now += ms
  }
  return { ...cloud, provider, resolve, pass }
}

const FRONT = { id: 'lb-bp1front', name: 'front' }

describe('resolving', () => {
  test('takes an id as it is, without a call', async () => {
    const cloud = cloudOf([FRONT])
    expect(await cloud.resolve('lb-bp1front')).toEqual({ 'lb-bp1front': { status: 'found', id: 'lb-bp1front', name: 'lb-bp1front' } })
    expect(cloud.asked).toEqual([])
  })

  test('asks for a name once in the life of the process', async () => {
    const cloud = cloudOf([FRONT, { id: 'lb-bp1other', name: 'front-2' }])
    const found = { front: { status: 'found', ...FRONT } }
    expect(await cloud.resolve('front')).toEqual(found)
    const calls = cloud.asked.length
    cloud.pass(1e9)
    expect(await cloud.resolve('front', 'front')).toEqual(found)
    expect(cloud.asked).toHaveLength(calls)
  })

  test('knows ids of another form', async () => {
    const old = { id: '15a9d8f0b8a-cn-hangzhou-dg-a01', name: 'old' }
    expect(await cloudOf([old]).resolve(old.id)).toEqual({ [old.id]: { status: 'found', ...old } })
  })

  test('demands the id where two have one name', async () => {
    const cloud = cloudOf([FRONT, { id: 'lb-bp1again', name: 'front' }])
    expect(await cloud.resolve('front')).toEqual({
      front: { status: 'problem', text: '2 load balancers are named "front" (lb-bp1again, lb-bp1front): give the id' },
    })
  })

  test('does not fall for a name that only begins alike', async () => {
    const cloud = cloudOf([{ id: 'lb-bp1other', name: 'front-2' }])
    expect(await cloud.resolve('front')).toEqual({
      front: { status: 'problem', text: 'no load balancer has the name or id "front" in this region' },
    })
  })

  test('looks again for a name that led nowhere, but not at every turn', async () => {
    const instances: Instance[] = []
    const cloud = cloudOf(instances)
    await cloud.resolve('front')
    const calls = cloud.asked.length
    instances.push(FRONT)
    expect((await cloud.resolve('front'))['front']?.status).toBe('problem')
    expect(cloud.asked).toHaveLength(calls)
    cloud.pass(60_000)
    expect((await cloud.resolve('front'))['front']).toEqual({ status: 'found', ...FRONT })
  })

  test('asks for ten at a time and turns the pages', async () => {
    const many = Array.from({ length: 12 }, (_, i) => ({ id: `lb-bp1${i}`, name: `name.${String.fromCharCode(97 + i)}` }))
    const cloud = cloudOf([...many, { id: 'lb-bp1late', name: 'late' }], 100)
    const names = many.map(({ name }) => name)
    expect(Object.values(await cloud.resolve(...names)).map(({ status }) => status)).toEqual(names.map(() => 'found'))
    expect(cloud.count('DescribeLoadBalancers')).toBe(4)
    const crowd = Array.from({ length: 150 }, (_, i) => ({ id: `lb-bp1c${i}`, name: `web-${i}` }))
    expect((await cloudOf([...crowd, { id: 'lb-bp1web', name: 'web' }]).resolve('web'))['web']).toMatchObject({ id: 'lb-bp1web' })
  })

  test('asks the cloud for what only looked like an id', async () => {
    const cloud = cloudOf([{ id: 'lb-bp1real', name: 'lb-a' }])
    expect((await cloud.resolve('lb-a'))['lb-a']).toMatchObject({ id: 'lb-a' })
    const handle = await cloud.provider.open('lb-a', how(), signal)
    expect(handle.actual.status).toBe('missing')
    expect((await cloud.resolve('lb-a'))['lb-a']).toEqual({ status: 'found', id: 'lb-bp1real', name: 'lb-a' })
  })

  test('answers nothing where the cloud does not', async () => {
    const cloud = fakeRpc({ DescribeLoadBalancers: no('Forbidden.RAM') })
    const provider = createClbProvider({ rpc: cloud.rpc })
    expect(await failureOf(provider.resolve(['front'], signal))).toMatchObject({ code: 'Forbidden.RAM' })
  })
})

test('a list of load balancers that has no end is no answer', async () => {
  const rows = [{ LoadBalancerId: 'lb-1', LoadBalancerName: 'front' }]
  const cloud = fakeRpc({ DescribeLoadBalancers: () => ({ LoadBalancers: { LoadBalancer: rows }, TotalCount: 1_000_000_000 }) })
  await expect(findByTag(cloud.rpc, 'team', 'web', signal)).rejects.toThrow('no end after 100 pages')
})
