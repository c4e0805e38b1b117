// Who has a listener: the holder keeps it, the older service wins a free one, what is not ours stays untouched unless adopted.
// Services with rules share one: they are guests, not losers, and one of them holds it where nobody names it without rules.
import { type Claim, compareAge } from './claims.ts'
import type { Keep } from './keep.ts'
import { type Mark, parseMark } from './marks.ts'
import type { ActualListener, ListenerKey, LoadBalancer } from './model.ts'
import { certificateFault } from './obstacles.ts'
import { isGuest, kindOf, kindOfListener, portMark, sameMark } from './shared.ts'

export type Decision =
  | { readonly kind: 'create'; readonly claim: Claim; readonly guests: readonly Claim[] }
  /** The listener is there: make it what the claim says. `from`: how it comes to this claim. */
  | {
      readonly kind: 'update'
      readonly claim: Claim
      readonly actual: ActualListener
      readonly from: 'held' | 'handedOver' | 'adopted'
      readonly mark: Mark | undefined
      /** Oldest first; the claim itself among them where a guest holds the listener. */
      readonly guests: readonly Claim[]
    }
  | { readonly kind: 'keep'; readonly actual: ActualListener; readonly mark: Mark; readonly keep: Keep; readonly guests: readonly Claim[] }
  | { readonly kind: 'delete'; readonly actual: ActualListener; readonly mark: Mark }

export type Loser = { readonly claim: Claim; readonly reason: string }

export type Decisions = { readonly byKey: ReadonlyMap<ListenerKey, Decision>; readonly losers: readonly Loser[] }

/** What the decision over a listener of ours depends on besides its claims. */
export type Holding = {
  /** Why it must stay although its service does not claim it; undefined if its claim has ended. */
  readonly keep: Keep | undefined
  /** It leads to another service's port: nothing is worth holding it for, where guests could use it. */
  readonly stolen: boolean
  /** Why rules on it must stay; undefined where none of ours must. */
  readonly ruleKeep: Keep | undefined
}

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

type Result = { readonly decision: Decision | undefined; readonly losers: readonly Loser[] }
type Here = { readonly plain: readonly Claim[]; readonly guests: readonly Claim[] }

/** Two targets of one service port may name one listener: the first counts. */
function split(claims: readonly Claim[]): Here {
  const guests = new Map<string, Claim>()
  for (const claim of claims.filter(isGuest)) if (!guests.has(portMark(claim.mark))) guests.set(portMark(claim.mark), claim)
  return { plain: claims.filter((claim) => !isGuest(claim)), guests: [...guests.values()] }
}

/** Guests of the listener's kind share it, the others lose. */
function sharing(guests: readonly Claim[], kind: string, key: ListenerKey, holder: string) {
  const text = `listener port ${portOf(key)} is ${kind.startsWith('redirect') ? `a ${kind}` : kind}, held by service ${holder}`
  const differing = guests.filter((claim) => kindOf(claim) !== kind)
  return {
    guests: guests.filter((claim) => !differing.includes(claim)),
    losers: differing.map((claim): Loser => ({ claim, reason: `${text}, and not ${kindOf(claim)}` })),
  }
}

const among = (claims: readonly Claim[], mark: Mark): Claim | undefined => {
  const own = claims.filter((claim) => claim.mark.service === mark.service)
  return own.find((claim) => sameMark(claim.mark, mark)) ?? own[0]
}

/** The claim that the listener is made for, and how it came to it. */
function leadOf(
  actual: ActualListener,
  mark: Mark,
  { plain, guests }: Here,
  kept: boolean,
): { claim: Claim; from: 'held' | 'handedOver' } | undefined {
  const holder = among(plain, mark)
  if (holder !== undefined) return { claim: holder, from: 'held' }
  const kind = kindOfListener(actual)
  const stay = guests.filter((claim) => kindOf(claim) === kind)
  const holding = among(guests, mark)
  if (holding === undefined && kept) return undefined
  // While guests use it as it is, nobody makes it anything else.
  const wanted = holding === undefined || stay.length > 0 ? kind : kindOf(holding)
  const free = holding === undefined && stay.length === 0
  const named = plain.find((claim) => free || kindOf(claim) === wanted)
  const heir = named ?? (holding !== undefined && kindOf(holding) === wanted ? holding : stay[0]) ?? (free ? guests[0] : undefined)
  return heir === undefined ? undefined : { claim: heir, from: heir === holding ? 'held' : 'handedOver' }
}

function updated(actual: ActualListener, mark: Mark, here: Here, lead: { claim: Claim; from: 'held' | 'handedOver' }): Result {
  const { claim, from } = lead
  const kind = kindOfListener(actual)
  const stay = here.guests.filter((guest) => guest !== claim && kindOf(guest) === kind)
  const whose = from === 'held' ? 'held by service' : 'held by the older service'
  const plain = lost(here.plain, claim, `listener port ${portOf(actual.key)} is ${whose} ${claim.service}`)
  if (kindOf(claim) !== kind && stay.length > 0) {
    const text = `stays ${kind} while ${stay.map(({ service }) => service).join(', ')} ${stay.length === 1 ? 'has' : 'have'} rules on it`
    const { guests, losers } = sharing(here.guests, kind, actual.key, claim.service)
    return { decision: { kind: 'keep', actual, mark, keep: { reason: 'shared', text }, guests }, losers: [...plain, ...losers] }
  }
  const { guests, losers } = sharing(here.guests, kindOf(claim), actual.key, claim.service)
  return { decision: { kind: 'update', claim, actual, from, mark, guests }, losers: [...plain, ...losers] }
}

function decideOwned(actual: ActualListener, mark: Mark, claims: readonly Claim[], { keep, stolen, ruleKeep }: Holding): Result {
  const here = split(claims)
  const fitting = here.guests.some((claim) => kindOf(claim) === kindOfListener(actual))
  const held = stolen && fitting ? undefined : keep
  const lead = leadOf(actual, mark, here, held !== undefined)
  if (lead !== undefined) return updated(actual, mark, here, lead)
  const reason = held ?? ruleKeep
  if (reason === undefined) return { decision: { kind: 'delete', actual, mark }, losers: [] }
  const text = `listener port ${portOf(actual.key)} is held by service ${mark.service}: ${reason.text}`
  const { guests, losers } = sharing(here.guests, kindOfListener(actual), actual.key, mark.service)
  const plain = lost(here.plain, undefined, text)
  return { decision: { kind: 'keep', actual, mark, keep: reason, guests }, losers: [...plain, ...losers] }
}

function adoption(here: Here): string {
  const [first] = here.plain
  if (first !== undefined) return `; to take it over add the label slb.port.${first.mark.port}.adopt: "true"`
  return here.guests.length === 0 ? '' : '; a service that names it without rules can take it over (adopt), and is then its holder'
}

function decideForeign(actual: ActualListener, claims: readonly Claim[]): Result {
  const other = parseMark(actual.note)
  const here = split(claims)
  const adopter = claims.find((claim) => claim.adopt && claim.rules.length === 0)
  const port = `listener port ${portOf(actual.key)}`
  const refused = (text: string): Result => ({ decision: undefined, losers: lost(claims, undefined, text) })
  if (other !== undefined) return refused(`${port} belongs to owner ${other.owner} (service ${other.service})`)
  if (adopter === undefined) return refused(`${port} is not ours${adoption(here)}`)
  if (actual.target === undefined) {
    // The note of a redirect cannot be changed, so taking it over would mean to delete what somebody made.
    return refused(`${port} redirects or uses a master-slave group and cannot be adopted; delete it, and it is made anew`)
  }
  const plain = lost(here.plain, adopter, `${port} is held by the older service ${adopter.service}`)
  const { guests, losers } = sharing(here.guests, kindOf(adopter), actual.key, adopter.service)
  return { decision: { kind: 'update', claim: adopter, actual, from: 'adopted', mark: undefined, guests }, losers: [...plain, ...losers] }
}

/** Who names it without rules, else the oldest guest for whom it can be made. */
function decideFree(key: ListenerKey, claims: readonly Claim[]): Result {
  const here = split(claims)
  const canBegin = (guest: Claim) => guest.waits === '' && certificateFault(guest) === undefined
  const claim = here.plain[0] ?? here.guests.find(canBegin) ?? here.guests[0]
  if (claim === undefined) return { decision: undefined, losers: [] }
  const plain = lost(here.plain, claim, `listener port ${portOf(key)} goes to the older service ${claim.service}`)
  const { guests, losers } = sharing(here.guests, kindOf(claim), key, claim.service)
  return { decision: { kind: 'create', claim, guests }, losers: [...plain, ...losers] }
}

export function decide(
  lb: LoadBalancer,
  claims: readonly Claim[],
  owner: string,
  holdingOf: (mark: Mark, actual: ActualListener) => Holding,
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
    const result = mark === undefined ? decideForeign(actual, here) : decideOwned(actual, mark, here, holdingOf(mark, actual))
    if (result.decision !== undefined) byKey.set(actual.key, result.decision)
    losers.push(...result.losers)
  }
  for (const [key, here] of wanted) {
    const { decision, losers: others } = decideFree(key, here)
    if (decision !== undefined) byKey.set(key, decision)
    losers.push(...others)
  }
  return { byKey, losers }
}
