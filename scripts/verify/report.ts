// What was found out, as settings that make the simulator behave like this cloud.
import { assumed, type Found, type Value } from './facts.ts'

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
