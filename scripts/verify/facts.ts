// What the manuals leave open, as a table: the question, the simulator's setting that stands for it, and the calls that decide it.
import { settingsSchema } from '../../src/simulator/settings.ts'
import type { Bench } from './bench.ts'
import type { Open } from './open.ts'
import { ANSWERS } from './probe-answers.ts'
import { ECHOES } from './probe-echoes.ts'
import { GROUPS } from './probe-groups.ts'
import { HEALTH } from './probe-health.ts'
import { LISTENERS } from './probe-listeners.ts'
import { RULES } from './probe-rules.ts'
import { STATES } from './probe-states.ts'
import { TIMES } from './probe-times.ts'
import { Undecided } from './refusal.ts'
import { UNASKED } from './unasked.ts'

export type Value = string | number | boolean | readonly number[]

/** `values` by the path of a simulator's setting; without them the question stays open, or no setting stands for it. */
export type Finding = { readonly values?: Readonly<Record<string, Value>>; readonly seen: string }

export type Fact = {
  readonly question: string
  /** What the documents leave open that this decides, or could. */
  readonly ref: readonly Open[]
  /** Paths of the simulator's settings, such as `unsure.startRunning`. */
  readonly settings: readonly string[]
  /** A word instead of a probe says why no call finds it out. */
  readonly probe: ((bench: Bench) => Promise<Finding>) | string
}

/** In the order in which they are asked: how late reads are comes first, since the others have to wait for that. */
export const FACTS: readonly Fact[] = [...TIMES, ...ANSWERS, ...GROUPS, ...ECHOES, ...STATES, ...LISTENERS, ...HEALTH, ...RULES, ...UNASKED]

export type Found = Fact & Finding & { readonly decided: boolean }

/** Asks one after the other; a question that fails leaves the others alone. */
export async function findOut(facts: readonly Fact[], bench: Bench, signal: AbortSignal, each: (found: Found) => void): Promise<void> {
  for (const fact of facts) {
    signal.throwIfAborted()
    each({ ...fact, ...(await ask(fact, bench)) })
  }
}

async function ask({ probe, settings }: Fact, bench: Bench): Promise<Finding & { readonly decided: boolean }> {
  if (typeof probe === 'string') return { seen: probe, decided: false }
  try {
    const finding = await probe(bench)
    return { ...finding, decided: settings.length === 0 || finding.values !== undefined }
  } catch (error) {
    if (!(error instanceof Undecided)) throw error
    return { seen: `not decided: ${error.message}`, decided: false }
  } finally {
    await bench.undo()
  }
}

/** What the simulator takes for granted where nobody tells it otherwise. */
export function assumed(path: string): Value | undefined {
  const [group = '', name = ''] = path.split('.')
  const settings: Readonly<Record<string, unknown>> = settingsSchema.parse({})
  const value = name === '' ? settings[group] : (settings[group] as Readonly<Record<string, Value>> | undefined)?.[name]
  return value as Value | undefined
}
