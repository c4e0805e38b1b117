// Whose is a load balancer? What its tags say, what they said when they were last there, and where they say nothing, who answers behind it.
import { isMarked, othersAlive } from './core/life.ts'
import { ownerTag } from './core/marks.ts'
import type { Problem } from './core/model.ts'
import { lostTo, type Standing, standingOf, UNKNOWN } from './core/usable.ts'
import type { Handle, Health } from './providers/provider.ts'
import type { Shared, Task } from './reconcile.ts'

type Whose = { readonly standing: Standing; readonly lostTo: string | undefined }

/** A node that is not resolved may be the one that answers. */
const allResolved = ({ backends: { protect } }: Task) => protect !== 'all' && protect.size === 0
const normal = (rows: readonly Health[]) => rows.filter(({ state }) => state === 'normal')

/** Who is there is asked only where the tag is missing, our marks are there, and this process never saw it. Rejects where the cloud does. */
export async function standingAt({ actual: lb, health }: Handle, task: Task, shared: Shared): Promise<Whose> {
  const { owner, clusterId } = task.rules
  const place = `${lb.id}|${owner}`
  const own = lb.tags[ownerTag(owner)]
  if (own !== undefined) shared.clusters.set(place, own)
  const lost = lostTo(shared.read.get(lb.id), lb, owner, task.remembered.lostTo)
  const said = shared.clusters.get(place)
  const standing = standingOf(lb, owner, clusterId, { lostTo: lost, cluster: said })
  if (standing.status !== 'untagged' || said !== undefined || !isMarked(lb, owner)) return { standing, lostTo: lost }
  const ours = new Set(task.backends.servers.values())
  if (othersAlive(lb, owner, normal(await health(task.signal)), ours).length === 0) return { standing, lostTo: lost }
  if (allResolved(task)) shared.clusters.set(place, UNKNOWN)
  return { standing: standingOf(lb, owner, clusterId, { lostTo: lost, cluster: UNKNOWN }), lostTo: lost }
}

/**
 * A copy that was restored from a backup has the cluster id of its original, so no tag tells them apart. Both add their nodes, and neither
 * takes away what answers: that much can be seen. It is told and no more, because which of them is to stop is for people to say.
 * @param rows of health, where they were asked for, as they are while a server with our mark is no node
 */
export function copyProblems(lb: Handle['actual'], rows: readonly Health[], task: Task): readonly Problem[] {
  if (!allResolved(task)) return []
  const { servers, departed } = task.backends
  const alive = othersAlive(lb, task.rules.owner, normal(rows), new Set([...servers.values(), ...departed.keys()]))
  if (alive.length === 0) return []
  const text = `servers with our mark answer health checks and are no nodes of this swarm (${alive.slice(0, 5).join(', ')}): does a restored copy of this swarm write here, too?`
  return [{ kind: 'loadBalancer', subject: lb.name, text }]
}
