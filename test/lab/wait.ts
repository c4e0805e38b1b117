// Waiting for something to become true, with what was last seen in the error.
import { setTimeout as sleep } from 'node:timers/promises'

export type Look<T> = { readonly done: true; readonly value: T } | { readonly done: false; readonly seen: string }

export const found = <T>(value: T): Look<T> => ({ done: true, value })
export const notYet = (seen: unknown): Look<never> => ({ done: false, seen: String(seen) })

/** Looks every 250 ms; what `look` throws counts as "not yet". Fails after `timeoutMs` with what was seen last. */
export async function until<T>(what: string, timeoutMs: number, look: () => Promise<Look<T>>, signal?: AbortSignal): Promise<T> {
  const end = Date.now() + timeoutMs
  for (;;) {
    signal?.throwIfAborted()
    const now = await look().catch(notYet)
    if (now.done) return now.value
    if (Date.now() > end) throw new Error(`${what}: not within ${timeoutMs / 1000} s; last seen: ${now.seen}`)
    await sleep(250, undefined, { signal }).catch(() => {})
  }
}
