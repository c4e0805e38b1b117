// One service with an http and a tcp listener in front of a mesh of real sockets, clients at them, and something that happens meanwhile.
import { setTimeout as sleep } from 'node:timers/promises'
import nock from 'nock'
import { onTestFinished } from 'vitest'
import type { PortJson } from '../support/engine-json.ts'
import { type Stand, startStand, swarmNodes, swarmService, until } from '../support/stand.ts'
import { type Seen, startClients, type Target } from './client.ts'
import { type Kind, type Mesh, startMesh } from './mesh.ts'

// It stands between every client and its socket, and would be what is measured; all addresses here are 127.x.
nock.restore()

const FRONT = '127.21.0.200'
export const HTTP = 8080
export const TCP = 8081
export const addressOf = (node: number) => `127.21.0.${node}`

/** Published ports of the two. */
export type Published = { readonly http: number; readonly tcp: number }
export const PUBLISHED: Published = { http: 30_080, tcp: 30_081 }

export type Scene = {
  readonly stand: Stand
  readonly mesh: Mesh
  /** Nodes are these, with what is said of some of them. */
  nodes(numbers: readonly number[], over?: Readonly<Record<string, object>>): void
  /** The service under load, and others beside it. */
  web(labels?: Readonly<Record<string, string>>, published?: Published, others?: readonly object[]): void
  /** `i-1=100 i-2=0`, of the default group or of all other groups. */
  members(): string
  until(what: string, holds: () => boolean): Promise<void>
}

const web = (labels: Readonly<Record<string, string>> = {}, { http, tcp }: Published = PUBLISHED) => {
  const ports: readonly PortJson[] = [
    { target: 80, published: http },
    { target: 81, published: tcp },
  ]
  return swarmService('web', http, { 'slb.port.80': `http://:${HTTP}`, 'slb.port.81': `tcp://:${TCP}`, ...labels }, ports)
}

const nodesOf = (numbers: readonly number[], over: Readonly<Record<string, object>>) =>
  swarmNodes(Math.max(...numbers), over)
    .filter((_, index) => numbers.includes(index + 1))
    .map((node) => labelled(node as { ID: string; Spec: { Labels: object } }))

/** Addresses of 127.0.0.0/8 are nothing that a node could be found by. */
const labelled = (node: { readonly ID: string; readonly Spec: { readonly Labels: object } }) => ({
  ...node,
  Spec: { ...node.Spec, Labels: { ...node.Spec.Labels, 'slb.instance-id': node.ID.replace('node', 'i') } },
})

const NODES = 8

export async function openScene(env: Readonly<Record<string, string>> = {}): Promise<Scene> {
  const mesh = startMesh()
  const stand = await startStand({
    state: {
      loadBalancers: [{ id: 'lb-1', name: 'front', address: FRONT }],
      instances: Array.from({ length: NODES }, (_, index) => ({ id: `i-${index + 1}`, privateIp: addressOf(index + 1) })),
    },
    env: { SLB_DRAIN: '500ms', ...env },
    simulator: { dataPlane: true, settings: { latencyMs: 50 } },
  })
  onTestFinished(async () => {
    await stand.close()
    await mesh.close()
  })
  return {
    stand,
    mesh,
    nodes: (numbers, over = {}) => stand.nodes(nodesOf(numbers, over)),
    web: (labels, published, others = []) => stand.services([web(labels, published), ...others]),
    members() {
      const { backendServers, groups } = stand.lb()
      const all = [...backendServers, ...groups.flatMap(({ servers }) => servers)]
      return all
        .map((server) => `${server.serverId}${server.port > 0 ? `:${server.port}` : ''}=${server.weight}`)
        .sort()
        .join(' ')
    },
    until: (what, holds) => until(what, holds, 30_000),
  }
}

const TARGETS: readonly Target[] = [
  { kind: 'http', address: FRONT, port: HTTP },
  { kind: 'tcp', address: FRONT, port: TCP },
]

/** Three nodes, both listeners up. */
export async function openServing(env?: Readonly<Record<string, string>>): Promise<Scene> {
  const scene = await openScene(env)
  const nodes = [1, 2, 3]
  await publish(scene, PUBLISHED, nodes)
  scene.nodes(nodes)
  scene.web()
  scene.stand.start()
  await ready(scene)
  return scene
}

export async function publish({ mesh }: Scene, { http, tcp }: Published, nodes: readonly number[]): Promise<void> {
  await mesh.publish('http', http, nodes.map(addressOf))
  await mesh.publish('tcp', tcp, nodes.map(addressOf))
}

export async function ready({ stand, until }: Scene, ports: readonly number[] = [HTTP, TCP]): Promise<void> {
  await until('the listeners run', () => ports.every((port) => stand.listener(port)?.status === 'running'))
  await sleep(500)
}

/** With nothing going on: says what this machine can do. */
const LEAD_MS = 1000
const TAIL_MS = 1500

/** What clients see while it happens, from a while before until a while after. */
export async function underLoad(
  what: string,
  happens: () => Promise<void>,
  targets: readonly Target[] = TARGETS,
): Promise<ReadonlyMap<Kind, Seen>> {
  const clients = startClients(targets)
  let seen: ReadonlyMap<Kind, Seen>
  try {
    await sleep(LEAD_MS)
    clients.mark()
    await happens()
    await sleep(TAIL_MS)
  } finally {
    seen = await clients.end()
  }
  for (const [kind, { requests, failures, gap, perSecond }] of seen) {
    const text = `${requests} requests (${perSecond.toFixed(0)}/s), ${failures.length} failed, longest time without an answer ${gap.toFixed(0)} ms`
    process.stdout.write(`${what}, ${kind}: ${text}\n`)
  }
  return seen
}

export const total = (seen: ReadonlyMap<Kind, Seen>, of: (one: Seen) => number) => [...seen.values()].reduce((sum, one) => sum + of(one), 0)
export const failuresOf = (seen: ReadonlyMap<Kind, Seen>) =>
  [...seen].flatMap(([kind, { failures }]) => failures.map((why) => `${kind} at ${why}`))
