// All combinations of a call and a way to fail, packed into as few runs of the scenario as there are most of in one step.
import nock from 'nock'
import { expect, inject, test } from 'vitest'
import { isWrite } from '../../src/simulator/actions/call.ts'
import { type Course, disturbed, nameOf, type Outcome, type Trouble } from './run.ts'

// It stands between every call and its socket, and takes as long as all the rest; all addresses here are 127.x.
nock.restore()

/** `FAULT='<step>/<action>#<n>/<way>'`, or the beginning of it, runs these alone. */
const ONLY = process.env['FAULT'] ?? ''
/** How many runs at a time: they wait more than they compute. */
const WIDTH = Number(process.env['FAULT_WIDTH'] ?? 6)

/** Each call of each step, failing in this way. */
function troublesOf(normal: readonly Course[], how: Trouble['how']): readonly Trouble[] {
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

/** At once: the rest may take minutes. */
async function tell(run: Promise<readonly Outcome[]>): Promise<readonly Outcome[]> {
  const outcomes = await run
  for (const outcome of outcomes) if (outcome.found.length > 0) process.stderr.write(`${report(outcome)}\n\n`)
  return outcomes
}

const ROUNDS = 3
/** Share of the calls that may be made at another time than when they were recorded. */
const CLOCKWORK = 0.01

/** What came too late, or was not reached behind a failure, is tried again. */
async function runAll(troubles: readonly Trouble[], normal: readonly Course[]): Promise<readonly Outcome[]> {
  const outcomes = await inParallel(packed(troubles), WIDTH, (run) => tell(disturbed(run, normal)))
  const all = [...outcomes]
  for (let round = 0; round < ROUNDS; round += 1) {
    const met = new Set(all.filter(({ course }) => course.met).map(({ trouble }) => nameOf(trouble)))
    const missed = troubles.filter((trouble) => !met.has(nameOf(trouble)))
    all.push(...(await inParallel(packed(missed), WIDTH, (run) => tell(disturbed(run, normal)))))
  }
  return all
}

function report({ trouble, course, found, logged }: Outcome): string {
  return [`FAULT='${nameOf(trouble)}'`, ...found, ...logged.slice(-30), `calls: ${course.calls.join(' ')}`].join('\n')
}

/** Writes beyond those of the undisturbed step: the repetitions of the call that failed, and what they make anew. */
const EXTRA_WRITES = 10
const extraWrites = (course: Course, usual: Course | undefined) =>
  course.calls.filter(isWrite).length - (usual?.calls.filter(isWrite).length ?? 0)

/** A test for one way to fail, at every call of the scenario. */
export function testEveryCall(how: Trouble['how'], timeoutMs = 600_000): void {
  test(`every call ${how}`, { timeout: timeoutMs }, async () => {
    const normal = inject('normal')
    const troubles = troublesOf(normal, how).filter((trouble) => nameOf(trouble).startsWith(ONLY))
    const begun = performance.now()
    const outcomes = await runAll(troubles, normal)
    const bad = outcomes.filter(({ found }) => found.length > 0)
    const met = new Set(outcomes.filter(({ course }) => course.met).map(({ trouble }) => nameOf(trouble)))
    const unmet = troubles.filter((trouble) => !met.has(nameOf(trouble)))
    const extra = outcomes.map(({ trouble, course }) => extraWrites(course, normal[trouble.step]))
    process.stdout.write(
      `${how}: ${met.size} of ${troubles.length} calls, ${Math.round((performance.now() - begun) / 1000)} s, at most ${Math.max(...extra)} writes more\n`,
    )
    expect(bad.map(report).join('\n\n')).toBe('')
    expect(unmet.filter(({ action }) => isWrite(action)).map(nameOf)).toEqual([])
    // A look that is made by the clock may fall into the step before or after, each time anew: then it cannot fail in this one.
    expect(unmet.map(nameOf).slice(Math.ceil(troubles.length * CLOCKWORK))).toEqual([])
    expect(
      outcomes.filter(({ trouble, course }) => course.met && extraWrites(course, normal[trouble.step]) > EXTRA_WRITES).map(report),
    ).toEqual([])
  })
}
