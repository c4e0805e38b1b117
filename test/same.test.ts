import { describe, expect, test } from 'vitest'
import { keepSame } from '../src/same.ts'
import { service, wantedBy } from './support/build.ts'

const labels = (target: string) => ({ 'slb.port.80': target })
const shop = (target: string, published = 30_000) => service('shop', published, labels(target))
const blog = (target: string) => service('blog', 30_001, labels(target))

describe('of a reading after another', () => {
  test('all that is as it was is the very object that it was', () => {
    const before = wantedBy([shop('tcp://:80'), blog('tcp://:81')])
    const now = keepSame(wantedBy([shop('tcp://:80'), blog('tcp://:81')]), before)
    for (const part of ['claims', 'services', 'nodePorts', 'hostPorts'] as const) expect(now[part], part).toBe(before[part])
  })

  test('what changed is new, and the rest is not', () => {
    const before = wantedBy([shop('tcp://:80'), blog('tcp://:81')])
    const changed = wantedBy([shop('tcp://:80', 30_002), blog('tcp://:81')])
    const now = keepSame(changed, before)
    expect(now).toEqual(changed)
    const claim = (wanted: typeof now, name: string) => wanted.claims.find((one) => one.service === name)
    expect(claim(now, 'shop')).toMatchObject({ nodePort: 30_002 })
    expect(claim(now, 'blog')).toBe(claim(before, 'blog'))
    expect(now.services.get('blog')).toBe(before.services.get('blog'))
  })

  test.each([
    ['a service that goes', [shop('tcp://:80')]],
    ['a service that comes', [shop('tcp://:80'), blog('tcp://:81'), service('api', 30_003, labels('tcp://:82'))]],
    ['a target that moves', [shop('tcp://lb-2:80'), blog('tcp://:81')]],
    ['a service that takes over the name of another', [service('shop', 30_000, labels('tcp://:80'), { id: 'younger' })]],
    ['nothing at all', []],
  ])('%s is seen', (_, services) => {
    const now = wantedBy(services)
    expect(keepSame(now, wantedBy([shop('tcp://:80'), blog('tcp://:81')]))).toEqual(now)
  })

  test('the first one is as it is', () => {
    const now = wantedBy([shop('tcp://:80')])
    expect(keepSame(now, undefined)).toBe(now)
  })

  test('what is not about the services is that of now', () => {
    const before = wantedBy([shop('tcp://:80')])
    const now = wantedBy([shop('tcp://:80')], { now: 20_000_000 })
    expect(keepSame(now, before).memory).toBe(now.memory)
  })
})
