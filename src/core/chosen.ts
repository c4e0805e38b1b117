// Backends as one group wants them: only nodes of its choice, and in host mode only where a task runs, each with that task's port.
// A choice without any node, and a service without any task, change nothing: what serves nothing better is left as it is. Tasks that are to
// end are all there is until others come.
import type { Member } from './model.ts'
import { isChosenBy } from './node-choice.ts'
import type { BackendNode, Backends, Wish } from './nodes.ts'
import type { Selection } from './selection.ts'

/** What runs behind a port of a server. stops: a task that Swarm wants to end. */
type Place = 'serves' | 'stops'

export type Chosen = Backends & {
  /** Host mode, by server and port; undefined: every port of the group on every server. */
  readonly places: ReadonlyMap<string, ReadonlyMap<number, Place>> | undefined
  /** Host mode without any task: members are left as they are. */
  readonly idle: boolean
  /** Host mode where every task is to end: those that still run are all there is until others come. */
  readonly ending: boolean
  readonly weights: Selection['weights']
}

/** What is known of tasks there was true when Swarm last heard of the node: the node's own state decides. */
const isUnheard = ({ reason }: Wish) => reason === 'unknown' || reason === 'down'

function chooseNodes({ nodes, wishes }: Backends, { nodes: choice }: Selection): ReadonlyMap<string, Wish> {
  const isLeft = ({ node, server }: BackendNode) => isChosenBy(node, choice) && wishes.get(server)?.reason !== 'excluded'
  const none = !nodes.some(isLeft)
  const chosen = new Map(wishes)
  for (const { node, server } of nodes) {
    const wish = wishes.get(server)
    if (wish === undefined || wish.reason === 'excluded') continue
    if (none) chosen.set(server, { ...wish, mode: wish.weight === 0 ? wish.mode : 'keep', add: false })
    else if (!isChosenBy(node, choice)) chosen.set(server, { ...wish, weight: 0, mode: 'set', add: false, reason: 'excluded' })
  }
  return chosen
}

/** A task that runs counts more than one on the same port that ends: a list may lag. */
function placesOf(places: NonNullable<Selection['places']>, servers: Backends['servers']): Map<string, Map<number, Place>> {
  const found = new Map<string, Map<number, Place>>()
  for (const { nodeId, port, leaving } of places) {
    const server = servers.get(nodeId)
    if (server === undefined) continue
    const ports = found.get(server) ?? new Map<number, Place>()
    if (!leaving || !ports.has(port)) ports.set(port, leaving ? 'stops' : 'serves')
    found.set(server, ports)
  }
  return found
}

/** @param selection undefined: every chosen node, on the ports of the group */
export function selectBackends(backends: Backends, selection: Selection | undefined): Chosen {
  const mesh = { places: undefined, idle: false, ending: false }
  if (selection === undefined) return { ...backends, ...mesh, weights: 'managed' }
  const wishes = chooseNodes(backends, selection)
  const { weights } = selection
  if (selection.places === undefined) return { ...backends, wishes, ...mesh, weights }
  const places = placesOf(selection.places, backends.servers)
  const has = (place: Place, canServe: (wish: Wish | undefined) => boolean) =>
    [...places].some(([server, ports]) => canServe(wishes.get(server)) && [...ports.values()].includes(place))
  const serves = has('serves', (wish) => wish?.reason !== 'excluded')
  const ending = !serves && has('stops', isAble)
  return { ...backends, wishes, places, idle: !serves && !ending, ending, weights }
}

/** Nothing but its tasks speaks against the node. */
const isAble = (wish: Wish | undefined) => wish !== undefined && wish.weight > 0 && wish.reason !== 'excluded'

/** What is wanted of one member. Undefined: its server is no node of this swarm. */
export function wishFor({ server, port }: Pick<Member, 'server' | 'port'>, { wishes, places, idle, ending }: Chosen): Wish | undefined {
  const wish = wishes.get(server)
  if (wish === undefined || places === undefined || wish.reason === 'excluded' || isUnheard(wish)) return wish
  const place = places.get(server)?.get(port ?? 0)
  if (place === 'serves') return wish
  const kept: Wish = { ...wish, mode: 'keep', add: false, reason: 'pause' }
  if (place === 'stops') return ending && isAble(wish) ? kept : { ...wish, weight: 0, mode: 'set', add: false, reason: 'drain' }
  return idle ? kept : { ...wish, weight: 0, mode: 'set', add: false, reason: 'excluded' }
}

/** Servers and ports that may be added where they are missing. */
export function additionsOf({ wishes, places }: Chosen, ports: readonly (number | undefined)[]) {
  return [...wishes.values()].flatMap((wish) => {
    const serving = [...(places?.get(wish.server) ?? [])].flatMap(([port, place]) => (place === 'serves' ? [port] : []))
    return wish.add ? (places === undefined ? ports : serving).map((port) => ({ wish, port })) : []
  })
}
