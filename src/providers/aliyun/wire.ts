// One request to the cloud, and what came back: the one module that knows pop-core. Always POST, since a URL is logged everywhere.
// pop-core's errors end here: they can hold the signed request. What leaves is plain JSON or a CallError made from scratch.
import type { Agent, RequestOptions } from 'node:http'
import Core from '@alicloud/pop-core'
import type { Credentials } from './credentials.ts'
import { callError, type Failure, LOCAL } from './errors.ts'
import { flatten, type Params } from './flatten.ts'

type Json = string | number | boolean | null | readonly Json[] | JsonObject
export type JsonObject = { readonly [key: string]: Json }

/** `body` is plain JSON; whole numbers of more than 15 digits are strings. */
export type Reply = { readonly body: JsonObject; readonly requestId: string }

export type Wire = {
  readonly endpoint: string
  readonly apiVersion: string
  readonly userAgent: string
  readonly agent: Agent
  readonly timeoutMs: number
}

type Answer = readonly [body: unknown, entry: { readonly response: { readonly statusCode: number } }]
type PopClient = { request(action: string, params: Readonly<Record<string, string>>, options: object): Promise<Answer> }
type PopConfig = Credentials & { readonly endpoint: string; readonly apiVersion: string }
/** pop-core's typings lack the second argument: true gives the HTTP status with the body. */
const PopCore = Core as unknown as new (config: PopConfig, verbose: true) => PopClient

/** Signs and sends once, with a nonce of its own. Throws CallError. */
export async function sendOnce(wire: Wire, action: string, params: Params, credentials: Credentials): Promise<Reply> {
  const secrets = [credentials.accessKeyId, credentials.accessKeySecret, credentials.securityToken ?? '', ...keysIn(params)]
  const deadline = new AbortController()
  const timer = setTimeout(() => deadline.abort(), wire.timeoutMs)
  try {
    // A client for each request: it costs nothing without sockets of its own, and it ties the request to these credentials.
    const client = new PopCore({ ...credentials, endpoint: wire.endpoint, apiVersion: wire.apiVersion }, true)
    const answer = client.request(action, flatten(params), requestOptions(wire, deadline.signal))
    // Where a packed answer breaks off, httpx hears of neither that nor the deadline.
    return readAnswer(await Promise.race([answer, expiry(deadline.signal)]))
  } catch (thrown) {
    throw callError(action, describe(thrown, deadline.signal.aborted), secrets)
  } finally {
    clearTimeout(timer)
  }
}

const expiry = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))

/** Private keys that are sent, whole and line by line: an answer may quote any part of them. */
function keysIn({ PrivateKey: key }: Params): readonly string[] {
  return typeof key === 'string' ? [key, key.replaceAll('\n', '\\n'), ...key.split(/\s+/).filter((line) => line.length >= 8)] : []
}

/**
 * httpx's own timers are a back-stop only: one of them counts idle time from before the connection stands, another one leaves a
 * stalled body's socket open. Our deadline covers all of it and closes the socket.
 */
function requestOptions({ agent, userAgent, timeoutMs }: Wire, signal: AbortSignal): object {
  const beforeRequest = (options: RequestOptions & { headers: Record<string, string> }) => ({
    ...options,
    signal,
    headers: { ...options.headers, 'user-agent': `${options.headers['user-agent']} ${userAgent.replace(/[^ -~]/g, '')}` },
  })
  return { method: 'POST', formatAction: false, formatParams: false, agent, timeout: timeoutMs + 1_000, beforeRequest }
}

/** Thrown and caught in this file: an answer that is no answer of this API. */
class InvalidAnswer extends Error {
  readonly failure: Failure

  constructor(failure: Failure) {
    super(failure.message)
    this.failure = failure
  }
}

function readAnswer([body, { response }]: Answer): Reply {
  const httpStatus = response.statusCode
  // json-bigint gives objects without a prototype and BigNumbers; both become plain here.
  const plain: Json = JSON.parse(JSON.stringify(body))
  if (!isObject(plain)) throw new InvalidAnswer({ code: LOCAL.invalid, message: 'the answer is not a JSON object', httpStatus })
  const requestId = plain['RequestId']
  if (httpStatus >= 400) throw new InvalidAnswer({ code: `Http${httpStatus}`, message: 'an error without a code', httpStatus })
  if (httpStatus >= 300 || typeof requestId !== 'string' || requestId === '' || plain['Code'] !== undefined) {
    throw new InvalidAnswer({ code: LOCAL.invalid, message: 'the answer has no RequestId, or a code that says nothing', httpStatus })
  }
  return { body: plain, requestId }
}

const isObject = (value: Json): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Puts whatever pop-core threw into our words. Of a body that is not JSON it throws a plain object which holds the body. */
function describe(thrown: unknown, late: boolean): Failure {
  if (thrown instanceof InvalidAnswer) return thrown.failure
  if (late) return { code: LOCAL.timeout, message: 'no complete answer in time' }
  // RangeError: it nests deeper than the parser can follow.
  if (!(thrown instanceof Error) || thrown instanceof TypeError || thrown instanceof RangeError)
    return { code: LOCAL.invalid, message: 'the answer is not JSON' }
  const error = thrown as PopError
  if (error.data !== undefined) return fromBody(error.data, error.entry?.response?.statusCode)
  if (error.name.startsWith('RequestTimeout')) return { code: LOCAL.timeout, message: 'no complete answer in time' }
  const detail = typeof error.code === 'string' && /^[A-Z_]{1,40}$/.test(error.code) ? error.code : error.name
  const unsent = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN'].includes(detail) || error.syscall === 'connect'
  return unsent ? { code: LOCAL.unsent, message: `no connection: ${detail}` } : { code: LOCAL.lost, message: `connection lost: ${detail}` }
}

type PopError = Error & {
  readonly code?: unknown
  readonly syscall?: unknown
  readonly data?: { readonly Code?: unknown; readonly Message?: unknown; readonly RequestId?: unknown }
  readonly entry?: { readonly response?: { readonly statusCode?: number } }
}

function fromBody({ Code, Message, RequestId }: NonNullable<PopError['data']>, httpStatus: number | undefined): Failure {
  const message = typeof Message === 'string' ? Message : 'no message'
  return { code: String(Code), message, httpStatus, requestId: typeof RequestId === 'string' ? RequestId : undefined }
}
