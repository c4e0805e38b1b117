// Names of certificates and address lists become the cloud's ids. What has none yet is left out of the settings: an existing listener
// keeps what it has, a new one waits. Gathers on the way what all labels together want of the region.
import { covers, extensionsIn, fileOf } from './certificate-file.ts'
import type { Resolution, Resolve } from './claim.ts'
import type { WantedTarget } from './labels.ts'
import type { DomainExtension, ListenerKey, Problem } from './model.ts'
import type { Settings } from './options.ts'
import { type AclWant, aclKey, aclName, type CertificateFiles, type RegionList, type RegionView, type RegionWants } from './region-wants.ts'
import { certificatePart, listedPart, namedAclPart, ownAclPart, type Part, type PartContext } from './resolve-part.ts'

type Wish = Parameters<Resolve>[0]

export type ResolverInput = {
  readonly view: RegionView
  readonly files: CertificateFiles
  /** What an https listener has now; undefined: it was not read. */
  readonly extensionsOf: (loadBalancer: string, key: ListenerKey) => readonly DomainExtension[] | undefined
  /** Epoch milliseconds. */
  readonly now: number
}

export interface Resolver {
  readonly resolve: Resolve
  /** Of all that was resolved so far. */
  wants(): RegionWants
  problems(): readonly Problem[]
}

/** What one option comes to: its new value, or nothing where it is left as it is. */
type Outcome = { readonly parts: readonly Part[]; readonly set: Settings; readonly drop: readonly (keyof Settings)[] }

const NOTHING: Outcome = { parts: [], set: {}, drop: [] }
const text = (settings: Settings, option: keyof Settings): string => String(settings[option] ?? '')

/** Domains have their files, too, before a label is resolved: the files are read first. */
export function filesOf(targets: readonly WantedTarget[]): readonly string[] {
  const values = targets.flatMap(({ settings }) => [
    text(settings, 'cert-id'),
    ...extensionsIn(text(settings, 'domain-extensions')).map(({ certificate }) => certificate),
  ])
  return [...new Set(values.flatMap((value) => fileOf(value) ?? []))]
}

const single = (option: keyof Settings, part: Part): Outcome =>
  part.status === 'ready' ? { parts: [part], set: { [option]: part.id }, drop: [] } : { parts: [part], set: {}, drop: [option] }

/** Hosts that this very service asks for and that no further certificate is there for. */
const hostsOf = ({ rules, settings }: WantedTarget): readonly string[] => {
  const others = extensionsIn(text(settings, 'domain-extensions'))
  return [...new Set(rules.map(({ domain }) => domain))].filter((host) => host !== '' && !others.some(({ domain }) => covers(domain, host)))
}

/** A domain whose certificate is not ready keeps the one that it has; where it has none it is added later. */
function extensions({ target, loadBalancer }: Wish, input: ResolverInput): Outcome {
  const wanted = extensionsIn(text(target.settings, 'domain-extensions'))
  if (wanted.length === 0) return NOTHING
  const has = input.extensionsOf(loadBalancer, `tcp:${target.listenerPort ?? 443}`)
  const parts = wanted.map(({ domain, certificate }) => ({ domain, part: certificatePart(certificate, [domain], input) }))
  const kept = parts.flatMap(({ domain, part }) => {
    const id = part.status === 'ready' ? part.id : has?.find((one) => one.domain === domain)?.certificate
    return id === undefined ? [] : [`${domain}:${id}`]
  })
  const ready = parts.every(({ part }) => part.status === 'ready')
  const unknown = !ready && (has === undefined || kept.length === 0)
  return {
    parts: parts.map(({ part }) => part),
    set: unknown ? {} : { 'domain-extensions': kept.join(',') },
    drop: unknown ? ['domain-extensions'] : [],
  }
}

const aclIds = (settings: Settings) =>
  text(settings, 'acl-id')
    .split(',')
    .filter((id) => id !== '')
const ACL_OPTIONS = ['acl-id', 'acl-status', 'acl-type'] as const

function access(wish: Wish, want: AclWant | undefined, context: PartContext): Outcome {
  const ids = aclIds(wish.target.settings)
  if (want === undefined && ids.length === 0) return NOTHING
  const parts = want === undefined ? ids.map((id) => namedAclPart(id, context)) : [ownAclPart(want, context)]
  if (parts.some(({ status }) => status !== 'ready')) return { parts, set: {}, drop: ACL_OPTIONS }
  const type = want === undefined ? {} : { 'acl-status': 'on', 'acl-type': want.kind === 'allow' ? 'white' : 'black' }
  return { parts, set: { ...type, 'acl-id': parts.flatMap((part) => (part.status === 'ready' ? [part.id] : [])).join(',') }, drop: [] }
}

function combine({ target }: Wish, outcomes: readonly Outcome[]): Resolution {
  if (outcomes.every((outcome) => outcome === NOTHING)) return { status: 'ready', settings: target.settings }
  const parts = outcomes.flatMap((outcome) => outcome.parts)
  const wrong = parts.flatMap((part) => (part.status === 'problem' ? [part.text] : []))
  if (wrong.length > 0) return { status: 'problem', text: wrong.join('; ') }
  const drop = new Set<string>(outcomes.flatMap((outcome) => outcome.drop))
  const kept = Object.entries(target.settings).filter(([option]) => !drop.has(option))
  const settings: Settings = Object.assign(Object.fromEntries(kept), ...outcomes.map(({ set }) => set))
  const reasons = parts.flatMap((part) => (part.status === 'waits' ? [part.reason] : []))
  return reasons.length === 0 ? { status: 'ready', settings } : { status: 'waits', settings, reason: [...new Set(reasons)].join('; ') }
}

function aclWantOf({ mark, loadBalancer, access: wanted }: Wish): AclWant | undefined {
  if (wanted === undefined) return undefined
  const { kind } = wanted
  return { key: aclKey(mark, kind, loadBalancer), name: aclName(mark, kind, loadBalancer), mark, ...wanted }
}

export function createResolver(input: ResolverInput): Resolver {
  const acls = new Map<string, AclWant>()
  const files = new Map<string, string | undefined>()
  const needed = new Set<RegionList>()
  const ids = new Set<string>()
  const problems = new Map<string, Problem>()

  function need(list: RegionList, values: readonly string[]): void {
    if (values.length > 0) needed.add(list)
    for (const value of values) if (fileOf(value) === undefined && value !== '') ids.add(value)
  }

  function note({ mark }: Wish, { parts }: Outcome): void {
    for (const part of parts) {
      // One service that may not use it does not keep the others from a file that is right for them.
      if (part.file !== undefined) files.set(part.file[0], part.file[1] ?? files.get(part.file[0]))
      if (part.status !== 'waits' || part.fault !== true) continue
      const problem: Problem = { kind: 'port', subject: mark.service, port: `${mark.port}/${mark.transport}`, text: part.reason }
      problems.set(JSON.stringify(problem), problem)
    }
  }

  return {
    resolve(wish) {
      const { settings } = wish.target
      const [certificate, authority] = [text(settings, 'cert-id'), text(settings, 'ca-cert-id')]
      const others = extensionsIn(text(settings, 'domain-extensions')).map((one) => one.certificate)
      const want = aclWantOf(wish)
      if (want !== undefined) acls.set(want.key, want)
      need(
        'certificates',
        [certificate, ...others].filter((value) => value !== ''),
      )
      need('caCertificates', authority === '' ? [] : [authority])
      if (want !== undefined) needed.add('acls')
      else need('acls', aclIds(settings))
      const outcomes = [
        certificate === '' ? NOTHING : single('cert-id', certificatePart(certificate, hostsOf(wish.target), input)),
        authority === '' ? NOTHING : single('ca-cert-id', listedPart('caCertificates', authority, input)),
        extensions(wish, input),
        access(wish, want, input),
      ]
      for (const outcome of outcomes) note(wish, outcome)
      return combine(wish, outcomes)
    },
    wants: () => ({ files, acls, lists: needed, ids }),
    problems: () => [...problems.values()],
  }
}
