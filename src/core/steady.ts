// A service whose labels change all the time must not use up the calls of all others: from some number of changes on, its labels
// count only every so often. Its ports always count, because what they lead to decides what has to be closed at once.
import type { Problem, Service } from './model.ts'

export type SteadyRules = {
  /** So many changes of one service's labels within `window` are free. */
  readonly changes: number
  /** Milliseconds. */
  readonly window: number
  /** Beyond that its labels count at most this often, milliseconds. */
  readonly every: number
}
export const STEADY_RULES: SteadyRules = { changes: 10, window: 60_000, every: 30_000 }

type Seen = Pick<Service, 'labels' | 'containerLabels'>
type Entry = {
  /** As of the last reading. */
  readonly last: Seen
  /** As they count. */
  readonly counts: Seen
  /** What was made of a service whose labels are held: the same one for as long as it and they are, so that it is read once. */
  readonly held: { readonly of: Service; readonly as: Service } | undefined
  readonly countsSince: number
  readonly seenAt: number
  /** Of changes within the window, milliseconds. */
  readonly changedAt: readonly number[]
}
/** By service name: one that is removed and created again is no other. */
export type SteadyMemory = ReadonlyMap<string, Entry>

export type Steady = {
  readonly services: readonly Service[]
  readonly problems: readonly Problem[]
  readonly memory: SteadyMemory
  readonly recheckAt: number | undefined
}

const sameLabels = (a: Service['labels'], b: Service['labels']) => {
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && a[key] === b[key])
}
const same = (a: Seen, b: Seen) => sameLabels(a.labels, b.labels) && sameLabels(a.containerLabels, b.containerLabels)
const labelsOf = ({ labels, containerLabels }: Service): Seen => ({ labels, containerLabels })

function next(service: Service, before: Entry | undefined, rules: SteadyRules, now: number): Entry {
  const last = labelsOf(service)
  if (before === undefined) return { last, counts: last, held: undefined, countsSince: now, seenAt: now, changedAt: [] }
  const recent = before.changedAt.filter((time) => now - time < rules.window)
  // More are not needed to know that there are too many.
  const changedAt = same(last, before.last) ? recent : [...recent, now].slice(-(rules.changes + 1))
  const isHeld = changedAt.length > rules.changes && now - before.countsSince < rules.every
  if (same(last, before.counts)) return { ...before, held: undefined, last, seenAt: now, changedAt }
  if (!isHeld) return { last, counts: last, held: undefined, countsSince: now, seenAt: now, changedAt }
  const held = before.held?.of === service ? before.held : { of: service, as: { ...service, ...before.counts } }
  return { ...before, held, last, seenAt: now, changedAt }
}

const problemOf = ({ name }: Service, { changes, window, every }: SteadyRules): Problem => ({
  kind: 'label',
  subject: name,
  text: `its labels changed more than ${changes} times within ${window / 1000} s: while that goes on they count only every ${every / 1000} s`,
})

/** When the labels as they are count again, if nothing changes meanwhile. */
function countsAt({ counts, last, countsSince, changedAt }: Entry, rules: SteadyRules): number | undefined {
  if (changedAt.length <= rules.changes) return undefined
  const over = (changedAt[0] ?? 0) + rules.window
  return same(last, counts) ? over : Math.min(over, countsSince + rules.every)
}

/** @param now milliseconds */
export function steady(services: readonly Service[], before: SteadyMemory, rules: SteadyRules, now: number): Steady {
  const memory = new Map([...before].filter(([, { seenAt }]) => now - seenAt < rules.window))
  const problems: Problem[] = []
  const times: number[] = []
  const steadied = services.map((service) => {
    const entry = next(service, before.get(service.name), rules, now)
    memory.set(service.name, entry)
    if (entry.changedAt.length > rules.changes) problems.push(problemOf(service, rules))
    const at = countsAt(entry, rules)
    if (at !== undefined) times.push(at)
    return entry.held?.as ?? service
  })
  return { services: steadied, problems, memory, recheckAt: times.length === 0 ? undefined : Math.min(...times) }
}
