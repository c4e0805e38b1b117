// What the daemon knows about itself, as plain data: the loop writes it, pages and metrics read it. No I/O, no clock of its own.
import type { Problem } from './core/model.ts'
import { type CounterName, type Counters, createTally, type LabelsOf } from './tally.ts'

export type PortState = 'exposed' | 'pending' | 'frozen' | 'held' | 'refused' | 'closed' | 'unexposed' | 'removing'

/** One published port of a service and one place where it is, or should be, reachable. */
export type StatusRow = {
  readonly service: string
  /** `80/tcp` */
  readonly port: string
  readonly loadBalancer: string
  /** `http:8080` */
  readonly listener: string
  /** `ip:port` */
  readonly address: string
  readonly state: PortState
  readonly reason: string
  readonly backends?: { readonly healthy: number; readonly total: number }
}

export type HeldDelete = { readonly loadBalancer: string; readonly listener: string; readonly service: string; readonly since: string }

export type LoadBalancerRow = {
  readonly name: string
  readonly id: string
  readonly address: string
  readonly state: string
  readonly reason: string
  readonly listeners: number
  /** How many of the listeners are ours. */
  readonly owned: number
  /** Nodes that are backends: with a positive weight, and with weight 0. */
  readonly backends?: { readonly active: number; readonly drained: number }
}

/** Where nothing is written for now because somebody said so. */
export type PausedRow = {
  /** Name of the load balancer; `*`: all of them. */
  readonly loadBalancer: string
  /** Who and why, as far as they said. */
  readonly by: string
  readonly since: string
  /** Empty: until the label or tag is taken off. */
  readonly until: string
  /** All of it in one line. */
  readonly text: string
  /** What would be done. */
  readonly waiting: readonly string[]
  /** Listeners that lead to another service's node port and would be stopped at once. */
  readonly astray: readonly string[]
}

/** What the load balancers of the region share: certificates and access control lists. */
export type SharedPage = {
  /** What is still to be done. */
  readonly changes: readonly string[]
  readonly problems: readonly Problem[]
}

export type StatusPage = {
  readonly version: string
  readonly node: { readonly id: string; readonly hostname: string }
  readonly role: 'leader' | 'standby' | 'unready'
  /** Hostname of the leader; empty where it is not known. */
  readonly leader: string
  /** Why it is unready, or what it waits for. */
  readonly reason: string
  /** Could it write if it had to? Undefined where no daemon was asked. */
  readonly readyToLead?: { readonly ok: boolean; readonly reason: string } | undefined
  /** Why the health check of this task fails, so that Swarm replaces it; empty: it does not; undefined: nothing is known yet. */
  readonly makesWay?: string | undefined
  readonly owner: string
  readonly clusterId: string
  readonly lastPass: { readonly at: string; readonly ok: boolean; readonly ms: number } | undefined
  /** When a pass last ended well; kept by the board from `lastPass`. */
  readonly lastSuccess?: string | undefined
  readonly loadBalancers: readonly LoadBalancerRow[]
  readonly ports: readonly StatusRow[]
  readonly problems: readonly Problem[]
  readonly held: { readonly hash: string; readonly reason: string; readonly deletes: readonly HeldDelete[] }
  readonly drift: readonly string[]
  /** Changes to certificates and access control lists that are still to be done. */
  readonly region?: readonly string[]
  readonly paused?: readonly PausedRow[]
}

export interface Board {
  page(): StatusPage
  counters(): Counters
  /** The loop turned within its time. */
  alive(): boolean
  /** The swarm answers and this node knows its part in it. */
  ready(): boolean
}

/** The side of the board that the loop holds. */
export interface BoardPen {
  publish(page: Partial<StatusPage>): void
  /** The loop turned: called at least once in every pass and every idle wait. */
  turned(): void
  count<C extends CounterName>(counter: C, labels: LabelsOf<C>, by?: number): void
  /** Duration of one pass in milliseconds. */
  took(ms: number): void
}

export type BoardOptions = {
  readonly version: string
  /** A clock in milliseconds that never goes back. */
  readonly now: () => number
  /** The loop counts as stuck when it did not turn for this long. */
  readonly aliveMs: number
}

export function createBoard({ version, now, aliveMs }: BoardOptions): Board & BoardPen {
  let page = emptyPage(version)
  let turnedAt = now()
  const tally = createTally()
  return {
    page: () => page,
    counters: tally.read,
    alive: () => now() - turnedAt <= aliveMs,
    ready: () => page.role !== 'unready',
    publish: (news) => {
      const lastSuccess = news.lastPass?.ok ? news.lastPass.at : page.lastSuccess
      page = { ...page, lastSuccess, ...news }
    },
    turned: () => {
      turnedAt = now()
    },
    count: tally.count,
    took: tally.took,
  }
}

export function emptyPage(version: string): StatusPage {
  return {
    version,
    node: { id: '', hostname: '' },
    role: 'unready',
    leader: '',
    reason: 'starting',
    owner: '',
    clusterId: '',
    lastPass: undefined,
    loadBalancers: [],
    ports: [],
    problems: [],
    held: { hash: '', reason: '', deletes: [] },
    drift: [],
  }
}
