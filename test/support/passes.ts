// Passes without a daemon: what a reading of the swarm offers to the worker of one load balancer.
import { newLedger } from '../../src/core/guard.ts'
import type { Node, Service } from '../../src/core/model.ts'
import { quotaNamesOf } from '../../src/core/traits.ts'
import type { Offer } from '../../src/offer.ts'
import { CLB_TRAITS } from '../../src/providers/aliyun/clb/traits.ts'
import type { ReconcileRules, Shared } from '../../src/reconcile.ts'
import { backendsOf, MINUTE, RULES, THREE, wantedBy } from './build.ts'

export const PASS_RULES: ReconcileRules = {
  ...RULES,
  clusterId: 'cluster-1',
  guard: { maxDeletes: { count: 5, percent: 25 }, release: 30 * MINUTE, window: 10 * MINUTE },
  quotas: { listeners: 1000, backends: 10_000, attachments: 1000, groups: 1000, rules: 1000, extensions: 1000 },
  quotaNames: quotaNamesOf(CLB_TRAITS),
  policy: 'sync',
}

export const sharedBy = (...loadBalancers: readonly string[]): Shared => ({
  ledger: newLedger(loadBalancers),
  up: new Set(),
  read: new Map(),
  fresh: new Map(),
  current: new Map(),
  clusters: new Map(),
})

export type Wish = Partial<Omit<Offer, 'claims'>> & { readonly services?: readonly Service[]; readonly nodes?: readonly Node[] }

/** @param id the load balancer that it is for */
export function offerOf({ services = [], nodes = THREE, ...over }: Wish = {}, id = 'lb-1'): Offer {
  const wanted = over.wanted ?? wantedBy(services)
  return {
    backends: backendsOf(nodes),
    rules: PASS_RULES,
    mayWrite: true,
    resync: false,
    fresh: false,
    ...over,
    wanted,
    claims: wanted.claims.filter(({ loadBalancer }) => loadBalancer === id),
  }
}
