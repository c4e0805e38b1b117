// Which nodes one service port wants as backends, with which ports and weights, where that is not simply every node.
// In host mode these are the nodes that run a task, each with the port that the task really has there.
import type { WantedTarget } from './labels.ts'
import type { PublishedPort, Service, Task, TaskReading } from './model.ts'
import type { NodeChoice } from './node-choice.ts'

/** Where a task answers. leaving: it runs still, but Swarm wants it to end. */
type TaskPlace = { readonly nodeId: string; readonly port: number; readonly leaving: boolean }

export type Selection = {
  readonly nodes: NodeChoice
  /** Host mode: the nodes that run a task, each with the port it has there; undefined: every node has the published port. */
  readonly places: readonly TaskPlace[] | undefined
  /** kept: weights that people set by hand stay. */
  readonly weights: 'managed' | 'kept'
}

export type Selected =
  | { readonly status: 'selected'; readonly selection: Selection }
  | { readonly status: 'waits'; readonly reason: string }
  | { readonly status: 'problem'; readonly text: string }

const UNASKED = 'waiting for the tasks to be read'

const isSame = (a: PublishedPort, b: PublishedPort) => a.target === b.target && a.transport === b.transport

/** The number that a task has for this port; a container port may be published twice, with a fixed number and without. */
function portsOf(task: Task, service: Service, port: PublishedPort): number[] {
  const fixed = service.ports.flatMap((one) => (one.mode === 'host' && isSame(one, port) ? (one.published ?? []) : []))
  return task.ports.flatMap((one) => {
    const { published } = one
    if (!isSame(one, port) || published === undefined) return []
    return (port.published === undefined ? !fixed.includes(published) : published === port.published) ? [published] : []
  })
}

/** In a fixed order: the same tasks in another order are no news. */
const placesOf = (service: Service, port: PublishedPort, tasks: readonly Task[]): TaskPlace[] =>
  tasks
    .filter(({ serviceId, running, nodeId }) => serviceId === service.id && running && nodeId !== '')
    .flatMap((task) => portsOf(task, service, port).map((number) => ({ nodeId: task.nodeId, port: number, leaving: task.leaving })))
    .sort((a, b) => (a.nodeId < b.nodeId ? -1 : a.nodeId > b.nodeId ? 1 : a.port - b.port || Number(a.leaving) - Number(b.leaving)))

/** Undefined: every chosen node, on the published port. */
export function selectionOf(
  service: Service,
  port: PublishedPort,
  { nodes, weights }: Pick<WantedTarget, 'nodes' | 'weights'>,
  tasks: TaskReading | undefined,
): Selected | undefined {
  if (port.mode !== 'host') {
    return nodes.length === 0 && weights === 'managed'
      ? undefined
      : { status: 'selected', selection: { nodes, places: undefined, weights } }
  }
  if (tasks === undefined || tasks.status === 'notAsked') return { status: 'waits', reason: UNASKED }
  if (tasks.status === 'refused') {
    return { status: 'problem', text: `a port in host mode needs the list of tasks (TASKS=1 at a socket proxy): ${tasks.reason}` }
  }
  return { status: 'selected', selection: { nodes, places: placesOf(service, port, tasks.tasks), weights } }
}
