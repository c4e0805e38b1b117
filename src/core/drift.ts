// Repairs that somebody undoes each time are a fight: after three identical ones in a row they are reported and left for an hour.
// Only what was really carried out counts, and a pass for something else neither ends the row nor the rest.
import { isClosing, subjectOf } from './chains.ts'
import { describeChange } from './describe.ts'
import { withoutDependants } from './guard.ts'
import type { Chain, Plan } from './model.ts'

type Entry = {
  /** The whole change is what makes two repairs the same; its description shortens long lists. */
  readonly key: string
  /** How often it was carried out in a row. What a new wish asks for is no repair yet. */
  readonly count: number
  /** When it was last counted; milliseconds. */
  readonly at: number | undefined
  readonly restUntil: number | undefined
}
/** By what the chains are for: whatever else is done to the same thing ends a row, and a rest. */
export type DriftMemory = ReadonlyMap<string, Entry>
export const NO_DRIFT: DriftMemory = new Map()

const REPAIRS = 3
const REST_MS = 3_600_000
/** Reads may lag behind writes: what is found undone sooner may only not be seen yet. It is made again and does not count. */
const LAG_MS = 5000

export type Look = {
  /** Nothing that is wanted changed since the last pass that succeeded: what this look finds in order was not undone. */
  readonly driftOnly: boolean
  /** Milliseconds. */
  readonly now: number
}
export type Dampened = { readonly plan: Plan; readonly resting: readonly string[]; readonly memory: DriftMemory }

// Deletes are the guard's business, and closing is no repair.
const isExempt = (chain: Chain) => chain.deletes !== undefined || isClosing(chain)
const keyOf = ({ changes }: Chain) => JSON.stringify(changes)
const isResting = (entry: Entry, now: number) => entry.restUntil !== undefined && now < entry.restUntil
const isLate = ({ at }: Entry, now: number) => at === undefined || now - at >= LAG_MS

function nextEntry(chain: Chain, before: Entry | undefined, { driftOnly, now }: Look): Entry {
  const key = keyOf(chain)
  const fresh: Entry = { key, count: driftOnly ? 0 : -1, at: undefined, restUntil: undefined }
  if (before?.key !== key) return fresh
  if (before.restUntil !== undefined) return isResting(before, now) ? before : { ...fresh, count: 0 }
  return before.count >= REPAIRS && isLate(before, now) ? { ...before, restUntil: now + REST_MS } : before
}

/** A weight of a group keeps nobody waiting that uses the group. */
const isWaitedFor = ({ changes }: Chain) => changes.some(({ kind }) => kind !== 'setWeights' && kind !== 'removeBackends')
const opens = (chain: Chain) => !isExempt(chain) && chain.changes.some(({ kind }) => kind !== 'deleteGroup')

/** Chains that these wait for, and those that they wait for. */
function waitedFor(waiting: readonly Chain[], plan: Plan): ReadonlySet<string> {
  const found = new Set(waiting.flatMap(({ after }) => after))
  for (const id of found) for (const next of plan.find((chain) => chain.id === id)?.after ?? []) found.add(next)
  return found
}

/** Takes out of a plan what rests, and what waits for it; but a repair that something else needs in order to open goes ahead. */
export function dampen(plan: Plan, before: DriftMemory, look: Look): Dampened {
  const { driftOnly, now } = look
  const stays = ([, entry]: [string, Entry]) => isResting(entry, now) || (!driftOnly && entry.at !== undefined && now - entry.at < REST_MS)
  const memory = new Map([...before].filter(stays))
  for (const chain of plan) {
    const subject = subjectOf(chain.id)
    if (isExempt(chain)) memory.delete(subject)
    else memory.set(subject, nextEntry(chain, before.get(subject), look))
  }
  const rests = (chain: Chain) => {
    const entry = memory.get(subjectOf(chain.id))
    return !isExempt(chain) && entry !== undefined && isResting(entry, now)
  }
  const needed = waitedFor(
    plan.filter((chain) => !rests(chain) && opens(chain)),
    plan,
  )
  const rested = plan.filter((chain) => rests(chain) && !(isWaitedFor(chain) && needed.has(chain.id)))
  const kept = plan.filter((chain) => !rested.includes(chain))
  return {
    plan: withoutDependants(kept, new Set(rested.filter(isWaitedFor).map(({ id }) => id))),
    resting: rested.map(({ changes }) => changes.map((change) => describeChange(change)).join('; ')),
    memory,
  }
}

/** To be called with each chain of a dampened plan that was carried out. */
export function noteRepaired(memory: DriftMemory, chain: Chain, now: number): DriftMemory {
  const subject = subjectOf(chain.id)
  const entry = memory.get(subject)
  if (entry === undefined || entry.key !== keyOf(chain) || !isLate(entry, now)) return memory
  return new Map(memory).set(subject, { ...entry, count: entry.count + 1, at: now })
}
