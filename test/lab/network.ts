// The lab's wires: a bridge in a hub namespace, one namespace for each node, and a leg into the root namespace so that a browser gets in.
// A namespace is held by a sleeping process; when that ends, its interfaces are gone with it.
import { join } from 'node:path'
import type { Ground } from './ground.ts'
import { run, start } from './process.ts'

export type Hub = { readonly pid: number; readonly address: string; readonly prefix: string }
export type Wire = { readonly pid: number; readonly address: string; readonly port: string }

/** Prefix of a command that runs it in the network namespace of a process. */
export const inside = (pid: number): readonly string[] => ['nsenter', '--target', String(pid), '--net', '--']

const ip = (pid: number, command: string): Promise<string> => run([...inside(pid), 'ip', ...command.split(' ')])

/** One batch of ip commands in a namespace. */
const batch = (pid: number, commands: readonly string[]): Promise<string> =>
  run([...inside(pid), 'ip', '-batch', '-'], { input: `${commands.join('\n')}\n` })

/** unshare replaces itself by sleep, so the new namespace is there as soon as the process has that name. */
async function holdNamespace(ground: Ground, what: string): Promise<number> {
  const { pid } = start(
    ['unshare', '--net', '--', 'sh', '-c', 'ip link set lo up && exec sleep infinity'],
    join(ground.folder, 'holders.log'),
  )
  ground.noteProcess(pid, what)
  for (let waited = 0; waited < 5_000; waited += 10) {
    if ((await run(['cat', `/proc/${pid}/comm`])) === 'sleep') return pid
  }
  throw new Error(`${what} did not come up`)
}

export async function openHub(ground: Ground): Promise<Hub> {
  const prefix = `10.77.${ground.number}`
  const pid = await holdNamespace(ground, 'hub namespace')
  await batch(pid, ['link add br0 type bridge forward_delay 0', 'link set br0 up', `address add ${prefix}.1/24 dev br0`])
  const leg = `slblab${ground.number}`
  ground.noteLink(leg)
  await run(['ip', 'link', 'add', leg, 'type', 'veth', 'peer', 'name', 'root', 'netns', String(pid)])
  await batch(pid, ['link set root master br0', 'link set root up'])
  await run(['ip', 'address', 'add', `${prefix}.254/24`, 'dev', leg])
  await run(['ip', 'link', 'set', leg, 'up'])
  return { pid, address: `${prefix}.1`, prefix }
}

/** One more address on the hub, for a load balancer. */
export async function addHubAddress(hub: Hub, host: number): Promise<string> {
  const address = `${hub.prefix}.${host}`
  await ip(hub.pid, `address replace ${address}/24 dev br0`)
  return address
}

/** From the hub to whatever this machine itself answers on, for a swarm outside of the lab. */
export const routeHubToMachine = async (hub: Hub): Promise<void> => void (await ip(hub.pid, `route replace default via ${hub.prefix}.254`))

/** No default route: what does not live in the lab fails at once instead of after a timeout. */
export async function plugIn(ground: Ground, hub: Hub, name: string, host: number): Promise<Wire> {
  const pid = await holdNamespace(ground, `${name} namespace`)
  await ip(hub.pid, `link add ${name} type veth peer name eth0 netns ${pid}`)
  await batch(hub.pid, [`link set ${name} master br0`, `link set ${name} up`])
  await batch(pid, [`address add ${hub.prefix}.${host}/24 dev eth0`, 'link set eth0 up'])
  return { pid, address: `${hub.prefix}.${host}`, port: name }
}

/** Pulls the cable at the hub's end: the node's own interface stays up, as with a failed switch. */
export const unplug = async (hub: Hub, wire: Wire): Promise<void> => void (await ip(hub.pid, `link set ${wire.port} down`))
export const replug = async (hub: Hub, wire: Wire): Promise<void> => void (await ip(hub.pid, `link set ${wire.port} up`))
