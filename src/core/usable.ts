// May this load balancer be written to at all, and does its tag say it is ours? Nothing is moved elsewhere by itself.
import { isMarked } from './life.ts'
import { ownerTag, parseMark, taggedOwner } from './marks.ts'
import type { Chain, Change, LoadBalancer, Plan, Problem } from './model.ts'
import type { Verdict } from './verdicts.ts'

const FOREIGN_TAGS = ['kubernetes.do.not.delete', 'ack.aliyun.com']

/** Written by a takeover: whom it was taken from. While it is there no listener is deleted without approval, whichever process leads. */
export const TAKEN_TAG = 'swarm-slb:taken'
/** In place of a cluster id. */
export const UNKNOWN = 'unknown'
export const takenValue = (owner: string, clusterId: string): string => `${owner}/${clusterId}`

export type Standing =
  | { readonly status: 'ours' }
  /** Not tagged yet: this goes before the first write. */
  | { readonly status: 'untagged'; readonly tag: Change }
  | { readonly status: 'readOnly'; readonly text: string }
  | { readonly status: 'unusable'; readonly text: string }

/** It may be written to. */
export const isOpen = ({ status }: Standing): boolean => status === 'ours' || status === 'untagged'

function unusable({ id, status, listeners, tags }: LoadBalancer): string | undefined {
  const foreign = FOREIGN_TAGS.find((tag) => tags[tag] !== undefined)
  if (status === 'missing') return `load balancer ${id} does not exist in this region`
  if (status === 'locked' || status === 'expired') return `load balancer ${id} is ${status}`
  if (status === 'inactive' && listeners.length > 0) return `load balancer ${id} is inactive`
  return foreign === undefined ? undefined : `load balancer ${id} belongs to a Kubernetes cluster (tag ${foreign})`
}

const otherwise = (from: string) => `nothing is written; if this swarm is to go on with it: swarm-slb takeover --from ${from}`

/** By load balancer and owner, what the owner's tag said when it was last there. */
export type Clusters = Map<string, string>

/** What a reading without our tag does not say. */
type Before = {
  /** See lostTo. */
  readonly lostTo?: string | undefined
  /** The cluster that our tag named when it was last there. UNKNOWN: servers of another swarm answer behind listeners with our mark. */
  readonly cluster?: string | undefined
}

/** Another swarm with our owner's name has what stands here, although no tag says so now. */
function othersText(owner: string, cluster: string): string {
  const tag = ownerTag(owner)
  if (cluster !== UNKNOWN) return `tag ${tag} is gone and named cluster ${cluster} when it was last there`
  return `there is no tag ${tag}, and servers behind listeners of ${owner} answer health checks that are no known nodes of this swarm`
}

export function standingOf(lb: LoadBalancer, owner: string, clusterId: string, { lostTo: lost, cluster }: Before = {}): Standing {
  const readOnly = (text: string): Standing => ({ status: 'readOnly', text })
  const text = unusable(lb)
  if (text !== undefined) return { status: 'unusable', text }
  const own = lb.tags[ownerTag(owner)]
  if (own !== undefined && own !== clusterId) {
    return readOnly(`tag ${ownerTag(owner)} names cluster ${own}, this swarm is ${clusterId}: ${otherwise(owner)}`)
  }
  const before = Object.entries(lb.tags).flatMap(([key, value]) => (value === clusterId ? (taggedOwner(key) ?? []) : []))
  const renamed = before.find((name) => name !== owner)
  if (renamed !== undefined) {
    return readOnly(`tag ${ownerTag(renamed)} names this very cluster: SLB_OWNER was ${renamed}; ${otherwise(renamed)}`)
  }
  if (own === clusterId) return { status: 'ours' }
  const takers = Object.keys(lb.tags).flatMap((key) => taggedOwner(key) ?? [])
  const taker = lb.tags[TAKEN_TAG] === takenValue(owner, clusterId) ? (takers[0] ?? 'another swarm') : lost
  if (taker !== undefined) return readOnly(`${taker} took this load balancer over from ${owner}: ${otherwise(taker)}`)
  if (cluster !== undefined && cluster !== clusterId && isMarked(lb, owner)) {
    return readOnly(`${othersText(owner, cluster)}: ${otherwise(owner)}`)
  }
  return { status: 'untagged', tag: { kind: 'tagLoadBalancer', tags: { [ownerTag(owner)]: clusterId } } }
}

/**
 * A tag of ours that is gone may have been stripped by a tool that knows nothing of it, and is then written again. But where listeners
 * that had our mark have another owner's now, somebody took them over: whoever lost never writes the tag back.
 * @param before the same load balancer at the last look
 * @param known answer of the last look: it stands until our tag is back
 */
export function lostTo(before: LoadBalancer | undefined, lb: LoadBalancer, owner: string, known: string | undefined): string | undefined {
  if (lb.tags[ownerTag(owner)] !== undefined) return undefined
  const ours = new Set(before?.listeners.flatMap(({ key, note }) => (parseMark(note)?.owner === owner ? [key] : [])))
  const others = lb.listeners.flatMap(({ key, note }) => (ours.has(key) ? (parseMark(note)?.owner ?? []) : []))
  return others.find((name) => name !== owner) ?? known
}

/** The takeover is over: what was found is wanted by a service of this swarm, or went with approval. */
export const UNTAKEN: Chain = { id: 'taken', service: undefined, after: [], changes: [{ kind: 'untagLoadBalancer', keys: [TAKEN_TAG] }] }

export const isTakenOver = (verdicts: readonly Verdict[], wished: Plan): boolean =>
  verdicts.every(({ state }) => state !== 'removing') && wished.every(({ deletes }) => deletes === undefined)

/**
 * A load balancer found by its name should be the one that was used before: names can be given to another one.
 * @param named ids that were found by name
 */
export function untaggedNames(lbs: readonly LoadBalancer[], named: ReadonlySet<string>, owner: string): readonly Problem[] {
  const tagged = lbs.filter((lb) => lb.tags[ownerTag(owner)] !== undefined)
  return lbs
    .filter((lb) => named.has(lb.id) && lb.status !== 'missing' && !tagged.includes(lb) && tagged.length > 0)
    .map((lb) => ({
      kind: 'loadBalancer',
      subject: lb.name,
      text: `the name ${lb.name} leads to ${lb.id}, which lacks the tag ${ownerTag(owner)} that ${tagged.map(({ id }) => id).join(', ')} carries; is it still the right one?`,
    }))
}
