// Calls the cloud's RPC APIs. The only place where a call is repeated: what the cloud refused is tried again in place, what may
// have happened is not, unless it only reads.
import http from 'node:http'
import https from 'node:https'
import pRetry, { type Options as RetryOptions } from 'p-retry'
import { CallError } from '../provider.ts'
import type { Buckets } from './buckets.ts'
import { type Credentials, CredentialsError } from './credentials.ts'
import { callError, LOCAL, RULES, type Verdict, verdictOf } from './errors.ts'
import type { Params } from './flatten.ts'
import { createLanes, type Place } from './queue.ts'
import { type Reply, sendOnce } from './wire.ts'

export type { JsonObject, Reply } from './wire.ts'

export type CallOptions = {
  /** A write is never repeated when its outcome is unknown. */
  readonly kind: 'read' | 'write'
  /** Ends waiting only (for a token, a lane, the next attempt): the call is then `pending`. What is on the wire finishes. */
  readonly signal: AbortSignal
  /** Higher goes first where calls queue; 0. */
  readonly priority?: number
  /** Whom the call is for, where queues are fair: the load balancer's id. */
  readonly share?: string
  /** Told of every answer that says the object is being configured (not of throttling). */
  readonly onBusy?: (code: string) => void
  /** Runs the attempts, repetitions included, in a place of its own: a call that waits for its rate does not hold one yet. */
  readonly within?: <T>(attempts: () => Promise<T>) => Promise<T>
}

/** Makes one call, repeated where that is safe. Throws CallError. */
export type Rpc = (action: string, params: Params, call: CallOptions) => Promise<Reply>

/** One attempt that was sent. `code` is `OK` or why it failed. */
export type RpcEvent = {
  readonly product: 'slb' | 'ecs'
  readonly action: string
  readonly kind: 'read' | 'write'
  readonly code: string
  readonly httpStatus: number | undefined
  readonly ms: number
  readonly requestId: string | undefined
  /** From 1. */
  readonly attempt: number
  readonly share: string | undefined
}

export type RpcOptions = {
  readonly product: 'slb' | 'ecs'
  /** `https://host` or, for a simulator, `http://host:port`. */
  readonly endpoint: string
  readonly apiVersion: string
  readonly regionId: string
  readonly credentials: () => Promise<Credentials>
  /** The cloud does not accept these any more: the next call of `credentials` has to look again. */
  readonly dropCredentials?: ((used: Credentials) => void) | undefined
  /** Added to the SDK's own User-Agent. */
  readonly userAgent: string
  readonly timeouts?: Partial<Timeouts> | undefined
  readonly waits?: Partial<Waits> | undefined
  readonly buckets: Buckets
  /** Asked right before every attempt of a write; anything but true means that nothing is sent. */
  readonly mayWrite?: (() => Promise<boolean>) | undefined
  /** Must not throw. */
  readonly observe?: ((event: RpcEvent) => void) | undefined
}

type Timeouts = {
  /** For one attempt on the wire, connecting and the whole answer included. */
  readonly requestMs: number
  /** Idle connections are closed after this. Where the server closes first, the next call meets a reset. */
  readonly idleMs: number
}

/** Before the n-th repetition: firstMs doubled n-1 times, at most maxMs, times a random 0.5..1. None begins after totalMs. */
type Waits = { readonly firstMs: number; readonly maxMs: number; readonly totalMs: number }

const TIMEOUTS: Timeouts = { requestMs: 15_000, idleMs: 10_000 }
const WAITS: Waits = { firstMs: 200, maxMs: 5_000, totalMs: 60_000 }
/** Requests on the wire at a time: as many load balancers as that are read or written side by side, each of them within its own limit. */
const WIDTH = 32

type Request = { readonly action: string; readonly params: Params; readonly call: CallOptions; readonly place: Place }
/** One attempt: from the wait for a lane to the answer. */
type Attempt = (request: Request, number: number) => Promise<Reply>

export function createRpc(options: RpcOptions): Rpc & { readonly close: () => void } {
  const timeouts = { ...TIMEOUTS, ...options.timeouts }
  const waits = { ...WAITS, ...options.waits }
  const agentOptions = { keepAlive: true, maxSockets: WIDTH, timeout: timeouts.idleMs }
  const agent = options.endpoint.startsWith('https:') ? new https.Agent(agentOptions) : new http.Agent(agentOptions)
  const lanes = createLanes(WIDTH)

  const attempt: Attempt = async (request, number) => {
    const leave = await lanes.enter(request.place, request.call.signal)
    try {
      const credentials = await ready(options, request)
      return await observed(options, request, number, credentials, () =>
        sendOnce({ ...options, agent, timeoutMs: timeouts.requestMs }, request.action, request.params, credentials),
      )
    } finally {
      leave()
    }
  }
  const rpc: Rpc = (action, params, call) => {
    // What is read is what writes wait for.
    const place = { priority: call.priority ?? (call.kind === 'read' ? 1 : 0), share: call.share ?? '' }
    return repeat(options.buckets, waits, attempt, { action, params: { RegionId: options.regionId, ...params }, call, place })
  }
  return Object.assign(rpc, { close: () => agent.destroy() })
}

/** What has to be true right before a request leaves. The question about leadership comes last: its answer ages. */
async function ready({ credentials, mayWrite }: RpcOptions, { action, call }: Request): Promise<Credentials> {
  const current = await credentials().catch((error: unknown) => {
    const message = error instanceof CredentialsError ? error.message : 'no credentials'
    throw callError(action, { code: LOCAL.noCredentials, message }, [])
  })
  if (call.kind === 'write' && mayWrite !== undefined && !(await mayWrite().catch(() => false))) {
    throw new CallError({ status: 'pending', action, code: LOCAL.notLeader, message: 'leadership is not certain, nothing was sent' })
  }
  call.signal.throwIfAborted()
  return current
}

/** Reports one attempt to everybody who has to know of it. */
async function observed(options: RpcOptions, request: Request, attempt: number, credentials: Credentials, send: () => Promise<Reply>) {
  const { action, call } = request
  const started = performance.now()
  const report = (code: string, httpStatus: number | undefined, requestId: string | undefined) =>
    options.observe?.({
      ...{ product: options.product, action, kind: call.kind, share: call.share, attempt, ms: performance.now() - started },
      ...{ code, httpStatus, requestId },
    })
  try {
    const reply = await send()
    report('OK', 200, reply.requestId)
    return reply
  } catch (error) {
    if (!(error instanceof CallError)) throw error
    const verdict = verdictOf(error.code, error.httpStatus)
    report(error.code, error.httpStatus, error.requestId)
    if (verdict === 'throttled') options.buckets.throttled(action)
    if (verdict === 'credentials') options.dropCredentials?.(credentials)
    if (verdict === 'busy') call.onBusy?.(error.code)
    throw error
  }
}

async function repeat(buckets: Buckets, waits: Waits, attempt: Attempt, request: Request): Promise<Reply> {
  const { action, call, place } = request
  const token = () => buckets.take(action, call.kind, place, call.signal)
  const mayRepeat = repetitions(call.kind)
  let reply: Reply | undefined
  let failure: CallError | undefined
  const input = async (number: number) => {
    if (number > 1) await token()
    try {
      reply = await attempt(request, number)
      return reply
    } catch (error) {
      if (error instanceof CallError) failure = error
      throw error
    }
  }
  try {
    await token() // outside the retries: time in the queue is not time of refusals
    const attempts = () =>
      pRetry(input, {
        ...delays(waits),
        signal: call.signal,
        shouldRetry: ({ error }) => error instanceof CallError && mayRepeat(error),
      })
    return await (call.within === undefined ? attempts() : call.within(attempts))
  } catch (error) {
    // p-retry answers an abort with its reason even when the attempt has ended; what the cloud said counts more.
    if (reply !== undefined) return reply
    throw ending(action, call, failure) ?? error
  }
}

/** What a call that did not succeed comes to; undefined: neither the cloud nor the signal had a part in it. */
function ending(action: string, { kind, signal }: CallOptions, failure: CallError | undefined): CallError | undefined {
  if (!signal.aborted) return failure
  if (failure !== undefined && !repeatable(kind, verdictOf(failure.code, failure.httpStatus))) return failure
  const message = failure === undefined ? 'gave up waiting, nothing was sent' : `gave up waiting after ${failure.code}`
  return new CallError({ status: 'pending', action, code: LOCAL.aborted, message })
}

const repeatable = (kind: 'read' | 'write', verdict: Verdict) => RULES[verdict].repeats > 0 && (kind === 'read' || RULES[verdict].writes)

/** Counts the repetitions of one call for each verdict. */
function repetitions(kind: 'read' | 'write'): (error: CallError) => boolean {
  const counts = new Map<Verdict, number>()
  return ({ code, httpStatus }) => {
    const verdict = verdictOf(code, httpStatus)
    const count = (counts.get(verdict) ?? 0) + 1
    counts.set(verdict, count)
    return repeatable(kind, verdict) && count <= RULES[verdict].repeats
  }
}

/** p-retry's jitter is a factor of 1..2, and its cap has none: so we give half the first wait, and each call a cap of its own. */
const delays = ({ firstMs, maxMs, totalMs }: Waits): RetryOptions => ({
  retries: Number.POSITIVE_INFINITY,
  factor: 2,
  randomize: true,
  minTimeout: firstMs / 2,
  maxTimeout: maxMs * (0.5 + Math.random() / 2),
  maxRetryTime: totalMs,
})
