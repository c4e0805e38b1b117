// The table at the end of a run, and whether the run counts as passed.

export type Suite = {
  readonly name: string
  readonly files: number
  readonly tests: number
  readonly failed: number
  /** Full names of tests that did not run. */
  readonly skipped: readonly string[]
  readonly seconds: number
  readonly output: string
  /** Why all of it was left out. */
  readonly leftOut?: string
}

type AllowedSkips = readonly { readonly test: string; readonly reason: string }[]

const HEAD = ['suite', 'files', 'tests', 'failed', 'skipped', 'seconds']

/** One row a suite, one for all of them. */
export function summaryTable(suites: readonly Suite[]): string {
  const sum = (count: (suite: Suite) => number): number => suites.reduce((total, suite) => total + count(suite), 0)
  const rows = suites.map((suite) => [
    suite.name,
    ...[suite.files, suite.tests, suite.failed].map((count) => (suite.leftOut === undefined ? String(count) : '-')),
    suite.leftOut === undefined ? String(suite.skipped.length) : 'all',
    suite.seconds.toFixed(1),
  ])
  const counts = [sum(({ files }) => files), sum(({ tests }) => tests), sum(({ failed }) => failed), sum(({ skipped }) => skipped.length)]
  const total = ['all', ...counts.map(String), sum(({ seconds }) => seconds).toFixed(1)]
  return aligned([HEAD, ...rows, total])
}

/** The first column to the left, numbers to the right. */
function aligned(rows: readonly (readonly string[])[]): string {
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    row.map((cell, n) => (n === 0 ? cell.padEnd(widths[n] ?? 0) : cell.padStart(widths[n] ?? 0))).join(' | ')
  const rule = widths.map((width) => '-'.repeat(width)).join('-|-')
  return [line(rows[0] ?? []), rule, ...rows.slice(1).map(line)].join('\n')
}

/** Why the run did not pass, one line each. In CI a skip counts, unless it is a listed one. */
export function reasons(suites: readonly Suite[], ci: boolean, allowed: AllowedSkips): readonly string[] {
  const isAllowed = (name: string) => allowed.some(({ test }) => name.startsWith(test))
  return suites.flatMap(({ name, failed, skipped, leftOut }) => [
    ...(failed > 0 ? [`${name}: ${failed} failed`] : []),
    ...(ci && leftOut !== undefined ? [`${name}: left out, ${leftOut}`] : []),
    ...(ci ? skipped.filter((test) => !isAllowed(test)).map((test) => `${name}: skipped without a listed reason: ${test}`) : []),
  ])
}

/** What was not run, so that nobody takes it for passed. */
export const skips = (suites: readonly Suite[], allowed: AllowedSkips): readonly string[] =>
  suites.flatMap(({ name, skipped, leftOut }) => [
    ...(leftOut === undefined ? [] : [`SKIPPED ${name}: ${leftOut}`]),
    ...skipped.map((test) => {
      const reason = allowed.find((one) => test.startsWith(one.test))?.reason
      return `SKIPPED ${name}: ${test}${reason === undefined ? '' : ` (${reason})`}`
    }),
  ])
