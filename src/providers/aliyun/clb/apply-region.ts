// The changes to certificates and access control lists, as calls. Names there are not unique, so nothing is made before the cloud was
// asked for one with our tag: it may stem from an answer that was lost.
import type { RegionChange } from '../../../core/region.ts'
import { CallError, type ReadPem } from '../../provider.ts'
import { batchesOf } from './batches.ts'
import { type Read, readAclRows, readCertificates, readEntries } from './read-region.ts'
import type { Step } from './step.ts'
import { parse } from './wire.ts'
import { createdAclSchema, uploadedSchema } from './wire-region.ts'

/** AddAccessControlListEntry and RemoveAccessControlListEntry take at most this many in one call. */
const BATCH = 50

type Kind = RegionChange['kind']
type Of<K extends Kind> = Extract<RegionChange, { kind: K }>
type ByKind = { [K in Kind]: Of<K> }
type Context = { readonly step: Step; readonly tag: string; readonly readPem: ReadPem | undefined }
/** Answers with the id it made or found. */
type Applier<K extends Kind> = (change: ByKind[K], context: Context) => Promise<string | undefined>

const isCode = (error: unknown, codes: RegExp) => error instanceof CallError && error.status === 'failed' && codes.test(error.code)

const ignoring = (codes: RegExp, write: Promise<unknown>) =>
  write.then(
    () => undefined,
    (error: unknown) => {
      if (!isCode(error, codes)) throw error
      return undefined
    },
  )

const refusal = (action: string, code: string, message: string) => new CallError({ status: 'failed', action, code, message })

/** What went wrong with the file stays here: no text about a key may get anywhere. */
async function pemOf({ file, fingerprint }: Of<'uploadCertificate'>, readPem: ReadPem | undefined) {
  const gone = () => refusal('UploadServerCertificate', 'CertificateFileGone', `the files of certificate "${file}" are not there any more`)
  if (readPem === undefined) throw gone()
  return readPem(file, fingerprint).catch(() => Promise.reject(gone()))
}

const filterOf = (tag: string, value: string) => ({ Tag: [{ Key: tag, Value: value }] })

const uploadCertificate: Applier<'uploadCertificate'> = async (change, { step, tag, readPem }) => {
  const there = (await readCertificates(step.read, tag, filterOf(tag, change.key))).find(({ key }) => key === change.key)
  if (there !== undefined) return there.id
  const { certificate, privateKey } = await pemOf(change, readPem)
  const action = 'UploadServerCertificate'
  const reply = await step.write(action, {
    ServerCertificateName: change.name,
    ServerCertificate: certificate,
    PrivateKey: privateKey,
    Tag: [{ Key: tag, Value: change.key }],
  })
  return parse(action, uploadedSchema, reply).ServerCertificateId
}

const deleteCertificate: Applier<'deleteCertificate'> = ({ id }, { step }) =>
  ignoring(/^(CertificateNotExist|ResourceNotFound\.Certificate)$/, step.write('DeleteServerCertificate', { ServerCertificateId: id }))

const toRows = (entries: readonly string[]) => JSON.stringify(entries.map((entry) => ({ entry })))

async function sendEntries(step: Step, id: string, entries: readonly string[]): Promise<void> {
  for (const batch of batchesOf(entries, BATCH)) await step.write('AddAccessControlListEntry', { AclId: id, AclEntrys: toRows(batch) })
}

const entriesOf = async (read: Read, id: string) => {
  const content = await readEntries(read, id)
  if (content === undefined) throw refusal('DescribeAccessControlListAttribute', 'AclNotExist', `the access control list ${id} is gone`)
  return content.entries
}

/** One entry that is there already refuses the whole batch. */
async function addEntries(step: Step, id: string, entries: readonly string[]): Promise<void> {
  try {
    await sendEntries(step, id, entries)
  } catch (error) {
    if (!isCode(error, /^(InvalidParam\.AclEntryExists|Duplicated\.AclEntry)$/)) throw error
    await addMissing(step, id, entries)
  }
}

async function addMissing(step: Step, id: string, entries: readonly string[]): Promise<void> {
  const there = new Set((await entriesOf(step.read, id)).map(({ network }) => network))
  await sendEntries(
    step,
    id,
    entries.filter((entry) => !there.has(entry)),
  )
}

const isIpv6 = (entry: string) => entry.includes(':')

/** A list without entries lets everybody through, so none is made. */
const createAcl: Applier<'createAcl'> = async ({ name, key, entries }, { step, tag }) => {
  const action = 'CreateAccessControlList'
  if (entries.length === 0) throw refusal(action, 'AclWouldBeEmpty', `the access control list "${name}" has no entries`)
  const there = (await readAclRows(step.read, tag, filterOf(tag, key))).find((acl) => acl.key === key)?.row.AclId
  if (there !== undefined) {
    await addMissing(step, there, entries)
    return there
  }
  const version = entries.every(isIpv6) ? { AddressIPVersion: 'ipv6' } : {}
  const reply = await step.write(action, { AclName: name, ...version, Tag: [{ Key: tag, Value: key }] })
  const { AclId } = parse(action, createdAclSchema, reply)
  await addEntries(step, AclId, entries)
  return AclId
}

const addAclEntries: Applier<'addAclEntries'> = async ({ id, entries }, { step }) => {
  await addEntries(step, id, entries)
  return undefined
}

/** Looked at first: the last entry stays, since a list without any lets everybody through. */
const removeAclEntries: Applier<'removeAclEntries'> = async ({ id, name, entries }, { step }) => {
  const action = 'RemoveAccessControlListEntry'
  const there = await entriesOf(step.read, id)
  const gone = there.filter(({ network }) => entries.includes(network)).map(({ text }) => text)
  if (gone.length > 0 && gone.length === there.length)
    throw refusal(action, 'AclWouldBeEmpty', `the access control list "${name}" would have no entries left`)
  for (const batch of batchesOf(gone, BATCH)) await step.write(action, { AclId: id, AclEntrys: toRows(batch) })
  return undefined
}

const deleteAcl: Applier<'deleteAcl'> = ({ id }, { step }) =>
  ignoring(/^AclNotExist$/, step.write('DeleteAccessControlList', { AclId: id }))

const APPLIERS: { readonly [K in Kind]: Applier<K> } = {
  uploadCertificate,
  deleteCertificate,
  createAcl,
  addAclEntries,
  removeAclEntries,
  deleteAcl,
}

/** Ties a change to the applier of its kind, which the compiler cannot see for a union. */
const dispatch = <K extends Kind>(kind: K, change: ByKind[K], context: Context) => APPLIERS[kind](change, context)

/** Carries out one change. Throws CallError. */
export const applyRegionChange = (change: RegionChange, context: Context): Promise<string | undefined> =>
  dispatch(change.kind, change, context)
