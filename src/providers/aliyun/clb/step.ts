// The writes of one change, one after the other: each in its turn with the load balancer's limiter, request ids noted.
import { setTimeout as sleep } from 'node:timers/promises'
import { CallError, type Turn } from '../../provider.ts'
import { LOCAL } from '../errors.ts'
import type { Params } from '../flatten.ts'
import type { Reply, Rpc } from '../rpc.ts'
import type { Limiter } from './limiter.ts'

export interface Step {
  /** The first write of a change waits on `turn.begin`, later ones on `turn.wait`. Throws CallError. */
  write(action: string, params: Params): Promise<Reply>
  /** A look in between, where a write cannot be decided without. Throws CallError. */
  read(action: string, params: Params): Promise<Reply>
  /**
   * Repeats a call that the cloud refuses because of what was deleted just before, after growing waits.
   * Its own locks are not meant: those are waited for in place.
   */
  insist<T>(codes: readonly string[], call: () => Promise<T>): Promise<T>
  /** Of the writes that succeeded. */
  readonly requestIds: readonly string[]
}

export type StepOptions = {
  readonly rpc: Rpc
  /** Undefined for writes to no load balancer: there is no lock to share. */
  readonly limiter: Limiter | undefined
  /** For whom the calls queue: the load balancer's id. */
  readonly share: string
  readonly turn: Turn
  /** Milliseconds before each repetition of `insist`. */
  readonly insistMs: readonly number[]
}

/** A begun change goes before those that have not begun: better one listener done than two half done. */
const BEGUN = 0.5

export function createStep({ rpc, limiter, share, turn, insistMs }: StepOptions): Step {
  const requestIds: string[] = []
  let begun = false

  const write = async (action: string, params: Params): Promise<Reply> => {
    const signal = begun ? turn.wait : turn.begin
    const priority = turn.priority + (begun ? BEGUN : 0)
    begun = true
    let report: (code: string) => void = () => {}
    const reply = await rpc(action, params, {
      kind: 'write',
      signal,
      priority,
      share,
      onBusy: (code) => report(code),
      within: (attempts) =>
        limiter === undefined
          ? attempts()
          : limiter.run(action, priority, signal, (onBusy) => {
              report = onBusy
              return attempts()
            }),
    })
    requestIds.push(reply.requestId)
    return reply
  }

  const read = (action: string, params: Params): Promise<Reply> =>
    rpc(action, params, { kind: 'read', signal: turn.wait, priority: turn.priority + BEGUN, share })

  const pause = async (ms: number, { action, code }: CallError): Promise<void> => {
    const gaveUp = () => new CallError({ status: 'pending', action, code: LOCAL.aborted, message: `gave up waiting after ${code}` })
    await sleep(ms, undefined, { signal: turn.wait }).catch(() => Promise.reject(gaveUp()))
  }

  const insist: Step['insist'] = async (codes, call) => {
    for (const ms of insistMs) {
      try {
        return await call()
      } catch (error) {
        if (!(error instanceof CallError) || !codes.includes(error.code)) throw error
        await pause(ms, error)
      }
    }
    return call()
  }

  return { write, read, insist, requestIds }
}
