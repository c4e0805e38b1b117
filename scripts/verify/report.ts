// What was found out, as a table for docs/cloud-facts.md and as settings that make the simulator behave like this cloud.
import { assumed, type Fact, type Found, type Value } from './facts.ts'

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ').trim()
const row = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`
const shown = (value: Value | undefined): string => (value === undefined ? '' : `\`${JSON.stringify(value).replaceAll('"', '')}\``)

const UNVERIFIED = 'not verified yet'

/** One row a fact; without findings the last columns say that nobody has asked. */
export function factTable(facts: readonly Fact[], found: readonly Found[] = []): string {
  const head = ['Question', "Simulator's setting", 'It assumes', 'The cloud', 'Seen']
  const lines = facts.map((fact) => {
    const finding = found.find(({ question }) => question === fact.question)
    return row([
      fact.question,
      fact.settings.map((path) => `\`${path}\``).join(', '),
      assumptions(fact),
      decision(fact, finding),
      seen(fact, finding),
    ])
  })
  return [row(head), row(head.map(() => '---')), ...lines].join('\n')
}

const assumptions = ({ settings }: Fact): string => settings.map((path) => shown(assumed(path))).join(', ')

function decision({ settings, probe }: Fact, finding: Found | undefined): string {
  if (typeof probe === 'string') return 'not asked'
  if (finding === undefined || !finding.decided) return UNVERIFIED
  return settings.length === 0 ? finding.seen : settings.map((path) => shown(finding.values?.[path]) || '?').join(', ')
}

const seen = ({ settings, probe }: Fact, finding: Found | undefined): string => {
  if (typeof probe === 'string') return probe
  return finding === undefined || (settings.length === 0 && finding.decided) ? '' : finding.seen
}

/** Nested as `PATCH /settings` takes it. What two questions answer differently is left out: no setting stands for it. */
export function settingsOf(found: readonly Found[]): Readonly<Record<string, unknown>> {
  const nested: Record<string, Record<string, Value> | Value> = {}
  for (const [path, value] of decidedValues(found)) {
    const [group = '', name] = path.split('.')
    if (name === undefined) nested[group] = value
    else nested[group] = { ...(nested[group] as Record<string, Value> | undefined), [name]: value }
  }
  return nested
}

function decidedValues(found: readonly Found[]): ReadonlyMap<string, Value> {
  const pairs = found.flatMap(({ values = {} }) => Object.entries(values))
  const same = (path: string, value: Value) =>
    pairs.every(([other, that]) => other !== path || JSON.stringify(that) === JSON.stringify(value))
  return new Map(pairs.filter(([path, value]) => same(path, value)))
}

/** Settings whose value is another than the simulator's own: what has to be changed there. */
export const differences = (found: readonly Found[]): readonly string[] =>
  [...decidedValues(found)]
    .filter(([path, value]) => JSON.stringify(assumed(path)) !== JSON.stringify(value))
    .map(([path, value]) => `${path}: ${JSON.stringify(value)}, the simulator assumes ${JSON.stringify(assumed(path))}`)
