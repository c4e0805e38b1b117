// Could this process take over? A standby looks at its load balancers now and then, with its own credentials, and says how that went.
import type { StatusPage } from './board.ts'
import type { Sight } from './sight.ts'

export interface Proof {
  /** The end of one look at a load balancer. */
  looked(how: 'well' | 'badly'): void
  /** Whether it is time to look again; if so, the next time is a whole interval away. */
  takeTurn(): boolean
  /** Milliseconds on the clock of `now`. */
  dueAt(): number
  /** The leader's proof is that its last passes went well, a standby's that it lately read one load balancer at least. */
  state(role: StatusPage['role'], sight: Sight): NonNullable<StatusPage['readyToLead']>
}

const PROOF_MS = 5 * 60_000
/** Where no load balancer could be read the next look comes sooner: a task that starts is not healthy before one could. */
const AGAIN_MS = 30_000
const UNREAD = 'no load balancer has been read yet'

export function createProof(now: () => number, everyMs = PROOF_MS): Proof {
  let wellAt: number | undefined
  /** When a look ended, or was asked for. */
  let turnAt = now()
  /** Of the looks since the turn before; where there was none, because a load balancer that fails has a pace of its own, of those before. */
  let lately: 'none' | 'well' | 'badly' = 'none'
  let asked = false
  const waitMs = () => (lately === 'badly' ? Math.min(AGAIN_MS, everyMs) : everyMs)
  /** A success of the round before last proves nothing. */
  const isProved = () => wellAt !== undefined && now() - wellAt < 2 * everyMs

  return {
    looked(how) {
      turnAt = now()
      if (how === 'well') wellAt = turnAt
      if (asked || lately !== 'well') lately = how
      asked = false
    },
    takeTurn() {
      if (now() - turnAt < waitMs()) return false
      turnAt = now()
      asked = true
      return true
    },
    dueAt: () => turnAt + waitMs(),
    state(role, { sees, blind, wrong, waits }) {
      if (role === 'leader') {
        const reason = wrong === '' && waits ? UNREAD : wrong
        return { ok: reason === '', reason }
      }
      const ok = sees && isProved()
      return { ok, reason: ok ? '' : blind || (wellAt === undefined ? UNREAD : 'the cloud was not read for a while') }
    },
  }
}
