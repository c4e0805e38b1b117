// A real swarm of several machines on one machine: each engine in namespaces of its own, joined by a bridge in a hub.
// The hub is where load balancers and clients live.
import type { ChildProcess } from 'node:child_process'
import { join as joinPath } from 'node:path'
import { createEngine, type Engine } from './engine.ts'
import { claimGround, type Ground } from './ground.ts'
import { kernelHasIpvs, type Mesh, runMesh } from './mesh.ts'
import { addHubAddress, type Hub, inside, openHub, plugIn, replug, unplug, type Wire } from './network.ts'
import { attempt, type Finished, type RunOptions, start } from './process.ts'
import { aManager, type Control, initSwarm, joinSwarm, leaveSwarm, type Role } from './swarm.ts'
import { takeTurn } from './turn.ts'

export type LabNode = { readonly name: string; readonly address: string; readonly wire: Wire; readonly engine: Engine }
type Place = LabNode | 'hub'

export type LabOptions = {
  readonly managers: number
  readonly workers?: number
  /** For each dockerd. */
  readonly engineArgs?: readonly string[]
  /** Only after the labs of other runs that asked for this have ended: for tests, which measure. */
  readonly alone?: boolean
  /** One line for each step. */
  readonly progress?: (line: string) => void
}

export interface Lab {
  /** 10.77.<number>.0/24 */
  readonly number: number
  /** For logs and state files; removed by `down`. */
  readonly folder: string
  readonly hub: Hub
  readonly nodes: () => readonly LabNode[]
  /** Names the one that steers: the real mesh (ipvs) or the stand-in. */
  readonly mesh: 'ipvs' | 'stand-in'
  node(name: string): LabNode
  /** A manager that answers, and the one that leads: both wait half a minute for there to be one. */
  manager(): Promise<LabNode>
  leader(): Promise<LabNode>
  /** docker CLI on a node, or on a manager that answers. */
  docker(where: LabNode | 'manager', args: readonly string[], options?: RunOptions): Promise<string>
  /** A command in the network namespace of a node or of the hub. */
  exec(where: Place, command: readonly string[], options?: RunOptions): Promise<Finished>
  /** The same for a program that runs on; it is ended by `down`. Output goes to `<folder>/<name>.log`. */
  spawn(where: Place, name: string, command: readonly string[], env?: NodeJS.ProcessEnv): ChildProcess & { readonly pid: number }
  /** Another address on the hub: 10.77.<number>.<host>. */
  address(host: number): Promise<string>
  /** A further machine, in the swarm when this returns, with all images loaded so far. */
  add(role: Role): Promise<LabNode>
  join(node: LabNode, role: Role): Promise<void>
  leave(node: LabNode): Promise<void>
  freeze(node: LabNode): void
  thaw(node: LabNode): void
  /** Power cut: engine, containers, everything on the node. */
  kill(node: LabNode): Promise<void>
  /** Starts a killed engine, or stops a running one in good order and starts it again. */
  restart(node: LabNode): Promise<void>
  cutNetwork(node: LabNode): Promise<void>
  healNetwork(node: LabNode): Promise<void>
  /** Loads an image archive into every engine, later ones included. */
  load(archive: string): Promise<void>
  down(): Promise<void>
}

const FIRST_HOST = 11

/** About 10 s for three managers. Needs root and what scripts/packages.ts installs. */
export async function startLab({ alone = false, ...options }: LabOptions): Promise<Lab> {
  const endTurn = alone ? await takeTurn((line) => process.stderr.write(`${line}\n`)) : async () => {}
  try {
    const lab = await begin(options)
    return { ...lab, down: () => lab.down().finally(endTurn) }
  } catch (error) {
    await endTurn()
    throw error
  }
}

async function begin({
  managers: managerCount,
  workers = 0,
  engineArgs = [],
  progress = () => {},
}: Omit<LabOptions, 'alone'>): Promise<Lab> {
  const ground = await claimGround(progress)
  try {
    const hub = await openHub(ground)
    progress(`lab ${ground.number}: network ${hub.prefix}.0/24`)
    const nodes: LabNode[] = await Promise.all(
      Array.from({ length: managerCount + workers }, (_, index) => boot(ground, hub, index, engineArgs)),
    )
    progress(`lab ${ground.number}: ${nodes.length} engines answer`)
    const engines = nodes.map(({ engine }) => engine)
    const [first, ...others] = nodes
    if (first === undefined) throw new Error('a lab needs at least one manager')
    await initSwarm(first)
    for (const [index, node] of others.entries()) await joinSwarm(node, index < managerCount - 1 ? 'manager' : 'worker', engines)
    const ipvs = await kernelHasIpvs()
    const mesh = ipvs ? undefined : runMesh(() => nodes.map(({ engine }) => engine), progress)
    progress(
      `lab ${ground.number}: swarm of ${managerCount} managers and ${workers} workers, routing mesh: ${ipvs ? 'ipvs' : 'stand-in (no IPVS in this kernel)'}`,
    )
    return createLab({ ground, hub, nodes, mesh, engineArgs })
  } catch (error) {
    await ground.clear()
    throw error
  }
}

async function boot(ground: Ground, hub: Hub, index: number, args: readonly string[]): Promise<LabNode> {
  const name = `node-${index + 1}`
  const wire = await plugIn(ground, hub, name, FIRST_HOST + index)
  const engine = createEngine(ground, wire, name, { args })
  await engine.start()
  return { name, address: wire.address, wire, engine }
}

type Parts = {
  readonly ground: Ground
  readonly hub: Hub
  readonly nodes: LabNode[]
  readonly mesh: Mesh | undefined
  readonly engineArgs: readonly string[]
}

const enginesOf = (nodes: readonly LabNode[]): readonly Engine[] => nodes.map(({ engine }) => engine)

function createLab(parts: Parts): Lab {
  const { ground, hub, nodes, mesh } = parts
  return {
    number: ground.number,
    folder: ground.folder,
    hub,
    nodes: () => nodes,
    mesh: mesh === undefined ? 'ipvs' : 'stand-in',
    address: (host) => addHubAddress(hub, host),
    ...looks(nodes),
    ...commands(parts),
    ...members(parts),
    ...faults(hub),
    async down() {
      await mesh?.stop()
      await Promise.all(enginesOf(nodes).map((engine) => engine.kill()))
      await ground.clear()
    },
  }
}

function looks(nodes: readonly LabNode[]): Pick<Lab, 'node' | 'manager' | 'leader'> {
  const pick = (what: string, fits: (node: LabNode) => boolean): LabNode => {
    const node = nodes.find(fits)
    if (node === undefined) throw new Error(`the lab has no ${what} now`)
    return node
  }
  const asked = async (what: string, fits: (one: Control) => boolean) => {
    const engine = await aManager(enginesOf(nodes), what, fits)
    return pick(what, (node) => node.engine === engine)
  }
  return {
    node: (name) => pick(name, (node) => node.name === name),
    manager: () => asked('manager', () => true),
    leader: () => asked('leader', ({ leader }) => leader),
  }
}

function commands({ ground, hub, nodes }: Parts): Pick<Lab, 'docker' | 'exec' | 'spawn'> {
  const command = (where: Place, words: readonly string[]) => [...inside(where === 'hub' ? hub.pid : where.wire.pid), ...words]
  return {
    docker: async (where, args, options) => (where === 'manager' ? await looks(nodes).manager() : where).engine.docker(args, options),
    exec: (where, words, options) => attempt(command(where, words), options),
    spawn(where, name, words, env) {
      const child = start(command(where, words), joinPath(ground.folder, `${name}.log`), env)
      ground.noteProcess(child.pid, name)
      return child
    },
  }
}

function members({ ground, hub, nodes, engineArgs }: Parts): Pick<Lab, 'add' | 'join' | 'leave' | 'load'> {
  const archives: string[] = []
  const load = (engine: Engine, archive: string) => engine.docker(['load', '--input', archive], { timeoutMs: 300_000 })
  return {
    async add(role) {
      const node = await boot(ground, hub, nodes.length, engineArgs)
      for (const archive of archives) await load(node.engine, archive)
      await joinSwarm(node, role, enginesOf(nodes))
      nodes.push(node)
      return node
    },
    join: (node, role) => joinSwarm(node, role, enginesOf(nodes)),
    leave: (node) => leaveSwarm(node, enginesOf(nodes)),
    async load(archive) {
      archives.push(archive)
      await Promise.all(enginesOf(nodes).map((engine) => load(engine, archive)))
    },
  }
}

const faults = (hub: Hub): Pick<Lab, 'freeze' | 'thaw' | 'kill' | 'restart' | 'cutNetwork' | 'healNetwork'> => ({
  freeze: ({ engine }) => engine.signal('SIGSTOP'),
  thaw: ({ engine }) => engine.signal('SIGCONT'),
  kill: ({ engine }) => engine.kill(),
  async restart({ engine }) {
    await engine.stop()
    await engine.start()
  },
  cutNetwork: ({ wire }) => unplug(hub, wire),
  healNetwork: ({ wire }) => replug(hub, wire),
})
