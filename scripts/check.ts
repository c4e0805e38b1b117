// `npm run check`: types, lint, unused code, and the tests that need neither root nor an engine; side by side.
import { join } from 'node:path'
import { attempt } from '../test/lab/process.ts'
import { BIN, runVitest, type Suite } from './vitest.ts'

const STEPS: readonly (readonly [name: string, command: readonly string[]])[] = [
  ['types', [join(BIN, 'tsc'), '--noEmit']],
  ['lint', [join(BIN, 'biome'), 'check', '--error-on-warnings', '.']],
  ['unused', [join(BIN, 'knip'), '--no-progress']],
]

const TEST_MS = 240_000

/** One row a step; a step that is not a test run has no counts, only `failed` 0 or 1. */
export async function runCheck(): Promise<readonly Suite[]> {
  const statics = STEPS.map(([name, command]) => runStep(name, command))
  return Promise.all([...statics, show(runVitest('unit and simulator', ['unit', 'simulator'], TEST_MS))])
}

const runStep = (name: string, command: readonly string[]): Promise<Suite> => {
  const began = Date.now()
  const step = attempt(command, { timeoutMs: TEST_MS }).then(({ code, stdout, stderr }) => ({
    name,
    passed: 0,
    failed: code === 0 ? 0 : 1,
    skipped: 0,
    seconds: (Date.now() - began) / 1000,
    output: `${stdout}\n${stderr}`.trim(),
  }))
  return show(step)
}

async function show(running: Promise<Suite>): Promise<Suite> {
  const suite = await running
  if (suite.failed > 0) process.stdout.write(`\n${suite.output}\n\n`)
  process.stdout.write(`${row(suite)}\n`)
  return suite
}

export function row({ name, passed, failed, skipped, seconds }: Suite): string {
  const counts = passed + skipped === 0 ? '' : `${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`
  return `${failed === 0 ? 'ok    ' : 'FAILED'}  ${name.padEnd(20)} ${`${seconds.toFixed(1)} s`.padStart(8)}  ${counts}`.trimEnd()
}

if (import.meta.main) {
  const suites = await runCheck()
  const failed = suites.filter((suite) => suite.failed > 0).map(({ name }) => name)
  process.stdout.write(failed.length === 0 ? 'check passed\n' : `check failed: ${failed.join(', ')}\n`)
  process.exitCode = failed.length === 0 ? 0 : 1
}
