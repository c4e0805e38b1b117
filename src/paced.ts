// Work that is asked for often and costs more the more there is: it is done at once, and after it comes a rest of several times what it
// took. Whatever is asked for meanwhile comes to one piece of work at its end.

/** Times the duration of the work. */
const REST = 8
const MOST_REST_MS = 1000

export type PacedOptions = {
  readonly work: () => void
  /** Called with what `work` throws. */
  readonly broken: (error: unknown) => void
  readonly now?: () => number
}

export function paced({ work, broken, now = () => performance.now() }: PacedOptions): () => void {
  let restsUntil = Number.NEGATIVE_INFINITY
  let timer: NodeJS.Timeout | undefined
  const run = () => {
    timer = undefined
    const begun = now()
    try {
      work()
    } catch (error) {
      broken(error)
    }
    restsUntil = now() + Math.min(MOST_REST_MS, REST * (now() - begun))
  }
  return () => {
    if (timer !== undefined) return
    const waitMs = restsUntil - now()
    if (waitMs <= 0) run()
    else timer = setTimeout(run, waitMs).unref()
  }
}
