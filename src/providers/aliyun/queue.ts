// Who goes next where calls have to wait. A timer exists only while somebody waits for one.

/** Higher priority goes first; within it the shares (load balancers) take turns; within a share first come, first served. */
export type Place = { readonly priority: number; readonly share: string }

export interface Line<T> {
  readonly size: number
  join(place: Place, item: T): void
  leave(place: Place, item: T): void
  next(): T | undefined
}

export function createLine<T>(): Line<T> {
  const levels = new Map<number, Map<string, T[]>>()
  let size = 0
  const tidy = (priority: number, shares: Map<string, T[]>, share: string) => {
    if (shares.get(share)?.length === 0) shares.delete(share)
    if (shares.size === 0) levels.delete(priority)
  }
  return {
    get size() {
      return size
    },
    join({ priority, share }, item) {
      const shares = levels.get(priority) ?? new Map<string, T[]>()
      levels.set(priority, shares)
      const waiting = shares.get(share) ?? []
      shares.set(share, waiting)
      waiting.push(item)
      size += 1
    },
    leave({ priority, share }, item) {
      const shares = levels.get(priority)
      const waiting = shares?.get(share) ?? []
      const index = waiting.indexOf(item)
      if (shares === undefined || index < 0) return
      waiting.splice(index, 1)
      size -= 1
      tidy(priority, shares, share)
    },
    next() {
      const priority = Math.max(...levels.keys())
      const shares = levels.get(priority)
      const [turn] = shares ?? []
      if (shares === undefined || turn === undefined) return undefined
      const [share, waiting] = turn
      const item = waiting.shift()
      size -= 1
      shares.delete(share) // and to the end: a Map keeps the order of insertion
      shares.set(share, waiting)
      tidy(priority, shares, share)
      return item
    },
  }
}

export interface Gate {
  /** Resolves when let through. Rejects with the signal's reason once that aborts, and the place in the line is given up. */
  enter(place: Place, signal: AbortSignal): Promise<void>
  /** Asks `admit` again. */
  open(): void
}

/** `admit` answers 0 when it let one through, else the milliseconds until asking again makes sense (Infinity: only after `open`). */
export function createGate(admit: () => number): Gate {
  const line = createLine<() => void>()
  let timer: NodeJS.Timeout | undefined
  const open = () => {
    clearTimeout(timer)
    while (line.size > 0) {
      const waitMs = admit()
      if (waitMs > 0) {
        if (Number.isFinite(waitMs)) timer = setTimeout(open, Math.ceil(waitMs))
        return
      }
      line.next()?.()
    }
  }
  const enter = (place: Place, signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason)
      const give = () => {
        line.leave(place, pass)
        if (line.size === 0) clearTimeout(timer)
        reject(signal.reason)
      }
      const pass = () => {
        signal.removeEventListener('abort', give)
        resolve()
      }
      signal.addEventListener('abort', give, { once: true })
      line.join(place, pass)
      open()
    })
  return { enter, open }
}

export interface Lanes {
  /** Waits for a free lane; the answer gives it back. */
  enter(place: Place, signal: AbortSignal): Promise<() => void>
}

/** At most `width` at a time. */
export function createLanes(width: number): Lanes {
  let free = width
  const gate = createGate(() => {
    if (free === 0) return Number.POSITIVE_INFINITY
    free -= 1
    return 0
  })
  return {
    async enter(place, signal) {
      await gate.enter(place, signal)
      return () => {
        free += 1
        gate.open()
      }
    },
  }
}
