// Could this process take over? A standby looks at its load balancers now and then, with its own credentials, and says how that went.
import type { StatusPage } from './board.ts'
import type { Known } from './page.ts'

export interface Proof {
  /** The end of one look at a load balancer. */
  looked(how: 'well' | 'badly'): void
  /** Whether it is time to look again; if so, the next time is a whole interval away. */
  takeTurn(): boolean
  /** Milliseconds on the clock of `now`. */
  dueAt(): number
  /** The leader's proof is that its last passes went well, a standby's that it lately read one load balancer at least. */
  state(role: StatusPage['role'], known: readonly Known[]): NonNullable<StatusPage['readyToLead']>
}

const PROOF_MS = 5 * 60_000

export function createProof(now: () => number, everyMs = PROOF_MS): Proof {
  let wellAt: number | undefined
  /** When a look ended, or was asked for. */
  let turnAt = now()
  /** A success of the round before last proves nothing. */
  const lately = () => wellAt !== undefined && now() - wellAt < 2 * everyMs

  return {
    looked(how) {
      turnAt = now()
      if (how === 'well') wellAt = turnAt
    },
    takeTurn() {
      if (now() - turnAt < everyMs) return false
      turnAt = now()
      return true
    },
    dueAt: () => turnAt + everyMs,
    state(role, known) {
      const failed = known.filter(({ error }) => error !== '')
      const able = lately() && failed.length < known.length
      const ok = role === 'leader' && known.length > 0 ? failed.length === 0 : able
      return {
        ok,
        reason: ok
          ? ''
          : (failed[0]?.error ?? (wellAt === undefined ? 'no load balancer has been read yet' : 'the cloud was not read for a while')),
      }
    },
  }
}
