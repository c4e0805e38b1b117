// Every service port has a reason: what became of each claim and of each listener that is kept, as rows for people.
import type { Claim } from './claims.ts'
import type { Loser } from './holders.ts'
import type { Keep } from './keep.ts'
import type { Mark } from './marks.ts'
import type { ActualListener, DeleteKey, ListenerKey, RuleWish } from './model.ts'
import { unitOf } from './shared.ts'

export type VerdictState = 'exposed' | 'pending' | 'frozen' | 'held' | 'refused' | 'closed' | 'removing'

export type Verdict = {
  readonly service: string
  /** Container port: `80/tcp`. */
  readonly port: string
  readonly key: ListenerKey
  /** What the guard and the chains of a plan call it: the listener, or the service port's rules on it. */
  readonly unit: DeleteKey
  /** `http:8080`, and of a forwarding rule `http:80 shop.example.com/api` */
  readonly listener: string
  readonly state: VerdictState
  readonly reason: string
}

export function claimVerdict(claim: Claim, state: VerdictState, reason: string): Verdict {
  const port = `${claim.mark.port}/${claim.mark.transport}`
  return { service: claim.service, port, key: claim.key, unit: claim.key, listener: `${claim.protocol}:${claim.port}`, state, reason }
}

export const loserVerdict = ({ claim, reason }: Loser): Verdict => claimVerdict(claim, 'refused', reason)

const KEPT: Record<Keep['reason'], VerdictState> = {
  grace: 'removing',
  pending: 'pending',
  frozen: 'frozen',
  freeze: 'frozen',
  move: 'pending',
  shared: 'pending',
  lost: 'refused',
}

export function keptVerdict(actual: ActualListener, mark: Mark, keep: Keep | undefined, reason: string): Verdict {
  return {
    service: mark.service,
    port: `${mark.port}/${mark.transport}`,
    key: actual.key,
    unit: actual.key,
    listener: `${actual.protocol}:${actual.port}`,
    state: keep === undefined ? 'removing' : KEPT[keep.reason],
    reason,
  }
}

/** `shop.example.com/api`, as behind a listener's name. */
export const ruleText = ({ domain, url }: RuleWish): string => `${domain}${url}`

/** The same for one rule of a service port. */
export function ruleVerdict(verdict: Verdict, mark: Mark, rule: RuleWish): Verdict {
  return { ...verdict, unit: unitOf(verdict.key, mark), listener: `${verdict.listener} ${ruleText(rule)}` }
}
