// Which forwarding rules a listener should have, and whose each is: who has a pair of host and path on the cloud keeps it,
// a free one goes to the older service. Rules are ours by their group; what is not ours stays untouched.
import type { Claim } from './claims.ts'
import { fnv } from './hash.ts'
import type { Keep } from './keep.ts'
import { type Mark, parseMark } from './marks.ts'
import type { ActualListener, ListenerKey, LoadBalancer, Rule, RuleSpec, RuleWish } from './model.ts'
import type { Settings } from './options.ts'
import { isNobody, portMark, sameMark } from './shared.ts'
import { ruleText } from './verdicts.ts'
import { ruleSettings } from './web-options.ts'

export type OwnRule = { readonly rule: Rule; readonly mark: Mark }

/** `actual`: the rule that has this host and path now, its own or one whose claim has ended: it is handed over. */
export type WantedRule = { readonly claim: Claim; readonly wish: RuleWish; readonly actual: OwnRule | undefined }

export type RuleChoice = {
  readonly wanted: readonly WantedRule[]
  readonly losers: readonly { readonly claim: Claim; readonly wish: RuleWish; readonly reason: string }[]
  /** Own rules that no guest wants any more. `keep`: why one stays nevertheless. */
  readonly rest: readonly (OwnRule & { readonly keep: Keep | undefined })[]
  readonly foreign: readonly Rule[]
}

/** Mark of the group that a rule leads to; undefined: the rule is not ours. */
function ruleMark(rule: Rule, lb: LoadBalancer, owner: string): Mark | undefined {
  const group = lb.groups.find(({ ref }) => ref === rule.group)
  const mark = group === undefined ? undefined : parseMark(group.name)
  return mark?.owner === owner && !isNobody(mark) ? mark : undefined
}

export const ownRules = (listener: ActualListener, lb: LoadBalancer, owner: string): readonly OwnRule[] =>
  listener.rules.flatMap((rule) => {
    const mark = ruleMark(rule, lb, owner)
    return mark === undefined ? [] : [{ rule, mark }]
  })

/** Each service port with rules here once. */
export const marksOf = (rules: readonly OwnRule[]): readonly Mark[] => [
  ...new Map(rules.map(({ mark }) => [portMark(mark), mark])).values(),
]

const LONGEST_NAME = 40
const HASH_ROOM = 9

/** 1-40 of [A-Za-z0-9-/._], unique on a listener, the same at each time: what people read, and a hash of host and path. */
export function ruleName({ domain, url }: RuleWish): string {
  const readable = `${domain}${url}`.replaceAll('*', '_').replaceAll(/[^A-Za-z0-9-/._]/g, '-')
  return `${readable.slice(0, LONGEST_NAME - HASH_ROOM)}-${fnv(`${domain} ${url}`)}`
}

export const ruleSpec = ({ claim, wish }: Pick<WantedRule, 'claim' | 'wish'>, group: string): RuleSpec => ({
  name: ruleName(wish),
  domain: wish.domain,
  url: wish.url,
  group,
  settings: ruleSettings(claim.given, claim.settings),
})

/** What the wanted side leaves out is not compared; from the listener's settings to own ones, or back, is a change. */
export function sameSettings(want: Settings | undefined, have: Settings | undefined): boolean {
  if (want === undefined || have === undefined) return want === have
  const values: Readonly<Record<string, string | number | undefined>> = have
  return Object.entries(want).every(([name, value]) => values[name] === value)
}

const pairOf = ({ domain, url }: RuleWish) => `${domain} ${url}`

type Asked = { readonly wish: RuleWish; readonly claims: readonly Claim[] }

/** By host and path: who asks for it, oldest first. */
function asked(guests: readonly Claim[]): readonly Asked[] {
  const pairs = new Map<string, { wish: RuleWish; claims: Claim[] }>()
  for (const claim of guests) {
    for (const wish of claim.rules) {
      const entry = pairs.get(pairOf(wish)) ?? { wish, claims: [] }
      if (!entry.claims.includes(claim)) entry.claims.push(claim)
      pairs.set(pairOf(wish), entry)
    }
  }
  return [...pairs.values()]
}

type Outcome = { readonly claim: Claim | undefined; readonly reason: string; readonly actual?: OwnRule }

/**
 * @param guests who shares the listener, oldest first
 * @param keepOf why rules of a service port that is no guest here must stay
 */
export function chooseRules(
  key: ListenerKey,
  actual: ActualListener | undefined,
  guests: readonly Claim[],
  { lb, owner }: { readonly lb: LoadBalancer; readonly owner: string },
  keepOf: (mark: Mark) => Keep | undefined,
): RuleChoice {
  const own = actual === undefined ? [] : ownRules(actual, lb, owner)
  const foreign = actual?.rules.filter((rule) => !own.some((one) => one.rule === rule)) ?? []
  const isLiving = (mark: Mark) => guests.some((claim) => sameMark(claim.mark, mark))
  const port = key.slice(key.indexOf(':') + 1)

  const decide = ({ wish, claims }: Asked): Outcome => {
    const text = `rule ${ruleText(wish)} on listener port ${port}`
    if (foreign.some((rule) => pairOf(rule) === pairOf(wish))) return { claim: undefined, reason: `${text} is there and not ours` }
    const there = own.find(({ rule }) => pairOf(rule) === pairOf(wish))
    if (there === undefined) return { claim: claims[0], reason: `${text} goes to the older service ${claims[0]?.service}` }
    const holder = claims.find((claim) => sameMark(claim.mark, there.mark))
    const held = `${text} is held by service ${there.mark.service}`
    if (holder !== undefined) return { claim: holder, reason: held, actual: there }
    const keep = isLiving(there.mark) ? undefined : keepOf(there.mark)
    if (keep !== undefined) return { claim: undefined, reason: `${held}: ${keep.text}` }
    return { claim: claims[0], reason: `${text} is held by the older service ${claims[0]?.service}`, actual: there }
  }

  const outcomes = asked(guests).map((one) => ({ ...one, ...decide(one) }))
  const used = new Set(outcomes.map((outcome) => outcome.actual?.rule))
  return {
    wanted: outcomes.flatMap(({ claim, wish, actual: there }) => (claim === undefined ? [] : [{ claim, wish, actual: there }])),
    losers: outcomes.flatMap(({ claims, claim, wish, reason }) =>
      claims.filter((one) => one !== claim).map((one) => ({ claim: one, wish, reason })),
    ),
    rest: own.filter(({ rule }) => !used.has(rule)).map((one) => ({ ...one, keep: isLiving(one.mark) ? undefined : keepOf(one.mark) })),
    foreign,
  }
}

export type Remade = { readonly rule: Rule; readonly spec: RuleSpec }

/** What a listener that is made anew gets at once, on the groups that are there: what its guests had and still want, and what is kept. */
export function remadeRules({ wanted, rest }: RuleChoice): readonly Remade[] {
  const same = wanted.flatMap((one): Remade[] => {
    const { actual, claim } = one
    return actual !== undefined && sameMark(actual.mark, claim.mark) ? [{ rule: actual.rule, spec: ruleSpec(one, actual.rule.group) }] : []
  })
  const kept = rest.flatMap(({ rule, keep }): Remade[] => {
    const { name, domain, url, group, settings } = rule
    return keep === undefined ? [] : [{ rule, spec: { name, domain, url, group, settings } }]
  })
  return [...same, ...kept]
}
