// Servers that the cloud refused as backends: for a while they are added nowhere, instead of being tried again in each group.
import type { Problem } from './model.ts'
import type { Backends, Wish } from './nodes.ts'

/** By server. */
export type Refusals = ReadonlyMap<string, { readonly until: number; readonly reason: string }>
export const NO_REFUSALS: Refusals = new Map()

const PATIENCE_MS = 600_000

/**
 * @param reason the cloud's error code
 * @param now milliseconds
 */
export function noteRefused(before: Refusals, servers: readonly string[], reason: string, now: number): Refusals {
  const left = [...before].filter(([, { until }]) => now < until)
  return new Map([...left, ...servers.map((server) => [server, { until: now + PATIENCE_MS, reason }] as const)])
}

/** When the next of them may be tried again. */
export function nextTry(refusals: Refusals, now: number): number | undefined {
  const times = [...refusals.values()].map(({ until }) => until).filter((until) => until > now)
  return times.length === 0 ? undefined : Math.min(...times)
}

/** Existing members of a refused server are followed as always; only adding it waits. */
export function withoutRefused(
  backends: Backends,
  refusals: Refusals,
  loadBalancer: string,
  now: number,
): { readonly backends: Backends; readonly problems: readonly Problem[] } {
  const problems: Problem[] = []
  const wishes = new Map<string, Wish>()
  for (const [server, wish] of backends.wishes) {
    const refused = refusals.get(server)
    const waits = wish.add && refused !== undefined && now < refused.until
    wishes.set(server, waits ? { ...wish, add: false } : wish)
    if (!waits) continue
    const text = `${loadBalancer} refuses ${server} as a backend (${refused.reason}); it is tried again after 10 minutes`
    problems.push({ kind: 'node', subject: wish.hostname, text })
  }
  return problems.length === 0 ? { backends, problems } : { backends: { ...backends, wishes }, problems }
}
