// The part of the contract that is about what load balancers share: certificates and access control lists.
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Region } from '../../src/core/region.ts'
import { CallError, type Provider, type RegionOptions, type Turn } from '../../src/providers/provider.ts'

const TAG = 'swarm-slb:verify'
const ALL: RegionOptions = { certificates: true, caCertificates: true, acls: true, tag: TAG }
const signal = new AbortController().signal
const turn: Turn = { begin: signal, wait: signal, priority: 0 }

type Its = {
  readonly provider: Provider
  readonly certificate: { readonly file: string; readonly fingerprint: string }
  readonly settleMs?: number | undefined
}

const networks = (count: number) => Array.from({ length: count }, (_, n) => `10.1.${n}.0/24`)
const ofOurs = ({ certificates, acls }: Region) => ({
  certificates: certificates?.filter(({ key }) => key !== undefined).map(({ name, key, fingerprint }) => ({ name, key, fingerprint })),
  acls: acls
    ?.filter(({ key }) => key !== undefined)
    .map(({ name, key, entries = [], used }) => ({ name, key, entries: entries.toSorted(), used })),
})
const ofOthers = ({ certificates, caCertificates, acls }: Region) => ({
  certificates: certificates?.filter(({ key }) => key === undefined),
  acls: acls?.filter(({ key }) => key === undefined),
  caCertificates,
})

export function regionContract(its: () => Its): void {
  const open = async (how = ALL) => {
    await sleep(its().settleMs ?? 0)
    return its().provider.openRegion(how, signal)
  }

  test('reads of the region what it is asked for, and of other people’s lists no entries', async () => {
    const nothing = await open({ certificates: false, caCertificates: false, acls: false, tag: TAG })
    expect(nothing.actual).toEqual({ certificates: undefined, caCertificates: undefined, acls: undefined })
    const { actual } = await open()
    expect(ofOurs(actual)).toEqual({ certificates: [], acls: [] })
    expect(actual.acls?.every(({ entries, used }) => entries === undefined && used === undefined)).toBe(true)
  })

  test('uploads a certificate once, however often it is told to, and deletes it once and again', async () => {
    const { file, fingerprint } = its().certificate
    const upload = { kind: 'uploadCertificate', name: 'shop', key: `${file}/${fingerprint}`, file, fingerprint } as const
    const before = await open()
    const { id = '' } = await before.apply(upload, turn)
    const after = await open()
    expect(ofOurs(after.actual).certificates).toEqual([{ name: 'shop', key: `${file}/${fingerprint}`, fingerprint }])
    expect(ofOthers(after.actual)).toEqual(ofOthers(before.actual))
    expect(await before.apply(upload, turn)).toMatchObject({ id })
    for (const _ of [1, 2]) await after.apply({ kind: 'deleteCertificate', id, name: 'shop' }, turn)
    expect((await open()).actual).toEqual(before.actual)
  })

  test('keeps an access control list of more entries than one call takes', async () => {
    const before = await open()
    const key = 'web/80-tcp'
    const { id = '' } = await before.apply({ kind: 'createAcl', name: 'web', key, entries: networks(120) }, turn)
    const about = { name: 'web', key, used: 0 }
    expect(ofOurs((await open()).actual).acls).toEqual([{ ...about, entries: networks(120).toSorted() }])
    expect(await before.apply({ kind: 'createAcl', name: 'web', key, entries: networks(121) }, turn)).toMatchObject({ id })
    const handle = await open()
    await handle.apply({ kind: 'addAclEntries', id, name: 'web', entries: networks(125).slice(119) }, turn)
    await handle.apply({ kind: 'removeAclEntries', id, name: 'web', entries: networks(130).slice(2) }, turn)
    const after = await open()
    expect(ofOurs(after.actual).acls).toEqual([{ ...about, entries: networks(2) }])
    expect(ofOthers(after.actual)).toEqual(ofOthers(before.actual))
  })

  test('never makes or leaves an access control list that lets everybody through', async () => {
    const handle = await open()
    const [acl] = handle.actual.acls?.filter(({ key }) => key !== undefined) ?? []
    const { id = '', entries = [] } = acl ?? {}
    const refused = { status: 'failed', code: 'AclWouldBeEmpty' }
    await expect(handle.apply({ kind: 'createAcl', name: 'none', key: 'none', entries: [] }, turn)).rejects.toMatchObject(refused)
    const all = handle.apply({ kind: 'removeAclEntries', id, name: 'web', entries }, turn)
    await expect(all).rejects.toMatchObject(refused)
    await expect(all).rejects.toBeInstanceOf(CallError)
    expect((await open()).actual).toEqual(handle.actual)
    for (const _ of [1, 2]) await handle.apply({ kind: 'deleteAcl', id, name: 'web' }, turn)
    expect(ofOurs((await open()).actual).acls).toEqual([])
  })
}
