// Tasks of services: those with ports in host mode, and our own. Asked for only where somebody needs them, since Swarm keeps many.
import type { Service, TaskReading } from '../core/model.ts'
import type { Engine } from './client.ts'
import { toTask } from './convert.ts'
import { EngineError } from './errors.ts'
import type { EngineTask } from './wire.ts'
import type { OwnTasks } from './writer.ts'

type Listed = { readonly status: 'read'; readonly tasks: readonly EngineTask[] } | { readonly status: 'refused'; readonly reason: string }

const REFUSED = 'the proxy in front of the engine answers 403 to GET /tasks: it must allow TASKS'

/**
 * 403 is the answer of a socket proxy without TASKS, and no failure: things go on with less. Every other error rejects, because a failed
 * list is never "no tasks".
 */
async function list(engine: Engine, serviceIds: readonly string[], signal: AbortSignal): Promise<Listed> {
  try {
    return { status: 'read', tasks: serviceIds.length === 0 ? [] : await engine.tasks(serviceIds, signal) }
  } catch (error) {
    if (error instanceof EngineError && error.status === 403) return { status: 'refused', reason: REFUSED }
    throw error
  }
}

/** Tasks whose process is there. */
const ownOf = (tasks: readonly EngineTask[], serviceId: string) =>
  tasks.flatMap((task) => {
    const state = task.Status?.State
    if (task.ServiceID !== serviceId || (state !== 'running' && state !== 'starting')) return []
    return [{ id: task.ID, nodeId: task.NodeID, state, leaving: toTask(task).leaving } as const]
  })

export async function readOwnTasks(engine: Engine, serviceId: string, signal: AbortSignal): Promise<OwnTasks> {
  const listed = await list(engine, [serviceId], signal)
  return listed.status === 'read' ? { status: 'read', tasks: ownOf(listed.tasks, serviceId) } : listed
}

/** Both in one call. `ownId` is our service, where its tasks are wanted. */
export async function readTasks(
  engine: Engine,
  services: readonly Service[],
  ownId: string | undefined,
  signal: AbortSignal,
): Promise<{ readonly tasks: TaskReading; readonly own: OwnTasks }> {
  const hosts = new Set(services.flatMap(({ id, ports }) => (ports.some(({ mode }) => mode === 'host') ? [id] : [])))
  // The engine answers 404 where a service is not there, so only those are asked for that are listed.
  const own = services.find(({ id }) => id === ownId)?.id
  const listed = await list(engine, [...new Set([...hosts, ...(own === undefined ? [] : [own])])], signal)
  const notAsked = { status: 'notAsked' } as const
  if (listed.status === 'refused') return { tasks: hosts.size === 0 ? notAsked : listed, own: ownId === undefined ? notAsked : listed }
  const present = listed.tasks.filter(({ ServiceID }) => hosts.has(ServiceID)).map(toTask)
  return {
    tasks: hosts.size === 0 ? notAsked : { status: 'read', tasks: present.filter(({ running, leaving }) => running || !leaving) },
    own: ownId === undefined ? notAsked : { status: 'read', tasks: ownOf(listed.tasks, ownId) },
  }
}
