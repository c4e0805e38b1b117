// The queue for writes to one load balancer: highest priority first, then first come. Its width follows width.ts.
// A call that was told to wait retries in its place, so while the cloud is busy nobody else takes that place.
import { setTimeout as sleep } from 'node:timers/promises'
import PQueue from 'p-queue'
import { CallError } from '../../provider.ts'
import { LOCAL } from '../errors.ts'
import { afterBusy, afterLateBusy, afterSuccess, startWidth, type Width, type WidthRules } from './width.ts'

export interface Limiter {
  /**
   * Runs a call in its turn. `signal` only ends the waiting for a place (CallError `pending`); a call that began goes to its end.
   * The call gets a function to report each busy answer with.
   */
  run<T>(action: string, priority: number, signal: AbortSignal, call: (onBusy: (code: string) => void) => Promise<T>): Promise<T>
  readonly width: number
}

export type LimiterOptions = {
  /** Epoch milliseconds. */
  readonly now: () => number
  readonly rules: WidthRules
  readonly onWidth?: (width: number, code: string) => void
  /** Must not keep the process alive. */
  readonly rest?: (ms: number) => Promise<unknown>
}

/** `late`: begun right behind another write of ours. */
type Running = { readonly epoch: number; readonly saturated: boolean; readonly late: boolean; company: number; busy: boolean }

/** Two writes with less than this between them count as one behind the other. */
const BEHIND_MS = 1_000

/**
 * Codes for a load balancer with too much under way. The others are about one listener or group, which only one chain works on, or
 * about the account's rate: fewer calls side by side would not help.
 */
const CROWDED: ReadonlySet<string> = new Set([
  'BackendServer.configuring',
  'ServiceIsConfiguring',
  'OperationBusy',
  'SystemBusy',
  'VpcSystemBusy',
])

/** What is under way, and the width that follows from how it goes. */
function createCrowd({ now, rules, onWidth }: LimiterOptions, queue: PQueue) {
  let state = startWidth(rules)
  let endedAt = Number.NEGATIVE_INFINITY
  const running = new Set<Running>()

  const become = (next: Width) => {
    state = next
    if (queue.concurrency !== next.width) queue.concurrency = next.width
  }

  return {
    state: () => state,
    begin(): Running {
      const saturated = queue.pending >= queue.concurrency || queue.size > 0
      const mine: Running = { epoch: state.epoch, saturated, late: now() - endedAt < BEHIND_MS, company: 0, busy: false }
      running.add(mine)
      for (const call of running) call.company = Math.max(call.company, running.size)
      return mine
    },
    busy(mine: Running, code: string): void {
      if (!CROWDED.has(code)) return
      const first = !mine.busy
      mine.busy = true
      if (mine.company > 1) become(afterBusy(state, mine.company, mine.epoch, now(), rules))
      else if (first && mine.late) become(afterLateBusy(state))
      onWidth?.(state.width, code)
    },
    succeeded(mine: Running): void {
      if (!mine.busy) become(afterSuccess(state, mine.saturated, mine.epoch, now(), rules))
    },
    end(mine: Running): void {
      running.delete(mine)
      endedAt = now()
    },
  }
}

export function createLimiter(options: LimiterOptions): Limiter {
  const { rules, rest = (ms) => sleep(ms, undefined, { ref: false }) } = options
  const queue = new PQueue({ concurrency: rules.start })
  const crowd = createCrowd(options, queue)

  const inPlace = async <T>(call: (onBusy: (code: string) => void) => Promise<T>): Promise<T> => {
    const mine = crowd.begin()
    try {
      const result = await call((code) => crowd.busy(mine, code))
      crowd.succeeded(mine)
      return result
    } finally {
      crowd.end(mine)
    }
  }

  /** The answer is for the caller at once, the place is free only after the rest. */
  const occupy = async (answer: Promise<unknown>): Promise<void> => {
    await answer.catch(() => {})
    const { width, restMs } = crowd.state()
    if (width === 1 && restMs > 0) await rest(restMs)
  }

  return {
    async run(action, priority, signal, call) {
      const leave = new AbortController()
      const abort = () => leave.abort(pending(action))
      if (signal.aborted) abort()
      signal.addEventListener('abort', abort, { once: true })
      return new Promise((resolve, reject) => {
        const task = () => {
          signal.removeEventListener('abort', abort)
          const answer = inPlace(call)
          answer.then(resolve, reject)
          return occupy(answer)
        }
        queue.add(task, { priority, signal: leave.signal }).catch(reject)
      })
    },
    get width() {
      return crowd.state().width
    },
  }
}

const pending = (action: string) =>
  new CallError({ status: 'pending', action, code: LOCAL.aborted, message: 'gave up waiting for its turn; nothing was sent' })
