// The large account: 2,000 services on 50 nodes over 60 load balancers, quotas lifted, and twenty times the published rates.
import type { Tuning } from '../../src/app.ts'
import { RATES } from '../../src/providers/aliyun/buckets.ts'
import { type Stand, startStand, swarmService } from '../support/stand.ts'

export const SERVICES = 2000
const NODES = 50
const BALANCERS = 60
/** Every so many services choose their nodes, and so have a server group of their own with all of them. */
const OWN_GROUP_EVERY = 10
const FASTER = 20
const SHARE = 0.5
/** As for npm run bench. */
const LATENCY_MS = 100

const LIFTED = 1_000_000
const QUOTAS = {
  loadBalancers: LIFTED,
  listeners: LIFTED,
  backendServers: LIFTED,
  groups: LIFTED,
  attachments: LIFTED,
}

export const idOf = (index: number) => `lb-${(index % BALANCERS) + 1}`
export const portOf = (index: number) => 20_000 + index

/** tcp and http in turn, spread over all load balancers. */
export function loadService(index: number, extra: Readonly<Record<string, string>> = {}): object {
  const protocol = Math.floor(index / BALANCERS) % 2 === 0 ? 'tcp' : 'http'
  const own: Record<string, string> = index % OWN_GROUP_EVERY === 0 ? { 'slb.port.80.nodes': 'node.labels.absent!=yes' } : {}
  const labels = { 'slb.port.80': `${protocol}://${idOf(index)}:${portOf(index)}`, ...own, ...extra }
  // Of a real engine each write of a service makes another version of it.
  const version = { Version: { Index: 100 + index + Object.keys(extra).length }, UpdatedAt: JSON.stringify(extra) }
  return { ...swarmService(`app-${index + 1}`, portOf(index), labels), ...version }
}

export const loadServices = () => Array.from({ length: SERVICES }, (_, index) => loadService(index))

export function openLoad(): Promise<Stand> {
  const loadBalancers = Array.from({ length: BALANCERS }, (_, index) => ({ id: idOf(index), name: `front-${index + 1}` }))
  return startStand({
    nodes: NODES,
    state: { loadBalancers },
    env: {
      SLB_ID: 'lb-1',
      SLB_ALLOW: loadBalancers.map(({ id }) => id).join(),
      SLB_QUOTAS: 'unlimited',
      SLB_API_SHARE: String(SHARE),
      SLB_REMOVAL_GRACE: '30s',
      SLB_DRAIN: '30s',
      SLB_NODE_DOWN_GRACE: '60s',
      SLB_RESYNC_INTERVAL: '30m',
      SLB_HTTP_ADDR: '127.0.0.1:0',
      LOG_LEVEL: 'info',
    },
    simulator: {
      settings: {
        latencyMs: LATENCY_MS,
        quotas: QUOTAS,
        rates: { enabled: true, writesPerMinute: RATES.write.tokens * FASTER, readsPerMinute: RATES.read.tokens * 60 * FASTER },
        requestLogSize: 100_000,
      },
    },
  })
}

export const TUNING: Tuning = {
  buckets: {
    rates: {
      write: { ...RATES.write, tokens: RATES.write.tokens * FASTER },
      read: { ...RATES.read, tokens: RATES.read.tokens * FASTER },
    },
  },
}

/** Milliseconds that so many calls of one action take at the share of the rate that is ours, its burst included. */
export function atBest(calls: number): number {
  const burst = RATES.write.tokens * FASTER * SHARE
  return Math.max(0, (calls - burst) / burst) * RATES.write.perMs
}

/** Listeners that run. */
export const running = ({ simulator }: Stand) =>
  simulator.state.loadBalancers.reduce((sum, { listeners }) => sum + listeners.filter(({ status }) => status === 'running').length, 0)
