// A choice that leaves nobody: nothing is created for it and what exists stays, so somebody must be told which label it is.
import type { Claim } from './claims.ts'
import { portName } from './labels.ts'
import type { Node, Problem, Service } from './model.ts'
import { isChosenBy, type NodeChoice } from './node-choice.ts'
import type { Backends } from './nodes.ts'

const formatChoice = (choice: NodeChoice) =>
  choice
    .map(({ field, label, equal, value }) => `node.${field === 'label' ? `labels.${label}` : field}${equal ? '==' : '!='}${value}`)
    .join(' && ')

/** The label that chose: the port's own, else the service's. */
function labelOf({ mark }: Claim, labels: Service['labels']): string {
  const own = new RegExp(`^slb\\.port\\.${mark.port}(/${mark.transport})?\\.nodes(@.*)?$`)
  return Object.keys(labels).find((key) => own.test(key)) ?? 'slb.nodes'
}

/** Known to be left out: a node that has no instance yet may still become a backend. */
const isLeftOut = ({ id }: Node, { servers, wishes }: Backends) => wishes.get(servers.get(id) ?? '')?.reason === 'excluded'

function textOf(claim: Claim, labels: Service['labels'], nodes: readonly Node[], backends: Backends): string | undefined {
  const { selection } = claim
  if (selection === undefined) return undefined
  const chosen = nodes.filter((node) => isChosenBy(node, selection.nodes))
  const choice = `${labelOf(claim, labels)}: ${formatChoice(selection.nodes)}`
  if (chosen.length === 0) return `${choice} matches no node of this swarm`
  const left = chosen.filter((node) => !isLeftOut(node, backends))
  if (left.length === 0 && selection.nodes.length > 0) return `${choice} matches only nodes that SLB_NODES or slb.exclude leaves out`
  const running = selection.places?.filter(({ leaving }) => !leaving) ?? []
  if (running.length === 0 || running.some(({ nodeId }) => left.some(({ id }) => id === nodeId))) return undefined
  return selection.nodes.length === 0
    ? 'its tasks run only on nodes that SLB_NODES or slb.exclude leaves out'
    : `${choice}: its tasks run only on other nodes, or on nodes that SLB_NODES or slb.exclude leaves out`
}

/** One for each service port, however many targets it has. */
export function choiceProblems(
  claims: readonly Claim[],
  services: readonly Service[],
  nodes: readonly Node[],
  backends: Backends,
): readonly Problem[] {
  const choosing = claims.filter(({ selection }) => selection !== undefined)
  if (choosing.length === 0) return []
  const labels = new Map(services.map((service) => [service.id, service.labels]))
  const problems = choosing.flatMap((claim): Problem[] => {
    const text = textOf(claim, labels.get(claim.serviceId) ?? {}, nodes, backends)
    const port = portName({ target: claim.mark.port, transport: claim.mark.transport })
    return text === undefined ? [] : [{ kind: 'label', subject: claim.service, port, text }]
  })
  return [...new Map(problems.map((problem) => [`${problem.subject} ${problem.text}`, problem])).values()]
}
