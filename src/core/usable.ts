// May this load balancer be written to at all, and does its tag say it is ours? Nothing is moved elsewhere by itself.
import { ownerTag } from './marks.ts'
import type { Change, LoadBalancer, Problem } from './model.ts'

const FOREIGN_TAGS = ['kubernetes.do.not.delete', 'ack.aliyun.com']
const TAG_PREFIX = 'swarm-slb:'

export type Standing =
  | { readonly status: 'ours' }
  /** Not tagged yet: this goes before the first write. */
  | { readonly status: 'untagged'; readonly tag: Change }
  | { readonly status: 'readOnly'; readonly text: string }
  | { readonly status: 'unusable'; readonly text: string }

export function standingOf(lb: LoadBalancer, owner: string, clusterId: string): Standing {
  const foreign = FOREIGN_TAGS.find((tag) => lb.tags[tag] !== undefined)
  if (lb.status === 'missing') return { status: 'unusable', text: `load balancer ${lb.id} does not exist in this region` }
  if (lb.status === 'locked' || lb.status === 'expired') return { status: 'unusable', text: `load balancer ${lb.id} is ${lb.status}` }
  if (lb.status === 'inactive' && lb.listeners.length > 0) return { status: 'unusable', text: `load balancer ${lb.id} is inactive` }
  if (foreign !== undefined) return { status: 'unusable', text: `load balancer ${lb.id} belongs to a Kubernetes cluster (tag ${foreign})` }
  const own = lb.tags[ownerTag(owner)]
  const sameCluster = Object.entries(lb.tags).find(
    ([key, value]) => key.startsWith(TAG_PREFIX) && key !== ownerTag(owner) && value === clusterId,
  )
  if (own !== undefined && own !== clusterId) {
    return { status: 'readOnly', text: `tag ${ownerTag(owner)} names cluster ${own}, this swarm is ${clusterId}: nothing is written` }
  }
  if (sameCluster !== undefined) {
    return {
      status: 'readOnly',
      text: `tag ${sameCluster[0]} names this very cluster: SLB_OWNER was ${sameCluster[0].slice(TAG_PREFIX.length)}; nothing is written`,
    }
  }
  if (own === clusterId) return { status: 'ours' }
  return { status: 'untagged', tag: { kind: 'tagLoadBalancer', tags: { [ownerTag(owner)]: clusterId } } }
}

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
