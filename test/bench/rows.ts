// What a run came to, held against its budget, as a row of the table and of the JSON file.
import { seconds } from './figures.ts'
import type { Budget, Scenario } from './scenario.ts'
import type { Measured, Mode } from './world.ts'

export type Row = {
  readonly scenario: string
  readonly mode: Mode
  readonly measured: Measured
  readonly budget: Budget
  readonly peer: string
}

/** In 15 s of waiting for the rates each load balancer is read once more. */
const BOX_MS = 15_000
const READS_A_BOX = 4

/**
 * With rates off the scenario's own budget. At the published rates the same writes, and a few reads more for each time box;
 * how long it takes is then up to the rates.
 */
export function budgetOf(scenario: Scenario, mode: Mode, measured: Measured, off: Measured | undefined): Budget {
  if (mode.rates === 'off' || off === undefined) return scenario.budget[mode.backends] ?? {}
  const boxes = Math.ceil(measured.wallMs / BOX_MS) * (scenario.balancers ?? 1)
  return { made: off.made, reads: off.reads + READS_A_BOX * boxes }
}

const isExact = (name: keyof Budget) => name === 'made' || name === 'failed'

export const overBudget = ({ measured, budget }: Row): boolean =>
  (Object.keys(budget) as (keyof Budget)[]).some((name) => {
    const [is, may] = [measured[name], budget[name] ?? Number.POSITIVE_INFINITY]
    return isExact(name) ? is !== may : is > may
  })

const figure = (value: number) => String(Math.round(value * 10) / 10)

const WORDS: Partial<Record<keyof Budget, string>> = { made: 'writes', writes: 'attempts', failed: 'requests failed' }

const bound = (name: keyof Budget, value: number) => {
  const text = name === 'wallMs' ? seconds(value) : `${figure(value)} ${WORDS[name] ?? name}`
  return isExact(name) ? text : `<= ${text}`
}

const budgetText = (budget: Budget) =>
  (Object.keys(budget) as (keyof Budget)[])
    .filter((name) => !(name === 'made' && budget.calls !== undefined)) // the calls say it all
    .map((name) => bound(name, budget[name] ?? 0))
    .join(', ')

const modeText = ({ backends, rates }: Mode) => `${backends}, ${rates === 'off' ? 'no rate limit' : 'published rates'}`

/** For the eye, while the others still run. */
export const rowText = (row: Row) => {
  const { calls, wallMs } = row.measured
  return `${row.scenario} (${modeText(row.mode)}): ${figure(calls)} calls, ${seconds(wallMs)}${overBudget(row) ? ', OVER BUDGET' : ''}`
}

const HEAD = ['scenario', 'mode', 'reads', 'writes', 'calls', 'time', 'budget', 'peer', ''] as const

export function table(rows: readonly Row[]): string {
  const lines = rows.map((row) => {
    const { reads, writes, calls, wallMs } = row.measured
    const verdict = overBudget(row) ? 'OVER BUDGET' : 'ok'
    return [
      row.scenario,
      modeText(row.mode),
      figure(reads),
      figure(writes),
      figure(calls),
      seconds(wallMs),
      budgetText(row.budget),
      row.peer,
      verdict,
    ]
  })
  const widths = HEAD.map((head, column) => Math.max(head.length, ...lines.map((line) => line[column]?.length ?? 0)))
  const isNumber = (column: number) => column >= 2 && column <= 5
  const format = (line: readonly string[]) =>
    line
      .map((cell, column) => (isNumber(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd()
  return [format(HEAD), ...lines.map(format)].join('\n')
}

/** `budget` is the bound on calls, or on milliseconds of `wallMs` where only the time is bound. */
export const jsonRow = ({ scenario, mode, measured, budget }: Row) => ({
  scenario,
  mode: modeText(mode),
  reads: measured.reads,
  writes: measured.writes,
  calls: measured.calls,
  wallMs: Math.round(measured.wallMs),
  budget: budget.calls ?? budget.wallMs ?? (budget.reads ?? 0) + (budget.made ?? 0),
})
