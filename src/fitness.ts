// May this task be replaced? The cloud may answer other managers and not this one: no way out of its network, no role. Swarm knows tasks by
// their health check alone, so that is where it is said, and only while another manager runs a healthy task that can write instead.
import type { Sight } from './sight.ts'
import type { Part } from './swarm/writer.ts'

export interface Fitness {
  /** With each reading of the swarm. Answers with why this task should make way; empty: it should not. */
  note(part: Pick<Part, 'writes' | 'starting' | 'deputy'>, sight: Pick<Sight, 'sees' | 'blind'>): string
}

/** So long the cloud must have failed the writer before it makes way: an outage that is shorter, or hits everybody, moves nothing. */
const PATIENCE_MS = 60_000

/** @param patienceMs milliseconds on the clock of `now` */
export function createFitness(now: () => number, patienceMs = PATIENCE_MS): Fitness {
  let everSaw = false
  let blindSince: number | undefined

  return {
    note({ writes, starting, deputy }, { sees, blind }) {
      everSaw ||= sees
      blindSince = blind === '' ? undefined : (blindSince ?? now())
      if (!deputy) return ''
      // A task that starts stays out of the way until the cloud has answered it once.
      if (starting && !everSaw) return blind || 'the cloud has not answered yet'
      return writes && blindSince !== undefined && now() - blindSince >= patienceMs ? blind : ''
    },
  }
}
