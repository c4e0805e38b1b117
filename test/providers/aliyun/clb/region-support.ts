// A region on a cloud of functions, in the cloud's shapes.

import type { RegionChange } from '../../../../src/core/region.ts'
import { createClbProvider } from '../../../../src/providers/aliyun/clb/provider.ts'
import type { Params } from '../../../../src/providers/aliyun/flatten.ts'
import type { ReadPem, RegionOptions } from '../../../../src/providers/provider.ts'
import { type Answers, fakeRpc, signal, turn } from './support.ts'

export const TAG = 'swarm-slb:me'
export const KEY = 'PRIVATE KEY of shop'
const readPem: ReadPem = async (file) => ({ certificate: `certificate of ${file}`, privateKey: KEY })
export const ALL: RegionOptions = { certificates: true, caCertificates: true, acls: true, tag: TAG }
export const tags = (value: string) => ({ Tags: { Tag: [{ TagKey: TAG, TagValue: value }] } })
export const NO_TAGS = { Tags: { Tag: [] } }

export const certificate = (id: string, more: object = {}) => ({
  ServerCertificateId: id,
  ServerCertificateName: id,
  Fingerprint: 'AB:0c',
  ...more,
})
export const certificates = (...rows: object[]) => ({
  DescribeServerCertificates: () => ({ ServerCertificates: { ServerCertificate: rows } }),
})
export const acl = (id: string, more: object = {}) => ({ AclId: id, AclName: id, ...NO_TAGS, ...more })
const page = <T>(rows: readonly T[], at: unknown, size: unknown) => rows.slice((Number(at) - 1) * Number(size), Number(at) * Number(size))
export const acls = (...rows: object[]): Answers => ({
  DescribeAccessControlLists: ({ PageNumber, PageSize }: Params) => ({
    Acls: { Acl: page(rows, PageNumber, PageSize) },
    TotalCount: rows.length,
  }),
})
export const entries = (list: readonly string[], used = 0): Answers => ({
  DescribeAccessControlListAttribute: ({ AclId, Page, PageSize }: Params) => ({
    AclId,
    AclEntrys: { AclEntry: page(list, Page, PageSize).map((AclEntryIP) => ({ AclEntryIP })) },
    RelatedListeners: { RelatedListener: Array.from({ length: used }, () => ({})) },
    TotalAclEntry: list.length,
  }),
})
export const NOTHING: Answers = {
  ...certificates(),
  DescribeCACertificates: () => ({ CACertificates: { CACertificate: [] } }),
  ...acls(),
  ...entries([]),
  ListTagResources: () => ({ TagResources: { TagResource: [] } }),
  UploadServerCertificate: () => ({ ServerCertificateId: 'c-new' }),
  CreateAccessControlList: () => ({ AclId: 'acl-new' }),
}
export const networks = (count: number) => Array.from({ length: count }, (_, n) => `10.0.${n}.0/24`)

export function cloudOf(answers: Answers = {}, pem: ReadPem | undefined = readPem) {
  const cloud = fakeRpc({ ...NOTHING, ...answers })
  const provider = createClbProvider({ rpc: cloud.rpc, now: () => 0, waits: { gather: 0, lag: 0 }, readPem: pem })
  const open = (how: Partial<RegionOptions> = {}) => provider.openRegion({ ...ALL, ...how }, signal)
  const apply = async (change: RegionChange) => {
    const handle = await open({ certificates: false, caCertificates: false, acls: false })
    return handle.apply(change, turn)
  }
  return { ...cloud, open, apply }
}
