// How many inputs the whole suite has tried: every file adds its own, and the sum is told, and in CI held, when all of them have ended.
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  export interface ProvidedContext {
    /** The file that the counts go to. */
    tried: string
  }
}

/** What CI has to try at least, whatever TEST_RUNS makes of the single counts. */
const LEAST = 100_000

let file = ''

export function setup(project: TestProject): void {
  file = join(mkdtempSync(join(tmpdir(), 'swarm-slb-fuzz-')), 'tried')
  project.provide('tried', file)
}

/** Throws in CI when too few were tried, which makes the run fail. */
export function teardown(): void {
  const tried = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(Number) : []
  rmSync(dirname(file), { recursive: true, force: true })
  const { line, enough } = totalOf(tried, process.env['CI'] === 'true')
  process.stdout.write(`${line}\n`)
  if (!enough) throw new Error(line)
}

export const note = (to: string, count: number): void => appendFileSync(to, `${count}\n`)

export function totalOf(tried: readonly number[], ci: boolean): { readonly line: string; readonly enough: boolean } {
  const total = tried.reduce((sum, count) => sum + count, 0)
  const enough = !ci || total >= LEAST
  return { line: `fuzz in all: ${total} inputs${enough ? '' : `, which have to be ${LEAST} in CI`}`, enough }
}
