// `npm run verify:cloud`: asks the cloud what its manuals leave open, then runs the provider contract and the statements about the API
// on it. With LIVE=1 that is a real account, else a simulator of its own.
import { join } from 'node:path'
import { attempt } from '../test/lab/process.ts'
import { openAccount } from './verify/account.ts'
import { FACTS } from './verify/facts.ts'
import { Refusal } from './verify/refusal.ts'
import { differences, settingsOf } from './verify/report.ts'
import { type Run, verify } from './verify/run.ts'
import { columnsFrom, factBlock } from './verify/table.ts'

const SUITE_MS = 3_600_000

const say = (line: string): void => void process.stdout.write(`${line}\n`)

async function main(signal: AbortSignal): Promise<boolean> {
  const account = await openAccount({ env: process.env })
  const run = await verify(account, signal, say).finally(() => account.close())
  print(run, account.live)
  if (run.failure !== undefined) throw run.failure
  signal.throwIfAborted()
  say('\nthe provider contract and the statements about the API')
  const vitest = join(import.meta.dirname, '../node_modules/.bin/vitest')
  const { code } = await attempt([vitest, 'run', '--project', 'live'], { timeoutMs: SUITE_MS, onLine: say })
  return code === 0 && run.left.length === 0
}

function print({ found, left, calls }: Run, live: boolean): void {
  say(live ? '\nFor docs/cloud-facts.md, between its two comments:' : "\nThe simulator's answers, which say nothing about the cloud:")
  say(`\n${factBlock(FACTS, columnsFrom(found))}\n`)
  const changed = differences(found)
  say(changed.length === 0 ? 'Everything that was decided is as the simulator assumes.' : `Otherwise than assumed:\n${changed.join('\n')}`)
  say(`\nSettings for the simulator (PATCH /settings):\n${JSON.stringify(settingsOf(found), null, 2)}\n`)
  say(`${calls} calls to ${live ? 'the cloud' : 'the simulator'}`)
  for (const one of left) say(`NOT REMOVED: ${one}`)
}

const stop = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.once(name, () => {
    say('stopping: what was made is being removed')
    stop.abort(new Error('interrupted'))
  })
}
try {
  process.exitCode = (await main(stop.signal)) ? 0 : 1
} catch (error) {
  say(error instanceof Error ? `${error instanceof Refusal ? '' : `${error.name}: `}${error.message}` : String(error))
  process.exitCode = 1
}
