// Names and ids of load balancers, asked for once each: what was found stays found, so that a name keeps its meaning.
import type { Resolved } from '../../provider.ts'
import { CallError } from '../../provider.ts'
import type { Params } from '../flatten.ts'
import type { Rpc } from '../rpc.ts'
import { instancesSchema, malformed, parse } from './wire.ts'

const ACTION = 'DescribeLoadBalancers'
/** The API takes at most this many ids or names in one call. */
const BATCH = 10
const PAGE = 100

export interface Resolver {
  resolve(refs: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, Resolved>>
  /** Whether the cloud knows this id. What only looked like one may be a name, so the next time the cloud is asked. */
  seen(id: string, exists: boolean): void
}

export type ResolverOptions = {
  readonly rpc: Rpc
  /** Epoch milliseconds. */
  readonly now: () => number
  /** A name that led nowhere is asked for again after this many milliseconds. */
  readonly problemMs: number
}

type Instance = { readonly id: string; readonly name: string }

/** Today's ids. Old ones have other forms, and a name may look like this too: `seen` is for those. */
const looksLikeId = (ref: string) => /^lb-[a-z0-9]+$/.test(ref)

const batches = (items: readonly string[]) =>
  Array.from({ length: Math.ceil(items.length / BATCH) }, (_, i) => items.slice(i * BATCH, (i + 1) * BATCH))

const MAX_PAGES = 100

async function list(rpc: Rpc, filter: Params, signal: AbortSignal): Promise<readonly Instance[]> {
  const found: Instance[] = []
  for (let page = 1; page <= MAX_PAGES; page += 1) {
    const params = { ...filter, PageNumber: page, PageSize: PAGE }
    const { LoadBalancers: rows, TotalCount: total } = parse(ACTION, instancesSchema, await rpc(ACTION, params, { kind: 'read', signal }))
    found.push(...rows.map((row) => ({ id: row.LoadBalancerId, name: row.LoadBalancerName })))
    if (rows.length === 0 || (total === undefined ? rows.length < PAGE : page * PAGE >= total)) return found
  }
  throw malformed(ACTION, `no end after ${MAX_PAGES} pages`)
}

/** The load balancers of the region with this tag, by id. Not kept: tags come and go. Throws CallError. */
export async function findByTag(rpc: Rpc, key: string, value: string, signal: AbortSignal): Promise<readonly Instance[]> {
  const found = await list(rpc, { Tag: [{ Key: key, Value: value }] }, signal)
  return [...new Map(found.map((instance) => [instance.id, instance])).values()].toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

/** An id that the cloud does not know is not an error here: it may be a name. */
const none = (error: unknown): readonly Instance[] => {
  if (error instanceof CallError && error.status === 'failed' && error.code.startsWith('InvalidLoadBalancerId')) return []
  throw error
}

/** The search for names may be fuzzy, so only exact matches count. */
function judge(ref: string, named: readonly Instance[]): Resolved {
  const matches = [...new Map(named.filter(({ name }) => name === ref).map((instance) => [instance.id, instance])).values()]
  const [only, second] = matches
  if (only === undefined) return { status: 'problem', text: `no load balancer has the name or id "${ref}" in this region` }
  if (second === undefined) return { status: 'found', ...only }
  const ids = matches.map(({ id }) => id).sort()
  return { status: 'problem', text: `${ids.length} load balancers are named "${ref}" (${ids.join(', ')}): give the id` }
}

export function createResolver({ rpc, now, problemMs }: ResolverOptions): Resolver {
  const known = new Map<string, { readonly resolved: Resolved; readonly until: number }>()
  /** Taken for ids without a call. */
  const assumed = new Set<string>()
  const doubted = new Set<string>()

  const keep = (ref: string, resolved: Resolved) =>
    known.set(ref, { resolved, until: resolved.status === 'found' ? Number.POSITIVE_INFINITY : now() + problemMs })

  const assume = (ref: string) => {
    keep(ref, { status: 'found', id: ref, name: ref })
    assumed.add(ref)
  }

  const ask = async (refs: readonly string[], signal: AbortSignal) => {
    const byId = await list(rpc, { LoadBalancerId: refs.join(',') }, signal).catch(none)
    const ids = byId.filter(({ id }) => refs.includes(id))
    for (const instance of ids) keep(instance.id, { status: 'found', ...instance })
    const names = refs.filter((ref) => !ids.some(({ id }) => id === ref))
    const named = names.length === 0 ? [] : await list(rpc, { LoadBalancerName: names.join(',') }, signal)
    for (const ref of names) keep(ref, judge(ref, named))
  }

  return {
    async resolve(refs, signal) {
      const open = [...new Set(refs)].filter((ref) => (known.get(ref)?.until ?? 0) <= now())
      const unknown = open.filter((ref) => !looksLikeId(ref) || doubted.has(ref))
      for (const ref of open) if (!unknown.includes(ref)) assume(ref)
      await Promise.all(batches(unknown).map((batch) => ask(batch, signal)))
      const answers = new Map<string, Resolved>()
      for (const ref of refs) {
        const resolved = known.get(ref)?.resolved
        if (resolved !== undefined) answers.set(ref, resolved)
      }
      return answers
    },
    seen(id, exists) {
      if (!assumed.delete(id) || exists) return
      doubted.add(id)
      known.delete(id)
    },
  }
}
