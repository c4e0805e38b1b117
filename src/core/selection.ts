// Which nodes one service port wants as backends, with which ports and weights, where that is not simply every node.
import type { WantedTarget } from './labels.ts'
import type { PublishedPort, Service, TaskReading } from './model.ts'
import { EVERY_NODE, type NodeChoice } from './node-choice.ts'

export type Selection = {
  readonly nodes: NodeChoice
  /** Host mode: the nodes that run a task, each with the port it has there; undefined: every node has the published port. */
  readonly places: readonly { readonly nodeId: string; readonly port: number }[] | undefined
  /** kept: weights that people set by hand stay. */
  readonly weights: 'managed' | 'kept'
}

export type Selected =
  | { readonly status: 'selected'; readonly selection: Selection }
  | { readonly status: 'problem'; readonly text: string }

/** Undefined: every chosen node, on the published port. */
export function selectionOf(
  _service: Service,
  _port: PublishedPort,
  { nodes, weights }: WantedTarget,
  _tasks: TaskReading | undefined,
): Selected | undefined {
  if (nodes === EVERY_NODE && weights === 'managed') return undefined
  return { status: 'selected', selection: { nodes, places: undefined, weights } }
}
