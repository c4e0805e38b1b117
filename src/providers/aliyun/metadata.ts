// Asks the ECS instance metadata service: with a session token (IMDSv2), or without where it gives none.
import http from 'node:http'
import { text } from 'node:stream/consumers'
import pRetry from 'p-retry'
import { z } from 'zod'

export interface Metadata {
  regionId(signal: AbortSignal): Promise<string>
  vpcId(signal: AbortSignal): Promise<string>
  instanceId(signal: AbortSignal): Promise<string>
  /** The session of the instance's RAM role; the role is looked up where none is named. */
  roleCredentials(role: string | undefined, signal: AbortSignal): Promise<RoleSession>
}

export type RoleSession = {
  readonly accessKeyId: string
  readonly accessKeySecret: string
  readonly securityToken: string
  /** Epoch milliseconds. */
  readonly expiresAt: number
}

export type MetadataOptions = {
  readonly endpoint?: string | undefined
  /** For one request. */
  readonly requestMs?: number
  readonly retryMs?: number
  /** After this nothing is repeated any more. */
  readonly totalMs?: number
  readonly now?: () => number
}

/** The message names the item and the HTTP status or network code, never what was answered. */
export class MetadataError extends Error {
  override readonly name = 'MetadataError'
  readonly status: number | undefined

  constructor(item: string, why: string, status?: number) {
    super(`instance metadata ${item}: ${why}`)
    this.status = status
  }
}

const DEFAULT_ENDPOINT = 'http://100.100.100.200'
const ROLES = 'ram/security-credentials/'
const TOKEN_TTL_S = 21_600
/** How long we go without a token where none was given: with hops limited, each attempt costs a whole deadline. */
const TOKENLESS_MS = 60_000

type Answer = { readonly status: number; readonly body: string }
type Ask = (method: 'GET' | 'PUT', path: string, headers: Readonly<Record<string, string>>, signal: AbortSignal) => Promise<Answer>

export function createMetadata(options: MetadataOptions = {}): Metadata {
  const { requestMs = 1_000, retryMs = 200, totalMs = 5_000, now = Date.now } = options
  const ask = createAsk((options.endpoint || DEFAULT_ENDPOINT).replace(/\/+$/, ''), requestMs)
  const tokens = createTokens(ask, now)

  const once = async (item: string, signal: AbortSignal) => {
    const token = await tokens.get(signal)
    const headers: Record<string, string> = token === undefined ? {} : { 'x-aliyun-ecs-metadata-token': token }
    const { status, body } = await ask('GET', `/latest/meta-data/${item}`, headers, signal)
    if (status === 401 || status === 403) tokens.drop()
    if (status !== 200) throw new MetadataError(item, `HTTP ${status}`, status)
    return body.trim()
  }
  const get = (item: string, signal: AbortSignal) =>
    pRetry(() => once(item, signal), {
      ...{ retries: 10, minTimeout: retryMs, factor: 1, maxRetryTime: totalMs, signal },
      shouldRetry: ({ error }) => !isMissing(error),
    })
  const word = async (item: string, signal: AbortSignal) => {
    const value = await get(item, signal)
    if (!/^[\w.-]{1,128}$/.test(value)) throw new MetadataError(item, 'the answer is not one word')
    return value
  }
  const onlyRole = async (signal: AbortSignal) => {
    try {
      return await word(ROLES, signal)
    } catch (error) {
      throw isMissing(error) ? new MetadataError(ROLES, 'no RAM role is attached to this instance', 404) : error
    }
  }
  return {
    regionId: (signal) => word('region-id', signal),
    vpcId: (signal) => word('vpc-id', signal),
    instanceId: (signal) => word('instance-id', signal),
    async roleCredentials(role, signal) {
      const name = role ?? (await onlyRole(signal))
      return readSession(`${ROLES}${name}`, await get(`${ROLES}${encodeURIComponent(name)}`, signal))
    },
  }
}

const isMissing = (error: unknown) => error instanceof MetadataError && error.status === 404

function createAsk(endpoint: string, requestMs: number): Ask {
  return async (method, path, headers, signal) => {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(requestMs)])
    try {
      const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
        const request = http.request(`${endpoint}${path}`, { method, headers, signal: limited, agent: false }, resolve)
        request.on('error', reject).end()
      })
      return { status: response.statusCode ?? 0, body: await text(response) }
    } catch (error) {
      signal.throwIfAborted()
      const code = error instanceof Error && 'code' in error ? String(error.code) : 'no answer'
      throw new MetadataError(path, limited.aborted ? 'no answer in time' : code)
    }
  }
}

/** One session token at a time; undefined where the service gives none. */
function createTokens(ask: Ask, now: () => number) {
  let token: string | undefined
  let until = 0
  return {
    async get(signal: AbortSignal): Promise<string | undefined> {
      if (now() < until) return token
      const answer = await ask(
        'PUT',
        '/latest/api/token',
        { 'x-aliyun-ecs-metadata-token-ttl-seconds': String(TOKEN_TTL_S) },
        signal,
      ).catch((error: unknown) => {
        if (!(error instanceof MetadataError)) throw error
        return undefined
      })
      const value = answer?.status === 200 ? answer.body.trim() : ''
      token = /^[!-~]{1,512}$/.test(value) ? value : undefined
      until = now() + (token === undefined ? TOKENLESS_MS : (TOKEN_TTL_S * 1_000) / 2)
      return token
    },
    drop() {
      until = 0
    },
  }
}

const Session = z.object({
  Code: z.literal('Success'),
  AccessKeyId: z.string().min(1),
  AccessKeySecret: z.string().min(1),
  SecurityToken: z.string().min(1),
  Expiration: z.iso.datetime().transform((value) => Date.parse(value)),
})

function readSession(item: string, body: string): RoleSession {
  const parsed = Session.safeParse(parse(body))
  if (!parsed.success) throw new MetadataError(item, 'the answer holds no credentials')
  const { AccessKeyId, AccessKeySecret, SecurityToken, Expiration } = parsed.data
  return { accessKeyId: AccessKeyId, accessKeySecret: AccessKeySecret, securityToken: SecurityToken, expiresAt: Expiration }
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
