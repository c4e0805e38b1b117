// Temporary keys of the instance's role, as the metadata service hands them out. The API accepts them with their token until they expire.
import { randomBytes } from 'node:crypto'
import type { Credential, CredentialStore } from '../gateway/authentication.ts'
import { isoTime } from '../ids.ts'

export type RoleCredentials = CredentialStore & { current(lifeSeconds: number, now: number): IssuedCredential }

type IssuedCredential = {
  readonly AccessKeyId: string
  readonly AccessKeySecret: string
  readonly SecurityToken: string
  readonly Expiration: string
  readonly LastUpdated: string
}

export function createRoleCredentials(): RoleCredentials {
  const issued = new Map<string, Credential>()
  let latest: { readonly answer: IssuedCredential; readonly renewAt: number; readonly lifeSeconds: number } | undefined
  return {
    find: (accessKeyId) => issued.get(accessKeyId),
    current(lifeSeconds, now) {
      // The same keys for half of their life, then new ones; the old stay good to their end.
      if (latest === undefined || latest.renewAt <= now || latest.lifeSeconds !== lifeSeconds) {
        const answer = issue(lifeSeconds, now)
        issued.set(answer.AccessKeyId, {
          secret: answer.AccessKeySecret,
          token: answer.SecurityToken,
          expiresAt: now + lifeSeconds * 1000,
        })
        latest = { answer, renewAt: now + lifeSeconds * 500, lifeSeconds }
      }
      return latest.answer
    },
  }
}

const issue = (lifeSeconds: number, now: number): IssuedCredential => ({
  AccessKeyId: `STS.${randomBytes(12).toString('hex')}`,
  AccessKeySecret: randomBytes(22).toString('base64url'),
  SecurityToken: randomBytes(96).toString('base64'),
  Expiration: isoTime(now + lifeSeconds * 1000),
  LastUpdated: isoTime(now),
})
