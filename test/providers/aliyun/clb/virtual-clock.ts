// Time that passes only when nothing else is left to do: waits of seconds end at once, and always in the same order.
import { setImmediate as settle } from 'node:timers/promises'

export function createClock() {
  let now = 0
  let timers: { readonly at: number; readonly wake: () => void }[] = []

  const sleep = (ms: number) => new Promise<void>((resolve) => timers.push({ at: now + ms, wake: resolve }))

  /** Lets time pass until the work is done. */
  const run = async <T>(work: Promise<T>): Promise<T> => {
    let done = false
    const ended = work.finally(() => {
      done = true
    })
    ended.catch(() => {})
    await settle()
    while (!done) {
      const at = Math.min(...timers.map((timer) => timer.at))
      if (!Number.isFinite(at)) throw new Error('the work waits for something other than time')
      now = at
      const due = timers.filter((timer) => timer.at <= at)
      timers = timers.filter((timer) => timer.at > at)
      for (const { wake } of due) wake()
      await settle()
    }
    return ended
  }

  return { now: () => now, sleep, run }
}

export type Clock = ReturnType<typeof createClock>
