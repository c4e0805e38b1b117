// Certificates and access control lists: what is read, what is sent, and what ugly answers come to.
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { RegionChange } from '../../../../src/core/region.ts'
import { createClbProvider } from '../../../../src/providers/aliyun/clb/provider.ts'
import type { Params } from '../../../../src/providers/aliyun/flatten.ts'
import type { ReadPem, RegionOptions } from '../../../../src/providers/provider.ts'
import { type Answers, failureOf, fakeRpc, no, signal, turn } from './support.ts'

const TAG = 'swarm-slb:me'
const KEY = 'PRIVATE KEY of shop'
const readPem: ReadPem = async (file) => ({ certificate: `certificate of ${file}`, privateKey: KEY })
const ALL: RegionOptions = { certificates: true, caCertificates: true, acls: true, tag: TAG }
const tags = (value: string) => ({ Tags: { Tag: [{ TagKey: TAG, TagValue: value }] } })
const NO_TAGS = { Tags: { Tag: [] } }

const certificate = (id: string, more: object = {}) => ({
  ServerCertificateId: id,
  ServerCertificateName: id,
  Fingerprint: 'AB:0c',
  ...more,
})
const certificates = (...rows: object[]) => ({ DescribeServerCertificates: () => ({ ServerCertificates: { ServerCertificate: rows } }) })
const acl = (id: string, more: object = {}) => ({ AclId: id, AclName: id, ...NO_TAGS, ...more })
const page = <T>(rows: readonly T[], at: unknown, size: unknown) => rows.slice((Number(at) - 1) * Number(size), Number(at) * Number(size))
const acls = (...rows: object[]): Answers => ({
  DescribeAccessControlLists: ({ PageNumber, PageSize }: Params) => ({
    Acls: { Acl: page(rows, PageNumber, PageSize) },
    TotalCount: rows.length,
  }),
})
const entries = (list: readonly string[], used = 0): Answers => ({
  DescribeAccessControlListAttribute: ({ AclId, Page, PageSize }: Params) => ({
    AclId,
    AclEntrys: { AclEntry: page(list, Page, PageSize).map((AclEntryIP) => ({ AclEntryIP })) },
    RelatedListeners: { RelatedListener: Array.from({ length: used }, () => ({})) },
    TotalAclEntry: list.length,
  }),
})
const NOTHING: Answers = {
  ...certificates(),
  DescribeCACertificates: () => ({ CACertificates: { CACertificate: [] } }),
  ...acls(),
  ...entries([]),
  ListTagResources: () => ({ TagResources: { TagResource: [] } }),
  UploadServerCertificate: () => ({ ServerCertificateId: 'c-new' }),
  CreateAccessControlList: () => ({ AclId: 'acl-new' }),
}
const networks = (count: number) => Array.from({ length: count }, (_, n) => `10.0.${n}.0/24`)

function cloudOf(answers: Answers = {}, pem: ReadPem | undefined = readPem) {
  const cloud = fakeRpc({ ...NOTHING, ...answers })
  const provider = createClbProvider({ rpc: cloud.rpc, now: () => 0, waits: { gather: 0, lag: 0 }, readPem: pem })
  const open = (how: Partial<RegionOptions> = {}) => provider.openRegion({ ...ALL, ...how }, signal)
  const apply = async (change: RegionChange) => {
    const handle = await open({ certificates: false, caCertificates: false, acls: false })
    return handle.apply(change, turn)
  }
  return { ...cloud, open, apply }
}

const upload: RegionChange = { kind: 'uploadCertificate', name: 'shop', key: 'shop/ab0c', file: 'shop', fingerprint: 'ab0c' }
const create = (list: readonly string[]): RegionChange => ({ kind: 'createAcl', name: 'web', key: 'web/80', entries: list })

describe('a reading of the region', () => {
  test('takes one call for each list that is asked for, and one for each list of addresses of ours', async () => {
    const cloud = cloudOf({ ...acls(acl('acl-1'), acl('acl-2', tags('web/80'))), ...entries(['10.0.0.0/8', '203.0.113.7'], 2) })
    const { actual } = await cloud.open()
    expect(actual.acls).toEqual([
      { id: 'acl-1', name: 'acl-1', key: undefined, entries: undefined, used: undefined },
      { id: 'acl-2', name: 'acl-2', key: 'web/80', entries: ['10.0.0.0/8', '203.0.113.7/32'], used: 2 },
    ])
    expect(cloud.actions().toSorted()).toEqual([
      'DescribeAccessControlListAttribute',
      'DescribeAccessControlLists',
      'DescribeCACertificates',
      'DescribeServerCertificates',
    ])
    await cloud.open({ certificates: false, caCertificates: false, acls: false })
    expect(cloud.asked).toHaveLength(4)
  })

  test('knows certificates by tag, with fingerprint and end in canonical form', async () => {
    const rows = [certificate('c-1', { ...tags('shop/ab0c'), ExpireTimeStamp: 1_900_000_000_000 }), certificate('c-2', NO_TAGS)]
    const { actual } = await cloudOf(certificates(...rows)).open()
    expect(actual.certificates).toEqual([
      { id: 'c-1', name: 'c-1', fingerprint: 'ab0c', expiresAt: 1_900_000_000_000, key: 'shop/ab0c' },
      { id: 'c-2', name: 'c-2', fingerprint: 'ab0c', expiresAt: undefined, key: undefined },
    ])
  })

  test('asks for the tags where the answer has none, page by page', async () => {
    const tagged = ({ NextToken }: Params) => ({
      NextToken: NextToken === undefined ? 'more' : '',
      TagResources: { TagResource: NextToken === undefined ? [] : [{ ResourceId: 'c-2', TagKey: TAG, TagValue: 'shop/ab0c' }] },
    })
    const cloud = cloudOf({ ...certificates(certificate('c-1'), certificate('c-2')), ListTagResources: tagged })
    expect((await cloud.open({ acls: false })).actual.certificates?.map(({ key }) => key)).toEqual([undefined, 'shop/ab0c'])
    const [first] = cloud.asked.filter(({ action }) => action === 'ListTagResources')
    expect(first?.params).toEqual({ ResourceType: 'certificate', Tag: [{ Key: TAG }] })
  })

  test('turns the pages of both kinds of list, each by its own parameter', async () => {
    const rows = Array.from({ length: 60 }, (_, n) => acl(`acl-${n}`, n === 59 ? tags('web/80') : {}))
    const cloud = cloudOf({ ...acls(...rows), ...entries(networks(120)) })
    const { actual } = await cloud.open()
    expect([actual.acls?.length, actual.acls?.at(-1)?.entries]).toEqual([60, networks(120)])
    expect([cloud.count('DescribeAccessControlLists'), cloud.count('DescribeAccessControlListAttribute')]).toEqual([2, 3])
  })

  test.each(['Forbidden.RAM', 'Forbidden', 'NoPermission'])('without the right (%s) is not an empty one', async (code) => {
    const denied = no(code)
    const answers = { DescribeServerCertificates: denied, DescribeCACertificates: denied, DescribeAccessControlLists: denied }
    expect((await cloudOf(answers).open()).actual).toEqual({ certificates: undefined, caCertificates: undefined, acls: undefined })
  })

  test('leaves out a list that went in between, and takes "it is empty" for no entries', async () => {
    const gone = ({ AclId }: Params) => no(AclId === 'acl-1' ? 'AclNotExist' : 'AclEntryEmpty')()
    const cloud = cloudOf({ ...acls(acl('acl-1', tags('a')), acl('acl-2', tags('b'))), DescribeAccessControlListAttribute: gone })
    expect((await cloud.open()).actual.acls).toMatchObject([{ id: 'acl-2', entries: [] }])
  })

  test.each<{ name: string; answers: Answers }>([
    { name: 'no list of certificates', answers: { DescribeServerCertificates: () => ({}) } },
    { name: 'a certificate without id', answers: certificates({ ServerCertificateName: 'x' }) },
    { name: 'no list of CA certificates', answers: { DescribeCACertificates: () => ({ CACertificates: 'none' }) } },
    { name: 'no list of access lists', answers: { DescribeAccessControlLists: () => ({ TotalCount: 0 }) } },
    {
      name: 'fewer lists than there are',
      answers: { DescribeAccessControlLists: ({ PageNumber }) => ({ Acls: { Acl: PageNumber === 1 ? [acl('a')] : [] }, TotalCount: 2 }) },
    },
    { name: 'one list twice', answers: acls(acl('a'), acl('a')) },
    {
      name: 'the entries of another list',
      answers: { ...acls(acl('a', tags('x'))), DescribeAccessControlListAttribute: () => ({ AclId: 'b', TotalAclEntry: 0 }) },
    },
    {
      name: 'fewer entries than there are',
      answers: {
        ...acls(acl('a', tags('x'))),
        DescribeAccessControlListAttribute: () => ({ AclId: 'a', AclEntrys: { AclEntry: [] }, TotalAclEntry: 3 }),
      },
    },
  ])('with $name is no reading', async ({ answers }) => {
    expect(await failureOf(cloudOf(answers).open())).toMatchObject({ status: 'unknown', code: 'Malformed' })
  })

  test.each(['unknown', 'refused'] as const)('that is %s is none', async (status) => {
    expect(await failureOf(cloudOf({ DescribeAccessControlLists: no('X', 'x', status) }).open())).toMatchObject({ status })
  })
})

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
