import { describe, expect, test } from 'vitest'
import type { Region } from '../../src/core/region.ts'
import { diffRegion, newRegionMemory, type RegionDiffInput, usedCertificates } from '../../src/core/region-diff.ts'
import { afterRegionChange, describeRegionChange, regionChains } from '../../src/core/region-steps.ts'
import { type AclWant, aclName, certificateName, NO_WANTS, type RegionWants } from '../../src/core/region-wants.ts'
import { balancer, listener, MINUTE, NOW, OWNER, RULES, remembers, toDefault, wantedBy, web } from '../support/build.ts'
import { acl, mark, print, uploaded } from '../support/region.ts'

const ENTRIES = ['10.0.0.0/8', '203.0.113.7/32']
const want = (entries: readonly string[] = ENTRIES, over: Partial<AclWant> = {}): AclWant => ({
  key: 'web/80-tcp@lb-1',
  name: 'swarm-slb/me/web/80-tcp/lb-1',
  mark: mark(),
  kind: 'allow',
  entries,
  ...over,
})
const wants = (over: Partial<RegionWants>): RegionWants => ({ ...NO_WANTS, ...over })
const wantsAcl = (...all: AclWant[]) => wants({ acls: new Map(all.map((one) => [one.key, one])) })
const wantsFile = (digit: string | undefined) => wants({ files: new Map([['shop', digit === undefined ? undefined : print(digit)]]) })

type Over = Partial<Omit<RegionDiffInput, 'region'>> & { readonly region?: Partial<Region> }

/** Nothing was ever wanted before, and the process has run for long. */
const OLD = { startedAt: NOW - 60 * MINUTE, seen: new Set(['web/80-tcp@lb-1', 'file:shop']), unwantedSince: new Map() }
const GONE = {
  ...OLD,
  unwantedSince: new Map([
    ['web/80-tcp@lb-1', NOW - MINUTE],
    ['file:shop', NOW - MINUTE],
  ]),
}

function diff(over: Over) {
  const none: Region = { certificates: undefined, caCertificates: undefined, acls: undefined }
  return diffRegion({
    wants: NO_WANTS,
    wanted: wantedBy([]),
    used: new Set(),
    memory: OLD,
    rules: { ...RULES, policy: 'sync' },
    now: NOW,
    ...over,
    region: { ...none, ...over.region },
  })
}
const lines = (over: Over) => diff(over).changes.map(describeRegionChange)

const UPLOAD = `upload certificate shop as swarm-slb/me/shop/${print('a').slice(0, 12)}`
const DELETE_OLD = `delete certificate swarm-slb/me/shop/${print('b').slice(0, 12)} (c-2)`

describe('certificates', () => {
  test('are uploaded where the file has one that is not there', () => {
    expect(lines({ wants: wantsFile('a'), region: { certificates: [] } })).toEqual([UPLOAD])
    expect(lines({ wants: wantsFile('a'), region: { certificates: [uploaded('c-1', 'a')] } })).toEqual([])
  })

  test('are not taken from somebody who uploaded the same', () => {
    expect(lines({ wants: wantsFile('a'), region: { certificates: [uploaded('c-1', 'a', { key: undefined })] } })).toEqual([UPLOAD])
  })

  test('are neither uploaded nor deleted without a reading', () => {
    expect(lines({ wants: wantsFile('a') })).toEqual([])
  })

  test('that are superseded stay until the new one is there', () => {
    const old = uploaded('c-2', 'b')
    expect(lines({ wants: wantsFile('a'), region: { certificates: [old] } })).toEqual([UPLOAD])
    expect(lines({ wants: wantsFile('a'), region: { certificates: [old, uploaded('c-1', 'a')] } })).toEqual([DELETE_OLD])
  })

  test.each<[string, Over]>([
    ['a listener uses it', { used: new Set(['c-2']) }],
    ['not every load balancer was read', { used: undefined }],
    ['a label names it by its id', { wants: { ...wantsFile('a'), ids: new Set(['c-2']) } }],
    ['the file has a fault', { wants: wantsFile(undefined) }],
    ['nothing may be deleted', { rules: { ...RULES, policy: 'upsert-only' } }],
  ])('that are superseded stay while %s', (_, over) => {
    const certificates = [uploaded('c-2', 'b'), uploaded('c-1', 'a')]
    expect(lines({ wants: wantsFile('a'), region: { certificates }, ...over })).toEqual([])
  })

  test('without our tag stay, whatever they are called', () => {
    const certificates = [uploaded('c-2', 'b', { key: undefined }), uploaded('c-1', 'a')]
    expect(lines({ wants: wantsFile('a'), region: { certificates } })).toEqual([])
    expect(lines({ region: { certificates: [uploaded('c-3', 'c', { key: 'something' })] }, memory: GONE })).toEqual([])
  })

  test('of a file that nothing names any more go after the grace', () => {
    const region = { certificates: [uploaded('c-2', 'b')] }
    const first = diff({ region })
    expect(first).toMatchObject({ changes: [], recheckAt: NOW + RULES.removalGrace })
    expect(lines({ region, memory: first.memory, now: NOW + RULES.removalGrace })).toEqual([DELETE_OLD])
  })

  test('of a file that this process never saw wanted wait longer after its start', () => {
    const region = { certificates: [uploaded('c-2', 'b')] }
    const first = diff({ region, memory: newRegionMemory(NOW) })
    expect(first).toMatchObject({ changes: [], recheckAt: NOW + RULES.unseenGrace })
    expect(lines({ region, memory: first.memory, now: NOW + RULES.unseenGrace })).toEqual([DELETE_OLD])
  })

  test('of which there are two with one key: the one in use counts', () => {
    const certificates = [uploaded('c-1', 'a'), uploaded('c-5', 'a')]
    expect(lines({ wants: wantsFile('a'), region: { certificates }, used: new Set(['c-5']) })).toEqual([
      `delete certificate ${certificates[0]?.name} (c-1)`,
    ])
    expect(lines({ wants: wantsFile('a'), region: { certificates } })).toEqual([`delete certificate ${certificates[1]?.name} (c-5)`])
    expect(lines({ wants: wantsFile('a'), region: { certificates }, used: new Set(['c-1', 'c-5']) })).toEqual([])
  })
})

describe('access control lists', () => {
  const full = acl('acl-1', ENTRIES, { used: 1 })

  test('are made with their entries', () => {
    expect(lines({ wants: wantsAcl(want()), region: { acls: [] } })).toEqual([
      'create access control list swarm-slb/me/web/80-tcp/lb-1 with 2 entries (10.0.0.0/8, 203.0.113.7/32)',
    ])
    expect(lines({ wants: wantsAcl(want()), region: { acls: [full] } })).toEqual([])
    expect(lines({ wants: wantsAcl(want()) })).toEqual([])
  })

  test('are kept in step, new entries first', () => {
    expect(lines({ wants: wantsAcl(want(['192.0.2.0/24'])), region: { acls: [full] } })).toEqual([
      'add 1 entry (192.0.2.0/24) to access control list swarm-slb/me/web/80-tcp/lb-1',
      'remove 2 entries (10.0.0.0/8, 203.0.113.7/32) from access control list swarm-slb/me/web/80-tcp/lb-1',
    ])
  })

  test('that were emptied by hand are filled again, and until then it is a problem', () => {
    const { changes, problems } = diff({ wants: wantsAcl(want()), region: { acls: [{ ...full, entries: [] }] } })
    expect(changes).toMatchObject([{ kind: 'addAclEntries', entries: ENTRIES }])
    expect(problems).toMatchObject([
      { kind: 'port', subject: 'web', port: '80/tcp', text: expect.stringContaining('everybody may connect') },
    ])
    expect(diff({ wants: wantsAcl(want()), region: { acls: [acl('acl-1', [])] } }).problems).toEqual([])
  })

  test('of others are never touched', () => {
    const theirs = acl('acl-9', [], { key: undefined, used: undefined, entries: undefined })
    expect(lines({ region: { acls: [theirs] }, memory: GONE })).toEqual([])
  })

  test('that nothing wants go after the grace, when no listener uses them', () => {
    const unused = { acls: [acl('acl-1', ENTRIES)] }
    const gone = ['delete access control list swarm-slb/me/web/80-tcp/lb-1 (acl-1)']
    const plain = { wanted: wantedBy([web()]) }
    expect(diff({ region: unused, ...plain })).toMatchObject({ changes: [], recheckAt: NOW + RULES.removalGrace })
    expect(lines({ region: unused, memory: GONE, ...plain })).toEqual(gone)
    expect(lines({ region: { acls: [full] }, memory: GONE, ...plain })).toEqual([])
    expect(lines({ region: { acls: [acl('acl-1', ENTRIES, { used: undefined })] }, memory: GONE, ...plain })).toEqual([])
  })

  test.each([
    ['is frozen', wantedBy([web({ 'slb.freeze': 'true' })])],
    ['has a mistake in its labels', wantedBy([web({ 'slb.port.80.allow': 'nowhere' })])],
    ['is still being allocated', wantedBy([web({}, { settled: false })])],
    ['is gone for less than its grace', wantedBy([], { memory: remembers(['web'], { web: NOW - 1000 }) })],
  ])('stay while their service %s', (_, wanted) => {
    expect(lines({ region: { acls: [acl('acl-1', ENTRIES)] }, memory: GONE, wanted })).toEqual([])
  })

  test('of which there are two with one key: the one in use counts, the other goes', () => {
    const acls = [acl('acl-1', []), acl('acl-2', ENTRIES, { used: 1 })]
    expect(lines({ wants: wantsAcl(want()), region: { acls } })).toEqual([
      'delete access control list swarm-slb/me/web/80-tcp/lb-1 (acl-1)',
    ])
  })

  test('are only completed before they are used where nothing may be changed', () => {
    const rules = { ...RULES, policy: 'create-only' } as const
    const given = { wants: wantsAcl(want()), rules }
    expect(lines({ ...given, region: { acls: [] } })).toHaveLength(1)
    expect(lines({ ...given, region: { acls: [acl('acl-1', [])] } })).toHaveLength(1)
    expect(lines({ ...given, region: { acls: [{ ...full, entries: ['10.0.0.0/8', '192.0.2.1/32'] }] } })).toEqual([])
  })
})

test('changes of one list follow one another, all else runs side by side', () => {
  const { changes } = diff({
    wants: {
      ...wantsAcl(want(['192.0.2.0/24'])),
      files: new Map([
        ['shop', print('a')],
        ['www', print('b')],
      ]),
    },
    region: { certificates: [], acls: [acl('acl-1', ENTRIES, { used: 1 })] },
  })
  expect(regionChains(changes).map((chain) => chain.map(({ kind }) => kind))).toEqual([
    ['uploadCertificate'],
    ['uploadCertificate'],
    ['addAclEntries', 'removeAclEntries'],
  ])
})

test('a second look after the changes finds nothing to do', () => {
  const given = { ...wantsAcl(want()), files: new Map([['shop', print('a')]]) }
  const region: Region = {
    certificates: [uploaded('c-2', 'b')],
    caCertificates: undefined,
    acls: [acl('acl-1', ['192.0.2.1/32'], { used: 1 })],
  }
  const once = diff({ wants: given, region }).changes.reduce((all, change) => afterRegionChange(all, change, 'c-9'), region)
  const twice = diff({ wants: given, region: once }).changes
  expect(twice.map(describeRegionChange)).toEqual([DELETE_OLD])
  expect(diff({ wants: given, region: twice.reduce((all, change) => afterRegionChange(all, change), once) }).changes).toEqual([])
})

describe('what listeners use', () => {
  const secure = listener('https', 443, toDefault(30000), 'by hand', {
    settings: { 'cert-id': 'c-1' },
    extensions: [{ ref: 'de-1', domain: 'a.example.com', certificate: 'c-2' }],
  })

  test('is their certificate and those for further hosts, whoever owns the listener', () => {
    const lb = balancer({ listeners: [secure] })
    expect(usedCertificates(['lb-1'], new Map([['lb-1', lb]]))).toEqual(new Set(['c-1', 'c-2']))
  })

  test('is not known while one load balancer was not read', () => {
    expect(usedCertificates(['lb-1', 'lb-2'], new Map([['lb-1', balancer({ listeners: [secure] })]]))).toBeUndefined()
  })
})

test.each([
  ['a list', aclName(mark('s'.repeat(200)), 'deny', 'lb-1234567890'), /^swarm-slb\/me\/s+\.[0-9a-f]{8}\/80-tcp/],
  ['a certificate', certificateName(OWNER, 'f'.repeat(64), print('a')), /^swarm-slb\/me\/f+\/aaaaaaaaaaaa$/],
])('the name of %s fits into what the cloud takes', (_, name, form) => {
  expect(name).toMatch(form)
  expect(name.length).toBeLessThanOrEqual(80)
})
