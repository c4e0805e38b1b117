// Small builders for states: every test says only what matters to it.
import { newServicesMemory, type Places, readServices, type ServicesMemory, type Wanted } from '../../src/core/claims.ts'
import { describeChange } from '../../src/core/describe.ts'
import { type Diff, diff } from '../../src/core/diff.ts'
import { type DiffInput, type DiffRules, NO_MEMORY } from '../../src/core/diff-input.ts'
import { foldHealth, type HealthState } from '../../src/core/health.ts'
import { type LabelRules, readService } from '../../src/core/labels.ts'
import type {
  ActualListener,
  Group,
  ListenerKey,
  LoadBalancer,
  Member,
  Node,
  Plan,
  Protocol,
  PublishedPort,
  Service,
  Target,
} from '../../src/core/model.ts'
import { EVERY_NODE } from '../../src/core/node-choice.ts'
import { type Backends, type Found, NO_NODES, type NodeRules, type NodesMemory, readNodes } from '../../src/core/nodes.ts'
import type { Settings } from '../../src/core/options.ts'
import { settingsFor } from '../../src/core/settings.ts'
import { isImmovable } from '../../src/core/traits.ts'
import { CLB_TRAITS } from '../../src/providers/aliyun/clb/traits.ts'

export const OWNER = 'me'
export const NOTE = `swarm-slb/${OWNER}`
export const NOW = 10_000_000
export const MINUTE = 60_000

export const LABEL_RULES: LabelRules = { expose: 'labelled', ports: [], defaultBandwidth: -1 }
export const NODE_RULES: NodeRules = { choose: EVERY_NODE, downGrace: MINUTE, returnWait: 15_000, unresolvedPatience: 10 * MINUTE }
export const PLACES: Places = {
  fallback: 'lb-1',
  byRef: new Map([
    ['lb-1', 'lb-1'],
    ['lb-2', 'lb-2'],
  ]),
  problems: new Map(),
}
export const RULES: DiffRules = {
  owner: OWNER,
  note: NOTE,
  drain: 30_000,
  notesKept: true,
  removalGrace: 30_000,
  unseenGrace: 10 * MINUTE,
  backends: 'auto',
  immovable: isImmovable(CLB_TRAITS),
}

export const port = (published: number | undefined, over: Partial<PublishedPort> = {}): PublishedPort => ({
  target: 80,
  published,
  transport: 'tcp',
  mode: 'ingress',
  ...over,
})

/** A service with one port (container port 80) and labels. */
export const service = (
  name: string,
  published: number | undefined,
  labels: Record<string, string> = {},
  over: Partial<Service> = {},
): Service => ({
  id: `id-${name}`,
  name,
  createdAt: '2026-01-01T00:00:00Z',
  labels,
  containerLabels: {},
  ports: [port(published)],
  settled: true,
  ...over,
})

export const web = (labels: Record<string, string> = {}, over: Partial<Service> = {}) =>
  service('web', 30000, { 'slb.port.80': 'tcp://:8080', ...labels }, over)

export const node = (id: string, over: Partial<Node> = {}): Node => ({
  id,
  hostname: id,
  address: `10.0.0.${id.replace(/\D/g, '') || '9'}`,
  role: 'worker',
  leader: false,
  availability: 'active',
  state: 'ready',
  labels: {},
  ...over,
})

/** n1 is instance i-1, and so on. */
export const found = (nodes: readonly Node[]): ReadonlyMap<string, Found> =>
  new Map(nodes.map(({ id }) => [id, { status: 'found', server: id.replace('n', 'i-') }]))

export function wantedBy(
  services: readonly Service[],
  over: { memory?: ServicesMemory; now?: number; places?: Places; rules?: LabelRules } = {},
): Wanted {
  const now = over.now ?? NOW
  const memory = over.memory ?? { ...newServicesMemory(0), alive: new Set(services.map(({ name }) => name)) }
  return readServices(services, (one) => readService(one, over.rules ?? LABEL_RULES), over.places ?? PLACES, OWNER, memory, now)
}

/** Memory of a process that has run for long and saw these services alive; `gone` since when. */
export const remembers = (alive: readonly string[], gone: Record<string, number> = {}): ServicesMemory => ({
  startedAt: 0,
  alive: new Set(alive),
  missingSince: new Map(Object.entries(gone)),
  pendingSince: new Map(),
  chosen: new Set(),
})

export const backendsOf = (
  nodes: readonly Node[],
  over: { memory?: NodesMemory; now?: number; found?: ReadonlyMap<string, Found>; rules?: NodeRules } = {},
): Backends => readNodes(nodes, over.found ?? found(nodes), over.memory ?? NO_NODES, over.rules ?? NODE_RULES, over.now ?? NOW)

export const THREE = [node('n1'), node('n2'), node('n3')]

export const member = (server: string, over: Partial<Member> = {}): Member => ({
  server,
  port: undefined,
  weight: 100,
  note: NOTE,
  ...over,
})
export const threeMembers = (over: Partial<Member> = {}) => ['i-1', 'i-2', 'i-3'].map((server) => member(server, over))

export const defaults = (protocol: Protocol, given: Settings = {}): Settings =>
  settingsFor(protocol, given, { defaultBandwidth: -1 }).settings

export const listener = (
  protocol: Protocol,
  number: number,
  target: Target,
  note: string,
  over: Partial<ActualListener> = {},
): ActualListener => ({
  key: `${protocol === 'udp' ? 'udp' : 'tcp'}:${number}`,
  port: number,
  protocol,
  status: 'running',
  note,
  target,
  settings: defaults(protocol),
  rules: [],
  extensions: [],
  ...over,
})

export const toDefault = (nodePort: number): Target => ({ kind: 'default', port: nodePort })
export const toGroup = (ref: string): Target => ({ kind: 'group', group: ref })
export const markOf = (name: string, suffix = '') => `swarm-slb/${OWNER}/${name}/80-tcp${suffix}`

/** The listener of `web` as we would make it. */
export const webListener = (over: Partial<ActualListener> = {}) => listener('tcp', 8080, toDefault(30000), markOf('web'), over)

export const group = (ref: string, name: string, members: readonly Member[], over: Partial<Group> = {}): Group => ({
  ref,
  name,
  members,
  listeners: [],
  rules: 0,
  ...over,
})

export const balancer = (over: Partial<LoadBalancer> = {}): LoadBalancer => ({
  id: 'lb-1',
  name: 'front',
  address: '192.0.2.1',
  addressType: 'internet',
  status: 'active',
  tags: { [`swarm-slb:${OWNER}`]: 'cluster-1' },
  members: [],
  groups: [],
  listeners: [],
  ...over,
})

export function diffOf(over: Partial<DiffInput> & { readonly services?: readonly Service[]; readonly nodes?: readonly Node[] } = {}): Diff {
  const { services = [], nodes = THREE, ...rest } = over
  return diff({
    lb: balancer(),
    wanted: wantedBy(services),
    backends: backendsOf(nodes),
    memory: NO_MEMORY,
    isUp: () => true,
    held: new Set(),
    rules: RULES,
    health: undefined,
    now: NOW,
    ...rest,
  })
}

/** A plan as text, one line a change. */
export const text = (plan: Plan) => plan.flatMap((chain) => chain.changes.map((change) => describeChange(change)))

/** What kinds of change a plan has, in its order. */
export const kinds = (plan: Plan) => plan.flatMap((chain) => chain.changes.map(({ kind }) => kind))

/** The ports of the members that new groups are created with. */
export const newPorts = (plan: Plan) => {
  const members = plan.flatMap(({ changes }) => changes.flatMap((change) => (change.kind === 'createGroup' ? change.members : [])))
  return [...new Set(members.map((one) => one.port))].sort()
}

/** Every one of the three servers in this state for the listener of `web`. */
export const healthOf = (state: HealthState, nodePort = 30000, keys: readonly ListenerKey[] = ['tcp:8080']) =>
  foldHealth(keys.flatMap((listener) => ['i-1', 'i-2', 'i-3'].map((server) => ({ listener, server, port: nodePort, state }))))
