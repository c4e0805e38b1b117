// Who calls, and is the call fresh and whole? The same questions the cloud's gateway asks before it looks at the action.
import { ApiError } from './api-error.ts'
import { missing } from './params.ts'
import { sameSignature, sign, stringToSign } from './signature.ts'

/** A key that may sign. `token` marks a temporary one; `expiresAt` is epoch milliseconds. */
export type Credential = { readonly secret: string; readonly token?: string; readonly expiresAt?: number }

export interface CredentialStore {
  find(accessKeyId: string): Credential | undefined
}

export type Authentication = { verify(method: string, params: ReadonlyMap<string, string>, now: number): void }

/** The cloud takes a clock that is off by up to 15 minutes, both ways. */
const SKEW_MS = 15 * 60_000

const SYSTEM_PARAMETERS = ['AccessKeyId', 'Signature', 'SignatureMethod', 'SignatureVersion', 'SignatureNonce', 'Timestamp']

export function createAuthentication(credentials: CredentialStore): Authentication {
  const nonces = new Map<string, number>()
  return {
    verify(method, params, now) {
      for (const name of SYSTEM_PARAMETERS) if (!params.get(name)) throw missing(name)
      const accessKeyId = params.get('AccessKeyId') ?? ''
      const credential = credentials.find(accessKeyId)
      if (credential === undefined) throw new ApiError('InvalidAccessKeyId.NotFound')
      checkTimestamp(params.get('Timestamp') ?? '', now)
      checkToken(credential, params.get('SecurityToken'), now)
      checkSignature(method, params, credential.secret)
      checkNonce(nonces, `${accessKeyId} ${params.get('SignatureNonce')}`, now)
    },
  }
}

function checkTimestamp(timestamp: string, now: number): void {
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(timestamp) ? Date.parse(timestamp) : Number.NaN
  if (Number.isNaN(at)) throw new ApiError('InvalidTimeStamp.Format')
  if (Math.abs(now - at) > SKEW_MS) throw new ApiError('InvalidTimeStamp.Expired')
}

function checkToken({ token, expiresAt }: Credential, given: string | undefined, now: number): void {
  if (token === undefined) {
    if (given) throw new ApiError('InvalidSecurityToken.MismatchWithAccessKey')
    return
  }
  // A temporary key without its token is an unknown key to the gateway.
  if (!given) throw new ApiError('InvalidAccessKeyId.NotFound')
  if (given !== token) throw new ApiError('InvalidSecurityToken.MismatchWithAccessKey')
  if (expiresAt !== undefined && expiresAt <= now) throw new ApiError('InvalidSecurityToken.Expired')
}

function checkSignature(method: string, params: ReadonlyMap<string, string>, secret: string): void {
  if (params.get('SignatureMethod')?.toUpperCase() !== 'HMAC-SHA1') throw new ApiError('IncompleteSignature')
  const signed = stringToSign(method, params)
  if (!sameSignature(sign(signed, secret), params.get('Signature') ?? '')) {
    throw new ApiError(
      'SignatureDoesNotMatch',
      `Specified signature is not matched with our calculation. server string to sign is:${signed}`,
    )
  }
}

function checkNonce(nonces: Map<string, number>, nonce: string, now: number): void {
  // Insertion order is age: old ones sit in front, and a nonce outside the clock window cannot pass the timestamp check.
  for (const [old, at] of nonces) {
    if (now - at <= 2 * SKEW_MS) break
    nonces.delete(old)
  }
  if (nonces.has(nonce)) throw new ApiError('SignatureNonceUsed')
  nonces.set(nonce, now)
}
