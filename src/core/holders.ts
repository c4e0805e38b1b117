// Who has a listener: the holder keeps it, the older service wins a free one, what is not ours stays untouched unless adopted.
import { type Claim, compareAge } from './claims.ts'
import type { Keep } from './keep.ts'
import { type Mark, parseMark } from './marks.ts'
import type { ActualListener, ListenerKey, LoadBalancer } from './model.ts'

export type Decision =
  | { readonly kind: 'create'; readonly claim: Claim }
  /** The listener is there: make it what the claim says. `from`: how it comes to this claim. */
  | {
      readonly kind: 'update'
      readonly claim: Claim
      readonly actual: ActualListener
      readonly from: 'held' | 'handedOver' | 'adopted'
      readonly mark: Mark | undefined
    }
  | { readonly kind: 'keep'; readonly actual: ActualListener; readonly mark: Mark; readonly keep: Keep }
  | { readonly kind: 'delete'; readonly actual: ActualListener; readonly mark: Mark }

export type Loser = { readonly claim: Claim; readonly reason: string }

export type Decisions = { readonly byKey: ReadonlyMap<ListenerKey, Decision>; readonly losers: readonly Loser[] }

/** Our mark on a listener, or undefined: then it is not ours. */
export function ownMark(listener: ActualListener, owner: string): Mark | undefined {
  const mark = parseMark(listener.note)
  return mark?.owner === owner ? mark : undefined
}

/** `8080/tcp`: http and https travel on tcp too, so a holder may be of another protocol. */
const portOf = (key: ListenerKey) => key.split(':').reverse().join('/')

const byAge = (a: Claim, b: Claim) =>
  compareAge({ createdAt: a.createdAt, id: a.serviceId }, { createdAt: b.createdAt, id: b.serviceId }) || a.mark.port - b.mark.port

const lost = (claims: readonly Claim[], winner: Claim | undefined, reason: string): Loser[] =>
  claims.filter((claim) => claim !== winner).map((claim) => ({ claim, reason }))

function decideOwned(
  actual: ActualListener,
  mark: Mark,
  claims: readonly Claim[],
  keep: Keep | undefined,
): { decision: Decision; losers: Loser[] } {
  const own = claims.filter((claim) => claim.mark.service === mark.service)
  const holder = own.find((claim) => claim.mark.port === mark.port && claim.mark.transport === mark.transport) ?? own[0]
  if (holder !== undefined) {
    const text = `listener port ${portOf(actual.key)} is held by service ${holder.service}`
    return { decision: { kind: 'update', claim: holder, actual, from: 'held', mark }, losers: lost(claims, holder, text) }
  }
  if (keep !== undefined) {
    const text = `listener port ${portOf(actual.key)} is held by service ${mark.service}: ${keep.text}`
    return { decision: { kind: 'keep', actual, mark, keep }, losers: lost(claims, undefined, text) }
  }
  const heir = claims[0]
  if (heir === undefined) return { decision: { kind: 'delete', actual, mark }, losers: [] }
  const text = `listener port ${portOf(actual.key)} is held by the older service ${heir.service}`
  return { decision: { kind: 'update', claim: heir, actual, from: 'handedOver', mark }, losers: lost(claims, heir, text) }
}

function decideForeign(actual: ActualListener, claims: readonly Claim[]): { decision: Decision | undefined; losers: Loser[] } {
  const other = parseMark(actual.note)
  const adopter = claims.find((claim) => claim.adopt)
  if (other !== undefined) {
    return {
      decision: undefined,
      losers: lost(claims, undefined, `listener port ${portOf(actual.key)} belongs to owner ${other.owner} (service ${other.service})`),
    }
  }
  if (adopter === undefined) {
    const hint = claims[0] === undefined ? '' : `; to take it over add the label slb.port.${claims[0].mark.port}.adopt: "true"`
    return { decision: undefined, losers: lost(claims, undefined, `listener port ${portOf(actual.key)} is not ours${hint}`) }
  }
  if (actual.target === undefined) {
    return {
      decision: undefined,
      losers: lost(claims, undefined, `listener port ${portOf(actual.key)} redirects or uses a master-slave group and cannot be adopted`),
    }
  }
  const text = `listener port ${portOf(actual.key)} is held by the older service ${adopter.service}`
  return { decision: { kind: 'update', claim: adopter, actual, from: 'adopted', mark: undefined }, losers: lost(claims, adopter, text) }
}

/** @param keepOf why a listener of ours that its service does not claim must stay; undefined if its claim has ended */
export function decide(
  lb: LoadBalancer,
  claims: readonly Claim[],
  owner: string,
  keepOf: (mark: Mark, key: ListenerKey) => Keep | undefined,
): Decisions {
  const wanted = new Map<ListenerKey, Claim[]>()
  for (const claim of [...claims].sort(byAge)) wanted.set(claim.key, [...(wanted.get(claim.key) ?? []), claim])
  const byKey = new Map<ListenerKey, Decision>()
  const losers: Loser[] = []
  for (const actual of lb.listeners) {
    const mark = ownMark(actual, owner)
    const here = wanted.get(actual.key) ?? []
    wanted.delete(actual.key)
    if (mark === undefined && here.length === 0) continue
    const result = mark === undefined ? decideForeign(actual, here) : decideOwned(actual, mark, here, keepOf(mark, actual.key))
    if (result.decision !== undefined) byKey.set(actual.key, result.decision)
    losers.push(...result.losers)
  }
  for (const [key, here] of wanted) {
    const [oldest] = here
    if (oldest === undefined) continue
    byKey.set(key, { kind: 'create', claim: oldest })
    losers.push(...lost(here, oldest, `listener port ${portOf(key)} goes to the older service ${oldest.service}`))
  }
  return { byKey, losers }
}
