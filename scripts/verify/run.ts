// One run of the questions: prepare, ask, clean up, whatever happens in between.
import type { Account } from './account.ts'
import { createBench } from './bench.ts'
import { FACTS, type Fact, type Found, findOut } from './facts.ts'
import { clear, type Ground, prepare } from './ground.ts'

export type Run = {
  readonly found: readonly Found[]
  /** What could not be removed; empty as it should be. */
  readonly left: readonly string[]
  readonly calls: number
  /** Why it ended early. */
  readonly failure: unknown
}

/** @throws Refusal before anything is made. */
export async function verify(
  account: Account,
  signal: AbortSignal,
  say: (line: string) => void,
  facts: readonly Fact[] = FACTS,
): Promise<Run> {
  const ground = await prepare(account)
  say(`${account.live ? 'the cloud' : 'the simulator'}: load balancer ${ground.id} (${ground.name}), servers ${ground.servers.join(', ')}`)
  const found: Found[] = []
  const failure = await findOut(facts, createBench(ground), signal, (one) => {
    found.push(one)
    say(`  ${one.question}: ${one.seen}`)
  }).then(
    () => undefined,
    (error: unknown) => error,
  )
  const left = await cleared(ground)
  return { found, left, calls: account.sent.length, failure }
}

/** A reading that fails must not hide that something may be left. */
const cleared = (ground: Ground): Promise<readonly string[]> =>
  clear(ground).catch((error: unknown) => [`unknown: ${error instanceof Error ? error.message : String(error)}`])
