// Runs vitest projects and counts what they report.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { attempt } from '../test/lab/process.ts'

/** Run directly: npx would stay between us and what has to be ended in time. */
export const BIN = join(import.meta.dirname, '../node_modules/.bin')

export type Suite = {
  readonly name: string
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly seconds: number
  readonly output: string
}

type Report = {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
}

/** A run that ends badly without a failed test (a file that does not load, no report at all) counts as one failure. */
export async function runVitest(
  name: string,
  projects: readonly string[],
  timeoutMs: number,
  onLine?: (line: string) => void,
): Promise<Suite> {
  const folder = mkdtempSync(join(tmpdir(), 'swarm-slb-vitest-'))
  const began = Date.now()
  try {
    const file = join(folder, 'report.json')
    const chosen = projects.flatMap((project) => ['--project', project])
    const command = [join(BIN, 'vitest'), 'run', ...chosen, '--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
    const { code, stdout, stderr } = await attempt(command, { timeoutMs, ...(onLine === undefined ? {} : { onLine }) })
    const report = readReport(file)
    const failed = Math.max(report?.numFailedTests ?? 0, code === 0 ? 0 : 1)
    return {
      name,
      passed: report?.numPassedTests ?? 0,
      failed,
      skipped: (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0),
      seconds: (Date.now() - began) / 1000,
      output: `${stdout}\n${stderr}${code === 124 ? `\n${name}: no end after ${timeoutMs / 1000} s` : ''}`.trim(),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function readReport(file: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Report
  } catch {
    return undefined
  }
}
