// Certificates and access control lists without a cloud: a value that changes are applied to.
import type { Acl, Region, RegionChange } from '../../src/core/region.ts'
import { CallError, type ReadPem, type RegionHandle, type RegionOptions, type Turn } from '../../src/providers/provider.ts'

export type RegionWritten = { readonly change: RegionChange; readonly id: string | undefined }
type Made = { readonly region: Region; readonly id: string | undefined }

export const EMPTY_REGION: Region = { certificates: [], caCertificates: [], acls: [] }

const refuse = (action: string, code: string): never => {
  throw new CallError({ status: 'failed', action, code, message: 'as a cloud would' })
}

const editedAcl = (region: Region, id: string, edit: (entries: readonly string[]) => readonly string[]): Made => {
  const found = region.acls?.find((acl) => acl.id === id) ?? refuse('Acl', 'AclNotExist')
  const entries = edit(found.entries ?? [])
  if (entries.length === 0) return refuse('Acl', 'AclWouldBeEmpty')
  return { id: undefined, region: { ...region, acls: region.acls?.map((acl) => (acl === found ? { ...acl, entries } : acl)) } }
}

const next = (list: readonly { readonly id: string }[] | undefined, prefix: string) =>
  `${prefix}${1 + Math.max(0, ...(list ?? []).map(({ id }) => Number(id.replace(prefix, '')) || 0))}`

function step(region: Region, change: RegionChange): Made {
  switch (change.kind) {
    case 'uploadCertificate': {
      const there = region.certificates?.find(({ key }) => key === change.key)
      if (there !== undefined) return { region, id: there.id }
      const { name, key, fingerprint } = change
      const made = { id: next(region.certificates, 'cert-'), name, fingerprint, expiresAt: undefined, key }
      return { id: made.id, region: { ...region, certificates: [...(region.certificates ?? []), made] } }
    }
    case 'deleteCertificate':
      return { id: undefined, region: { ...region, certificates: region.certificates?.filter(({ id }) => id !== change.id) } }
    case 'createAcl': {
      if (change.entries.length === 0) return refuse('CreateAcl', 'AclWouldBeEmpty')
      const there = region.acls?.find(({ key }) => key === change.key)
      if (there !== undefined) return { ...editedAcl(region, there.id, (old) => [...new Set([...old, ...change.entries])]), id: there.id }
      const made: Acl = { id: next(region.acls, 'acl-'), name: change.name, key: change.key, entries: change.entries, used: 0 }
      return { id: made.id, region: { ...region, acls: [...(region.acls ?? []), made] } }
    }
    case 'addAclEntries':
      return editedAcl(region, change.id, (old) => [...new Set([...old, ...change.entries])])
    case 'removeAclEntries':
      return editedAcl(region, change.id, (old) => old.filter((entry) => !change.entries.includes(entry)))
    case 'deleteAcl': {
      const used = region.acls?.find(({ id }) => id === change.id)?.used ?? 0
      if (used > 0) return refuse('DeleteAcl', 'OperationFailed.AclBindedWithVip')
      return { id: undefined, region: { ...region, acls: region.acls?.filter(({ id }) => id !== change.id) } }
    }
  }
}

export function memoryRegion(initial: Region, readPem: ReadPem | undefined) {
  const written: RegionWritten[] = []
  let region = initial
  const apply = async (change: RegionChange, turn: Turn) => {
    if (turn.begin.aborted) throw new CallError({ status: 'pending', action: 'Test', code: 'Test', message: 'as told' })
    if (change.kind === 'uploadCertificate') await readPem?.(change.file, change.fingerprint)
    const made = step(region, change)
    region = made.region
    written.push({ change, id: made.id })
    return { id: made.id, requestIds: [`region-${written.length}`] }
  }
  return {
    written,
    get: () => region,
    edit: (edit: (region: Region) => Region) => {
      region = edit(region)
    },
    async open(how: RegionOptions): Promise<RegionHandle> {
      const actual: Region = {
        certificates: how.certificates ? region.certificates : undefined,
        caCertificates: how.caCertificates ? region.caCertificates : undefined,
        acls: how.acls ? region.acls : undefined,
      }
      return { actual, apply }
    },
  }
}
