// What can go wrong between us and the Engine. No answer here ever means "there is nothing": a failed read ends the pass.

export type EngineErrorKind = 'unreachable' | 'timeout' | 'notManager' | 'noLeader' | 'malformed' | 'refused'

/** One failed Engine call, with one short line of text. */
export class EngineError extends Error {
  override readonly name = 'EngineError'
  readonly kind: EngineErrorKind
  /** `GET /services` */
  readonly operation: string
  /** HTTP status, where there was an answer that says no. */
  readonly status: number | undefined

  constructor(kind: EngineErrorKind, operation: string, text: string, status?: number) {
    super(`${operation}: ${text}`)
    this.kind = kind
    this.operation = operation
    this.status = status
  }
}

/** Why no snapshot could be read. `engine`: the call itself failed, see `cause`. All of them mean: leave everything as it is. */
export type NotReadyReason = 'notInSwarm' | 'worker' | 'locked' | 'noQuorum' | 'swarmError' | 'changed' | 'engine'

export class NotReady extends Error {
  override readonly name = 'NotReady'
  readonly reason: NotReadyReason

  constructor(reason: NotReadyReason, text: string, cause?: EngineError) {
    super(text, { cause })
    this.reason = reason
  }
}

/** The Engine answers 500 with these while no majority of managers agrees on a leader. */
export const NO_LEADER = /does not have a leader|context deadline exceeded/i
const NOT_MANAGER = /not a swarm manager/i
export const WORKER = /worker nodes/i

/** The error of a call in our words. `raw` is what dockerode rejected with: its message may be long, its body may be HTML. */
export function toEngineError(operation: string, raw: unknown): EngineError {
  if (raw instanceof EngineError) return raw
  const { statusCode, code, message, json } = fieldsOf(raw)
  if (statusCode === undefined)
    return new EngineError('unreachable', operation, short(code === undefined ? message : `${message} (${code})`))
  const text = short(textOf(json) ?? message.replace(/^\(HTTP code \d+\) [^-]* - /, ''))
  if (statusCode === 503 && NOT_MANAGER.test(text)) return new EngineError('notManager', operation, text)
  if (statusCode >= 500 && NO_LEADER.test(text)) return new EngineError('noLeader', operation, text)
  return new EngineError('refused', operation, `${statusCode} ${text}`, statusCode)
}

/** What JSON.parse, or a peer, gave us may be anything: only these fields are looked at, and only by type. */
function fieldsOf(raw: unknown) {
  const { statusCode, code, message, json } = Object(raw) as Readonly<Record<string, unknown>>
  return {
    statusCode: typeof statusCode === 'number' ? statusCode : undefined,
    code: typeof code === 'string' && !(typeof message === 'string' && message.includes(code)) ? code : undefined,
    message: typeof message === 'string' ? message : wordOf(raw),
    json,
  }
}

/** An object need not be convertible to text: its `toString` may be anything, too. */
const wordOf = (raw: unknown): string =>
  (typeof raw === 'object' && raw !== null) || typeof raw === 'function' ? 'an error without a message' : String(raw)

function textOf(json: unknown): string | undefined {
  const { message } = Object(json) as Readonly<Record<string, unknown>>
  return typeof message === 'string' ? message : undefined
}

function short(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > 200 ? `${line.slice(0, 199)}…` : line
}
