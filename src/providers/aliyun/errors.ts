// What a failed call means: the table of error codes, and the one place where a failure is put into words.
// Nothing of a request may appear in those words: no URL, key, token or signature.
import { CallError } from '../provider.ts'
import { CLB_TRAITS } from './clb/traits.ts'

/**
 * busy: the object is being configured. throttled: the account's rate is used up. replayed: the nonce was seen before.
 * credentials: the key or session is not accepted. unsent: no connection, so nothing happened. unknown: it may have happened.
 */
export type Verdict = 'busy' | 'throttled' | 'replayed' | 'credentials' | 'unsent' | 'unknown' | 'failed'

type Rule = {
  readonly status: CallError['status']
  /** How often a call is repeated in place for this verdict, within the time for waits. */
  readonly repeats: number
  /** Whether a write may be repeated: only where it is certain that nothing happened. */
  readonly writes: boolean
}

export const RULES: Readonly<Record<Verdict, Rule>> = {
  busy: { status: 'refused', repeats: Number.POSITIVE_INFINITY, writes: true },
  throttled: { status: 'refused', repeats: Number.POSITIVE_INFINITY, writes: true },
  replayed: { status: 'refused', repeats: 3, writes: true },
  credentials: { status: 'failed', repeats: 1, writes: true },
  unsent: { status: 'refused', repeats: 3, writes: true },
  unknown: { status: 'unknown', repeats: 3, writes: false },
  failed: { status: 'failed', repeats: 0, writes: false },
}

/** Codes of our own for failures that the cloud has no code for. */
export const LOCAL = {
  timeout: 'RequestTimeout',
  lost: 'ConnectionLost',
  unsent: 'ConnectFailed',
  invalid: 'InvalidResponse',
  noCredentials: 'NoCredentials',
  notLeader: 'NotLeader',
  aborted: 'Aborted',
} as const

const CODES: Readonly<Partial<Record<Verdict, readonly string[]>>> = {
  busy: [
    'ServiceIsConfiguring',
    'OperationBusy',
    'BackendServer.configuring',
    'ServiceIsStopping',
    'VServerGroupProcessing',
    'SystemBusy',
    'VpcSystemBusy',
    'ProcessingSameRequest',
    'Operation.Deny',
    'ListenerProcessing',
    'TLSPolicyConfiguring',
    'BackendServerProcessing',
    'OperationFailed.ListenerStatusNotSupport',
    'OperationFailed.ServiceGroupProcessing',
    'OperationFailed.TokenIsProcessing',
    'DomainExtensionProcessing',
    'IncorrectStatus.DomainExtension',
    'AclEntryProcessing',
    'ResourceInConfiguring.Acl',
  ],
  throttled: ['InnerRateLimiting'],
  replayed: ['SignatureNonceUsed'],
  // Keys rotate on disk in two files: for a moment an old id can meet a new secret, which shows as a bad signature.
  credentials: [
    'InvalidSecurityToken.Expired',
    'InvalidSecurityToken.Malformed',
    'InvalidSecurityToken.MismatchWithAccessKey',
    'InvalidAccessKeyId.NotFound',
    'InvalidAccessKeyId.Inactive',
    'SignatureDoesNotMatch',
    'IncompleteSignature',
  ],
  unsent: [LOCAL.unsent],
  // The cloud gives these with 400 too, and says about itself that it does not know what happened.
  unknown: ['InternalError', 'InternalInvokeError', 'SystemError', 'ServiceUnavailable', LOCAL.timeout, LOCAL.lost, LOCAL.invalid],
}

const VERDICT_BY_CODE: ReadonlyMap<string, Verdict> = new Map(
  (Object.keys(CODES) as Verdict[]).flatMap((verdict) => (CODES[verdict] ?? []).map((code): [string, Verdict] => [code, verdict])),
)

/** A code that is in the table counts more than the HTTP status: SystemBusy comes with 449 or 400, lock codes with 409. */
export function verdictOf(code: string, httpStatus: number | undefined): Verdict {
  const known = VERDICT_BY_CODE.get(code)
  if (known !== undefined) return known
  if (code.includes('Throttling') || httpStatus === 429) return 'throttled'
  if (httpStatus !== undefined && (httpStatus >= 500 || httpStatus === 408)) return 'unknown'
  return 'failed'
}

const HINTS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'InvalidTimeStamp.Expired': "this machine's clock is more than 15 minutes off",
    'Forbidden.RAM': 'the RAM policy lacks this action',
    'InvalidAccessKeyId.NotFound': 'the access key does not exist',
  }),
)

const { listeners, backends, attachments, groups, rules, extensions } = CLB_TRAITS.quotas

/** One code stands for two quotas: its text tells which. */
const quotaOf = (code: string, message: string): string | undefined =>
  code === 'QuotaLimitExceeds' ? (/attached/i.test(message) ? attachments : groups).name : QUOTAS.get(code)

const QUOTAS: ReadonlyMap<string, string> = new Map([
  ['ListenerNumberOverLimit', listeners.name],
  ['InstanceBackendServerNumberOverLimit', backends.name],
  ['TooManyRules', rules.name],
  ['DomainExtensionNumberOverLimit', extensions.name],
])

export type Failure = {
  readonly code: string
  readonly message: string
  readonly requestId?: string | undefined
  readonly httpStatus?: number | undefined
}

/** The error for one failed call, made from scratch. `secrets` are the values that must not show up in it. */
export function callError(action: string, failure: Failure, secrets: readonly string[]): CallError {
  const code = /^[\w.-]{1,100}$/.test(failure.code) ? failure.code : 'Unreadable'
  const hint = HINTS.get(code)
  return new CallError({
    status: RULES[verdictOf(code, failure.httpStatus)].status,
    action,
    code: scrubCode(code, secrets),
    message: scrub(failure.message, secrets) + (hint === undefined ? '' : ` (${hint})`),
    requestId: /^[\w-]{1,64}$/.test(failure.requestId ?? '') ? failure.requestId : undefined,
    httpStatus: failure.httpStatus,
    quota: quotaOf(code, failure.message),
  })
}

/** SignatureDoesNotMatch quotes the whole string that was signed, key id and token included. */
const UNWANTED: readonly (readonly [RegExp, string])[] = [
  [/,?\s*URL:\s*\S+/g, ''],
  [/\s*(?:server )?string to sign is:.*/gis, ''],
  [/\bhttps?:\/\/\S+/gi, '(url)'],
  [/\b(AccessKeyId|AccessKeySecret|SecurityToken|SignatureNonce|Signature)(=|%3D|%253D|"?\s*:\s*"?)[^\s&"',;]+/gi, '$1=***'],
  [/\b(?:LTAI|STS\.)\w{8,}/g, '***'],
  [/-----BEGIN[A-Z ]*PRIVATE KEY-----.*?(?:-----END[A-Z ]*-----|$)/gs, '***'],
  [/[\u0000-\u001f\u007f]+/g, ' '],
]

/** Where a private key was sent, whatever may be a part of it goes: an answer can quote it from any place to any other. */
const KEY_PART = /(?:[A-Za-z0-9+/=]|%2[BF]|%3D){16,}/gi

const isKey = (secret: string): boolean => secret.includes('PRIVATE KEY')

/** So many characters of a key in a row are a part of it. */
const KEY_RUN = 12

/**
 * A code is one word of letters, often a long one, and what is done with a call goes by it. No encoding fits into it, so a key that is quoted
 * in it stands there as it was sent.
 */
function scrubCode(code: string, secrets: readonly string[]): string {
  const keys = secrets.filter(isKey).map((key) => key.replaceAll(/\s|\\n/g, ''))
  const runs = Array.from({ length: Math.max(0, code.length - KEY_RUN + 1) }, (_, at) => code.slice(at, at + KEY_RUN))
  const quoted = keys.some((key) => runs.some((run) => key.includes(run)))
  return quoted
    ? '***'
    : scrub(
        code,
        secrets.filter((secret) => !isKey(secret)),
      )
}

/** Text from outside, fit for a log: without secrets in any encoding that a request uses, on one line, at most 300 characters. */
export function scrub(text: string, secrets: readonly string[]): string {
  const forms = secrets.flatMap((secret) => [secret, encodeURIComponent(secret), encodeURIComponent(encodeURIComponent(secret))])
  let clean = text
  for (const form of forms) if (form.length >= 4) clean = clean.replaceAll(form, '***')
  if (secrets.some(isKey)) clean = clean.replace(KEY_PART, '***')
  // Patterns that begin with white space take quadratic time over long runs of it.
  clean = clean.replaceAll(/\s{2,}/g, ' ')
  for (const [pattern, replacement] of UNWANTED) clean = clean.replace(pattern, replacement)
  return clean.trim().slice(0, 300)
}
