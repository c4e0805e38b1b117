// Repairs that somebody undoes each time are a fight: after three identical ones in a row they are reported and left for an hour.
import { isClosing } from './chains.ts'
import { describeChange } from './describe.ts'
import { withoutDependants } from './guard.ts'
import type { Plan } from './model.ts'

export type DriftMemory = ReadonlyMap<string, { readonly count: number; readonly look: number; readonly restUntil: number | undefined }>
export const NO_DRIFT: DriftMemory = new Map()

const REPAIRS = 3
const REST_MS = 3_600_000

export type Dampened = { readonly plan: Plan; readonly resting: readonly string[]; readonly memory: DriftMemory }

/**
 * Takes out of a plan what has been repaired three times in a row, each found by the first look after the one before.
 * Only plans that repair drift come here: nothing that was wanted has changed since the last pass that succeeded.
 * @param look number of this look at the load balancer, counted up by one each time
 * @param now milliseconds
 */
export function dampen(plan: Plan, before: DriftMemory, look: number, now: number): Dampened {
  const memory = new Map<string, { count: number; look: number; restUntil: number | undefined }>()
  for (const [key, entry] of before) {
    if (entry.restUntil !== undefined && now < entry.restUntil) memory.set(key, entry)
  }
  const resting: string[] = []
  const rested = new Set<string>()
  const kept = plan.filter((chain) => {
    // Deletes are the guard's business, and closing is no repair.
    if (chain.deletes !== undefined || isClosing(chain)) return true
    // The whole change is what makes two repairs the same; its description shortens long lists.
    const key = JSON.stringify(chain.changes)
    const text = chain.changes.map((change) => describeChange(change)).join('; ')
    const entry = before.get(key)
    if (entry?.restUntil !== undefined && now < entry.restUntil) {
      resting.push(text)
      rested.add(chain.id)
      return false
    }
    const count = entry !== undefined && entry.look === look - 1 && entry.restUntil === undefined ? entry.count + 1 : 1
    if (count > REPAIRS) {
      memory.set(key, { count, look, restUntil: now + REST_MS })
      resting.push(text)
      rested.add(chain.id)
      return false
    }
    memory.set(key, { count, look, restUntil: undefined })
    return true
  })
  return { plan: withoutDependants(kept, rested), resting, memory }
}
