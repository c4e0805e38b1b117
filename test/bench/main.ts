// `npm run bench`: what the daemon asks of the cloud and how long that takes, scenario by scenario. Over a budget it ends with 1.
//   --fast  without the runs at the published rates     --only NAME  what has this in its name     --json FILE  the rows as JSON
import { writeFileSync } from 'node:fs'
import { availableParallelism, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { EVENT_FIGURE, measureEvents } from './event.ts'
import { type Figure, figureLines } from './figures.ts'
import { measureProcess, PROCESS_FIGURES } from './process.ts'
import { jsonRow, overBudget, rowText, table } from './rows.ts'
import { runScenarios } from './run.ts'
import { SCENARIOS } from './scenarios.ts'

const MEASUREMENTS: readonly { readonly names: readonly string[]; readonly measure: () => Promise<readonly Figure[]> }[] = [
  { names: PROCESS_FIGURES, measure: measureProcess },
  { names: [EVENT_FIGURE], measure: measureEvents },
]

const say = (line: string) => void process.stdout.write(`${line}\n`)

async function bench(): Promise<number> {
  const { values } = parseArgs({
    options: { json: { type: 'string' }, fast: { type: 'boolean', default: false }, only: { type: 'string', default: '' } },
  })
  const matches = (name: string) => name.toLowerCase().includes(values.only.toLowerCase())
  const scenarios = SCENARIOS.filter(({ name }) => matches(name))
  const measurements = MEASUREMENTS.filter(({ names }) => names.some(matches))
  if (scenarios.length + measurements.length === 0) {
    const names = [...SCENARIOS.map(({ name }) => name), ...MEASUREMENTS.flatMap((one) => one.names)]
    say(`nothing has "${values.only}" in its name; there are:\n  ${names.join('\n  ')}`)
    return 2
  }
  const load = loadavg()[0]?.toFixed(1) ?? '?'
  say(`Node ${process.version}, ${availableParallelism()} CPUs, load ${load} before the first run`)
  const rows = await runScenarios(scenarios, values.fast, (row) => say(rowText(row)))
  if (rows.length > 0) say(`\n${table(rows)}`)
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows.map(jsonRow), null, 2)}\n`)
  const figures: Figure[] = []
  for (const { measure } of measurements) figures.push(...(await measure()))
  if (figures.length > 0) say(`\n${figureLines(figures)}`)
  const over = rows.filter(overBudget)
  if (over.length > 0) say(`\n${over.length} over budget: ${over.map(({ scenario }) => scenario).join(', ')}`)
  return over.length > 0 ? 1 : 0
}

process.exitCode = await bench()
