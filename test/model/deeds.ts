// Carries out one deed. What makes no sense as things are is no deed: a sequence stays one, whatever is taken out of it.
import type { Deed, Spec } from './actions.ts'
import { byHand } from './hands.ts'
import { HOST_PORT, INGRESS, type ModelNode, type ModelService, type ModelSwarm, worker } from './swarm.ts'
import type { World } from './world.ts'

function edit(swarm: ModelSwarm, name: string, change: (service: ModelService) => ModelService): void {
  swarm.services = swarm.services.map((one) => (one.name === name ? change(one) : one))
}

/** Swarm gives no port to two services: the next free one goes. */
function freePort({ services }: ModelSwarm, wanted: number, transport: string): number {
  const taken = new Set(services.flatMap((one) => (one.mode === 'ingress' && one.transport === transport ? [one.published] : [])))
  const from = INGRESS.indexOf(wanted)
  return INGRESS.map((_, i) => INGRESS[(from + i) % INGRESS.length] ?? wanted).find((port) => !taken.has(port)) ?? 30100 + services.length
}

const hostTasks = (nodes: readonly string[], swarm: ModelSwarm, leaving = false) =>
  nodes.filter((id) => swarm.nodes.some((node) => node.id === id)).map((node) => ({ node, port: HOST_PORT, leaving }))

/** One host port of a node is one task's. */
function free(swarm: ModelSwarm, name: string, nodes: readonly string[]): readonly string[] {
  const taken = swarm.services.flatMap((one) => (one.name === name ? [] : one.tasks.map(({ node }) => node)))
  return nodes.filter((node) => !taken.includes(node))
}

function create(swarm: ModelSwarm, name: string, spec: Spec): void {
  swarm.services = swarm.services.filter((one) => one.name !== name)
  swarm.made += 1
  const host = spec.mode === 'host'
  const service: ModelService = {
    ...spec,
    id: `id-${name}-${swarm.made}`,
    name,
    createdAt: new Date(Date.UTC(2026, 0, 1) + swarm.made * 1000).toISOString(),
    published: host ? HOST_PORT : freePort(swarm, spec.published, spec.transport),
    settled: host || spec.settled,
    tasks: host ? hostTasks(free(swarm, name, spec.tasks), swarm) : [],
  }
  swarm.services = [...swarm.services, service]
}

/** What was another's until now is that one's in turn. */
function publish(swarm: ModelSwarm, name: string, port: number): void {
  const mine = swarm.services.find((one) => one.name === name)
  if (mine === undefined || mine.mode === 'host') return
  const other = swarm.services.find((one) => one.mode === 'ingress' && one.transport === mine.transport && one.published === port)
  if (other !== undefined) edit(swarm, other.name, (one) => ({ ...one, published: mine.published }))
  edit(swarm, name, (one) => ({ ...one, published: port }))
}

type Fate = Extract<Deed, { kind: 'node' }>['to']

function nodeFate(swarm: ModelSwarm, id: string, to: Fate): void {
  const there = swarm.nodes.some((node) => node.id === id)
  const change = (patch: Partial<ModelNode>) => {
    swarm.nodes = swarm.nodes.map((node) => (node.id === id ? { ...node, ...patch } : node))
  }
  const leave = () => {
    swarm.nodes = swarm.nodes.filter((node) => node.id !== id)
    swarm.services = swarm.services.map((one) => ({ ...one, tasks: one.tasks.filter(({ node }) => node !== id) }))
  }
  if (to === 'join') {
    if (!there) swarm.nodes = [...swarm.nodes, worker(id, 0)]
  } else if (!there) return
  else if (to === 'leave') leave()
  else if (to === 'rejoin') {
    leave()
    swarm.nodes = [...swarm.nodes, { ...worker(id, 0), id: `${id}x` }]
  } else if (to === 'readdress') {
    swarm.made += 1
    change({ address: `10.0.2.${swarm.made % 250}` })
  } else if (to === 'heavy' || to === 'light') change({ weight: to === 'heavy' ? '80' : '0' })
  else if (to === 'ready' || to === 'down' || to === 'unknown') change({ state: to })
  else change({ availability: to })
}

async function operate(world: World, kind: 'deaf' | 'hear' | 'lookupFails' | 'lookupWorks' | 'approve' | 'resync'): Promise<void> {
  const { swarm, trouble } = world
  if (kind === 'deaf' || kind === 'hear') swarm.deaf = kind === 'deaf'
  if (kind === 'lookupFails' || kind === 'lookupWorks') trouble.lookupFails = kind === 'lookupFails'
  if (kind === 'approve') world.approve()
  if (kind === 'resync') await world.resync()
}

export async function carryOut(world: World, deed: Deed): Promise<void> {
  const { swarm, faults, trouble } = world
  switch (deed.kind) {
    case 'create':
      return create(swarm, deed.name, deed.spec)
    case 'remove':
      swarm.services = swarm.services.filter(({ name }) => name !== deed.name)
      return
    case 'settle':
    case 'unsettle':
      return edit(swarm, deed.name, (one) => ({ ...one, settled: one.mode === 'host' || deed.kind === 'settle' }))
    case 'label':
      return edit(swarm, deed.name, (one) => (one.transport === 'tcp' ? { ...one, wish: deed.wish } : one))
    case 'publish':
      return publish(swarm, deed.name, deed.port)
    case 'tasks':
      return edit(swarm, deed.name, (one) =>
        one.mode === 'host' ? { ...one, tasks: hostTasks(free(swarm, deed.name, deed.nodes), swarm, deed.leaving) } : one,
      )
    case 'node':
      return nodeFate(swarm, deed.id, deed.to)
    case 'lead':
      swarm.leader = deed.who
      world.leader()
      return
    case 'restart':
      return world.restart(deed.who)
    case 'hand':
      trouble.handAt = world.clock.now
      return byHand(world, deed.lb, deed.hand)
    case 'faults':
      faults.push(...deed.faults)
      return
    case 'unread':
      trouble.failedReads += deed.times
      return
    default:
      return operate(world, deed.kind)
  }
}
