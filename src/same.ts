// What a reading of the swarm shows to be as it was stays the same objects: passes that are under way hold what their plans were made from,
// and what is worked out by identity is worked out once.
import { isDeepStrictEqual } from 'node:util'
import type { Claim, Wanted } from './core/claims.ts'

const same = <T>(now: T, before: T | undefined): T => (before !== undefined && isDeepStrictEqual(now, before) ? before : now)

const allSame = <T>(now: readonly T[], before: readonly T[]) => now.length === before.length && now.every((one, at) => one === before[at])

const placeOf = ({ loadBalancer, key, mark }: Claim) => `${loadBalancer} ${key} ${mark.service} ${mark.port}`

/** The new one for what changed, the old one for everything else. @param before of the reading before this one */
export function keepSame(now: Wanted, before: Wanted | undefined): Wanted {
  if (before === undefined) return now
  const known = new Map(before.claims.map((claim) => [placeOf(claim), claim]))
  const claims = now.claims.map((claim) => same(claim, known.get(placeOf(claim))))
  const services = new Map([...now.services].map(([name, view]) => [name, same(view, before.services.get(name))]))
  return {
    ...now,
    claims: allSame(claims, before.claims) ? before.claims : claims,
    services: allSame([...services].flat(), [...before.services].flat()) ? before.services : services,
    nodePorts: same(now.nodePorts, before.nodePorts),
    hostPorts: same(now.hostPorts, before.hostPorts),
  }
}
