// From the swarm's nodes to backends: which servers are wanted, at what weight, and which have left.
// `unknown` changes nothing, a node that cannot be resolved protects all members, and a returning node waits a little.
import type { Node, Problem } from './model.ts'
import { isChosenBy, type NodeChoice } from './node-choice.ts'

export type Found = { readonly status: 'found'; readonly server: string } | { readonly status: 'unresolved'; readonly reason: string }

export type NodeRules = {
  readonly choose: NodeChoice
  /** Milliseconds. */
  readonly downGrace: number
  readonly returnWait: number
  readonly unresolvedPatience: number
}

/** What is wanted of one server, in every group. */
export type Wish = {
  readonly server: string
  readonly hostname: string
  /** 0..100: the weight to have. */
  readonly weight: number
  /** set: make it so. keep: an existing member stays as it is. */
  readonly mode: 'set' | 'keep'
  /** May be added where it is missing. */
  readonly add: boolean
  readonly reason: 'ready' | 'drain' | 'down' | 'excluded' | 'unknown' | 'pause' | 'returning'
}

type NodeMemory = {
  readonly server: string | undefined
  /** Which it was before; since when, where that is worth telling. */
  readonly was: { readonly server: string; readonly since: number | undefined } | undefined
  readonly hostname: string
  readonly address: string | undefined
  readonly seenReady: boolean
  readonly downSince: number | undefined
  readonly returnedAt: number | undefined
  readonly unresolvedSince: number | undefined
  /** The last weight that was to be set: what `keep` means until something is set again. */
  readonly weight: number | undefined
}

/** A server whose node left the swarm while this process watched. */
type Departed = { readonly since: number; readonly hostname: string; readonly address: string | undefined }

export type NodesMemory = { readonly nodes: ReadonlyMap<string, NodeMemory>; readonly departed: ReadonlyMap<string, Departed> }
export const NO_NODES: NodesMemory = { nodes: new Map(), departed: new Map() }

/** A record of the swarm whose server is known. */
export type BackendNode = {
  readonly node: Node
  readonly server: string
}

export type Backends = {
  /** One a server: of two records that are one server the one in the better state. */
  readonly nodes: readonly BackendNode[]
  /** By node id, all records. */
  readonly servers: ReadonlyMap<string, string>
  readonly wishes: ReadonlyMap<string, Wish>
  readonly departed: ReadonlyMap<string, Departed>
  /** By the server that a node was before: what it is now. */
  readonly moved: ReadonlyMap<string, { readonly hostname: string; readonly server: string }>
  /** all: no member may be removed or zeroed for absence. Otherwise the addresses of nodes that could not be resolved for long. */
  readonly protect: 'all' | ReadonlySet<string>
  readonly problems: readonly Problem[]
  readonly memory: NodesMemory
  readonly recheckAt: number | undefined
}

const DEFAULT_WEIGHT = 100
const DEPARTED_MS = 600_000
/** So long it is told that a node is another server than before. */
const MOVED_MS = 3_600_000

/** A node's weight label, 0..100, or the default. Anything else is a problem of that node and counts as the default. */
function nodeWeight(node: Node): { readonly weight: number; readonly problem?: Problem } {
  const text = node.labels['slb.weight']
  if (text === undefined) return { weight: DEFAULT_WEIGHT }
  const weight = /^\d{1,3}$/.test(text.trim()) ? Number(text) : Number.NaN
  if (weight >= 0 && weight <= 100) return { weight }
  return { weight: DEFAULT_WEIGHT, problem: { kind: 'node', subject: node.hostname, text: 'node label slb.weight must be 0-100' } }
}

function isChosen(node: Node, choose: NodeRules['choose']): boolean {
  if (node.labels['slb.exclude']?.trim().toLowerCase() === 'true') return false
  return isChosenBy(node, choose)
}

/** A disk that was moved to another machine, or an address that is another machine's: Swarm does not say which of the two. */
function wasOf(before: NodeMemory | undefined, server: string | undefined, now: number): NodeMemory['was'] {
  if (before?.server === undefined || before.server === server) return before?.was
  return { server: before.server, since: before.was?.server === server ? undefined : now }
}

function remember(node: Node, before: NodeMemory | undefined, found: Found | undefined, chosen: boolean, now: number): NodeMemory {
  const server = found?.status === 'found' ? found.server : before?.server
  const down = node.state === 'down' || node.state === 'disconnected'
  const ready = node.state === 'ready'
  const wasDown = before?.downSince !== undefined
  // Whatever its state: a member that may be this node's is not taken for a stranger's.
  const missing = server === undefined && chosen
  return {
    server,
    was: wasOf(before, server, now),
    hostname: node.hostname,
    address: node.address,
    seenReady: ready || before?.seenReady === true,
    // `unknown` neither starts nor ends the time of being down.
    downSince: ready ? undefined : down ? (before?.downSince ?? now) : before?.downSince,
    returnedAt: ready && wasDown ? now : ready ? before?.returnedAt : undefined,
    unresolvedSince: missing ? (before?.unresolvedSince ?? now) : undefined,
    weight: before?.weight,
  }
}

function wishOf(node: Node, memory: NodeMemory & { readonly server: string }, rules: NodeRules, now: number): Wish {
  const { weight } = nodeWeight(node)
  const wish = (reason: Wish['reason'], mode: Wish['mode'], to: number, add: boolean): Wish => ({
    server: memory.server,
    hostname: node.hostname,
    weight: to,
    mode,
    add,
    reason,
  })
  const keep = (reason: Wish['reason'], add: boolean) => wish(reason, 'keep', memory.weight ?? weight, add)
  if (!isChosen(node, rules.choose)) return wish('excluded', 'set', 0, false)
  if (node.availability === 'drain') return wish('drain', 'set', 0, false)
  if (node.state !== 'ready') {
    const lost = node.state !== 'unknown' && memory.downSince !== undefined && now - memory.downSince >= rules.downGrace
    return lost ? wish('down', 'set', 0, false) : keep('unknown', memory.seenReady)
  }
  if (node.availability === 'pause') return keep('pause', false)
  if (memory.returnedAt !== undefined && now - memory.returnedAt < rules.returnWait) return keep('returning', memory.weight !== 0)
  return wish('ready', 'set', weight, true)
}

const RANK: Record<Wish['reason'], number> = { ready: 6, returning: 5, pause: 4, unknown: 3, drain: 2, down: 1, excluded: 0 }

/** Two node records may be one server (a node that left and joined again): the better state counts. */
function better(a: Wish | undefined, b: Wish): Wish {
  return a === undefined || RANK[b.reason] > RANK[a.reason] ? b : a
}

function departures(before: NodesMemory, nodes: ReadonlyMap<string, NodeMemory>, now: number): ReadonlyMap<string, Departed> {
  const present = new Set([...nodes.values()].map((node) => node.server))
  // After a while a departed server that somebody puts into a group again is that person's.
  const departed = new Map([...before.departed].filter(([server, { since }]) => !present.has(server) && now - since < DEPARTED_MS))
  for (const [id, node] of before.nodes) {
    if (nodes.has(id) || node.server === undefined || present.has(node.server)) continue
    departed.set(node.server, { since: now, hostname: node.hostname, address: node.address })
  }
  return departed
}

function protection(nodes: readonly NodeMemory[], patience: number, now: number): Backends['protect'] {
  const unresolved = nodes.filter((node) => node.unresolvedSince !== undefined)
  if (unresolved.some((node) => now - (node.unresolvedSince ?? now) < patience)) return 'all'
  return new Set(unresolved.flatMap((node) => node.address ?? []))
}

function timers(nodes: readonly NodeMemory[], rules: NodeRules, now: number): number | undefined {
  const times = nodes.flatMap((node) => [
    node.downSince === undefined ? [] : node.downSince + rules.downGrace,
    node.returnedAt === undefined ? [] : node.returnedAt + rules.returnWait,
    node.unresolvedSince === undefined ? [] : node.unresolvedSince + rules.unresolvedPatience,
    node.was?.since === undefined ? [] : node.was.since + MOVED_MS,
  ])
  const ahead = times.flat().filter((time) => time > now)
  return ahead.length === 0 ? undefined : Math.min(...ahead)
}

function movedProblem({ hostname, address, labels }: Node, { was, server }: NodeMemory, now: number): Problem[] {
  if (was?.since === undefined || now - was.since >= MOVED_MS) return []
  const labelled = (labels['slb.instance-id'] ?? '').trim() !== ''
  const why = labelled
    ? 'its node label slb.instance-id'
    : `its address ${address}: if that is not so, its node label slb.instance-id says which it is`
  return [{ kind: 'node', subject: hostname, text: `was ${was.server} and is ${server} now, by ${why}` }]
}

function problemsOf(node: Node, memory: NodeMemory, found: Found | undefined, rules: NodeRules, now: number): Problem[] {
  const { problem } = nodeWeight(node)
  const late = memory.unresolvedSince !== undefined && now - memory.unresolvedSince >= rules.unresolvedPatience
  const reason = found?.status === 'unresolved' ? found.reason : 'not looked up'
  const doubtful = found?.status === 'unresolved' && memory.server !== undefined
  const stays = doubtful ? `; ${memory.server}, which it was before, stays` : ''
  const text = `no instance found for ${node.address ?? 'a node without address'}: ${reason}${stays}`
  return [
    ...(problem === undefined ? [] : [problem]),
    ...(late || doubtful ? [{ kind: 'node' as const, subject: node.hostname, text }] : []),
    ...movedProblem(node, memory, now),
  ]
}

/** Nothing is wrong with backends then, and yet nothing may work: somebody should look. */
function noneReady(nodes: readonly Node[]): Problem[] {
  if (nodes.length === 0 || nodes.some(({ state }) => state === 'ready')) return []
  const states = Object.entries(Object.groupBy(nodes, ({ state }) => state)).map(([state, those]) => `${those.length} ${state}`)
  const text = `none of the ${nodes.length} nodes is ready (${states.join(', ')}); the last backends keep their weight`
  return [{ kind: 'node', subject: 'swarm', text }]
}

/**
 * Backends wanted now. `found` is the outcome of the instance lookup; ids once known outlive it until the node's record is gone.
 * @param now milliseconds
 */
export function readNodes(
  nodes: readonly Node[],
  found: ReadonlyMap<string, Found>,
  before: NodesMemory,
  rules: NodeRules,
  now: number,
): Backends {
  const memory = new Map<string, NodeMemory>()
  const wishes = new Map<string, Wish>()
  const records = new Map<string, BackendNode>()
  const servers = new Map<string, string>()
  const problems: Problem[] = noneReady(nodes)
  for (const node of nodes) {
    const state = remember(node, before.nodes.get(node.id), found.get(node.id), isChosen(node, rules.choose), now)
    problems.push(...problemsOf(node, state, found.get(node.id), rules, now))
    const { server } = state
    if (server === undefined) {
      memory.set(node.id, state)
      continue
    }
    const wish = wishOf(node, { ...state, server }, rules, now)
    const best = better(wishes.get(server), wish)
    wishes.set(server, best)
    servers.set(node.id, server)
    if (best === wish) records.set(server, { node, server })
    memory.set(node.id, { ...state, weight: wish.mode === 'set' ? wish.weight : state.weight })
  }
  const states = [...memory.values()]
  return {
    nodes: [...records.values()],
    servers,
    wishes,
    departed: departures(before, memory, now),
    moved: new Map(states.flatMap(({ was, server, hostname }) => (was && server ? [[was.server, { hostname, server }] as const] : []))),
    protect: protection(states, rules.unresolvedPatience, now),
    problems,
    memory: { nodes: memory, departed: departures(before, memory, now) },
    recheckAt: timers(states, rules, now),
  }
}
