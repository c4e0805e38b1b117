// The regional pass on ground that a test controls: provider in memory, clock, readings of load balancers.
import { describe, expect, onTestFinished, test } from 'vitest'
import { newServicesMemory } from '../src/core/claims.ts'
import type { LoadBalancer } from '../src/core/model.ts'
import type { Region, RegionChange } from '../src/core/region.ts'
import { describeRegionChange } from '../src/core/region-steps.ts'
import { type AclWant, NO_WANTS, type RegionWants } from '../src/core/region-wants.ts'
import type { CallError, RegionHandle, RegionOptions } from '../src/providers/provider.ts'
import { createRegionWorker, type RegionOffer, type RegionTimes } from '../src/region.ts'
import { balancer, listener, MINUTE, NOW, RULES, toDefault, wantedBy } from './support/build.ts'
import { callError, memoryProvider } from './support/memory-provider.ts'
import { acl, mark, print, uploaded } from './support/region.ts'

const ENTRIES = ['10.0.0.0/8']
const ACL: AclWant = { key: 'web/80-tcp@lb-1', name: 'swarm-slb/me/web/80-tcp/lb-1', mark: mark(), kind: 'allow', entries: ENTRIES }
const wantsFile = (digit: string | undefined): RegionWants => ({
  ...NO_WANTS,
  files: new Map([['shop', digit === undefined ? undefined : print(digit)]]),
  lists: new Set(['certificates']),
})
const wantsAcl = (entries = ENTRIES): RegionWants => ({
  ...NO_WANTS,
  acls: new Map([[ACL.key, { ...ACL, entries }]]),
  lists: new Set(['acls']),
})

type GroundOptions = {
  readonly region?: Region
  readonly times?: Partial<RegionTimes>
  readonly assume?: boolean
  /** Stands before each change. */
  readonly before?: (change: RegionChange) => Promise<void> | void
  readonly opens?: (how: RegionOptions) => Promise<void> | void
}

function ground(options: GroundOptions = {}) {
  const memory = memoryProvider([balancer()], options.region === undefined ? {} : { region: options.region })
  const opened: RegionOptions[] = []
  const openRegion = async (how: RegionOptions, signal: AbortSignal): Promise<RegionHandle> => {
    opened.push(how)
    await options.opens?.(how)
    const handle = await memory.openRegion(how, signal)
    return {
      actual: handle.actual,
      apply: async (change, turn) => {
        await options.before?.(change)
        return handle.apply(change, turn)
      },
    }
  }
  const clock = { now: NOW }
  const stop = new AbortController()
  onTestFinished(() => stop.abort())
  const read = new Map<string, LoadBalancer>([['lb-1', balancer()]])
  const finished: (number | undefined)[] = []
  const failed: string[] = []
  const worker = createRegionWorker({
    provider: { ...memory, openRegion },
    read: () => read,
    now: () => clock.now,
    stop: stop.signal,
    giveUp: stop.signal,
    times: options.times ?? {},
    assume: options.assume ?? false,
    applied: () => {},
    failed: (change, error) => void failed.push(`${describeRegionChange(change)}: ${error.message}`),
    finished: (again) => void finished.push(again),
    broken: (error) => {
      throw error
    },
  })
  const lines = () => memory.regionWritten.map(({ change }) => change.kind)
  const offerOf = (wants: RegionWants, over: Partial<RegionOffer> = {}): RegionOffer => ({
    wants,
    wanted: wantedBy([], { memory: newServicesMemory(0) }),
    rules: { ...RULES, policy: 'sync', clusterId: 'cluster-1' },
    loadBalancers: ['lb-1'],
    mayWrite: true,
    resync: false,
    fresh: false,
    newOnly: false,
    ...over,
  })
  /** Offers as the loop does: again for as long as a pass says that something is due now. */
  async function pass(wants: RegionWants, over: Partial<RegionOffer> = {}): Promise<number | undefined> {
    finished.length = 0
    let due = worker.offer(offerOf(wants, over))
    await worker.idle()
    for (let turns = 0; finished.at(-1) !== undefined && (finished.at(-1) ?? 0) <= clock.now && turns < 5; turns += 1) {
      finished.length = 0
      due = worker.offer(offerOf(wants, { ...over, fresh: false, resync: false }))
      await worker.idle()
    }
    const times = [due, finished.at(-1)].filter((time) => time !== undefined)
    return times.length === 0 ? undefined : Math.min(...times)
  }
  return { ...memory, worker, clock, stop, read, opened, finished, failed, lines, pass, offerOf }
}

describe('what nobody needs is not read', () => {
  test('until a look for what was left behind, five minutes after the start and then every hour', async () => {
    const its = ground()
    expect(await its.pass(NO_WANTS)).toBe(NOW + 5 * MINUTE)
    await its.pass(NO_WANTS, { resync: true })
    expect(its.opened).toEqual([])
    its.clock.now += 5 * MINUTE
    expect(await its.pass(NO_WANTS)).toBe(its.clock.now + 60 * MINUTE)
    expect(its.opened).toEqual([{ certificates: true, caCertificates: false, acls: true, tag: 'swarm-slb:me:cluster-1' }])
    await its.pass(NO_WANTS, { resync: true })
    expect(its.opened).toHaveLength(1)
  })

  test('nor a list that no label speaks of', async () => {
    const its = ground()
    await its.pass(wantsFile('a'))
    expect(its.opened.every(({ certificates, caCertificates, acls }) => certificates && !caCertificates && !acls)).toBe(true)
  })

  test('but what this process knows to hold something of ours is, at each resync', async () => {
    const its = ground({ region: { certificates: [uploaded('c-2', 'b')], caCertificates: [], acls: [] } })
    await its.pass(wantsFile(undefined))
    its.opened.length = 0
    await its.pass(NO_WANTS)
    expect(its.opened).toEqual([])
    await its.pass(NO_WANTS, { resync: true })
    expect(its.opened).toMatchObject([{ certificates: true, acls: false }])
  })

  test('a standby looks only at what it never saw, and writes nothing', async () => {
    const its = ground()
    await its.pass(wantsFile('a'), { mayWrite: false, newOnly: true })
    await its.pass(wantsFile('b'), { mayWrite: false, newOnly: true })
    its.clock.now += 60 * MINUTE
    await its.pass(wantsFile('b'), { mayWrite: false, newOnly: true })
    expect(its.opened).toHaveLength(1)
    expect(its.lines()).toEqual([])
    expect(its.worker.changes().map(({ kind }) => kind)).toEqual(['uploadCertificate'])
  })
})

describe('a certificate', () => {
  test('is uploaded once, and known at once', async () => {
    const its = ground()
    await its.pass(wantsFile('a'))
    expect(its.lines()).toEqual(['uploadCertificate'])
    expect(its.worker.view().region.certificates).toMatchObject([{ id: 'cert-1', key: `shop/${print('a')}` }])
    const reads = its.opened.length
    await its.pass(wantsFile('a'))
    expect(its.opened).toHaveLength(reads)
  })

  test('is not uploaded twice while the list does not show it yet', async () => {
    const its = ground()
    await its.pass(wantsFile('a'))
    its.editRegion((region) => ({ ...region, certificates: [] }))
    await its.pass(wantsFile('a'), { resync: true })
    expect(its.lines()).toEqual(['uploadCertificate'])
    its.clock.now += 2 * MINUTE
    await its.pass(wantsFile('a'), { resync: true })
    expect(its.lines()).toEqual(['uploadCertificate', 'uploadCertificate'])
  })

  test('that is superseded goes when a reading shows that nobody uses it, and not before', async () => {
    const its = ground({ region: { certificates: [uploaded('c-2', 'b')], caCertificates: [], acls: [] } })
    const serving = (certificate: string) =>
      balancer({ listeners: [listener('https', 443, toDefault(30000), 'by hand', { settings: { 'cert-id': certificate } })] })
    its.read.set('lb-1', serving('c-2'))
    await its.pass(wantsFile('a'))
    expect(its.lines()).toEqual(['uploadCertificate'])
    its.read.set('lb-1', serving('cert-1'))
    await its.pass(wantsFile('a'))
    expect(its.lines()).toEqual(['uploadCertificate', 'deleteCertificate'])
    expect(its.region().certificates).toMatchObject([{ id: 'cert-1' }])
  })

  test('that was deleted a moment after it was uploaded is neither deleted again nor taken for there', async () => {
    const its = ground()
    const resync = async (digit: string) => {
      its.clock.now += 5000
      await its.pass(wantsFile(digit), { resync: true })
    }
    for (const digit of ['a', 'b', 'b', 'b']) await resync(digit)
    expect(its.lines()).toEqual(['uploadCertificate', 'uploadCertificate', 'deleteCertificate'])
    await resync('a')
    expect(its.lines().at(-1)).toBe('uploadCertificate')
  })

  test('that the cloud does not let go is left alone for an hour', async () => {
    const certificates = [uploaded('c-1', 'a'), uploaded('c-2', 'b')]
    const refuse = (change: RegionChange) => {
      if (change.kind === 'deleteCertificate') throw callError('failed', 'CertificateAndPrivateKeyIsRefered')
    }
    const its = ground({ region: { certificates, caCertificates: [], acls: [] }, before: refuse })
    await its.pass(wantsFile('a'))
    expect(its.failed).toHaveLength(1)
    for (let minutes = 0; minutes < 3; minutes += 1) {
      its.clock.now += MINUTE
      await its.pass(wantsFile('a'), { resync: true })
    }
    expect(its.failed).toHaveLength(1)
    its.clock.now += 60 * MINUTE
    await its.pass(wantsFile('a'), { resync: true })
    expect(its.failed).toHaveLength(2)
  })

  test('that was not let go for a listener that a later reading shows goes as soon as that is over', async () => {
    const certificates = [uploaded('c-1', 'a'), uploaded('c-2', 'b')]
    let inUse = true
    const refuse = (change: RegionChange) => {
      if (change.kind === 'deleteCertificate' && inUse) throw callError('failed', 'CertificateRelatedDomainExtensionExist')
    }
    const its = ground({ region: { certificates, caCertificates: [], acls: [] }, before: refuse })
    await its.pass(wantsFile('a'))
    expect(its.failed).toHaveLength(1)
    const https = listener('https', 443, toDefault(30000), 'by hand', { extensions: [{ ref: 'e', domain: 'www', certificate: 'c-2' }] })
    its.read.set('lb-1', balancer({ listeners: [https] }))
    await its.pass(wantsFile('a'), { resync: true })
    inUse = false
    its.read.set('lb-1', balancer())
    its.clock.now += MINUTE
    await its.pass(wantsFile('a'), { resync: true })
    expect(its.failed).toHaveLength(1)
    expect(its.lines()).toEqual(['deleteCertificate'])
  })
})

describe('an access control list', () => {
  test('counts once it was read back with its entries', async () => {
    const its = ground()
    its.worker.offer(its.offerOf(wantsAcl()))
    await its.worker.idle()
    expect(its.lines()).toEqual(['createAcl'])
    expect(its.worker.view().region.acls).toEqual([])
    its.clock.now = (await its.pass(wantsAcl())) ?? 0
    await its.pass(wantsAcl())
    expect(its.worker.view().region.acls).toMatchObject([{ key: ACL.key, entries: ENTRIES }])
    expect(its.lines()).toEqual(['createAcl'])
  })

  test('is not made twice while the list does not show it yet', async () => {
    const its = ground()
    await its.pass(wantsAcl())
    its.editRegion((region) => ({ ...region, acls: [] }))
    for (let turns = 0; turns < 4; turns += 1) {
      its.clock.now += 10_000
      await its.pass(wantsAcl())
    }
    expect(its.lines()).toEqual(['createAcl'])
    its.clock.now += MINUTE
    await its.pass(wantsAcl())
    expect(its.lines()).toEqual(['createAcl', 'createAcl'])
  })

  test('that was emptied by hand is filled again by the next look', async () => {
    const its = ground({ region: { certificates: [], caCertificates: [], acls: [acl('acl-1', ENTRIES, { used: 1 })] } })
    await its.pass(wantsAcl())
    expect(its.lines()).toEqual([])
    its.editRegion((region) => ({ ...region, acls: [acl('acl-1', [], { used: 1 })] }))
    await its.pass(wantsAcl(), { resync: true })
    expect(its.region().acls).toMatchObject([{ id: 'acl-1', entries: ENTRIES }])
  })

  test('is a problem for as long as it cannot be filled', async () => {
    const before = () => Promise.reject(callError('failed', 'Forbidden'))
    const its = ground({ region: { certificates: [], caCertificates: [], acls: [acl('acl-1', [], { used: 1 })] }, before })
    await its.pass(wantsAcl())
    expect(its.worker.problems().map(({ subject }) => subject)).toEqual(['region', 'web'])
    expect(its.worker.problems()[0]?.text).toContain('Forbidden')
  })

  test('keeps its old entries where new ones could not be added', async () => {
    const before = ({ kind }: RegionChange) =>
      kind === 'addAclEntries' ? Promise.reject(callError('failed', 'AclEntryExceedLimit')) : undefined
    const its = ground({ region: { certificates: [], caCertificates: [], acls: [acl('acl-1', ENTRIES, { used: 1 })] }, before })
    await its.pass(wantsAcl(['192.0.2.0/24']))
    expect(its.region().acls).toMatchObject([{ entries: ENTRIES }])
  })
})

describe('trouble', () => {
  test.each<[string, CallError]>([
    ['a refusal', callError('failed', 'Forbidden')],
    ['no certain answer', callError('unknown', 'Timeout')],
  ])('after %s the world is read again before anything is repeated, later and later', async (_, error) => {
    let broken = true
    const its = ground({ before: () => (broken ? Promise.reject(error) : undefined) })
    const waits: number[] = []
    for (let turns = 0; turns < 3; turns += 1) {
      const again = (await its.pass(wantsFile('a'))) ?? Number.NaN
      waits.push(again - its.clock.now)
      its.clock.now = again
    }
    expect(waits[0]).toBeGreaterThan(0)
    expect(waits.at(-1)).toBeGreaterThan(waits[0] ?? 0)
    broken = false
    its.clock.now += MINUTE
    const reads = its.opened.length
    await its.pass(wantsFile('a'))
    expect(its.opened.length).toBeGreaterThan(reads)
    expect(its.lines()).toEqual(['uploadCertificate'])
    expect(its.worker.problems()).toEqual([])
  })

  test('of a reading changes nothing that is known, and says so', async () => {
    let broken = false
    const its = ground({ opens: () => (broken ? Promise.reject(callError('unknown', 'Timeout')) : undefined) })
    await its.pass(wantsFile('a'))
    broken = true
    await its.pass(wantsFile('a'), { resync: true })
    expect(its.worker.view().region.certificates).toHaveLength(1)
    expect(its.worker.problems()).toMatchObject([{ kind: 'loadBalancer', text: expect.stringContaining('Timeout') }])
  })

  test('while a change is under way a second pass waits for its end', async () => {
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const its = ground({ before: () => held })
    its.worker.offer(its.offerOf(wantsFile('a')))
    await Promise.resolve()
    its.worker.offer(its.offerOf(wantsFile('a'), { resync: true }))
    its.worker.offer(its.offerOf(wantsFile('a'), { resync: true }))
    release()
    await its.worker.idle()
    expect(its.lines()).toEqual(['uploadCertificate'])
  })

  test('nothing is written after the right to write is gone, nor after a stop', async () => {
    const its = ground({
      opens: () => {
        its.worker.offer(its.offerOf(wantsFile('a'), { mayWrite: false }))
      },
    })
    its.worker.offer(its.offerOf(wantsFile('a')))
    await its.worker.idle()
    expect(its.lines()).toEqual([])
    const stopped = ground()
    stopped.stop.abort()
    await stopped.pass(wantsFile('a'))
    expect(stopped.lines()).toEqual([])
  })
})

describe('what the cloud refuses', () => {
  const keys = Array.from({ length: 6 }, (_, index) => `web/${8000 + index}-tcp@lb-1`)
  const lists = (count: number): RegionWants => ({
    ...NO_WANTS,
    acls: new Map(keys.slice(0, count).map((key) => [key, { ...ACL, key, name: `swarm-slb/me/${key}` }])),
    lists: new Set(['acls']),
  })
  const and = (one: RegionWants, other: RegionWants): RegionWants => ({
    ...NO_WANTS,
    acls: one.acls,
    files: other.files,
    lists: new Set([...one.lists, ...other.lists]),
  })
  /** An account with room for so many access control lists. */
  function crowded(room: number) {
    const account = { room, made: 0 }
    const asked: string[] = []
    const its = ground({
      before: (change) => {
        if (change.kind !== 'createAcl') return
        asked.push(change.key)
        if (account.made >= account.room) throw callError('failed', 'AclNumberOverLimit')
        account.made += 1
      },
    })
    /** As the loop does it, at each time that something is due. */
    async function goOn(wants: RegionWants, ms: number) {
      const end = its.clock.now + ms
      for (let due = await its.pass(wants); due !== undefined && due <= end; due = await its.pass(wants)) its.clock.now = due
      its.clock.now = end
    }
    return { ...its, account, asked, goOn }
  }

  test('is tried again one at a time, each in its turn, at most once a minute in the end, and told all the while', async () => {
    const its = crowded(2)
    await its.goOn(lists(6), 10 * MINUTE)
    expect(its.asked.slice(0, 6)).toEqual(keys)
    const first = its.asked.length
    await its.goOn(lists(6), 8 * MINUTE)
    const again = its.asked.slice(first)
    expect(again.length).toBeLessThanOrEqual(8)
    expect(new Set(again)).toEqual(new Set(keys.slice(2)))
    expect(its.worker.problems().filter(({ text }) => text.includes('AclNumberOverLimit'))).toHaveLength(4)
    its.account.room = 100
    await its.goOn(lists(6), MINUTE + 1000)
    expect(its.region().acls).toHaveLength(6)
    expect(its.worker.problems()).toEqual([])
  })

  test('keeps nothing else waiting: what is wanted now is done now', async () => {
    const its = crowded(0)
    await its.goOn(lists(3), 5 * MINUTE)
    const asked = its.asked.length
    await its.pass(and(lists(3), wantsFile('a')))
    await its.pass(and(lists(3), wantsFile('b')))
    expect(its.lines().filter((kind) => kind === 'uploadCertificate')).toHaveLength(2)
    expect(its.asked).toHaveLength(asked)
    expect(its.worker.problems().filter(({ text }) => text.includes('AclNumberOverLimit'))).toHaveLength(3)
    await its.pass(and(lists(4), wantsFile('b')))
    expect(its.asked.slice(asked)).toEqual([keys[3]])
  })

  test('is forgotten with the wish for it', async () => {
    const its = crowded(0)
    await its.goOn(lists(1), 5 * MINUTE)
    await its.pass(NO_WANTS)
    expect(its.worker.problems()).toEqual([])
    const asked = its.asked.length
    await its.pass(lists(1))
    expect(its.asked).toHaveLength(asked + 1)
  })

  test('takes what follows on the same list with it: entries do not go before others came', async () => {
    const before = ({ kind }: RegionChange) =>
      kind === 'addAclEntries' ? Promise.reject(callError('failed', 'AclEntryExceedLimit')) : undefined
    const its = ground({ region: { certificates: [], caCertificates: [], acls: [acl('acl-1', ENTRIES, { used: 1 })] }, before })
    for (let turns = 0; turns < 3; turns += 1) {
      await its.pass(wantsAcl(['192.0.2.0/24']), { resync: true })
      its.clock.now += 100
    }
    expect(its.region().acls).toMatchObject([{ entries: ENTRIES }])
  })

  test('does not wake a standby', async () => {
    const its = crowded(0)
    await its.pass(lists(1))
    expect(await its.pass(lists(1), { mayWrite: false, newOnly: true })).toBeUndefined()
  })
})

test('a new wish is looked after at once although the last reading failed a moment ago', async () => {
  let broken = true
  const its = ground({ opens: () => (broken ? Promise.reject(callError('unknown', 'Timeout')) : undefined) })
  for (let turns = 0; turns < 5; turns += 1) its.clock.now = (await its.pass(wantsFile('a'))) ?? 0
  broken = false
  const reads = its.opened.length
  its.clock.now -= 1
  await its.pass(wantsFile('a'))
  expect(its.opened).toHaveLength(reads)
  await its.pass(wantsFile('b'))
  expect(its.lines()).toEqual(['uploadCertificate'])
})

describe('ids that labels name', () => {
  const wants: RegionWants = { ...NO_WANTS, lists: new Set(['certificates']), ids: new Set(['c-9']) }

  test('that no reading showed are looked up once, then they are absent', async () => {
    const its = ground()
    await its.pass(wantsFile(undefined))
    expect(its.worker.view().absent).toEqual(new Set())
    await its.pass(wants)
    expect(its.worker.view().absent).toEqual(new Set(['c-9']))
    const reads = its.opened.length
    await its.pass(wants)
    expect(its.opened).toHaveLength(reads)
  })

  test('that the account may not look up name the right that it lacks', async () => {
    const its = ground({ region: { certificates: undefined, caCertificates: undefined, acls: undefined } })
    await its.pass(wants)
    expect([...its.worker.view().denied.values()]).toEqual(['slb:DescribeServerCertificates'])
  })
})

test('a dry run resolves labels as if the changes were done, and does none', async () => {
  const its = ground({ assume: true })
  await its.pass({ ...wantsFile('a'), acls: wantsAcl().acls, lists: new Set(['certificates', 'acls']) }, { mayWrite: false })
  expect(its.lines()).toEqual([])
  expect(its.worker.view().region).toMatchObject({
    certificates: [{ key: `shop/${print('a')}` }],
    acls: [{ key: ACL.key, entries: ENTRIES }],
  })
})
