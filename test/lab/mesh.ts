// Stand-in for Swarm's routing mesh where the kernel has no IPVS: keeps DNAT rules on every node in step with services and tasks.
// The way is Docker's own: node -> ingress_sbox -> ingress network (VXLAN) -> task; only the choice of the task is ours.
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { readApi } from './api.ts'
import type { Engine } from './engine.ts'
import { CHAIN, natRules, type SwarmService, type SwarmTask } from './mesh-rules.ts'
import { attempt, type Finished } from './process.ts'

const SBOX = ['nsenter', '--net=/run/docker/netns/ingress_sbox', '--']

/** Docker loads the module itself when it can; so do we, to know before it tries. */
export async function kernelHasIpvs(): Promise<boolean> {
  if (!existsSync('/proc/net/ip_vs')) await attempt(['modprobe', 'ip_vs']).catch(() => undefined)
  return existsSync('/proc/net/ip_vs')
}

export interface Mesh {
  stop(): Promise<void>
}

/** Looks four times a second; a node whose engine hangs holds no other node up. */
export function runMesh(nodes: () => readonly Engine[], log: (line: string) => void): Mesh {
  const stop = new AbortController()
  const done = new Map<Engine, string>()
  const busy = new Map<Engine, Promise<void>>()
  const loop = async (): Promise<void> => {
    let source: Engine | undefined
    while (!stop.signal.aborted) {
      const world = await readWorld([...(source === undefined ? [] : [source]), ...nodes()])
      source = world?.source
      for (const node of world === undefined ? [] : nodes()) {
        if (busy.has(node)) continue
        const step = refresh(node, world?.rules ?? '', done)
          .catch((error: unknown) => {
            if (!stop.signal.aborted) log(`mesh on ${node.name}: ${String(error).trim()}`)
          })
          .finally(() => busy.delete(node))
        busy.set(node, step)
      }
      await sleep(250, undefined, { signal: stop.signal }).catch(() => {})
    }
    await Promise.all(busy.values())
  }
  const running = loop()
  return {
    async stop() {
      stop.abort()
      await running
    },
  }
}

/** From the first engine that answers as a manager; the one that did last time is asked first. */
async function readWorld(candidates: readonly Engine[]): Promise<{ source: Engine; rules: string } | undefined> {
  const running = encodeURIComponent(JSON.stringify({ 'desired-state': ['running'] }))
  for (const source of new Set(candidates)) {
    if (source.pid() === undefined) continue
    try {
      const services = await readApi<SwarmService[]>(source.socket, '/services', 1_000)
      const tasks = await readApi<SwarmTask[]>(source.socket, `/tasks?filters=${running}`, 1_000)
      return { source, rules: natRules(services, tasks) }
    } catch {
      // a worker, a manager without quorum, or frozen
    }
  }
  return undefined
}

type GatewayBridge = { readonly Containers?: Readonly<Record<string, { readonly EndpointID: string; readonly IPv4Address?: string }>> }
type IngressNetwork = { readonly IPAM?: { readonly Config?: readonly { readonly Subnet?: string }[] } }

async function refresh(node: Engine, rules: string, done: Map<Engine, string>): Promise<void> {
  const pid = node.pid()
  if (pid === undefined) return
  const way = await wayIn(node)
  if (way === undefined) return // not in the swarm, or its ingress network is not up yet
  const plumbing = JSON.stringify([pid, way])
  const before = done.get(node) ?? ''
  if (before === plumbing + rules) return
  if (!before.startsWith(plumbing)) await plumb(node, way)
  await within(node, ['iptables-restore', '--noflush', '--wait', '5'], rules)
  done.set(node, plumbing + rules)
}

type Way = {
  readonly subnet: string
  readonly via: string
  /** Another one after a leave and a join, even where the addresses are the same. */
  readonly endpoint: string
}

async function wayIn(node: Engine): Promise<Way | undefined> {
  try {
    const bridge = await readApi<GatewayBridge>(node.socket, '/networks/docker_gwbridge', 1_000)
    const ingress = await readApi<IngressNetwork>(node.socket, '/networks/ingress', 1_000)
    const box = bridge.Containers?.['ingress-sbox']
    const via = box?.IPv4Address?.replace(/\/\d+$/, '')
    const subnet = ingress.IPAM?.Config?.[0]?.Subnet
    return box === undefined || via === undefined || subnet === undefined ? undefined : { via, subnet, endpoint: box.EndpointID }
  } catch {
    return undefined
  }
}

/** The ways in both directions, once for each ingress_sbox. Every command may be repeated. */
async function plumb(node: Engine, { subnet, via }: Way): Promise<void> {
  await within(node, [...SBOX, 'sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward'])
  await ensureRule(node, SBOX, ['-t', 'nat'], ['POSTROUTING', '-d', subnet, '-j', 'MASQUERADE'])
  await within(node, ['ip', 'route', 'replace', subnet, 'via', via])
  await within(node, ['iptables-restore', '--noflush', '--wait', '5'], `*nat\n:${CHAIN} - [0:0]\nCOMMIT\n`)
  for (const chain of ['PREROUTING', 'OUTPUT'])
    await ensureRule(node, [], ['-t', 'nat'], [chain, '-m', 'addrtype', '--dst-type', 'LOCAL', '-j', CHAIN])
  for (const side of ['-s', '-d']) await ensureRule(node, [], [], ['FORWARD', side, subnet, '-j', 'ACCEPT'])
}

async function ensureRule(node: Engine, where: readonly string[], table: readonly string[], rule: readonly string[]): Promise<void> {
  const call = [...where, 'iptables', '--wait', '5', ...table]
  const check = await node.within([...call, '-C', ...rule])
  if (check.code !== 0) await within(node, [...call, '-I', ...rule])
}

async function within(node: Engine, command: readonly string[], input = ''): Promise<Finished> {
  const result = await node.within(command, { input, timeoutMs: 10_000 })
  if (result.code !== 0) throw new Error(`${command.join(' ')}: ${result.stderr}`)
  return result
}
