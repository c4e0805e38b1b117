// `npm test`: one suite after the other, with a table at the end. A suite that fails keeps none of the others from running; what cannot run
// here is skipped loudly, with CI=true as a failure. `npm test -- unit lab` runs these alone.
import { runSteps, show } from './check.ts'
import { FOR_TESTS, providePackages } from './packages.ts'
import { ALLOWED_SKIPS, BUDGET_MINUTES, SUITES, type SuitePlan } from './suites.ts'
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

/** Each with those that run beside it. */
function turns(plans: readonly SuitePlan[]): readonly (readonly SuitePlan[])[] {
  const groups: SuitePlan[][] = []
  for (const plan of plans) {
    const before = plan.beside ? groups.at(-1) : undefined
    if (before === undefined) groups.push([plan])
    else before.push(plan)
  }
  return groups
}

const began = Date.now()
const chosen = process.argv.slice(2)
const unknown = chosen.filter((name) => !SUITES.some((plan) => plan.name === name))
if (unknown.length > 0) throw new Error(`no suite ${unknown.join(', ')}: there are ${SUITES.map(({ name }) => name).join(', ')}`)
const plans = SUITES.filter(({ name }) => chosen.length === 0 || chosen.includes(name))
// Before the tests: some of them ask programs that a bare machine lacks.
const obstacle = await providePackages(say, FOR_TESTS)
const suites: Suite[] = chosen.length === 0 ? [...(await runSteps())] : []
for (const turn of turns(plans)) suites.push(...(await Promise.all(turn.map((plan) => runSuite(plan, obstacle)))))
const failures = reasons(suites, process.env['CI'] === 'true', ALLOWED_SKIPS)
say(`\n${summaryTable(suites)}\n`)
for (const line of [...skips(suites, ALLOWED_SKIPS), ...failures.map((reason) => `FAILED ${reason}`)]) say(line)
say(`${((Date.now() - began) / 60_000).toFixed(1)} minutes of ${BUDGET_MINUTES}`)
say(failures.length === 0 ? 'all tests passed' : 'the tests did not pass')
process.exitCode = failures.length === 0 ? 0 : 1
