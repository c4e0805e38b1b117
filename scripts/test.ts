// `npm test`: everything. What cannot run here is skipped loudly; with CI=true that is a failure.
import { row, runCheck } from './check.ts'
import { FOR_TESTS, providePackages } from './packages.ts'
import { runVitest, type Suite } from './vitest.ts'

/** Too slow for the check, and needing nothing that a machine may lack. */
const LONG = [
  ['fuzz', 5 * 60_000],
  ['model', 12 * 60_000],
  ['faults', 12 * 60_000],
] as const

/** In this order: the cheaper first. */
const REAL = [
  ['engine', 6 * 60_000],
  ['lab', 10 * 60_000],
] as const

const say = (line: string): void => void process.stdout.write(`${line}\n`)

async function runReal(obstacle: string | undefined): Promise<readonly Suite[]> {
  if (obstacle !== undefined) {
    say(`\n*** SKIPPED: ${REAL.map(([name]) => name).join(' and ')}. No real swarm was tested: ${obstacle} ***\n`)
    return []
  }
  return runEach(REAL)
}

async function runEach(list: typeof REAL | typeof LONG): Promise<readonly Suite[]> {
  const suites: Suite[] = []
  for (const [name, timeoutMs] of list) {
    say(`\n${name}`)
    suites.push(await runVitest(name, [name], timeoutMs, say))
  }
  return suites
}

// Before the check: some of its tests ask programs that a bare machine lacks.
const obstacle = await providePackages(say, FOR_TESTS)
const checked = await runCheck()
const long = await runEach(LONG)
const suites = await runReal(obstacle)
const all = [...checked, ...long, ...suites]
say('')
for (const suite of all) say(row(suite))
if (obstacle !== undefined) for (const [name] of REAL) say(`SKIPPED ${name.padEnd(19)} ${obstacle}`)
const inCi = process.env['CI'] === 'true'
const sum = (count: (suite: Suite) => number): number => all.reduce((total, suite) => total + count(suite), 0)
const failed = sum((suite) => suite.failed) + (obstacle !== undefined && inCi ? REAL.length : 0)
const skipped = sum((suite) => suite.skipped)
if (skipped > 0) say(`${skipped} tests skipped`)
say(`${sum((suite) => suite.passed)} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
