// Keeps one event stream to the Engine open. An event only says "look again": nothing is taken from it but its kind, and whatever was
// lost while no stream was open is made up for by waking after every opening.
import type { Readable } from 'node:stream'
import pRetry, { type RetryContext } from 'p-retry'
import type { Logger } from 'pino'
import type { Tally } from '../tally.ts'
import type { Engine } from './client.ts'
import { EngineError, toEngineError } from './errors.ts'
import { readLines } from './lines.ts'
import type { EventKind, StreamState } from './missed.ts'
import { type EngineEvent, wire } from './wire.ts'

export type WatchOptions = {
  readonly engine: Engine
  /** Called for each event, and for both kinds whenever a stream has been opened. Must return at once: the Engine drops what waits. */
  readonly onEvent: (kind: EventKind) => void
  readonly log: Pick<Logger, 'debug' | 'info' | 'warn'>
  readonly tally: Pick<Tally, 'count'>
  /** ms; the clock of `state()`. */
  readonly now: () => number
  /** Proxies in front of the socket cut streams after 10 minutes; before that we open a new one ourselves. Default 9 minutes. */
  readonly recycleMs?: number
  /** ms between attempts, doubling, with jitter; a stream that lasted `maxMs` starts it over. Default 200 ms to 10 s. */
  readonly backoff?: { readonly minMs: number; readonly maxMs: number }
}

export interface Watch {
  /** Watches until the signal is aborted, then resolves. A lost engine or stream is tried again for ever. */
  run(signal: AbortSignal): Promise<void>
  /**
   * Resolves once the first stream is open: a full reading made from then on misses nothing. Also when the first attempt failed, so that
   * a reading says what is wrong, and when `run` has ended.
   */
  readonly opened: Promise<void>
  /** Gives up the present stream for a new one. */
  reopen(reason: string): void
  /** Counts missed events, one for each kind, and reopens the stream that did not bring them. */
  missed(kinds: readonly EventKind[]): void
  state(): StreamState
}

const RECYCLED = 'recycled'
const OPERATION = 'GET /events'
const ACTIONS = new Set(['create', 'update', 'remove'])

export function watchSwarm({ recycleMs = 9 * 60_000, backoff = { minMs: 200, maxMs: 10_000 }, ...options }: WatchOptions): Watch {
  const { engine, log, tally, now } = options
  const opened = Promise.withResolvers<void>()
  const report = createReporter(options, opened.resolve)
  let current = new AbortController()

  /** One stream from opening to end. Rejects where the next attempt has to wait. */
  const follow = async (signal: AbortSignal) => {
    const stop = new AbortController()
    current = stop
    const recycle = setTimeout(() => report.renew(stop, RECYCLED), recycleMs)
    try {
      const stream = await engine.events(AbortSignal.any([signal, stop.signal]))
      report.open()
      for await (const line of linesOf(stream)) report.take(line)
      throw new EngineError('unreachable', OPERATION, 'the stream ended')
    } catch (error) {
      if (stop.signal.aborted || signal.aborted) return
      const { openedAt = Number.POSITIVE_INFINITY } = report.state()
      if (!(error instanceof EngineError) || now() - openedAt < backoff.maxMs) throw error
      log.debug({ err: error.message }, 'event stream ended')
    } finally {
      clearTimeout(recycle)
      report.close()
    }
  }
  const waits = { retries: Number.POSITIVE_INFINITY, minTimeout: backoff.minMs, maxTimeout: backoff.maxMs, factor: 2, randomize: true }
  return {
    opened: opened.promise,
    async run(signal) {
      const retry = {
        ...waits,
        signal,
        onFailedAttempt: (context: RetryContext) => {
          report.fail(context)
          opened.resolve()
        },
        shouldRetry: ({ error }: RetryContext) => error instanceof EngineError,
      }
      try {
        while (!signal.aborted) await pRetry(() => follow(signal), retry)
      } catch (error) {
        if (!signal.aborted) throw error
      } finally {
        opened.resolve()
      }
    },
    reopen: (reason) => report.renew(current, reason),
    missed(kinds) {
      tally.count('missedEvents', {}, kinds.length)
      report.renew(current, `missed ${kinds.join(' and ')} events`)
    },
    state: report.state,
  }
}

/** What is known of the streams so far, and what is told to the outside when it changes. */
function createReporter({ onEvent, log, tally, now }: WatchOptions, onFirst: () => void) {
  const lastEventAt: Partial<Record<EventKind, number>> = {}
  let openedAt: number | undefined
  let everOpened = false
  /** The next opening follows one that we closed in good order. */
  let recycled = false
  let failing = false
  /** The stream before did open: that the next one opens too proves nothing. */
  let wasOpen = false
  const recovered = () => {
    if (failing) log.info('event stream of the engine is open again')
    failing = false
  }
  return {
    state: (): StreamState => ({ openedAt, lastEventAt: { ...lastEventAt } }),
    open() {
      if (everOpened && !recycled) tally.count('reconnects', {})
      if (!wasOpen) recovered()
      openedAt = now()
      everOpened = true
      recycled = false
      onFirst()
      onEvent('service')
      onEvent('node')
    },
    take(line: string) {
      const { Type, Action } = parseEvent(line)
      if (Type !== 'service' && Type !== 'node') return
      recovered()
      lastEventAt[Type] = now()
      tally.count('events', { type: Type, action: ACTIONS.has(Action) ? Action : 'other' })
      onEvent(Type)
    },
    close() {
      wasOpen = openedAt !== undefined
      openedAt = undefined
    },
    fail({ error }: RetryContext) {
      log[failing ? 'debug' : 'warn']({ err: error.message }, 'no event stream from the engine, trying again')
      failing = true
      recycled = false
    },
    renew(stop: AbortController, reason: string) {
      log.debug({ reason }, 'event stream is opened anew')
      recycled = reason === RECYCLED
      stop.abort()
    },
  }
}

async function* linesOf(stream: Readable): AsyncGenerator<string> {
  try {
    yield* readLines(stream)
  } catch (error) {
    throw toEngineError(OPERATION, error)
  }
}

/** A line that is not JSON may hide an event, and tells that this is no event stream: it ends the stream, and the next opening wakes. */
function parseEvent(line: string): EngineEvent {
  try {
    return wire.event.parse(JSON.parse(line))
  } catch {
    throw new EngineError('malformed', OPERATION, 'a line that is no event')
  }
}
