// Takes this product off its load balancers: listeners, groups and backends that carry our mark, and nothing else.
import { applyPlan } from './apply.ts'
import type { Cloud } from './cloud.ts'
import type { Config } from './config.ts'
import { describeChange } from './core/describe.ts'
import { ownMark } from './core/holders.ts'
import { formatBackendNote, parseMark } from './core/marks.ts'
import { isOurs } from './core/members.ts'
import { type Chain, DEFAULT_GROUP, type LoadBalancer, type Plan } from './core/model.ts'
import { standingOf } from './core/usable.ts'
import { ownerOf } from './desired.ts'
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
    ({ key, protocol }): Chain => ({
      id: `delete ${key}`,
      service: undefined,
      after: [],
      changes: [{ kind: 'deleteListener', key, protocol }],
    }),
  )
  const ours = new Set(listeners.map(({ key }) => key))
  const groups = lb.groups
    .filter((group) => parseMark(group.name)?.owner === owner && group.rules === 0 && group.listeners.every((key) => ours.has(key)))
    .map(
      ({ ref, name, listeners: users }): Chain => ({
        id: `remove group ${ref}`,
        service: undefined,
        after: users.map((key) => `delete ${key}`),
        changes: [{ kind: 'deleteGroup', group: ref, name }],
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
  return [...deletes, ...groups, ...(members.length === 0 ? [] : [removal])]
}

export async function cleanLoadBalancer(
  { config, cloud, engine, dryRun, onProgress }: CleanupTask,
  signal: AbortSignal,
): Promise<{ readonly removed: readonly string[]; readonly failed: readonly string[] }> {
  const { clusterId } = await readSnapshot(engine, signal)
  const owner = ownerOf(config, clusterId)
  const removed: string[] = []
  const failed: string[] = []
  for (const [ref, found] of await cloud.provider.resolve(config.allowed, signal)) {
    if (found.status !== 'found') {
      failed.push(`${ref}: ${found.text}`)
      continue
    }
    const handle = await cloud.provider.open(found.id, { members: 'fresh', owned: (name) => parseMark(name)?.owner === owner }, signal)
    const standing = standingOf(handle.actual, owner, clusterId)
    if (standing.status === 'readOnly' || standing.status === 'unusable') {
      failed.push(`${handle.actual.name}: ${standing.text}`)
      continue
    }
    const plan = cleanupPlan(handle.actual, owner)
    const line = (chain: Chain) => chain.changes.map((change) => `${handle.actual.name}: ${describeChange(change)}`)
    if (dryRun) {
      removed.push(...plan.flatMap(line))
      continue
    }
    const turn = { begin: signal, wait: signal, priority: 0 }
    await applyPlan(plan, handle, () => turn, {
      begins: () => {},
      applied: ({ change }) => {
        removed.push(`${handle.actual.name}: ${describeChange(change)}`)
        onProgress(`${handle.actual.name}: ${describeChange(change)}`)
      },
      failed: ({ change, error }) => failed.push(`${handle.actual.name}: ${describeChange(change)}: ${error.message}`),
      now: Date.now,
    })
  }
  return { removed, failed }
}
