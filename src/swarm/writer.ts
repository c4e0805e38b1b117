// Who writes, as every manager works it out from the same lists: one task of the daemon's own service, or else the Raft leader. Pure.
import type { Node } from '../core/model.ts'

/** What Swarm's templates say of the task that this process is. */
export type OwnIds = { readonly serviceId: string; readonly taskId: string; readonly nodeId: string }

export type WriterRule = {
  /** auto: a healthy task, the leader's first. leader: the Raft leader. always: this process. */
  readonly mode: 'auto' | 'leader' | 'always'
  /** Undefined where this process is no task of a service, or was not told which. */
  readonly own: OwnIds | undefined
}

/** A task of our own service whose process is there: `starting` until its first health check went well. */
export type OwnTask = {
  readonly id: string
  readonly nodeId: string
  readonly state: 'running' | 'starting'
  /** Swarm wants it to end: it is replaced, or its node is drained. */
  readonly leaving: boolean
}

export type OwnTasks =
  | { readonly status: 'notAsked' }
  | { readonly status: 'read'; readonly tasks: readonly OwnTask[] }
  | { readonly status: 'refused'; readonly reason: string }

export type WriterView = {
  /** The node whose engine answered. */
  readonly nodeId: string
  readonly nodes: readonly Pick<Node, 'id' | 'hostname' | 'role' | 'leader' | 'state'>[]
  readonly own: OwnTasks
}

export type Part = {
  /** This process is the one. */
  readonly writes: boolean
  /** Id of the node whose process writes; undefined where nobody does. */
  readonly writer: string | undefined
  /** Another process may be writing now, or have done so a moment ago: whoever begins has to wait. */
  readonly elsewhere: boolean
  /** It is to end, and would be the writer if it were not: what it has begun may be finished. */
  readonly leaving: boolean
  /** Another task is to end and has not yet: it may be finishing what it has begun. */
  readonly ending: boolean
  /** Why it is not simply the Raft leader; empty where it is. */
  readonly why: string
  /** Its own first health check has not gone well yet. */
  readonly starting: boolean
  /** Another manager runs a healthy task that would write in its place. */
  readonly deputy: boolean
}

/** The service whose tasks the rule goes by; undefined where it needs none. */
export const ownService = ({ mode, own }: WriterRule): string | undefined => (mode === 'leader' ? undefined : own?.serviceId)

export function partOf({ mode, own }: WriterRule, view: WriterView): Part {
  const others = view.own.status === 'read' ? view.own.tasks.filter(({ id }) => id !== own?.taskId) : []
  const self = own?.nodeId ?? view.nodeId
  // Without a list of tasks nobody can tell what runs on the other managers, or did a moment ago.
  const elsewhere = view.own.status === 'read' ? others.length > 0 : view.nodes.some(({ id, role }) => role === 'manager' && id !== self)
  const down = new Set(view.nodes.flatMap(({ id, state }) => (state === 'down' ? [id] : [])))
  const ending = others.some(({ leaving, nodeId }) => leaving && !down.has(nodeId))
  const alone = { elsewhere, leaving: false, ending, why: '', starting: false, deputy: false }
  if (mode === 'always') return { ...alone, writes: true, writer: self }
  const leader = view.nodes.find((node) => node.leader)
  if (mode === 'leader' || own === undefined || view.own.status !== 'read') {
    return { ...alone, writes: leader?.id === self, writer: leader?.id }
  }
  const { tasks } = view.own
  const chosen = chooseTask(tasks, view.nodes)
  const staying = tasks.map((task) => (task.id === own.taskId ? { ...task, leaving: false } : task))
  return {
    writes: chosen?.id === own.taskId,
    writer: chosen?.nodeId,
    elsewhere,
    leaving: chosen?.id !== own.taskId && chooseTask(staying, view.nodes)?.id === own.taskId,
    ending,
    why: chosen !== undefined && chosen.nodeId === leader?.id ? '' : reason(chosen, leader?.hostname),
    starting: tasks.some(({ id, state }) => id === own.taskId && state === 'starting'),
    deputy: chooseTask(others, view.nodes)?.state === 'running',
  }
}

/**
 * Before any task is healthy (the first seconds of a new service) one that is starting will do. Of two tasks on one node the one with
 * the smaller id: both must come to the same answer.
 */
function chooseTask(tasks: readonly OwnTask[], nodes: WriterView['nodes']): OwnTask | undefined {
  const managers = new Map(nodes.flatMap((node) => (node.role === 'manager' && node.state !== 'down' ? [[node.id, node]] : [])))
  const rank = ({ id, nodeId }: OwnTask) => `${managers.get(nodeId)?.leader === true ? 0 : 1} ${nodeId} ${id}`
  const able = tasks.filter(({ leaving, nodeId }) => !leaving && managers.has(nodeId)).toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1))
  return able.find(({ state }) => state === 'running') ?? able[0]
}

const reason = (chosen: OwnTask | undefined, leader = 'of this swarm') =>
  chosen === undefined
    ? 'no manager runs a healthy task of the service in SLB_SERVICE_ID: nobody writes'
    : `the leader ${leader} runs no healthy task of this service`
