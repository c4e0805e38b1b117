// Services that share a listener, as claims: what labels say is tested elsewhere.
import type { Claim, Wanted } from '../../src/core/claims.ts'
import { describeChange } from '../../src/core/describe.ts'
import type { LoadBalancer, Node, RuleWish, Service } from '../../src/core/model.ts'
import type { Settings } from '../../src/core/options.ts'
import { type Look, NOTHING_REMEMBERED, type ReconcileRules, reconcileOne } from '../../src/reconcile.ts'
import { backendsOf, balancer, defaults, NOW, service, THREE, wantedBy } from './build.ts'
import { type MemoryOptions, type MemoryProvider, memoryProvider } from './memory-provider.ts'
import { PASS_RULES, sharedBy } from './passes.ts'

/** `shop.example.com/api` */
export const rule = (text: string): RuleWish => {
  const slash = text.indexOf('/')
  return slash === -1 ? { domain: text, url: '' } : { domain: text.slice(0, slash), url: text.slice(slash) }
}

/** What labels of a service made of its claim on http port 80. */
export type Guest = {
  readonly service: Service
  readonly rules: readonly string[]
  readonly over: Partial<Claim>
}

/** A service that names http port 80 with these rules; without any it names the listener itself. A smaller node port is an older service. */
export const guest = (name: string, published: number, rules: readonly string[], over: Partial<Claim> = {}): Guest => {
  const createdAt = over.createdAt ?? `2026-01-01T00:00:${String(published % 60).padStart(2, '0')}Z`
  return { service: service(name, published, { 'slb.port.80': 'http://:80' }, { createdAt }), rules, over: { ...over, createdAt } }
}

export const options = (given: Settings, protocol: 'http' | 'https' = 'http') => ({ given, settings: defaults(protocol, given) })

/** The wish of these services, as if their labels had said so. */
export function sharing(guests: readonly Guest[], over: Parameters<typeof wantedBy>[1] = {}): Wanted {
  const wanted = wantedBy(
    guests.map((one) => one.service),
    over,
  )
  const byName = new Map(guests.map((one) => [one.service.name, one]))
  const claims = wanted.claims.map((claim): Claim => {
    const one = byName.get(claim.service)
    return one === undefined ? claim : { ...claim, rules: one.rules.map(rule), ...one.over }
  })
  const services = new Map(
    [...wanted.services].map(([name, view]) => {
      const mine = claims.filter((claim) => claim.mark.service === name).map((claim) => `${claim.loadBalancer}|${claim.key}`)
      const ports = new Map([...view.ports].map(([key, port]) => [key, port.state === 'wanted' ? { ...port, places: mine } : port]))
      return [name, { ...view, ports }] as const
    }),
  )
  return { ...wanted, claims, services }
}

export type Passes = {
  readonly provider: MemoryProvider
  readonly clock: { now: number }
  readonly failed: string[]
  /** One pass; answers with the lines of what was written. */
  pass(wanted: Wanted, nodes?: readonly Node[]): Promise<string[]>
  /** Passes until one finds nothing to do, ten at most; answers with all that was written. */
  settle(wanted: Wanted, nodes?: readonly Node[]): Promise<string[]>
  lb(): LoadBalancer
  look(): Look | undefined
}

const NEVER = new AbortController().signal

/** Whole passes over one load balancer in memory: read, diff, judge, apply. */
export function passes(lb: LoadBalancer = balancer(), rules: ReconcileRules = PASS_RULES, options: MemoryOptions = {}): Passes {
  const provider = memoryProvider([lb], options)
  const shared = sharedBy('lb-1')
  const clock = { now: NOW }
  const failed: string[] = []
  let remembered = NOTHING_REMEMBERED
  let look: Look | undefined
  const pass = async (wanted: Wanted, nodes: readonly Node[] = THREE) => {
    const before = provider.written.length
    const outcome = await reconcileOne(
      {
        ...{ id: 'lb-1', provider, wanted, backends: backendsOf(nodes), rules, remembered },
        ...{ members: 'cached', driftOnly: false, mayWrite: true, now: () => clock.now, signal: NEVER },
        turnOf: () => ({ begin: NEVER, wait: NEVER, priority: 0 }),
        hooks: {
          begins: () => {},
          applied: () => {},
          failed: ({ error }) => void failed.push(error.message),
          now: () => clock.now,
        },
      },
      shared,
      (seen) => {
        look = seen
        remembered = seen.remembered
      },
    )
    if (outcome.status === 'failed') throw outcome.error
    return provider.written.slice(before).map(({ change }) => describeChange(change))
  }
  return {
    provider,
    clock,
    failed,
    pass,
    lb: () => provider.lb(),
    look: () => look,
    async settle(wanted, nodes) {
      const lines: string[] = []
      for (let i = 0; i < 10; i += 1) {
        const written = await pass(wanted, nodes)
        if (written.length === 0) return lines
        lines.push(...written)
      }
      throw new Error(`no end: ${lines.slice(-5).join('; ')}`)
    },
  }
}
