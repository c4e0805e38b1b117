// The end of a cleanup: certificates and access control lists that carry our tag.
import { describe, expect, test } from 'vitest'
import { cleanRegion, regionCleanupPlan } from '../src/cleanup-region.ts'
import type { Region } from '../src/core/region.ts'
import { describeRegionChange } from '../src/core/region-steps.ts'
import { memoryProvider } from './support/memory-provider.ts'
import { acl, uploaded } from './support/region.ts'

const signal = new AbortController().signal
const FULL: Region = {
  certificates: [uploaded('c-1', 'a'), uploaded('c-2', 'b', { key: undefined, name: 'by-hand' })],
  caCertificates: undefined,
  acls: [acl('acl-1', ['10.0.0.0/8']), acl('acl-2', ['10.0.0.0/8'], { used: 1 }), acl('acl-3', [], { key: undefined, entries: undefined })],
}

async function clean(region: Region, dryRun = false) {
  const provider = memoryProvider([], { region })
  const [removed, failed]: string[][] = [[], []]
  const task = { provider, owner: 'me', clusterId: 'cluster-1', dryRun }
  await cleanRegion({ ...task, removed: (line) => removed?.push(line), failed: (line) => failed?.push(line) }, signal)
  return { removed, failed, region: provider.region() }
}

describe('certificates and access control lists', () => {
  test('of ours go, those of others stay', async () => {
    const { removed, region } = await clean(FULL)
    expect(removed).toEqual([
      'region: delete access control list swarm-slb/me/web/80-tcp/lb-1 (acl-1)',
      'region: delete certificate swarm-slb/me/shop/aaaaaaaaaaaa (c-1)',
    ])
    expect(region.certificates).toMatchObject([{ id: 'c-2' }])
    expect(region.acls?.map(({ id }) => id)).toEqual(['acl-2', 'acl-3'])
  })

  test('that a listener still uses stay, and are reported', async () => {
    expect((await clean(FULL)).failed).toEqual([expect.stringContaining('(acl-2): DeleteAcl: OperationFailed.AclBindedWithVip')])
  })

  test('are only named before anybody has confirmed', async () => {
    const { removed, region } = await clean(FULL, true)
    expect(removed).toHaveLength(3)
    expect(region).toEqual(FULL)
  })

  test('that the account may not read are none of ours', () => {
    const none: Region = { certificates: undefined, caCertificates: undefined, acls: undefined }
    expect(regionCleanupPlan(none).map(describeRegionChange)).toEqual([])
  })
})
