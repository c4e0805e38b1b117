// All combinations of a call and a way to fail, packed into as few runs of the scenario as there are most of in one step.
import { expect, test } from 'vitest'
import { type Course, disturbed, nameOf, type Outcome, type Trouble, undisturbed } from './run.ts'

/** `FAULT='<step>/<action>#<n>/<way>'`, or the beginning of it, runs these alone. */
const ONLY = process.env['FAULT'] ?? ''
/** How many runs at a time: they wait more than they compute. */
const WIDTH = Number(process.env['FAULT_WIDTH'] ?? 6)

/** Each call of each step, failing in this way. */
export function troublesOf(normal: readonly Course[], how: Trouble['how']): readonly Trouble[] {
  return normal.flatMap(({ calls }, step) =>
    calls.map((action, index) => ({ step, action, nth: calls.slice(0, index + 1).filter((one) => one === action).length, how })),
  )
}

/** One trouble of each step in each run. */
function packed(troubles: readonly Trouble[]): readonly ReadonlyMap<number, Trouble>[] {
  const runs: Map<number, Trouble>[] = []
  for (const trouble of troubles) {
    const free = runs.find((run) => !run.has(trouble.step))
    if (free === undefined) runs.push(new Map([[trouble.step, trouble]]))
    else free.set(trouble.step, trouble)
  }
  return runs
}

async function inParallel<T, R>(items: readonly T[], width: number, work: (item: T) => Promise<readonly R[]>): Promise<readonly R[]> {
  const results: R[] = []
  const left = [...items]
  const worker = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) results.push(...(await work(item)))
  }
  await Promise.all(Array.from({ length: width }, worker))
  return results
}

/** What came too late, or was not reached behind a failure, has a second try by itself. */
async function runAll(troubles: readonly Trouble[], normal: readonly Course[]): Promise<readonly Outcome[]> {
  const outcomes = await inParallel(packed(troubles), WIDTH, (run) => disturbed(run, normal))
  const met = new Set(outcomes.filter(({ course }) => course.met).map(({ trouble }) => nameOf(trouble)))
  const missed = troubles.filter((trouble) => !met.has(nameOf(trouble)))
  const again = await inParallel(packed(missed), WIDTH, (run) => disturbed(run, normal))
  return [...outcomes.filter(({ course, found }) => course.met || found.length > 0), ...again]
}

let recorded: Promise<readonly Course[]> | undefined

/** The scenario as it goes without faults: first slowly, to see where each step ends, then at the pace of all the others. */
export async function normalCourse(): Promise<readonly Course[]> {
  recorded ??= undisturbed().then((slow) => undisturbed(slow))
  return recorded
}

/** What a fault may cost, in calls beyond those of the undisturbed step. */
export type Budget = { readonly writes: number }

function report({ trouble, course, found, logged }: Outcome): string {
  return [`FAULT='${nameOf(trouble)}'`, ...found, ...logged.slice(-30), `calls: ${course.calls.join(' ')}`].join('\n')
}

/** A test for one way to fail, at every call of the scenario. */
export function testEveryCall(how: Trouble['how'], timeoutMs = 600_000): void {
  test(`every call ${how}`, { timeout: timeoutMs }, async () => {
    const normal = await normalCourse()
    const troubles = troublesOf(normal, how).filter((trouble) => nameOf(trouble).startsWith(ONLY))
    const begun = performance.now()
    const outcomes = await runAll(troubles, normal)
    const bad = outcomes.filter(({ found }) => found.length > 0)
    const met = new Set(outcomes.filter(({ course }) => course.met).map(({ trouble }) => nameOf(trouble))).size
    const extra = outcomes.map(({ trouble, course }) => course.calls.length - (normal[trouble.step]?.calls.length ?? 0))
    process.stdout.write(
      `${how}: ${met} of ${troubles.length} calls, ${Math.round((performance.now() - begun) / 1000)} s, at most ${Math.max(...extra)} calls more\n`,
    )
    expect(bad.map(report).join('\n\n')).toBe('')
    expect(met).toBeGreaterThanOrEqual(troubles.length * 0.97)
  })
}
