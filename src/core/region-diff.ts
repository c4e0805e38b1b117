// What the load balancers of a region share, wanted against there: certificates are uploaded, address lists kept in step, and what is ours
// and used by nobody goes at last. Adds before it removes; deletes nothing that any reading shows in use, or that was not read.
import type { Wanted } from './claims.ts'
import { type KeepRules, keepOf } from './keep.ts'
import type { LoadBalancer, Problem } from './model.ts'
import type { Policy } from './policy.ts'
import type { Acl, Certificate, Region, RegionChange } from './region.ts'
import {
  type AclWant,
  aclWith,
  certificateKey,
  certificateName,
  certificateWith,
  parseAclKey,
  parseCertificateKey,
  type RegionWants,
} from './region-wants.ts'

export type RegionMemory = {
  readonly startedAt: number
  /** Keys of lists and names of files that this process saw wanted. */
  readonly seen: ReadonlySet<string>
  /** Since when something of ours is wanted by nobody, milliseconds. */
  readonly unwantedSince: ReadonlyMap<string, number>
}
export const newRegionMemory = (now: number): RegionMemory => ({ startedAt: now, seen: new Set(), unwantedSince: new Map() })

export type RegionRules = KeepRules & { readonly owner: string; readonly policy: Policy }

export type RegionDiffInput = {
  readonly region: Region
  readonly wants: RegionWants
  readonly wanted: Wanted
  /** Certificates that a listener uses, as last read; undefined: not every load balancer was read. */
  readonly used: ReadonlySet<string> | undefined
  readonly memory: RegionMemory
  readonly rules: RegionRules
  /** Epoch milliseconds. */
  readonly now: number
}

export type RegionDiff = {
  /** Changes of one list stand one after another in their order; everything else may run side by side. */
  readonly changes: readonly RegionChange[]
  readonly problems: readonly Problem[]
  readonly memory: RegionMemory
  readonly recheckAt: number | undefined
}

const NOBODY: ReadonlySet<string> = new Set()

/** A thing that nothing wants: until when it stays. */
type Graces = { readonly over: (key: string) => boolean; readonly times: number[]; readonly since: Map<string, number> }

function createGraces({ memory, rules, now }: RegionDiffInput): Graces {
  const times: number[] = []
  const since = new Map<string, number>()
  return {
    times,
    since,
    over(key) {
      const from = memory.unwantedSince.get(key) ?? now
      since.set(key, from)
      const until = memory.seen.has(key)
        ? from + rules.removalGrace
        : Math.max(from + rules.removalGrace, memory.startedAt + rules.unseenGrace)
      if (now < until) times.push(until)
      return now >= until
    },
  }
}

const fileMemory = (file: string) => `file:${file}`
const deleteCertificate = ({ id, name }: Certificate): RegionChange => ({ kind: 'deleteCertificate', id, name })

/** Superseded once its file has a newer one that is there; a file with a fault supersedes nothing. */
function mayGo(certificate: Certificate, key: string, input: RegionDiffInput, graces: Graces): boolean {
  const { wants, region } = input
  const used = input.used ?? NOBODY
  const parsed = parseCertificateKey(key)
  if (parsed === undefined) return false
  if (!wants.files.has(parsed.file)) return graces.over(fileMemory(parsed.file))
  const fingerprint = wants.files.get(parsed.file)
  if (fingerprint === undefined) return false
  const counts = certificateWith(certificateKey(parsed.file, fingerprint), region.certificates ?? [], used)
  return counts !== undefined && counts.id !== certificate.id
}

function certificateChanges(input: RegionDiffInput, graces: Graces): RegionChange[] {
  const { wants, rules, used } = input
  const { certificates } = input.region
  if (certificates === undefined) return []
  const uploads = [...wants.files].flatMap(([file, fingerprint]): RegionChange[] => {
    if (fingerprint === undefined) return []
    const key = certificateKey(file, fingerprint)
    if (certificates.some((one) => one.key === key)) return []
    return [{ kind: 'uploadCertificate', name: certificateName(rules.owner, file, fingerprint), key, file, fingerprint }]
  })
  const own = certificates.filter(({ key, id }) => key !== undefined && used?.has(id) === false && !wants.ids.has(id))
  const gone = own.filter((one) => mayGo(one, one.key ?? '', input, graces))
  return [...uploads, ...gone.map(deleteCertificate)]
}

/** Entries are added before others go: a list that lets only some in is never empty in between. */
function stepEntries({ id, name, entries: has = [] }: Acl, want: AclWant): RegionChange[] {
  const missing = want.entries.filter((entry) => !has.includes(entry))
  const extra = has.filter((entry) => !want.entries.includes(entry))
  return [
    ...(missing.length === 0 ? [] : [{ kind: 'addAclEntries', id, name, entries: missing } as const]),
    ...(extra.length === 0 ? [] : [{ kind: 'removeAclEntries', id, name, entries: extra } as const]),
  ]
}

function isKept(key: string, { wanted, rules, now }: RegionDiffInput): boolean {
  const parsed = parseAclKey(key, rules.owner)
  if (parsed === undefined) return true
  const place = { loadBalancer: parsed.loadBalancer, key: `${parsed.mark.transport}:${parsed.mark.port}` } as const
  return keepOf(parsed.mark, place, wanted, () => true, rules, now) !== undefined
}

function aclChanges(input: RegionDiffInput, graces: Graces): RegionChange[] {
  const { wants } = input
  const { acls } = input.region
  if (acls === undefined) return []
  const wanted = [...wants.acls.values()].flatMap((want): RegionChange[] => {
    const acl = aclWith(want.key, acls)
    if (acl === undefined) return [{ kind: 'createAcl', name: want.name, key: want.key, entries: want.entries }]
    return acl.entries === undefined ? [] : stepEntries(acl, want)
  })
  const gone = acls.filter((acl) => {
    if (acl.key === undefined || acl.used !== 0) return false
    if (wants.acls.has(acl.key)) return aclWith(acl.key, acls) !== acl
    return !isKept(acl.key, input) && graces.over(acl.key)
  })
  return [...wanted, ...gone.map(({ id, name }): RegionChange => ({ kind: 'deleteAcl', id, name }))]
}

/** A list that somebody emptied lets everybody in until it is filled again. */
function emptied({ region, wants }: RegionDiffInput): Problem[] {
  return [...wants.acls.values()].flatMap((want): Problem[] => {
    const acl = aclWith(want.key, region.acls ?? [])
    if (acl?.entries?.length !== 0 || acl.used === 0) return []
    const { service, port, transport } = want.mark
    const text = `access control list ${acl.name} (${acl.id}) was emptied: until it is filled again everybody may connect`
    return [{ kind: 'port', subject: service, port: `${port}/${transport}`, text }]
  })
}

/** Uploading a certificate and making a list touch nothing that serves. Entries complete a list that nobody uses yet. */
function isAllowed(change: RegionChange, policy: Policy, acls: readonly Acl[]): boolean {
  if (policy === 'sync' || change.kind === 'uploadCertificate' || change.kind === 'createAcl') return true
  if (change.kind === 'deleteAcl' || change.kind === 'deleteCertificate') return false
  return policy === 'upsert-only' || acls.find(({ id }) => id === change.id)?.used === 0
}

export function diffRegion(input: RegionDiffInput): RegionDiff {
  const { memory, wants, rules } = input
  const graces = createGraces(input)
  const changes = [...certificateChanges(input, graces), ...aclChanges(input, graces)]
  return {
    changes: changes.filter((change) => isAllowed(change, rules.policy, input.region.acls ?? [])),
    problems: emptied(input),
    memory: {
      startedAt: memory.startedAt,
      seen: new Set([...memory.seen, ...wants.acls.keys(), ...[...wants.files.keys()].map(fileMemory)]),
      unwantedSince: graces.since,
    },
    recheckAt: graces.times.length === 0 ? undefined : Math.min(...graces.times),
  }
}

/** Certificates that a listener of these load balancers uses, of whatever owner. Undefined: one of them was not read. */
export function usedCertificates(ids: readonly string[], read: ReadonlyMap<string, LoadBalancer>): ReadonlySet<string> | undefined {
  const used = new Set<string>()
  for (const id of ids) {
    const lb = read.get(id)
    if (lb === undefined) return undefined
    for (const { settings, extensions } of lb.listeners) {
      const own = settings['cert-id']
      if (own !== undefined) used.add(String(own))
      for (const { certificate } of extensions) used.add(certificate)
    }
  }
  return used
}
