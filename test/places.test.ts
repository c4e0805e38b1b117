// What labels may call a load balancer, while tags come and go and the cloud does not always answer.
import { describe, expect, test } from 'vitest'
import { readConfig } from '../src/config.ts'
import { createPlaces } from '../src/places.ts'
import type { Provider, Resolved } from '../src/providers/provider.ts'
import { callError } from './support/memory-provider.ts'

const never = new AbortController().signal
const RESYNC = 60_000
type Found = { readonly id: string; readonly name: string }

function placesOf(env: Readonly<Record<string, string>>) {
  const cloud = { tagged: [] as readonly Found[], named: new Map<string, Resolved>(), fails: false, asked: 0 }
  const fail = () => {
    if (cloud.fails) throw callError('unknown')
  }
  const provider: Pick<Provider, 'resolve' | 'findByTag'> = {
    async resolve(refs) {
      fail()
      return new Map(refs.map((ref): [string, Resolved] => [ref, cloud.named.get(ref) ?? { status: 'found', id: ref, name: ref }]))
    },
    async findByTag() {
      cloud.asked += 1
      fail()
      return cloud.tagged
    },
  }
  const clock = { now: 0 }
  const config = readConfig({ env: { ALIBABA_CLOUD_REGION_ID: 'cn-hangzhou', ...env }, flags: {} })
  const rest = { open: () => Promise.reject(callError('failed')), openRegion: () => Promise.reject(callError('failed')) }
  const places = createPlaces({ config, provider: { ...rest, ...provider }, now: () => clock.now })
  const find = (learned: Readonly<Record<string, string>> = {}) => places.find(new Map(Object.entries(learned)), never)
  return { cloud, clock, find }
}

const BACK = { id: 'lb-2', name: 'back' }

describe('load balancers with a tag', () => {
  test('may be named by id and by name, beside those of SLB_ID', async () => {
    const { cloud, find } = placesOf({ SLB_ID: 'lb-1', SLB_ALLOW: 'team=web' })
    cloud.tagged = [BACK]
    const { byRef, allowed, defaults } = await find()
    expect([allowed, defaults]).toEqual([['lb-1', 'lb-2'], ['lb-1']])
    expect(byRef).toEqual(
      new Map([
        ['lb-1', 'lb-1'],
        ['back', 'lb-2'],
        ['lb-2', 'lb-2'],
      ]),
    )
  })

  test('are looked up once a resync, not in every pass', async () => {
    const { cloud, clock, find } = placesOf({ SLB_ALLOW: 'team=web' })
    await find()
    clock.now = RESYNC - 1
    await find()
    expect(cloud.asked).toBe(1)
    clock.now = RESYNC
    cloud.tagged = [BACK]
    expect((await find()).allowed).toEqual(['lb-2'])
  })

  test('stay while they cannot be looked up, which is said and tried again soon', async () => {
    const { cloud, clock, find } = placesOf({ SLB_ALLOW: 'team=web' })
    cloud.tagged = [BACK]
    await find()
    cloud.fails = true
    clock.now = RESYNC
    const { allowed, shown, recheckAt, incomplete, unanswered } = await find()
    expect([allowed, recheckAt, incomplete]).toEqual([['lb-2'], RESYNC + 5000, false])
    expect(unanswered).toBe('Test: Test: as told')
    expect(shown.map(({ text }) => text)).toEqual([expect.stringContaining('those known so far stay')])
  })

  test('that were never looked up may be any name', async () => {
    const { cloud, find } = placesOf({ SLB_ALLOW: 'team=web' })
    cloud.fails = true
    expect(await find()).toMatchObject({ incomplete: true, allowed: [] })
  })

  test('that lose it are named no more, with the reason, whatever name they were known by', async () => {
    const { cloud, clock, find } = placesOf({ SLB_ALLOW: 'team=' })
    cloud.tagged = [BACK]
    await find()
    cloud.tagged = []
    clock.now = RESYNC
    const { byRef, problems, shown } = await find({ back: 'lb-2' })
    expect([byRef.size, shown]).toEqual([0, []])
    expect(problems.get('back')).toBe(problems.get('lb-2'))
    expect(problems.get('back')).toContain('load balancer back (lb-2) no longer carries the tag team= ')
  })

  test('of one name are neither, unless the name was known before', async () => {
    const { cloud, clock, find } = placesOf({ SLB_ALLOW: 'team=web' })
    cloud.tagged = [BACK, { id: 'lb-3', name: 'back' }]
    const { byRef, problems } = await find()
    expect([byRef.get('back'), problems.get('back')]).toEqual([undefined, '2 load balancers are named "back" (lb-2, lb-3): give the id'])
    clock.now = RESYNC
    expect((await find({ back: 'lb-3' })).byRef.get('back')).toBe('lb-3')
  })
})

test('what the configuration names stays known while the cloud cannot be asked', async () => {
  const { cloud, find } = placesOf({ SLB_ID: 'lb-1,front' })
  cloud.named.set('front', { status: 'problem', text: 'no such name' })
  // A name that leads nowhere is an answer too.
  expect(await find()).toMatchObject({ allowed: ['lb-1'], unknown: [], unanswered: '', recheckAt: 5000 })
  cloud.fails = true
  const { allowed, unknown, problems, unanswered } = await find()
  expect([allowed, unknown, unanswered]).toEqual([['lb-1'], ['front'], 'Test: Test: as told'])
  expect(problems.get('front')).toContain('could not be looked up')
})
