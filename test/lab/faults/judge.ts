// Whose fault was a failed visit? The control load goes to each node's own port, past the load balancer: where a node that the load
// balancer could choose failed there too, at the same time, the swarm's mesh did it. Anything else is ours.
import type { Failure, Stream } from './load.ts'
import type { Sample } from './watching.ts'

/**
 * Visits through and past the load balancer are made every 50 ms each, and one in three meets the task that fails: where a fault begins or
 * ends that is a moment apart, and on a busy machine more. Milliseconds on both sides.
 */
const NEAR_MS = 2500

/** By themselves a fault of ours: nothing listens, or the listener has no server. */
const NEVER = new Set(['ECONNREFUSED', 'status 503', 'status 404', 'cut'])

export type Control = { readonly node: string; readonly stream: Stream }
export type Verdict = { readonly failure: Failure; readonly mesh: boolean }

const overlaps = (one: Failure, other: Failure): boolean => one.at <= other.endedAt + NEAR_MS && one.endedAt >= other.at - NEAR_MS

/** `samples`: of the time around the failures. */
export function judge(
  port: number,
  failures: readonly Failure[],
  controls: readonly Control[],
  samples: readonly Sample[],
): readonly Verdict[] {
  return failures.map((failure) => {
    const near = samples.filter(({ at }) => at >= failure.at - NEAR_MS && at <= failure.endedAt + NEAR_MS)
    const usable = new Set(near.flatMap(({ inUse }) => inUse[port] ?? []))
    const failedToo = controls.some(({ node, stream }) => usable.has(node) && stream.failures.some((other) => overlaps(failure, other)))
    return { failure, mesh: failedToo && !NEVER.has(failure.cause) }
  })
}

/** What clients or the load balancer's own list would miss: empty where everything stayed that should. */
export function absences(
  samples: readonly Sample[],
  ports: readonly number[],
  nodes: readonly string[],
  mayBeZero: readonly string[],
): string[] {
  const told = new Set<string>()
  for (const { at, running, weights } of samples) {
    const when = new Date(at).toISOString()
    const missing = ports.filter((port) => !running.includes(port)).map((port) => `listener ${port}`)
    const gone = nodes.filter((node) => weights[node] === undefined).map((node) => `backend ${node}`)
    const closed = nodes.filter((node) => weights[node] === 0 && !mayBeZero.includes(node)).map((node) => `the weight of ${node}`)
    for (const what of [...missing, ...gone, ...closed]) told.add(`${what} (${when})`)
  }
  return [...told].slice(0, 10)
}
