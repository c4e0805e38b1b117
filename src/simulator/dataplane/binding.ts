// Keeps a socket bound: a port that is taken or an address that is not there yet is tried again until it works or is no longer wanted.
import type { Server } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const FIRST_RETRY_MS = 25

export type BindingOptions = {
  /** One attempt; rejects with the system's error. */
  readonly bind: () => Promise<void>
  /** The error of the first attempt that failed, undefined once bound. */
  readonly onProblem: (about: 'port', text: string | undefined) => void
  readonly longestWaitMs: number
}

/** Resolves when bound or aborted. A port that was just given up is free within milliseconds, so the waits begin short. */
export async function keepBinding({ bind, onProblem, longestWaitMs }: BindingOptions, signal: AbortSignal): Promise<void> {
  let failed = false
  for (let waitMs = FIRST_RETRY_MS; !signal.aborted; waitMs = Math.min(waitMs * 2, longestWaitMs)) {
    try {
      await bind()
      if (failed) onProblem('port', undefined)
      return
    } catch (err) {
      if (signal.aborted) return
      if (!failed) onProblem('port', err instanceof Error ? err.message : String(err))
      failed = true
    }
    await sleep(waitMs, undefined, { signal }).catch(() => undefined)
  }
}

export function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (err: Error) => reject(err)
    server.once('error', failed)
    server.listen({ port, host }, () => {
      server.removeListener('error', failed)
      resolve()
    })
  })
}
