// Which nodes are meant: `all`, `managers`, `workers`, or constraints in Docker's placement syntax, all of which must hold.
import type { Node } from './model.ts'

/** One condition: `node.labels.zone==a`. */
export type NodeConstraint = {
  readonly field: 'id' | 'hostname' | 'role' | 'label'
  /** Name of the label. */
  readonly label: string
  readonly equal: boolean
  readonly value: string
}

/** All of them hold; none: every node. */
export type NodeChoice = readonly NodeConstraint[]
export const EVERY_NODE: NodeChoice = []

function textOf(node: Node, { field, label }: NodeConstraint): string {
  if (field === 'label') return node.labels[label] ?? ''
  return field === 'id' ? node.id : field === 'hostname' ? node.hostname : node.role
}

/** As Swarm's scheduler compares: without regard to case, and a missing label is an empty one. */
export const isChosenBy = (node: Node, choice: NodeChoice): boolean =>
  choice.every((one) => (textOf(node, one).toLowerCase() === one.value.toLowerCase()) === one.equal)
