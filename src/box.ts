// The time box of one pass: when no change begins any more, and when what has begun gives up waiting.

export interface Box {
  /** No change begins once this is aborted. */
  readonly begin: AbortSignal
  /** Nothing waits in place once this is aborted. */
  readonly wait: AbortSignal
  /** Reading is over: from now on the time counts. */
  start(): void
  /** Ends applying before its time. */
  end(): void
  /** Nothing begins any more, and what has begun is finished within the time of the box. */
  hold(): void
  /** Ended by its time or by `end`, not by a stop. */
  ended(): boolean
  /** Lets go of timer and signals. */
  release(): void
}

/**
 * @param ms time for applying, milliseconds
 * @param stop nothing begins any more; what has begun may still wait, whatever the box says
 * @param giveUp nothing waits any more
 */
export function createBox(ms: number, stop: AbortSignal, giveUp: AbortSignal): Box {
  const [begin, wait] = [new AbortController(), new AbortController()]
  let timer: NodeJS.Timeout | undefined
  let ended = false
  const onStop = () => begin.abort()
  const onGiveUp = () => wait.abort()
  const end = () => {
    ended = true
    begin.abort()
    // A create that has begun is finished after a stop: there is no next pass to do it.
    if (!stop.aborted) wait.abort()
  }
  if (stop.aborted) onStop()
  if (giveUp.aborted) onGiveUp()
  stop.addEventListener('abort', onStop)
  giveUp.addEventListener('abort', onGiveUp)
  return {
    begin: begin.signal,
    wait: wait.signal,
    start: () => {
      timer ??= setTimeout(end, ms)
    },
    end,
    hold: () => {
      ended = true
      begin.abort()
    },
    ended: () => ended,
    release: () => {
      clearTimeout(timer)
      stop.removeEventListener('abort', onStop)
      giveUp.removeEventListener('abort', onGiveUp)
    },
  }
}
