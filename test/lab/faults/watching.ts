// What the load balancer has behind its listeners, looked at all the time: who is there, with which weight, and who gets traffic.
import { setTimeout as sleep } from 'node:timers/promises'
import { BALANCER, balancer, type Cloud, instanceId } from '../cloud.ts'
import type { Machine } from '../site.ts'

export type Sample = {
  readonly at: number
  /** Ports of listeners that run. */
  readonly running: readonly number[]
  /** Weight by node name; a node that is not there is missing. */
  readonly weights: Readonly<Record<string, number>>
  /** By port: the nodes that the load balancer sends somebody to. */
  readonly inUse: Readonly<Record<number, readonly string[]>>
}

export interface Watching {
  readonly samples: readonly Sample[]
  /** Those between two times, and the last one before. */
  between(from: number, to: number): readonly Sample[]
  stop(): Promise<void>
}

const EVERY_MS = 300

type HealthRow = { readonly ListenerPort: number; readonly ServerId: string; readonly ServerHealthStatus: string }

async function lookOnce(cloud: Cloud, machines: readonly Machine[]): Promise<Sample> {
  const names = new Map(machines.map((machine) => [instanceId(machine), machine.name]))
  const at = Date.now()
  const { listeners, backendServers } = await balancer(cloud)
  const answer = await cloud.call('DescribeHealthStatus', { LoadBalancerId: BALANCER.id })
  const rows = (answer['BackendServers'] as { readonly BackendServer: readonly HealthRow[] }).BackendServer
  const nodesOf = (port: number, state?: string) =>
    rows.flatMap((row) =>
      row.ListenerPort === port && (state ?? row.ServerHealthStatus) === row.ServerHealthStatus
        ? [names.get(row.ServerId) ?? row.ServerId]
        : [],
    )
  const inUse = listeners.map(({ port }) => {
    const best = [nodesOf(port, 'normal'), nodesOf(port, 'unavailable'), nodesOf(port)].find((some) => some.length > 0)
    return [port, best ?? []] as const
  })
  return {
    at,
    running: listeners.flatMap(({ port, status }) => (status === 'running' ? [port] : [])),
    weights: Object.fromEntries(backendServers.map(({ serverId, weight }) => [names.get(serverId) ?? serverId, weight])),
    inUse: Object.fromEntries(inUse),
  }
}

export function watchBalancer(cloud: Cloud, machines: readonly Machine[]): Watching {
  const samples: Sample[] = []
  const ended = new AbortController()
  const run = async () => {
    while (!ended.signal.aborted) {
      samples.push(await lookOnce(cloud, machines))
      await sleep(EVERY_MS, undefined, { signal: ended.signal }).catch(() => {})
    }
  }
  const running = run()
  running.catch(() => {}) // told by stop
  return {
    samples,
    between(from, to) {
      const before = samples.findLast(({ at }) => at < from)
      return [...(before === undefined ? [] : [before]), ...samples.filter(({ at }) => at >= from && at <= to)]
    },
    stop() {
      ended.abort()
      return running
    },
  }
}
