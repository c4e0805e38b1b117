// What is read of certificates and access control lists, and what ugly answers come to.
import { describe, expect, test } from 'vitest'
import type { Params } from '../../../../src/providers/aliyun/flatten.ts'
import { acl, acls, certificate, certificates, cloudOf, entries, NO_TAGS, networks, TAG, tags } from './region-support.ts'
import { type Answers, failureOf, no } from './support.ts'

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
