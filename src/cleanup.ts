// Takes this product off its load balancers: listeners, groups and backends that carry our mark, and nothing else.
import { applyPlan } from './apply.ts'
import { cleanRegion } from './cleanup-region.ts'
import type { Cloud } from './cloud.ts'
import type { Config } from './config.ts'
import { deleteChain } from './core/chains.ts'
import { describeChange } from './core/describe.ts'
import { watchersOf } from './core/group-users.ts'
import { ownMark } from './core/holders.ts'
import { formatBackendNote, ownerTag, parseMark } from './core/marks.ts'
import { isOurs } from './core/members.ts'
import { type Chain, DEFAULT_GROUP, type Group, type LoadBalancer, type Plan } from './core/model.ts'
import { MOVE_TAG } from './core/moving.ts'
import { redirectsTo } from './core/obstacles.ts'
import { describePause, PAUSE_TAG, pauseOf } from './core/pause.ts'
import { standingOf, TAKEN_TAG } from './core/usable.ts'
import { ownerOf } from './desired.ts'
import { createPlaces } from './places.ts'
import { CallError } from './providers/provider.ts'
import type { Engine } from './swarm/client.ts'
import { readSnapshot } from './swarm/read.ts'

export type CleanupTask = {
  readonly config: Config
  readonly cloud: Cloud
  readonly engine: Engine
  readonly dryRun: boolean
  readonly onProgress: (line: string) => void
}

/** Servers that were in the default group before us carry no mark of ours and stay. */
export function cleanupPlan(lb: LoadBalancer, owner: string): Plan {
  const listeners = lb.listeners.filter((listener) => ownMark(listener, owner) !== undefined)
  const deletes = listeners.map(
    ({ key, port, protocol }): Chain => ({
      id: deleteChain(key),
      service: undefined,
      // The cloud deletes no listener that a redirect leads to.
      after: redirectsTo(port, lb).map(deleteChain),
      changes: [{ kind: 'deleteListener', key, protocol }],
    }),
  )
  const ours = new Set(listeners.map(({ key }) => key))
  const rulesTo = (group: Group) => listeners.flatMap(({ rules }) => rules.filter((rule) => rule.group === group.ref)).length
  const groups = lb.groups
    .filter(
      (group) => parseMark(group.name)?.owner === owner && group.rules <= rulesTo(group) && group.listeners.every((key) => ours.has(key)),
    )
    .map(
      (group): Chain => ({
        id: `remove group ${group.ref}`,
        service: undefined,
        after: watchersOf(group, lb).map(deleteChain),
        changes: [{ kind: 'deleteGroup', group: group.ref, name: group.name }],
      }),
    )
  // Somebody else's listener on the default group still needs its servers.
  const shared = lb.listeners.some((listener) => listener.target?.kind === 'default' && !ours.has(listener.key))
  const members = shared ? [] : lb.members.filter((member) => isOurs(member.note, formatBackendNote(owner, false)))
  const removal: Chain = {
    id: 'default group',
    service: undefined,
    after: deletes.map(({ id }) => id),
    changes: [{ kind: 'removeBackends', group: DEFAULT_GROUP, name: 'default group', members }],
  }
  const all = [...deletes, ...groups, ...(members.length === 0 ? [] : [removal])]
  if (lb.tags[ownerTag(owner)] === undefined) return all
  // The tag says that something of ours may be here: it goes last, and only when all else is gone.
  const untag: Chain = {
    id: 'untag',
    service: undefined,
    after: all.map(({ id }) => id),
    changes: [{ kind: 'untagLoadBalancer', keys: [ownerTag(owner), ...[TAKEN_TAG, MOVE_TAG].filter((key) => lb.tags[key] !== undefined)] }],
  }
  return [...all, untag]
}

type Result = { readonly removed: string[]; readonly failed: string[] }

async function cleanOne(
  id: string,
  owner: string,
  clusterId: string,
  task: CleanupTask,
  result: Result,
  signal: AbortSignal,
): Promise<void> {
  const handle = await task.cloud.provider.open(id, { members: 'fresh', owned: (name) => parseMark(name)?.owner === owner }, signal)
  const { name } = handle.actual
  const standing = standingOf(handle.actual, owner, clusterId)
  if (standing.status === 'readOnly' || standing.status === 'unusable') {
    result.failed.push(`${name}: ${standing.text}`)
    return
  }
  const pause = pauseOf(handle.actual.tags[PAUSE_TAG], undefined, Date.now())
  if (pause !== undefined) {
    result.failed.push(`${name}: ${describePause(pause, `tag ${PAUSE_TAG}`)}`)
    return
  }
  const plan = cleanupPlan(handle.actual, owner)
  if (task.dryRun) {
    result.removed.push(...plan.flatMap((chain) => chain.changes.map((change) => `${name}: ${describeChange(change)}`)))
    return
  }
  const turn = { begin: signal, wait: signal, priority: 0 }
  await applyPlan(plan, handle, () => turn, {
    begins: () => {},
    applied: ({ change }) => {
      result.removed.push(`${name}: ${describeChange(change)}`)
      task.onProgress(`${name}: ${describeChange(change)}`)
    },
    failed: ({ change, error }) => void result.failed.push(`${name}: ${describeChange(change)}: ${error.message}`),
    now: Date.now,
  })
}

async function cleanShared(
  { cloud, dryRun, onProgress }: CleanupTask,
  whose: { readonly owner: string; readonly clusterId: string },
  result: Result,
  signal: AbortSignal,
): Promise<void> {
  const removed = (line: string) => {
    result.removed.push(line)
    onProgress(line)
  }
  const failed = (line: string) => void result.failed.push(line)
  try {
    await cleanRegion({ provider: cloud.provider, ...whose, dryRun, removed, failed }, signal)
  } catch (error) {
    if (!(error instanceof CallError)) throw error
    failed(`certificates and access control lists: ${error.message}`)
  }
}

/** One load balancer that fails does not keep the others. */
export async function cleanLoadBalancers(
  task: CleanupTask,
  signal: AbortSignal,
): Promise<{ readonly removed: readonly string[]; readonly failed: readonly string[] }> {
  const { clusterId } = await readSnapshot(task.engine, signal)
  const owner = ownerOf(task.config, clusterId)
  const result: Result = { removed: [], failed: [] }
  const { config, cloud } = task
  const { allowed, problems, shown } = await createPlaces({ config, provider: cloud.provider, now: Date.now }).find(new Map(), signal)
  result.failed.push(...shown.map(({ subject, text }) => `${subject}: ${problems.get(subject) ?? text}`))
  for (const id of allowed) {
    try {
      await cleanOne(id, owner, clusterId, task, result, signal)
    } catch (error) {
      if (!(error instanceof CallError)) throw error
      result.failed.push(`${id}: ${error.message}`)
    }
  }
  await cleanShared(task, { owner, clusterId }, result, signal)
  return result
}
