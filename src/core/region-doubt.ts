// A list that lacks what a listener uses is doubted: the cloud deletes nothing that is in use, so it is the list that is wrong.
// Doubted is an empty list, and one that lacks what it had before; what was never listed may be nobody's to see.
import type { LoadBalancer } from './model.ts'
import type { Region } from './region.ts'
import { usedCertificates } from './region-diff.ts'

const LISTS = [
  ['certificates', 'certificates'],
  ['acls', 'access control lists'],
] as const

function usedAcls(lb: LoadBalancer): readonly string[] {
  const on = lb.listeners.filter(({ settings }) => settings['acl-status'] === 'on')
  return on.flatMap(({ settings }) => String(settings['acl-id'] ?? '').split(',')).filter((id) => id !== '')
}

/**
 * Why this reading is not to be believed; undefined: nothing speaks against it.
 * @param read load balancers as they were last read, some may be missing
 * @param deleted ids that this process deleted: a reading of before may still show them in use
 */
export function doubtOf(region: Region, before: Region, read: readonly LoadBalancer[], deleted: ReadonlySet<string>): string | undefined {
  const used = {
    certificates: read.flatMap((lb) => [...(usedCertificates([lb.id], new Map([[lb.id, lb]])) ?? [])]),
    acls: read.flatMap(usedAcls),
  }
  for (const [list, name] of LISTS) {
    const rows = region[list]
    if (rows === undefined) continue
    const there = new Set(rows.map(({ id }) => id))
    const had = new Set(before[list]?.map(({ id }) => id))
    const lacks = used[list].find((id) => !there.has(id) && !deleted.has(id) && (rows.length === 0 || had.has(id)))
    if (lacks !== undefined) return `the list of ${name} lacks ${lacks}, which a listener uses`
  }
  return undefined
}
