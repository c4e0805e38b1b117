// Runs vitest projects and counts what they report.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { attempt } from '../test/lab/process.ts'
import type { Suite } from './summary.ts'

/** Run directly: npx would stay between us and what has to be ended in time. */
export const BIN = join(import.meta.dirname, '../node_modules/.bin')

type Report = {
  readonly testResults: readonly { readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[] }[]
}

export type VitestRun = {
  readonly name: string
  readonly projects: readonly string[]
  readonly limitMs: number
  readonly workers?: number | undefined
  readonly env?: NodeJS.ProcessEnv
  readonly onLine?: ((line: string) => void) | undefined
}

/** A run that ends badly without a failed test (a file that does not load, no report at all) counts as one failure. */
export async function runVitest({ name, projects, limitMs, workers, env = {}, onLine }: VitestRun): Promise<Suite> {
  const folder = mkdtempSync(join(tmpdir(), 'swarm-slb-vitest-'))
  const began = Date.now()
  try {
    const file = join(folder, 'report.json')
    const options = [
      ...projects.flatMap((project) => ['--project', project]),
      ...(workers === undefined ? [] : ['--maxWorkers', `${workers}`]),
    ]
    const command = [join(BIN, 'vitest'), 'run', ...options, '--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
    const { code, stdout, stderr } = await attempt(command, {
      timeoutMs: limitMs,
      env: { ...process.env, ...env },
      ...(onLine === undefined ? {} : { onLine }),
    })
    const counts = count(readReport(file))
    return {
      ...{ name, files: counts.files, tests: counts.tests, skipped: counts.skipped, seconds: (Date.now() - began) / 1000 },
      failed: Math.max(counts.failed, code === 0 ? 0 : 1),
      output: `${stdout}\n${stderr}${code === 124 ? `\n${name}: no end after ${limitMs / 1000} s` : ''}`.trim(),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function count(report: Report | undefined) {
  const files = report?.testResults ?? []
  const tests = files.flatMap(({ assertionResults }) => assertionResults)
  return {
    files: files.length,
    tests: tests.length,
    failed: tests.filter(({ status }) => status === 'failed').length,
    skipped: tests.filter(({ status }) => status !== 'passed' && status !== 'failed').map(({ fullName }) => fullName),
  }
}

function readReport(file: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Report
  } catch {
    return undefined
  }
}
