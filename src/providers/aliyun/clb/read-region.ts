// Reads the certificates and access control lists of a region. A list that is not whole is no answer; one that the account may not
// read is undefined.
import { parseNetwork } from '../../../core/address.ts'
import type { Acl, Certificate, Region } from '../../../core/region.ts'
import { CallError, type RegionOptions } from '../../provider.ts'
import type { Params } from '../flatten.ts'
import type { Reply } from '../rpc.ts'
import { malformed, parse, tagsSchema } from './wire.ts'
import { type AclRow, aclSchema, aclsSchema, caCertificatesSchema, serverCertificatesSchema, type Tagged } from './wire-region.ts'

/** One call that only reads. Throws CallError. */
export type Read = (action: string, params: Params) => Promise<Reply>

/** The most that DescribeAccessControlListAttribute takes; the list itself takes more. */
const PAGE = 50
/** More pages than this are no list that ends. */
const MAX_PAGES = 100

const isCode = (error: unknown, codes: RegExp) => error instanceof CallError && error.status === 'failed' && codes.test(error.code)

/** Undefined where the account may not read: it may still be able to do everything else. */
const allowed = <T>(list: Promise<T>): Promise<T | undefined> =>
  list.catch((error: unknown) => {
    if (isCode(error, /^(Forb+id+en|NoPermission)(\.|$)/i)) return undefined
    throw error
  })

/** Newer answers bring the tags. One call finds ours where they do not, since nothing else tells whose a certificate is. */
async function keysOf(read: Read, type: 'certificate' | 'acl', tag: string): Promise<ReadonlyMap<string, string>> {
  const action = 'ListTagResources'
  const keys = new Map<string, string>()
  let token = ''
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const params = { ResourceType: type, Tag: [{ Key: tag }], ...(token === '' ? {} : { NextToken: token }) }
    const answer = parse(action, tagsSchema, await read(action, params))
    for (const { ResourceId, TagKey, TagValue } of answer.TagResources) if (TagKey === tag) keys.set(ResourceId, TagValue)
    token = answer.NextToken
    if (token === '') return keys
  }
  throw malformed(action, `no end after ${MAX_PAGES} pages`)
}

type Keyed<R> = { readonly row: R; readonly key: string | undefined }

async function withKeys<R extends Tagged>(
  read: Read,
  type: 'certificate' | 'acl',
  tag: string,
  rows: readonly R[],
  idOf: (row: R) => string,
): Promise<readonly Keyed<R>[]> {
  const asked = rows.some(({ Tags }) => Tags === undefined) ? await keysOf(read, type, tag) : undefined
  return rows.map((row) => ({
    row,
    key: row.Tags === undefined ? asked?.get(idOf(row)) : row.Tags.find(({ TagKey }) => TagKey === tag)?.TagValue,
  }))
}

/** `68:08:1a:…`, in either case. */
const canonicalFingerprint = (text: string) => text.replace(/[^0-9a-f]/gi, '').toLowerCase()

type Facts = { readonly Fingerprint: string; readonly ExpireTimeStamp?: number | undefined }

const toCertificate = (id: string, name: string, { Fingerprint, ExpireTimeStamp }: Facts, key: string | undefined): Certificate => ({
  id,
  name,
  fingerprint: canonicalFingerprint(Fingerprint),
  expiresAt: ExpireTimeStamp === undefined || ExpireTimeStamp <= 0 ? undefined : ExpireTimeStamp,
  key,
})

/** Not paged. `filter`: only those with these tags. */
export async function readCertificates(read: Read, tag: string, filter: Params = {}): Promise<readonly Certificate[]> {
  const action = 'DescribeServerCertificates'
  const rows = parse(action, serverCertificatesSchema, await read(action, filter)).ServerCertificates
  const keyed = await withKeys(read, 'certificate', tag, rows, (row) => row.ServerCertificateId)
  return keyed.map(({ row, key }) => toCertificate(row.ServerCertificateId, row.ServerCertificateName, row, key))
}

/** Nobody's but the user's: we upload none, so their tags are not looked for. */
async function readCaCertificates(read: Read, tag: string): Promise<readonly Certificate[]> {
  const action = 'DescribeCACertificates'
  const rows = parse(action, caCertificatesSchema, await read(action, {})).CACertificates
  return rows.map((row) => {
    const key = row.Tags?.find(({ TagKey }) => TagKey === tag)?.TagValue
    return toCertificate(row.CACertificateId, row.CACertificateName, row, key)
  })
}

/** All pages of a list, each page asked for by number. Throws CallError where they do not make up the total. */
async function pages<T>(
  action: string,
  ask: (page: number) => Promise<{ readonly rows: readonly T[]; readonly total: number | undefined }>,
) {
  const all: T[] = []
  for (let page = 1; page <= MAX_PAGES; page += 1) {
    const { rows, total } = await ask(page)
    all.push(...rows)
    const last = total === undefined ? rows.length < PAGE : all.length >= total
    if (last) return all
    if (rows.length === 0) throw malformed(action, `${all.length} rows of ${total}`)
  }
  throw malformed(action, `no end after ${MAX_PAGES} pages`)
}

/** A list changed between two pages would show one twice and hide another. */
function distinct(action: string, rows: readonly AclRow[]): readonly AclRow[] {
  if (new Set(rows.map(({ AclId }) => AclId)).size !== rows.length) throw malformed(action, 'one list is listed twice')
  return rows
}

export async function readAclRows(read: Read, tag: string, filter: Params = {}): Promise<readonly Keyed<AclRow>[]> {
  const action = 'DescribeAccessControlLists'
  const rows = await pages(action, async (page) => {
    const answer = parse(action, aclsSchema, await read(action, { ...filter, PageNumber: page, PageSize: PAGE }))
    return { rows: answer.Acls, total: answer.TotalCount }
  })
  return withKeys(read, 'acl', tag, distinct(action, rows), ({ AclId }) => AclId)
}

/** What people wrote with host bits, which we never do, stays as it is. */
function canonicalEntry(text: string): string {
  const network = parseNetwork(text)
  return network.ok ? network.value.text : text
}

/** `text`: as the cloud has it, which is how it has to be removed. */
type Entry = { readonly text: string; readonly network: string }
type Content = { readonly entries: readonly Entry[]; readonly used: number | undefined }

/** Undefined: the list is gone. This action pages by `Page`. */
export async function readEntries(read: Read, id: string): Promise<Content | undefined> {
  const action = 'DescribeAccessControlListAttribute'
  let used: number | undefined
  try {
    const entries = await pages(action, async (page) => {
      const reply = await read(action, { AclId: id, Page: page, PageSize: PAGE })
      const answer = parse(action, aclSchema, reply)
      if (answer.AclId !== id) throw malformed(action, `answered for "${answer.AclId}" instead of ${id}`, reply.requestId)
      used = answer.RelatedListeners.length
      return { rows: answer.AclEntrys.map(({ AclEntryIP }) => AclEntryIP), total: answer.TotalAclEntry }
    })
    return { entries: [...new Set(entries)].map((text) => ({ text, network: canonicalEntry(text) })), used }
  } catch (error) {
    if (isCode(error, /^AclNotExist$/)) return undefined
    if (isCode(error, /^AclEntryEmpty$/)) return { entries: [], used }
    throw error
  }
}

async function readAcls(read: Read, tag: string): Promise<readonly Acl[]> {
  const rows = await readAclRows(read, tag)
  const acls = rows.map(async ({ row, key }): Promise<readonly Acl[]> => {
    const about = { id: row.AclId, name: row.AclName, key }
    if (key === undefined) return [{ ...about, entries: undefined, used: undefined }]
    const content = await readEntries(read, row.AclId)
    return content === undefined ? [] : [{ ...about, used: content.used, entries: content.entries.map(({ network }) => network) }]
  })
  return (await Promise.all(acls)).flat()
}

/** Throws CallError; `Malformed` where an answer cannot be trusted. */
export async function readRegion(read: Read, how: RegionOptions): Promise<Region> {
  const [certificates, caCertificates, acls] = await Promise.all([
    how.certificates ? allowed(readCertificates(read, how.tag)) : undefined,
    how.caCertificates ? allowed(readCaCertificates(read, how.tag)) : undefined,
    how.acls ? allowed(readAcls(read, how.tag)) : undefined,
  ])
  return { certificates, caCertificates, acls }
}
