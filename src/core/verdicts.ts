// Every service port has a reason: what became of each claim and of each listener that is kept, as rows for people.
import type { Claim } from './claims.ts'
import type { Loser } from './holders.ts'
import type { Keep } from './keep.ts'
import type { Mark } from './marks.ts'
import type { ActualListener, ListenerKey } from './model.ts'

export type VerdictState = 'exposed' | 'pending' | 'frozen' | 'held' | 'refused' | 'closed' | 'removing'

export type Verdict = {
  readonly service: string
  /** Container port: `80/tcp`. */
  readonly port: string
  readonly key: ListenerKey
  /** `http:8080` */
  readonly listener: string
  readonly state: VerdictState
  readonly reason: string
}

export function claimVerdict(claim: Claim, state: VerdictState, reason: string): Verdict {
  const port = `${claim.mark.port}/${claim.mark.transport}`
  return { service: claim.service, port, key: claim.key, listener: `${claim.protocol}:${claim.port}`, state, reason }
}

export const loserVerdict = ({ claim, reason }: Loser): Verdict => claimVerdict(claim, 'refused', reason)

const KEPT: Record<Keep['reason'], VerdictState> = {
  grace: 'removing',
  pending: 'pending',
  frozen: 'frozen',
  freeze: 'frozen',
  move: 'pending',
}

export function keptVerdict(actual: ActualListener, mark: Mark, keep: Keep | undefined, reason: string): Verdict {
  return {
    service: mark.service,
    port: `${mark.port}/${mark.transport}`,
    key: actual.key,
    listener: `${actual.protocol}:${actual.port}`,
    state: keep === undefined ? 'removing' : KEPT[keep.reason],
    reason,
  }
}
