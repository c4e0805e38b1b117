// One name in a label turned into one id of the cloud, or the reason why there is none.
import { type CertificateFile, faultOf, fileOf } from './certificate-file.ts'
import type { Acl } from './region.ts'
import {
  type AclWant,
  aclWith,
  type CertificateFiles,
  certificateKey,
  certificateWith,
  type RegionList,
  type RegionView,
} from './region-wants.ts'

/** `fault`: waiting alone does not mend it, so people are told. `file`: what should be uploaded for it, if it may serve. */
export type Part = { readonly file?: readonly [name: string, fingerprint: string | undefined] } & (
  | { readonly status: 'ready'; readonly id: string }
  | { readonly status: 'waits'; readonly reason: string; readonly fault?: true }
  | { readonly status: 'problem'; readonly text: string }
)

export type PartContext = { readonly view: RegionView; readonly files: CertificateFiles; readonly now: number }

const LISTS: Record<RegionList, string> = {
  certificates: 'the certificates of the region',
  caCertificates: 'the CA certificates of the region',
  acls: 'the access control lists of the region',
}
const UNREAD_FILE: CertificateFile = { status: 'faulty', reason: 'it was not read yet' }

/** The list was not read: without it nothing can be said, and nothing is set that was not looked at. */
function unread(list: RegionList, { denied, error }: RegionView): Part {
  const rights = denied.get(list)
  if (rights !== undefined) return { status: 'waits', reason: `${LISTS[list]} may not be read: the account lacks ${rights}`, fault: true }
  return { status: 'waits', reason: error === '' ? `${LISTS[list]} are not read yet` : `${LISTS[list]} could not be read: ${error}` }
}

/** An id that the last reading did not show is only unknown if the reading began after somebody wanted it. */
const missing = (what: string, id: string, { absent }: RegionView): Part =>
  absent.has(id)
    ? { status: 'problem', text: `there is no ${what} ${id} in this region` }
    : { status: 'waits', reason: `${what} ${id} is being looked up` }

function fromFile(name: string, hosts: readonly string[], { view, files, now }: PartContext): Part {
  const file = files.get(name) ?? UNREAD_FILE
  const fault = faultOf(file, hosts, now)
  if (fault !== undefined || file.status === 'faulty') {
    return { status: 'waits', reason: `certificate file ${name}: ${fault}`, fault: true, file: [name, undefined] }
  }
  const wanted = [name, file.fingerprint] as const
  if (view.region.certificates === undefined) return { ...unread('certificates', view), file: wanted }
  const found = certificateWith(certificateKey(name, file.fingerprint), view.region.certificates, view.used)
  if (found === undefined) return { status: 'waits', reason: `certificate ${name} is being uploaded`, file: wanted }
  return { status: 'ready', id: found.id, file: wanted }
}

/** @param hosts names that it must be for; known only of a certificate in a file */
export function certificatePart(value: string, hosts: readonly string[], context: PartContext): Part {
  const file = fileOf(value)
  return file === undefined ? listedPart('certificates', value, context) : fromFile(file, hosts, context)
}

export function listedPart(list: 'certificates' | 'caCertificates', id: string, { view, now }: PartContext): Part {
  const all = view.region[list]
  if (all === undefined) return unread(list, view)
  const what = list === 'certificates' ? 'certificate' : 'CA certificate'
  const found = all.find((one) => one.id === id)
  if (found === undefined) return missing(what, id, view)
  const { expiresAt, name } = found
  if (expiresAt === undefined || now < expiresAt) return { status: 'ready', id }
  return { status: 'problem', text: `${what} ${id} (${name}) expired on ${new Date(expiresAt).toISOString().slice(0, 10)}` }
}

export function namedAclPart(id: string, { view }: PartContext): Part {
  const { acls } = view.region
  if (acls === undefined) return unread('acls', view)
  return acls.some((acl) => acl.id === id) ? { status: 'ready', id } : missing('access control list', id, view)
}

/** An empty list lets everybody through, and so does the wrong one: it counts only once every entry was read back. */
const isComplete = (acl: Acl, { entries }: AclWant): boolean => entries.every((entry) => acl.entries?.includes(entry) === true)

export function ownAclPart(want: AclWant, { view }: PartContext): Part {
  const { acls } = view.region
  if (acls === undefined) return unread('acls', view)
  const acl = aclWith(want.key, acls)
  if (acl === undefined) return { status: 'waits', reason: 'its access control list is being created' }
  return isComplete(acl, want) ? { status: 'ready', id: acl.id } : { status: 'waits', reason: 'its access control list is being filled' }
}
