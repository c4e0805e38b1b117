// Why a listener that nothing wants right now must stay, and until when. Closing waits; opening does not.
import { portKey, type Wanted } from './claims.ts'
import type { Mark } from './marks.ts'
import type { ListenerKey } from './model.ts'

export type Keep = {
  /** shared: others are still on it. lost: it is wanted here, but is another's. */
  readonly reason: 'grace' | 'pending' | 'frozen' | 'freeze' | 'move' | 'shared' | 'lost'
  readonly text: string
  /** Milliseconds; undefined: until the cause is gone. */
  readonly until?: number
  /** A move waits for another load balancer. */
  readonly elsewhere?: boolean
}

export type KeepRules = {
  /** SLB_REMOVAL_GRACE, milliseconds. */
  readonly removalGrace: number
  /** Wait for services that this process never saw alive, milliseconds. */
  readonly unseenGrace: number
}

function missing(mark: Mark, wanted: Wanted, rules: KeepRules, now: number): Keep | undefined {
  const { memory } = wanted
  const seen = memory.alive.has(mark.service)
  const since = memory.missingSince.get(mark.service) ?? memory.startedAt
  const until = since + (seen ? rules.removalGrace : Math.max(rules.removalGrace, rules.unseenGrace))
  return now < until
    ? { reason: 'grace', text: `service ${mark.service} is gone; the listener goes too unless it returns`, until }
    : undefined
}

/** `<load balancer>|<key>|<service>/<port>-<transport>`: a place as it serves one service port and no other. */
export const servedPlace = (place: string, mark: Mark) => `${place}|${mark.service}/${mark.port}-${mark.transport}`

/**
 * Undefined: the claim of this mark has ended here.
 * @param isUp says whether a place serves this mark already, named as by servedPlace
 */
export function keepOf(
  mark: Mark,
  place: { readonly loadBalancer: string; readonly key: ListenerKey },
  wanted: Wanted,
  isUp: (served: string) => boolean,
  rules: KeepRules,
  now: number,
): Keep | undefined {
  const service = wanted.services.get(mark.service)
  if (service === undefined) return missing(mark, wanted, rules, now)
  if (service.frozen) return { reason: 'freeze', text: 'frozen by slb.freeze' }
  if (!service.settled) return { reason: 'pending', text: 'waiting for Swarm to settle the service' }
  const port = service.ports.get(portKey(mark.port, mark.transport))
  const all = [...service.ports.values()]
  if (port === undefined && all.length > 0 && all.every((view) => view.state === 'frozen')) {
    return { reason: 'frozen', text: all[0]?.reason ?? '' }
  }
  if (port === undefined || port.state === 'unexposed') return undefined
  if (port.state !== 'wanted') return { reason: port.state, text: port.reason }
  const elsewhere = port.places.filter((name) => name !== `${place.loadBalancer}|${place.key}`)
  const waiting = elsewhere.filter((name) => !isUp(servedPlace(name, mark)))
  return waiting.length === 0
    ? undefined
    : { reason: 'move', elsewhere: true, text: `stays until ${waiting.join(', ').replaceAll('|', ' ')} is up` }
}
