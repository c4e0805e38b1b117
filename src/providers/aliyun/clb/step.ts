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
  readonly limiter: Limiter
  readonly loadBalancerId: string
  readonly turn: Turn
  /** Milliseconds before each repetition of `insist`. */
  readonly insistMs: readonly number[]
}

/** A begun change goes before those that have not begun: better one listener done than two half done. */
const BEGUN = 0.5

export function createStep({ rpc, limiter, loadBalancerId, turn, insistMs }: StepOptions): Step {
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
      share: loadBalancerId,
      onBusy: (code) => report(code),
      within: (attempts) =>
        limiter.run(action, priority, signal, (onBusy) => {
          report = onBusy
          return attempts()
        }),
    })
    requestIds.push(reply.requestId)
    return reply
  }

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

  return { write, insist, requestIds }
}
