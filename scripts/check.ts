// `npm run check`: types, lint, unused code, and the tests that answer soon; side by side, in under a minute.
import { join } from 'node:path'
import { attempt } from '../test/lab/process.ts'
import type { Suite } from './summary.ts'
import { BIN, runVitest } from './vitest.ts'

const STEPS: readonly (readonly [name: string, command: readonly string[]])[] = [
  ['types', [join(BIN, 'tsc'), '--noEmit']],
  ['lint', [join(BIN, 'biome'), 'check', '--error-on-warnings', '.']],
  ['unused', [join(BIN, 'knip'), '--no-progress']],
]

const LIMIT_MS = 240_000

/** What looks at the sources without running them. A step that is not a test run has no counts, only `failed` 0 or 1. */
export const runSteps = (): Promise<readonly Suite[]> => Promise.all(STEPS.map(([name, command]) => show(runStep(name, command))))

async function runStep(name: string, command: readonly string[]): Promise<Suite> {
  const began = Date.now()
  const { code, stdout, stderr } = await attempt(command, { timeoutMs: LIMIT_MS })
  const seconds = (Date.now() - began) / 1000
  return { name, files: 0, tests: 0, failed: code === 0 ? 0 : 1, skipped: [], seconds, output: `${stdout}\n${stderr}`.trim() }
}

/** vitest.config.ts leaves out what is slow. */
const runQuickTests = (): Promise<Suite> =>
  show(runVitest({ name: 'quick tests', projects: ['unit', 'simulator'], limitMs: LIMIT_MS, env: { SUITE: 'quick' } }))

/** Says how it ended; what failed says what it printed, unless it did so while it ran. */
export async function show(running: Promise<Suite>, printed = false): Promise<Suite> {
  const suite = await running
  if (suite.failed > 0 && !printed) process.stdout.write(`\n${suite.output}\n\n`)
  process.stdout.write(`${line(suite)}\n`)
  return suite
}

function line({ name, tests, failed, skipped, seconds }: Suite): string {
  const counts = tests === 0 ? '' : `${tests} tests, ${failed} failed${skipped.length === 0 ? '' : `, ${skipped.length} skipped`}`
  return `${failed === 0 ? 'ok    ' : 'FAILED'}  ${name.padEnd(12)} ${`${seconds.toFixed(1)} s`.padStart(8)}  ${counts}`.trimEnd()
}

if (import.meta.main) {
  const [steps, tests] = await Promise.all([runSteps(), runQuickTests()])
  const failed = [...steps, tests].filter((suite) => suite.failed > 0).map(({ name }) => name)
  process.stdout.write(failed.length === 0 ? 'check passed\n' : `check failed: ${failed.join(', ')}\n`)
  process.exitCode = failed.length === 0 ? 0 : 1
}
