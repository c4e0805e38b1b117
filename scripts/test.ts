// `npm test`: one suite after the other, with a table at the end; with --long also those that take many minutes and a machine to themselves.
// A suite that fails keeps none of the others from running; what cannot run here is skipped loudly, with CI=true as a failure.
import { runSteps, show } from './check.ts'
import { FOR_TESTS, providePackages } from './packages.ts'
import { ALLOWED_SKIPS, SUITES, type SuitePlan } from './suites.ts'
import { reasons, type Suite, skips, summaryTable } from './summary.ts'
import { runVitest } from './vitest.ts'

const say = (line: string): void => void process.stdout.write(`${line}\n`)

/** No suite speaks to a real account by accident: that is `npm run verify:cloud`. */
const ENV = { LIVE: '0' }

async function runSuite({ name, limitMs, workers, loud, real }: SuitePlan, obstacle: string | undefined): Promise<Suite> {
  if (real && obstacle !== undefined) {
    say(`\n*** SKIPPED: ${name}. No real swarm was tested: ${obstacle} ***\n`)
    return { name, files: 0, tests: 0, failed: 0, skipped: [], seconds: 0, output: '', leftOut: obstacle }
  }
  if (loud) say(`\n${name}`)
  return show(runVitest({ name, projects: [name], limitMs, workers, env: ENV, onLine: loud && say }), loud)
}

// Before the tests: some of them ask programs that a bare machine lacks.
const obstacle = await providePackages(say, FOR_TESTS)
const suites: Suite[] = [...(await runSteps())]
const withLong = process.argv.includes('--long')
for (const plan of SUITES.filter(({ long }) => withLong || long !== true)) suites.push(await runSuite(plan, obstacle))
const failures = reasons(suites, process.env['CI'] === 'true', ALLOWED_SKIPS)
say(`\n${summaryTable(suites)}\n`)
for (const line of [...skips(suites, ALLOWED_SKIPS), ...failures.map((reason) => `FAILED ${reason}`)]) say(line)
say(failures.length === 0 ? 'all tests passed' : 'the tests did not pass')
process.exitCode = failures.length === 0 ? 0 : 1
