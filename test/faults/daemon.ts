// A daemon of the scenario, with the waits of production made shorter: within this process, or in one of its own that can be killed.
import { runDaemon, type Tuning } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { createLog } from '../../src/log.ts'
import { startChild } from '../support/child.ts'

/** All waits are those of production, so many times shorter. */
const SPEED = 100
const tuningFor = (deadlineMs: number): Tuning => ({
  speed: SPEED,
  sharing: { filesMs: 15_000, times: { rest: 60_000 } },
  rpc: { timeouts: { requestMs: deadlineMs }, waits: { firstMs: 2, maxMs: 50, totalMs: 600 } },
  buckets: { unlimited: true },
})
/** A deadline that only those calls meet which hang: a busy machine must not look like a slow cloud. */
export const DEADLINES = { hanging: 400, other: 3000 }

type Env = Readonly<Record<string, string>>
type Running = {
  /** In good order. */
  readonly stop: () => Promise<void>
  /** SIGKILL, at once; settles when the process is gone. */
  readonly kill: () => Promise<void>
}

/** What the trouble to come needs: a daemon that can be killed, a deadline that can be waited for. */
export type Needs = { readonly killed: boolean; readonly deadlineMs: number }

export async function startDaemon(env: Env, logged: string[], { killed, deadlineMs }: Needs): Promise<Running> {
  const tuning = tuningFor(deadlineMs)
  if (killed) return startChild({ env, tuning, bundled: true, onLog: (text) => void logged.push(text) })
  const abort = new AbortController()
  const log = await createLog({ level: 'info', format: 'json', colour: false, secrets: [], write: (line) => logged.push(line) })
  const done = runDaemon(readConfig({ env, flags: {} }), log, abort.signal, tuning)
  const stop = () => {
    abort.abort()
    return done
  }
  return { stop, kill: () => Promise.reject(new Error('only a process of its own can be killed')) }
}
