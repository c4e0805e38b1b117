// Who wrote what: the simulated cloud's own request log, by the node that each call names.
import { isWrite } from '../../../src/simulator/actions/call.ts'
import type { Cloud } from '../cloud.ts'
import { getText } from '../http.ts'

export type Write = { readonly at: number; readonly node: string; readonly task: string; readonly action: string; readonly what: string }

type Entry = {
  readonly time: number
  readonly action: string
  readonly userAgent: string
  readonly params: Readonly<Record<string, string>>
}

const OURS = /swarm-slb\/\S+ \((\S+) (\S+)\)/

/** Of the daemons alone, oldest first; `nameOf` says which node an id is. */
export async function writesSince(cloud: Cloud, from: number, nameOf: (nodeId: string) => string): Promise<readonly Write[]> {
  const { body } = await getText(`${cloud.controlUrl}/requests?limit=100000`, 20_000)
  const { requests } = JSON.parse(body) as { readonly requests: readonly Entry[] }
  return requests
    .filter(({ time, action, userAgent }) => time >= from && isWrite(action) && userAgent.includes('swarm-slb/'))
    .map(({ time, action, userAgent, params }) => {
      const [, nodeId = userAgent, task = ''] = OURS.exec(userAgent) ?? []
      return { at: time, node: nameOf(nodeId), task, action, what: describe(params) }
    })
    .toSorted((a, b) => a.at - b.at)
}

const describe = (params: Entry['params']): string =>
  Object.entries(params)
    .filter(([name]) => /^(ListenerPort|VServerGroupId|VServerGroupName|BackendServers|Description)$/.test(name))
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')

/** Where one process wrote less than this after another, ms. Within it a right to write, once confirmed, may still be used. */
const LEASE_MS = 3000

/** Changes from one process to another that came too soon: empty where nobody fought. */
export function clashes(writes: readonly Write[]): readonly string[] {
  return writes.flatMap((write, index) => {
    const before = writes[index - 1]
    if (before === undefined || before.task === write.task || write.at - before.at >= LEASE_MS) return []
    return [`${before.node} ${before.action}, ${write.at - before.at} ms later ${write.node} ${write.action}`]
  })
}

/** `node-1 4, node-2 7`: in the order in which they wrote. */
export function writersSeen(writes: readonly Write[]): string {
  const runs: { node: string; task: string; count: number }[] = []
  for (const { node, task } of writes) {
    const last = runs.at(-1)
    if (last?.task === task) last.count += 1
    else runs.push({ node, task, count: 1 })
  }
  return runs.map(({ node, count }) => `${node} ${count}`).join(', ')
}

/** What takes something away from clients. */
export const takesAway = ({ action }: Write): boolean => /^(Delete|Remove|Stop)/.test(action)
