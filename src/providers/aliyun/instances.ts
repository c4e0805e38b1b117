// Which ECS instance a node is. An id once known is kept: a failed, empty or doubtful answer never takes it away, only the cloud's
// own refusal (`forget`) or another running instance with the node's address.
import { CallError } from '../provider.ts'
import { createProbe, type Found, findByAddress, searchable } from './ecs.ts'
import { createLanes } from './queue.ts'
import type { Rpc } from './rpc.ts'

export type NodeAddress = {
  readonly id: string
  readonly address: string | undefined
  /** The node label slb.instance-id. */
  readonly label?: string | undefined
}

export interface Instances {
  /** Every node gets an answer. Calls the API only where something is not known or due; never throws for a failed call. */
  lookup(nodes: readonly NodeAddress[], signal: AbortSignal): Promise<ReadonlyMap<string, Found>>
  /** The cloud does not know this instance: it is looked up again. */
  forget(server: string): void
}

export type InstancesOptions = {
  readonly rpc: Rpc
  /** Undefined or a rejection: not known. */
  readonly vpcId: () => Promise<string | undefined>
  readonly now?: () => number
  readonly cacheMs?: number
  /** A node without an instance is not looked up again sooner. */
  readonly missMs?: number
  /** The same where the VPC is not known: off ECS that question takes seconds. */
  readonly noVpcMs?: number
  readonly probeMs?: number
}

type Wanted = { readonly key: string; readonly address: string }

const NO_VPC = 'the VPC is not known: set SLB_VPC_ID, or the node label slb.instance-id'

export function createInstances(options: InstancesOptions): Instances {
  const { rpc, now = Date.now, cacheMs = 600_000, missMs = 5_000, noVpcMs = 30_000, probeMs = 180_000 } = options
  const known = createKnown(now, cacheMs)
  const lane = createLanes(1) // passes run side by side and ask for the same nodes
  const mayDescribe = createProbe(rpc, now, probeMs)
  let vpcId: string | undefined

  const refresh = async (wanted: readonly Wanted[], signal: AbortSignal) => {
    const miss = (reason: string, againMs: number) => {
      for (const { key } of wanted) known.remember(key, { status: 'unresolved', reason }, againMs)
    }
    vpcId ??= await options.vpcId().catch(() => undefined)
    if (vpcId === undefined) return miss(NO_VPC, noVpcMs)
    try {
      const addresses = [...new Set(wanted.map(({ address }) => address))]
      const found = await findByAddress(rpc, mayDescribe, vpcId, addresses, signal)
      for (const { key, address } of wanted) known.remember(key, found.get(address) ?? NOT_ASKED, missMs)
    } catch (error) {
      if (!(error instanceof CallError)) throw error
      miss(`the lookup failed: ${error.message}`, error.status === 'pending' ? 0 : missMs)
    }
  }
  return {
    async lookup(nodes, signal) {
      const wanted = nodes.flatMap((node) =>
        isBlank(node.label) && searchable(node.address) ? [{ key: keyOf(node), address: node.address }] : [],
      )
      if (known.due(wanted).length > 0) {
        const leave = await lane.enter({ priority: 0, share: '' }, signal).catch(() => undefined)
        const due = known.due(wanted)
        try {
          if (due.length > 0 && leave !== undefined) await refresh(due, signal)
        } finally {
          leave?.()
        }
      }
      return new Map(nodes.map((node) => [node.id, answer(node, known.get(keyOf(node)))]))
    },
    forget: known.forget,
  }
}

/** `reason`: why no instance could be confirmed at the last look. */
type Entry = { readonly server: string | undefined; readonly reason: string; readonly dueAt: number }

const NOT_ASKED: Found = { status: 'unresolved', reason: 'not looked up yet' }
/** Nodes that nobody asked for any more go from memory after this. */
const KEEP_MS = 86_400_000

function createKnown(now: () => number, cacheMs: number) {
  const entries = new Map<string, Entry>()
  return {
    get: (key: string) => entries.get(key),
    /** A miss leaves the id that was known before, and is asked again after `againMs`. */
    remember(key: string, found: Found, againMs: number): void {
      const hit = found.status === 'found'
      const server = hit ? found.server : entries.get(key)?.server
      entries.set(key, { server, reason: hit ? '' : found.reason, dueAt: now() + (hit ? cacheMs : againMs) })
      for (const [old, { dueAt }] of entries) if (dueAt < now() - KEEP_MS) entries.delete(old)
    },
    /** When something is due, what will be soon is asked in the same call. */
    due(wanted: readonly Wanted[]): readonly Wanted[] {
      const within = (ms: number) => wanted.filter(({ key }) => (entries.get(key)?.dueAt ?? 0) <= now() + ms)
      return within(0).length === 0 ? [] : within(cacheMs / 2)
    },
    forget(server: string): void {
      for (const [key, entry] of entries) if (entry.server === server) entries.delete(key)
    },
  }
}

const keyOf = ({ id, address }: NodeAddress) => `${id} ${address ?? ''}`
const isBlank = (label: string | undefined) => label === undefined || label.trim() === ''

function answer({ address, label = '' }: NodeAddress, entry: Entry | undefined): Found {
  const named = label.trim()
  if (/^[\w-]{1,64}$/.test(named)) return { status: 'found', server: named }
  if (named !== '') return { status: 'unresolved', reason: 'the node label slb.instance-id is not an instance id' }
  if (address === undefined) return { status: 'unresolved', reason: 'the node has no address: set its label slb.instance-id' }
  if (!searchable(address)) return { status: 'unresolved', reason: `${address} is no IPv4 address: set the node label slb.instance-id` }
  if (entry?.server !== undefined) return { status: 'found', server: entry.server }
  return entry === undefined ? NOT_ASKED : { status: 'unresolved', reason: entry.reason }
}
