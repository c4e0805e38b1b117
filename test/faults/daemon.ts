// A daemon of the scenario, with the waits of production made shorter, that can be stopped in good order or killed.
import { runDaemon, type Tuning } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { createLog } from '../../src/log.ts'
import { openGate } from './gate.ts'

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
type Running = { readonly stop: () => Promise<void>; readonly kill: () => void }

/** What the trouble to come needs: a daemon that can be killed, a deadline that can be waited for. */
export type Needs = { readonly gated: boolean; readonly deadlineMs: number }

export async function startDaemon(env: Env, logged: string[], { gated, deadlineMs }: Needs): Promise<Running> {
  const gate = gated ? await openGate(env['SLB_ENDPOINT'] ?? '') : undefined
  const abort = new AbortController()
  const log = await createLog({ level: 'info', format: 'json', colour: false, secrets: [], write: (line) => logged.push(line) })
  const own = gate === undefined ? env : { ...env, SLB_ENDPOINT: gate.url, ECS_ENDPOINT: gate.url }
  const done = runDaemon(readConfig({ env: own, flags: {} }), log, abort.signal, tuningFor(deadlineMs))
  const kill = () => {
    gate?.close()
    abort.abort()
  }
  return {
    kill,
    async stop() {
      abort.abort()
      await done
      gate?.close()
    },
  }
}
