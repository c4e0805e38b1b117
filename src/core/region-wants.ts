// What labels want of the things that load balancers of a region share, and the one place that names the tags and names of ours there.
import type { CertificateFile } from './certificate-file.ts'
import { formatMark, type Mark } from './marks.ts'
import type { Acl, Certificate, Region } from './region.ts'

export type RegionList = keyof Region

/** An access control list of our own. */
export type AclWant = {
  readonly key: string
  readonly name: string
  readonly mark: Mark
  readonly kind: 'allow' | 'deny'
  /** Canonical CIDRs, never empty. */
  readonly entries: readonly string[]
}

export type RegionWants = {
  /** By file: the fingerprint that should be there; undefined: the file has a fault, and what is there stays. */
  readonly files: ReadonlyMap<string, string | undefined>
  /** By key. */
  readonly acls: ReadonlyMap<string, AclWant>
  /** Lists that must be read for it. */
  readonly lists: ReadonlySet<RegionList>
  /** Ids of the cloud that labels name. */
  readonly ids: ReadonlySet<string>
}
export const NO_WANTS: RegionWants = { files: new Map(), acls: new Map(), lists: new Set(), ids: new Set() }

/** What is known of the region when labels are read. */
export type RegionView = {
  /** The last reading; a list is undefined where it was not read. */
  readonly region: Region
  /** Lists that were asked for and that the account may not read, with the rights that it lacks. */
  readonly denied: ReadonlyMap<RegionList, string>
  /** Ids that were wanted when the last reading began, and that it did not show. */
  readonly absent: ReadonlySet<string>
  /** Certificates that a listener uses, as last read. */
  readonly used: ReadonlySet<string>
  /** Why the last reading failed. */
  readonly error: string
}
export const NO_REGION: Region = { certificates: undefined, caCertificates: undefined, acls: undefined }
export const NO_VIEW: RegionView = { region: NO_REGION, denied: new Map(), absent: new Set(), used: new Set(), error: '' }

export type CertificateFiles = ReadonlyMap<string, CertificateFile>

/**
 * Key of the tag on what is ours. Nothing else in a region tells two swarms with one owner name apart, so it carries the cluster id too:
 * at most 10 + 16 + 1 + 25 of the 64 characters that a key may have.
 */
export const regionTag = (owner: string, clusterId: string): string => `swarm-slb:${owner}:${clusterId.slice(0, 32)}`

export const certificateKey = (file: string, fingerprint: string): string => `${file}/${fingerprint}`

export function parseCertificateKey(key: string): { readonly file: string; readonly fingerprint: string } | undefined {
  const [, file, fingerprint] = /^(.+)\/([0-9a-f]{40})$/.exec(key) ?? []
  return file === undefined || fingerprint === undefined ? undefined : { file, fingerprint }
}

const NAME_LIMIT = 80
/** Enough of a fingerprint for people to tell certificates apart by their names. */
const SHOWN = 12

export const certificateName = (owner: string, file: string, fingerprint: string): string => {
  const end = `/${fingerprint.slice(0, SHOWN)}`
  return `${`swarm-slb/${owner}/${file}`.slice(0, NAME_LIMIT - end.length)}${end}`
}

/**
 * A list of those who may and one of those who may not are never the same one: between two calls it would mean the opposite. Neither do
 * load balancers share one: where their labels begin to differ, one would have the other's entries until it has its own.
 */
export const aclKey = (mark: Mark, kind: AclWant['kind'], loadBalancer: string): string =>
  `${mark.service}/${mark.port}-${mark.transport}${kind === 'deny' ? '/deny' : ''}@${loadBalancer}`

export const aclName = (mark: Mark, kind: AclWant['kind'], loadBalancer: string): string =>
  `${formatMark({ ...mark, suffix: '' })}${kind === 'deny' ? '/deny' : ''}/${loadBalancer}`.slice(0, NAME_LIMIT)

export function parseAclKey(key: string, owner: string): { readonly mark: Mark; readonly loadBalancer: string } | undefined {
  const [, service, port, transport, loadBalancer] = /^(.+)\/(\d{1,5})-(tcp|udp)(?:\/deny)?@(.+)$/.exec(key) ?? []
  if (service === undefined || loadBalancer === undefined) return undefined
  const mark: Mark = { owner, service, port: Number(port), transport: transport === 'udp' ? 'udp' : 'tcp', suffix: '' }
  return { mark, loadBalancer }
}

/** Of several certificates with one key the used one counts, then the one with the smallest id. */
export function certificateWith(key: string, certificates: readonly Certificate[], used: ReadonlySet<string>): Certificate | undefined {
  const all = certificates.filter((one) => one.key === key)
  return all.toSorted((a, b) => Number(used.has(b.id)) - Number(used.has(a.id)) || (a.id < b.id ? -1 : 1))[0]
}

/** As for certificates. */
export function aclWith(key: string, acls: readonly Acl[]): Acl | undefined {
  const users = (acl: Acl) => Math.min(1, acl.used ?? 0)
  return acls.filter((one) => one.key === key).toSorted((a, b) => users(b) - users(a) || (a.id < b.id ? -1 : 1))[0]
}
