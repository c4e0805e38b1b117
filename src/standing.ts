// Whose is a load balancer? What its tags say, what they said when they were last there, and where they say nothing, who answers behind it.
import { isMarked, othersAlive } from './core/life.ts'
import { ownerTag } from './core/marks.ts'
import { lostTo, type Standing, standingOf, UNKNOWN } from './core/usable.ts'
import type { Handle } from './providers/provider.ts'
import type { Shared, Task } from './reconcile.ts'

type Whose = { readonly standing: Standing; readonly lostTo: string | undefined }

/** Who is there is asked only where the tag is missing, ours may be a mistake, and this process never saw it. Rejects where the cloud does. */
export async function standingAt({ actual: lb, health }: Handle, task: Task, shared: Shared): Promise<Whose> {
  const { owner, clusterId } = task.rules
  const place = `${lb.id}|${owner}`
  const own = lb.tags[ownerTag(owner)]
  if (own !== undefined) shared.clusters.set(place, own)
  const lost = lostTo(shared.read.get(lb.id), lb, owner, task.remembered.lostTo)
  const said = shared.clusters.get(place)
  const standing = standingOf(lb, owner, clusterId, { lostTo: lost, cluster: said })
  if (standing.status !== 'untagged' || said !== undefined || !isMarked(lb, owner)) return { standing, lostTo: lost }
  const healthy = (await health(task.signal)).filter(({ state }) => state === 'normal')
  const { servers, protect } = task.backends
  if (othersAlive(lb, owner, healthy, new Set(servers.values())).length === 0) return { standing, lostTo: lost }
  // A node that is not resolved yet may be the one that answers: then the next look may see more.
  if (protect !== 'all' && protect.size === 0) shared.clusters.set(place, UNKNOWN)
  return { standing: standingOf(lb, owner, clusterId, { lostTo: lost, cluster: UNKNOWN }), lostTo: lost }
}
