// What was last read of the things that load balancers of a region share, with what this process itself made since. A list is asked for
// only while somebody needs it; one that the account may not read is told apart from one that was not asked for.
import type { LoadBalancer } from './core/model.ts'
import type { Region, RegionChange } from './core/region.ts'
import { doubtOf } from './core/region-doubt.ts'
import { afterRegionChange } from './core/region-steps.ts'
import { NO_REGION, type RegionList, type RegionView, type RegionWants } from './core/region-wants.ts'
import { CallError, type Provider, type RegionHandle } from './providers/provider.ts'

export interface RegionReading {
  /** Asks for these lists, and for no other. Throws CallError, also where what listeners use speaks against the answer. */
  read(provider: Provider, ask: RegionAsk, signal: AbortSignal): Promise<RegionHandle>
  region(): Region
  view(used: ReadonlySet<string>): RegionView
  /** The reading is old enough to say of each of these ids whether it exists. */
  answers(lists: ReadonlySet<RegionList>, wants: RegionWants): boolean
  /** Lists that hold something of ours. */
  holding(): readonly RegionList[]
  /** A change of our own succeeded. @param id of what it made */
  changed(change: RegionChange, id: string | undefined): void
  /** It was made a moment ago, although the list does not show it yet: it is not made twice. */
  isRecent(change: RegionChange): boolean
  failed(error: string): void
}

type RegionAsk = {
  readonly lists: ReadonlySet<RegionList>
  readonly wants: RegionWants
  readonly tag: string
  /** Load balancers as they were last read. */
  readonly read: readonly LoadBalancer[]
}

/** What an account must be allowed to do to read a list. */
const RIGHTS: Record<RegionList, string> = {
  certificates: 'slb:DescribeServerCertificates',
  caCertificates: 'slb:DescribeCACertificates',
  acls: 'slb:DescribeAccessControlLists and slb:DescribeAccessControlListAttribute',
}

type Made = { readonly change: RegionChange; readonly id: string | undefined; readonly at: number }

const keyOf = (change: RegionChange): string | undefined => ('key' in change ? change.key : undefined)
const idsOf = ({ certificates = [], caCertificates = [], acls = [] }: Region): ReadonlySet<string> =>
  new Set([...certificates, ...caCertificates, ...acls].map(({ id }) => id))

/** @param lagMs how long the cloud's lists may not show what was just made, milliseconds */
export function createRegionReading(now: () => number, lagMs: number): RegionReading {
  let region = NO_REGION
  let asked: ReadonlySet<RegionList> = new Set()
  let looked: ReadonlySet<string> = new Set()
  let error = ''
  let made: readonly Made[] = []
  const deleted = new Set<string>()

  const recent = () => made.filter(({ at }) => now() - at < lagMs)

  /** Certificates that this process uploaded are there, whatever a list says that was answered by another machine of the cloud. */
  function withMade(actual: Region): Region {
    made = recent()
    const known = new Set(actual.certificates?.map(({ key }) => key))
    const late = made.filter(({ change, id }) => change.kind === 'uploadCertificate' && !known.has(change.key) && !deleted.has(id ?? ''))
    return actual.certificates === undefined ? actual : late.reduce((all, { change, id }) => afterRegionChange(all, change, id), actual)
  }

  return {
    async read(provider, { lists, wants, tag, read }, signal) {
      const ask = { certificates: lists.has('certificates'), caCertificates: lists.has('caCertificates'), acls: lists.has('acls') }
      const handle = await provider.openRegion({ ...ask, tag }, signal)
      const doubt = doubtOf(handle.actual, region, read, deleted)
      if (doubt !== undefined) throw new CallError({ status: 'unknown', action: 'openRegion', code: 'Malformed', message: doubt })
      asked = lists
      looked = new Set(wants.ids)
      region = withMade(handle.actual)
      error = ''
      return handle
    },
    region: () => region,
    view(used) {
      const denied = [...asked].filter((list) => region[list] === undefined)
      const there = idsOf(region)
      const absent = [...looked].filter((id) => !there.has(id))
      return { region, denied: new Map(denied.map((list) => [list, RIGHTS[list]])), absent: new Set(absent), used, error }
    },
    answers(lists, wants) {
      const there = idsOf(region)
      return [...lists].every((list) => asked.has(list)) && [...wants.ids].every((id) => looked.has(id) || there.has(id))
    },
    holding: () =>
      (['certificates', 'acls'] as const).filter((list) =>
        region[list]?.some(({ key }: { readonly key: string | undefined }) => key !== undefined),
      ),
    changed(change, id) {
      made = [...recent(), { change, id, at: now() }]
      if (change.kind === 'deleteAcl' || change.kind === 'deleteCertificate') deleted.add(change.id)
      // Entries count once they were read back.
      if (change.kind === 'uploadCertificate' || change.kind === 'deleteCertificate') region = afterRegionChange(region, change, id)
    },
    isRecent: (change) => {
      const key = keyOf(change)
      return key !== undefined && recent().some((one) => keyOf(one.change) === key)
    },
    failed(text) {
      error = text
    },
  }
}
