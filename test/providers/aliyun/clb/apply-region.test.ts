// Changes to certificates and access control lists: what is sent, and what is not sent twice.
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { RegionChange } from '../../../../src/core/region.ts'
import { createClbProvider } from '../../../../src/providers/aliyun/clb/provider.ts'
import type { Params } from '../../../../src/providers/aliyun/flatten.ts'
import type { ReadPem } from '../../../../src/providers/provider.ts'
import { ALL, acl, acls, certificate, cloudOf, entries, KEY, NOTHING, networks, TAG, tags } from './region-support.ts'
import { failureOf, fakeRpc, no, signal, turn } from './support.ts'

const upload: RegionChange = { kind: 'uploadCertificate', name: 'shop', key: 'shop/ab0c', file: 'shop', fingerprint: 'ab0c' }
const create = (list: readonly string[]): RegionChange => ({ kind: 'createAcl', name: 'web', key: 'web/80', entries: list })

describe('an upload', () => {
  test('asks for one that is there, and then sends certificate, key and tag', async () => {
    const cloud = cloudOf()
    expect(await cloud.apply(upload)).toEqual({ id: 'c-new', requestIds: ['request-2'] })
    expect(cloud.params()).toEqual([
      ['DescribeServerCertificates', { Tag: [{ Key: TAG, Value: 'shop/ab0c' }] }],
      [
        'UploadServerCertificate',
        {
          ServerCertificateName: 'shop',
          ServerCertificate: 'certificate of shop',
          PrivateKey: KEY,
          Tag: [{ Key: TAG, Value: 'shop/ab0c' }],
        },
      ],
    ])
  })

  test('whose answer is lost is not repeated, and is found by the next', async () => {
    const rows: object[] = []
    const lost = () => {
      rows.push(certificate('c-lost', tags('shop/ab0c')))
      return no('ConnectionLost', 'reset', 'unknown')()
    }
    const cloud = cloudOf({
      DescribeServerCertificates: () => ({ ServerCertificates: { ServerCertificate: rows } }),
      UploadServerCertificate: lost,
    })
    expect(await failureOf(cloud.apply(upload))).toMatchObject({ status: 'unknown' })
    expect(await cloud.apply(upload)).toEqual({ id: 'c-lost', requestIds: [] })
    expect(cloud.count('UploadServerCertificate')).toBe(1)
  })

  test.each<{ name: string; pem: ReadPem | undefined }>([
    { name: 'are gone', pem: () => Promise.reject(new Error(`cannot read ${KEY}`)) },
    { name: 'cannot be read by anybody', pem: undefined },
  ])('whose files $name fails before anything is sent, and says nothing of them', async ({ pem }) => {
    const cloud = fakeRpc(NOTHING)
    const provider = createClbProvider({ rpc: cloud.rpc, ...(pem === undefined ? {} : { readPem: pem }) })
    const handle = await provider.openRegion(ALL, signal)
    const error = await failureOf(handle.apply(upload, turn))
    expect(error).toMatchObject({ status: 'failed', code: 'CertificateFileGone' })
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(KEY)
    expect(cloud.count('UploadServerCertificate')).toBe(0)
  })

  test('without an id in the answer has an unknown outcome', async () => {
    const cloud = cloudOf({ UploadServerCertificate: () => ({ ServerCertificateId: '' }) })
    expect(await failureOf(cloud.apply(upload))).toMatchObject({ status: 'unknown', code: 'Malformed' })
  })
})

describe('a certificate that goes', () => {
  const remove: RegionChange = { kind: 'deleteCertificate', id: 'c-1', name: 'shop' }

  test.each(['CertificateNotExist', 'ResourceNotFound.Certificate'])('and is gone (%s) is deleted', async (code) => {
    await expect(cloudOf({ DeleteServerCertificate: no(code) }).apply(remove)).resolves.toMatchObject({ id: undefined })
  })

  test.each(['CertificateAndPrivateKeyIsRefered', 'CertificateRelatedDomainExtensionExist'])('and is used (%s) stays', async (code) => {
    expect(await failureOf(cloudOf({ DeleteServerCertificate: no(code) }).apply(remove))).toMatchObject({ status: 'failed', code })
  })
})

describe('an access control list', () => {
  const batches = ({ asked }: ReturnType<typeof cloudOf>, action: string) =>
    asked.filter((one) => one.action === action).map(({ params }) => JSON.parse(String(params['AclEntrys'])))

  test('is made with its tag and gets its entries fifty at a time', async () => {
    const cloud = cloudOf()
    expect(await cloud.apply(create(networks(120)))).toMatchObject({ id: 'acl-new' })
    const [, made] = cloud.asked
    expect(made?.params).toEqual({ AclName: 'web', Tag: [{ Key: TAG, Value: 'web/80' }] })
    expect(batches(cloud, 'AddAccessControlListEntry').map((rows) => rows.length)).toEqual([50, 50, 20])
    expect(batches(cloud, 'AddAccessControlListEntry')[0][0]).toEqual({ entry: '10.0.0.0/24' })
  })

  test('of IPv6 networks says so', async () => {
    const cloud = cloudOf()
    await cloud.apply(create(['2001:db8::/32']))
    expect(cloud.asked[1]?.params).toMatchObject({ AddressIPVersion: 'ipv6' })
  })

  test('whose answer was lost is found by the next, which adds what it lacks', async () => {
    const cloud = cloudOf({ ...acls(acl('acl-lost', tags('web/80'))), ...entries(networks(2)) })
    expect(await cloud.apply(create(networks(3)))).toMatchObject({ id: 'acl-lost' })
    expect(cloud.count('CreateAccessControlList')).toBe(0)
    expect(batches(cloud, 'AddAccessControlListEntry')).toEqual([[{ entry: '10.0.2.0/24' }]])
  })

  test('that has some of the new entries gets the others', async () => {
    const twice = (_: Params, nth: number) => (nth === 1 ? no('InvalidParam.AclEntryExists')() : {})
    const cloud = cloudOf({ ...entries(networks(2)), AddAccessControlListEntry: twice })
    await cloud.apply({ kind: 'addAclEntries', id: 'acl-1', name: 'web', entries: networks(4).slice(1) })
    expect(batches(cloud, 'AddAccessControlListEntry')[1]).toEqual([{ entry: '10.0.2.0/24' }, { entry: '10.0.3.0/24' }])
  })

  test('loses entries as the cloud spells them, and never the last', async () => {
    const cloud = cloudOf(entries(['203.0.113.7', '10.0.0.0/8']))
    const remove = (...list: string[]): RegionChange => ({ kind: 'removeAclEntries', id: 'acl-1', name: 'web', entries: list })
    await cloud.apply(remove('203.0.113.7/32', '192.168.0.0/16'))
    expect(batches(cloud, 'RemoveAccessControlListEntry')).toEqual([[{ entry: '203.0.113.7' }]])
    expect(await failureOf(cloud.apply(remove('203.0.113.7/32', '10.0.0.0/8')))).toMatchObject({ code: 'AclWouldBeEmpty' })
    expect(cloud.count('RemoveAccessControlListEntry')).toBe(1)
  })

  test('that is used stays, and one that is gone is deleted', async () => {
    const remove: RegionChange = { kind: 'deleteAcl', id: 'acl-1', name: 'web' }
    const used = 'OperationFailed.AclBindedWithVip'
    expect(await failureOf(cloudOf({ DeleteAccessControlList: no(used) }).apply(remove))).toMatchObject({ status: 'failed', code: used })
    await expect(cloudOf({ DeleteAccessControlList: no('AclNotExist') }).apply(remove)).resolves.toEqual({ id: undefined, requestIds: [] })
  })
})
