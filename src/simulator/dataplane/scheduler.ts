// Which backend gets the next connection. Pure but for the running weights; candidates are already filtered (weight above 0, healthy).
import { hash32 } from './hash.ts'

export type Candidate = { readonly id: string; readonly weight: number }

/** Where a connection comes from and what it was sent to. */
export type Flow = {
  readonly clientAddress: string
  readonly clientPort: number
  readonly address: string
  readonly port: number
}

export interface Scheduler {
  pick<C extends Candidate>(candidates: readonly C[], flow: Flow): C | undefined
}

const sourceOf = (flow: Flow) => flow.clientAddress
const tupleOf = (flow: Flow) => `${flow.clientAddress}|${flow.clientPort}|${flow.address}|${flow.port}`

/**
 * wrr, rr (weights ignored), sch (client address) and tch (all four of addresses and ports). qch hashes the QUIC connection id on the cloud;
 * that id changes within a connection, so here it follows the client address. Unknown names (the historic wlc) count as wrr.
 */
export function createScheduler(name: string): Scheduler {
  if (name === 'rr') return roundRobin(() => 1)
  if (name === 'sch' || name === 'qch') return hashing(sourceOf)
  if (name === 'tch') return hashing(tupleOf)
  return roundRobin((candidate) => candidate.weight)
}

/** Smooth weighted round robin: each gains its weight, the richest is picked and pays the sum, so 5:1:1 gives a a b a c a a. */
function roundRobin(weightOf: (candidate: Candidate) => number): Scheduler {
  const credit = new Map<string, number>()
  return {
    pick(candidates) {
      if (credit.size > candidates.length) forget(credit, candidates)
      let best = candidates[0]
      let most = Number.NEGATIVE_INFINITY
      let total = 0
      for (const candidate of candidates) {
        const weight = weightOf(candidate)
        const mine = (credit.get(candidate.id) ?? 0) + weight
        credit.set(candidate.id, mine)
        total += weight
        if (mine > most) [best, most] = [candidate, mine]
      }
      if (best !== undefined) credit.set(best.id, most - total)
      return best
    },
  }
}

/** A backend that comes back begins again: it must not collect the turns it missed. */
function forget(credit: Map<string, number>, candidates: readonly Candidate[]): void {
  const present = new Set(candidates.map(({ id }) => id))
  for (const id of credit.keys()) if (!present.has(id)) credit.delete(id)
}

/** Weighted rendezvous hashing: a backend that comes or goes moves only the flows that are its own. */
function hashing(keyOf: (flow: Flow) => string): Scheduler {
  return {
    pick(candidates, flow) {
      const key = keyOf(flow)
      let best = candidates[0]
      let least = Number.POSITIVE_INFINITY
      for (const candidate of candidates) {
        const draw = (hash32(`${key}#${candidate.id}`) + 0.5) / 2 ** 32
        const score = -Math.log(draw) / candidate.weight
        if (score < least) [best, least] = [candidate, score]
      }
      return best
    },
  }
}
