// Alibaba Cloud CLB behind the provider boundary. What outlives a reading is kept here: one limiter for each load balancer,
// the members of server groups, and what names mean.
import type { Logger } from 'pino'
import type { LoadBalancer } from '../../../core/model.ts'
import type { Handle, Provider, ReadPem, Turn } from '../../provider.ts'
import type { Rpc } from '../rpc.ts'
import { applyChange } from './apply.ts'
import type { Groups } from './apply-groups.ts'
import { toHealth } from './convert.ts'
import { createLimiter, type Limiter } from './limiter.ts'
import { createListenerReader } from './listeners.ts'
import { createMemberCache } from './members.ts'
import { readLoadBalancer, type Sources } from './read.ts'
import { openRegion } from './region.ts'
import { createResolver, findByTag } from './resolve.ts'
import { createStep } from './step.ts'
import { createWeb } from './web.ts'
import { WIDTH_RULES, type WidthRules } from './width.ts'
import { healthSchema, parse } from './wire.ts'

export type ClbOptions = {
  readonly rpc: Rpc
  readonly log?: Logger | undefined
  /** Epoch milliseconds. */
  readonly now?: () => number
  readonly width?: Partial<WidthRules>
  /** Members of every own group are read again within this many audits, rules and certificates of listeners too. */
  readonly auditEvery?: number
  /** Where certificates that are uploaded come from; without it none can be. */
  readonly readPem?: ReadPem | undefined
  readonly waits?: Partial<ClbWaits>
}

/** All in milliseconds. */
type ClbWaits = {
  /** How long a reading waits for others to share DescribeLoadBalancerListeners with. */
  readonly gather: number
  /** Before answers that contradict each other are read once more. */
  readonly lag: number
  /** Until a name that led nowhere is looked up again. */
  readonly problem: number
  /** Before each repetition of what the cloud refuses because of a delete just before. */
  readonly insist: readonly number[]
}

const WAITS: ClbWaits = { gather: 4, lag: 500, problem: 60_000, insist: [200, 400, 800, 1_600] }

export interface ClbProvider extends Provider {
  /** Forgets what it read: the next reading asks for everything of ours. */
  forget(): void
}

type Shared = { readonly sources: Sources; readonly limiterOf: (id: string) => Limiter; readonly insistMs: readonly number[] }

export function createClbProvider(options: ClbOptions): ClbProvider {
  const { rpc, log, now = Date.now, auditEvery = 10 } = options
  const waits = { ...WAITS, ...options.waits }
  const rules = { ...WIDTH_RULES, ...options.width }
  const members = createMemberCache(auditEvery)
  const web = createWeb(rpc, auditEvery)
  const sources: Sources = { rpc, listeners: createListenerReader(rpc, waits.gather), members, web, now, lagMs: waits.lag }
  const resolver = createResolver({ rpc, now, problemMs: waits.problem })
  const limiters = new Map<string, Limiter>()

  const limiterOf = (id: string): Limiter => {
    const onWidth = (width: number, code: string) => log?.debug({ lb: id, width, code }, 'load balancer busy')
    const limiter = limiters.get(id) ?? createLimiter({ now, rules, onWidth })
    limiters.set(id, limiter)
    return limiter
  }

  return {
    resolve: (refs, signal) => resolver.resolve(refs, signal),
    findByTag: (key, value, signal) => findByTag(rpc, key, value, signal),
    openRegion: (how, signal) => openRegion({ rpc, insistMs: waits.insist, readPem: options.readPem }, how, signal),
    async open(id, how, signal) {
      const actual = await readLoadBalancer(sources, id, how, signal)
      resolver.seen(id, actual.status !== 'missing')
      return createHandle({ sources, limiterOf, insistMs: waits.insist }, actual)
    },
    forget() {
      members.clear()
      web.clear()
    },
  }
}

function createHandle({ sources, limiterOf, insistMs }: Shared, actual: LoadBalancer): Handle {
  const { rpc, members, web } = sources
  const { id } = actual
  const groups: Groups = { loadBalancerId: id, ids: new Map(actual.groups.map(({ ref }) => [ref, ref])), members, web }
  return {
    actual,
    async health(signal) {
      const action = 'DescribeHealthStatus'
      const reply = await rpc(action, { LoadBalancerId: id }, { kind: 'read', signal, share: id })
      return parse(action, healthSchema, reply).BackendServers.map(toHealth)
    },
    apply: (change, turn: Turn) => applyChange(groups, change, createStep({ rpc, limiter: limiterOf(id), share: id, turn, insistMs })),
  }
}
