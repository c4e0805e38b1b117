// Changes of what a region shares as lines for people, as chains that may run side by side, and as what they would make of a reading.
import { plain } from './quote.ts'
import type { Acl, Region, RegionChange } from './region.ts'

const SHOWN = 6

function entriesText(entries: readonly string[]): string {
  const shown = entries.length > SHOWN ? `${entries.slice(0, SHOWN).join(', ')} …` : entries.join(', ')
  return `${entries.length} ${entries.length === 1 ? 'entry' : 'entries'} (${shown})`
}

/** One line, the same in log, plan and status. */
export function describeRegionChange(change: RegionChange): string {
  switch (change.kind) {
    case 'uploadCertificate':
      return `upload certificate ${plain(change.file)} as ${plain(change.name)}`
    case 'deleteCertificate':
      return `delete certificate ${plain(change.name)} (${plain(change.id)})`
    case 'createAcl':
      return `create access control list ${plain(change.name)} with ${entriesText(change.entries)}`
    case 'addAclEntries':
      return `add ${entriesText(change.entries)} to access control list ${plain(change.name)}`
    case 'removeAclEntries':
      return `remove ${entriesText(change.entries)} from access control list ${plain(change.name)}`
    case 'deleteAcl':
      return `delete access control list ${plain(change.name)} (${plain(change.id)})`
  }
}

/** What a change is about: changes of one thing keep their order, others need not wait for one another. */
const thing = (change: RegionChange): string => ('id' in change ? change.id : change.key)

export const regionChains = (changes: readonly RegionChange[]): readonly (readonly RegionChange[])[] => [
  ...Map.groupBy(changes, thing).values(),
]

function acls(before: readonly Acl[], change: RegionChange): readonly Acl[] {
  switch (change.kind) {
    case 'createAcl':
      return [...before, { id: change.name, name: change.name, key: change.key, entries: change.entries, used: 0 }]
    case 'addAclEntries':
      return before.map((acl) => (acl.id === change.id ? { ...acl, entries: [...(acl.entries ?? []), ...change.entries] } : acl))
    case 'removeAclEntries':
      return before.map((acl) =>
        acl.id === change.id ? { ...acl, entries: acl.entries?.filter((entry) => !change.entries.includes(entry)) } : acl,
      )
    case 'deleteAcl':
      return before.filter(({ id }) => id !== change.id)
    default:
      return before
  }
}

/**
 * A reading as it would be after these changes: a plan shows the listeners that then follow.
 * @param id of what an upload made; without it a thing to come goes by its name
 */
export function afterRegionChange(region: Region, change: RegionChange, id?: string): Region {
  if (change.kind === 'deleteCertificate') return { ...region, certificates: region.certificates?.filter((one) => one.id !== change.id) }
  if (change.kind !== 'uploadCertificate') return { ...region, acls: region.acls && acls(region.acls, change) }
  const { name, key, fingerprint } = change
  const certificates = [...(region.certificates ?? []), { id: id ?? name, name, fingerprint, expiresAt: undefined, key }]
  return { ...region, certificates }
}
