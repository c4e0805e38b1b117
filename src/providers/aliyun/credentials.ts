// Where the access key comes from, and one cache in front of all sources: many calls at once make one refresh.
// A failed refresh keeps the session that is there until it really ends. No message holds what a source answered.
import { type CredentialsConfig, createSource, type Session } from './credential-sources.ts'

export { type CredentialsConfig, CredentialsError } from './credential-sources.ts'

export type Credentials = {
  readonly accessKeyId: string
  readonly accessKeySecret: string
  readonly securityToken?: string
}

export interface CredentialCache {
  /** Throws CredentialsError. */
  get(): Promise<Credentials>
  /** The cloud did not accept these: looked up again, unless others took their place meanwhile. Without an argument: in any case. */
  invalidate(used?: Credentials): void
}

export type CacheOptions = {
  readonly now?: () => number
  /** A session is renewed when this has passed, or so long before its end that a failing source is no trouble. */
  readonly keepMs?: number
  readonly marginMs?: number
  /** No source is asked more often than this while the credentials at hand are good. */
  readonly pauseMs?: number
}

type Held = { readonly session: Session; readonly stamp: string; readonly until: number }

export function createCredentials(config: CredentialsConfig, options: CacheOptions = {}): CredentialCache {
  const { now = Date.now, keepMs = 600_000, marginMs = 900_000, pauseMs = 30_000 } = options
  const source = createSource(config, now)
  let held: Held | undefined
  let refreshing: Promise<Credentials> | undefined

  const refresh = async (stamp: string): Promise<Credentials> => {
    const before = held
    try {
      const session = await source.load()
      const until = Math.min(now() + keepMs, (session.expiresAt ?? Number.POSITIVE_INFINITY) - marginMs)
      held = { session, stamp, until: Math.max(until, now() + pauseMs) }
      return session.credentials
    } catch (error) {
      // `held` and not `before` alone: who invalidated meanwhile does not want the old one back.
      if (before === undefined || held !== before || (before.session.expiresAt ?? Number.POSITIVE_INFINITY) <= now()) throw error
      held = { ...before, until: now() + pauseMs }
      return before.session.credentials
    }
  }
  return {
    async get() {
      const stamp = await source.stamp()
      if (held !== undefined && held.stamp === stamp && now() < held.until) return held.session.credentials
      refreshing ??= refresh(stamp).finally(() => {
        refreshing = undefined
      })
      return refreshing
    },
    invalidate(used) {
      if (used === undefined || held?.session.credentials === used) held = undefined
    },
  }
}
