// The forwarding rules of one listener: for each service port on it one chain of changes, the group it needs, and what people are told.
import { deleteChain, groupChain, listenerChain, openChains, rulesChain, TAG_CHAIN } from './chains.ts'
import { type Claim, portKey } from './claims.ts'
import type { DiffInput } from './diff-input.ts'
import type { Decision } from './holders.ts'
import type { Keep } from './keep.ts'
import type { Mark } from './marks.ts'
import type { Chain, Change, ListenerKey, Problem, Protocol } from './model.ts'
import type { Settings } from './options.ts'
import { marksOf, type OwnRule, type RuleChoice, ruleSpec, sameSettings, type WantedRule } from './rules.ts'
import { forwardPortOf, portMark, sameMark, unitOf } from './shared.ts'
import { noBackend, type Step } from './steps.ts'
import { isTaken } from './taken.ts'
import { type GroupWish, ownGroup, willServe } from './targets.ts'
import { claimVerdict, keptVerdict, ruleVerdict, type Verdict } from './verdicts.ts'
import { settingOf } from './web-options.ts'

export type RuleStep = {
  readonly chains: readonly Chain[]
  readonly wishes: readonly GroupWish[]
  readonly verdicts: readonly Verdict[]
  readonly problems: readonly Problem[]
  readonly again: readonly (number | undefined)[]
  /** By rule: the chain after which it does not lead to its group any more. */
  readonly goes: ReadonlyMap<string, string>
  /** Rules of service ports that slb.freeze leaves as they are. */
  readonly frozen: ReadonlySet<string>
}

/** What all rules of one listener have in common. */
type Shared = {
  readonly key: ListenerKey
  readonly protocol: Protocol
  readonly decision: Decision
  readonly step: Step
  readonly choice: RuleChoice
  readonly input: DiffInput
}

type Unit = Omit<RuleStep, 'problems'>
const NO_UNIT: Unit = { chains: [], wishes: [], verdicts: [], again: [], goes: new Map(), frozen: new Set() }

const MOVE_MS = 15_000

/** What the listener itself makes of a rule on it. */
function listenerState({ decision, step }: Shared): { readonly state: Verdict['state']; readonly reason: string } {
  if (decision.kind !== 'keep') return step.verdict
  const { status } = decision.actual
  if (status === 'running') return { state: 'exposed', reason: '' }
  return status === 'stopped'
    ? { state: 'closed', reason: `its listener is stopped: ${step.verdict.reason}` }
    : { state: 'pending', reason: 'being configured' }
}

function rowOf(shared: Shared, { claim, wish }: Pick<WantedRule, 'claim' | 'wish'>, isThere: boolean, fault: string | undefined): Verdict {
  const { state, reason } = listenerState(shared)
  const verdict = (is: Verdict['state'], why: string) => ruleVerdict(claimVerdict(claim, is, why), claim.mark, wish)
  if (state === 'closed' || state === 'refused') return verdict(state, reason)
  if (fault !== undefined) return verdict('pending', fault)
  if (isThere) return verdict(state, reason)
  return verdict('pending', state === 'exposed' || shared.step.forRules !== 'no' ? 'rule is being created' : reason)
}

function changesOf(
  shared: Shared,
  claim: Claim,
  group: string,
): { readonly changes: readonly Change[]; readonly moved: readonly OwnRule[] } {
  const { key, protocol, choice, step } = shared
  const isNew = (actual: OwnRule | undefined) => actual === undefined || step.forRules === 'after'
  const mine = choice.wanted.filter((one) => one.claim === claim && !step.remade?.some(({ rule }) => rule === one.actual?.rule))
  const rules = mine.filter(({ actual }) => isNew(actual)).map((one) => ruleSpec(one, group))
  const moved: OwnRule[] = []
  const updates = mine.flatMap((one): Change[] => {
    const { actual } = one
    if (actual === undefined || isNew(actual)) return []
    const { settings } = ruleSpec(one, group)
    const moves = actual.rule.group !== group
    if (moves) moved.push(actual)
    if (!moves && sameSettings(settings, actual.rule.settings)) return []
    return [{ kind: 'updateRule', key, protocol, rule: actual.rule, settings, ...(moves ? { group } : {}) }]
  })
  const gone = step.forRules === 'after' ? [] : choice.rest.filter(({ mark }) => sameMark(mark, claim.mark)).map(({ rule }) => rule)
  const changes: Change[] = [
    ...(rules.length === 0 ? [] : [{ kind: 'createRules' as const, key, protocol, rules }]),
    ...updates,
    ...(gone.length === 0 ? [] : [{ kind: 'deleteRules' as const, key, protocol, rules: gone }]),
  ]
  return { changes, moved }
}

/** The rules of a guest: new ones before old ones go, since neither host nor path of a rule can be changed. */
function guestUnit(shared: Shared, claim: Claim): Unit {
  const { key, input, step, choice } = shared
  const mine = choice.wanted.filter((one) => one.claim === claim)
  const { lb, rules } = input
  const aim = ownGroup(claim, [], { lb, rules, isTaken: (port) => isTaken(input, claim.mark, port) })
  const fault = willServe(aim.group, input.backends) ? undefined : noBackend(claim)
  const rows = (isThere: (one: WantedRule) => boolean) => mine.map((one) => rowOf(shared, one, isThere(one), fault))
  const has = ({ actual }: WantedRule) => actual !== undefined
  if (step.forRules === 'no' || fault !== undefined) return { ...NO_UNIT, verdicts: rows(has) }
  const { changes, moved } = changesOf(shared, claim, aim.group.existing?.ref ?? aim.group.name)
  const dropped = choice.rest.filter(({ mark }) => sameMark(mark, claim.mark))
  const id = rulesChain(unitOf(key, claim.mark))
  const after = [TAG_CHAIN, groupChain(aim.group.name), ...(step.forRules === 'after' ? [listenerChain(key)] : [])]
  // Its last rules here: all that it has is taken away, whatever it asks for that is another's.
  const withdraws = mine.length === 0 && changes.length > 0
  const unit = unitOf(key, claim.mark)
  const gone = withdraws && input.held.has(unit) ? [] : dropped
  return {
    ...NO_UNIT,
    chains: [{ id, service: claim.service, after, changes, ...(withdraws ? { deletes: unit } : {}) }],
    wishes: mine.length === 0 ? [] : [aim.group],
    verdicts: rows(has),
    goes: new Map([...moved, ...gone].map(({ rule }) => [rule.ref, step.forRules === 'after' ? listenerChain(key) : id])),
  }
}

/** What a service port that is no guest here has left on the listener: kept, or taken away as one delete of the guard's. */
function restUnit(shared: Shared, mark: Mark, rules: RuleChoice['rest'], keep: Keep | undefined): Unit {
  const { key, protocol, decision, input, step } = shared
  const refs = rules.map(({ rule }) => rule.ref)
  if (decision.kind === 'create' || (step.remade !== undefined && step.forRules === 'after')) {
    const gone = rules.filter(({ rule }) => step.remade?.some((one) => one.rule === rule) !== true)
    return { ...NO_UNIT, goes: new Map(gone.map(({ rule }) => [rule.ref, listenerChain(key)])) }
  }
  const text = keep?.text ?? 'its claim has ended; the rule is being removed'
  const verdicts = rules.map(({ rule }) => ruleVerdict(keptVerdict(decision.actual, mark, keep, text), mark, rule))
  if (keep !== undefined) {
    const again = keep.elsewhere === true ? input.now + MOVE_MS : keep.until
    return { ...NO_UNIT, verdicts, again: [again], frozen: new Set(keep.reason === 'freeze' ? refs : []) }
  }
  // The listener takes the rules of its own holder with it.
  const withListener = decision.kind === 'delete' && sameMark(mark, decision.mark)
  if (withListener || step.forRules === 'no') {
    const goes = withListener && !input.held.has(key) ? refs.map((ref): [string, string] => [ref, deleteChain(key)]) : []
    const rows = withListener ? verdicts.map((verdict) => ({ ...verdict, unit: key })) : verdicts
    return { ...NO_UNIT, verdicts: rows, goes: new Map(goes) }
  }
  const unit = unitOf(key, mark)
  const places = input.wanted.services.get(mark.service)?.ports.get(portKey(mark.port, mark.transport))?.places ?? []
  const here = places.filter((place) => place.startsWith(`${input.lb.id}|`)).map((place) => place.slice(input.lb.id.length + 1))
  // Its port names the listener itself now: handed over, and no matter for the guard.
  const handedOver = decision.kind === 'update' && sameMark(mark, decision.claim.mark)
  const chain: Chain = {
    id: deleteChain(unit),
    service: mark.service,
    after: [TAG_CHAIN, ...here.flatMap((place) => openChains(place, mark))],
    changes: [{ kind: 'deleteRules', key, protocol, rules: rules.map(({ rule }) => rule) }],
    ...(handedOver ? {} : { deletes: unit }),
  }
  const goes = input.held.has(unit) ? [] : refs.map((ref): [string, string] => [ref, chain.id])
  return { ...NO_UNIT, chains: [chain], verdicts, goes: new Map(goes) }
}

const conflict = (claim: Claim, text: string): Problem => ({ kind: 'conflict', subject: claim.service, port: claim.key, text })

/** A guest is served with the certificate that the listener has. */
function certificates({ decision }: Shared, guests: readonly Claim[]): readonly Problem[] {
  if (decision.kind === 'delete') return []
  const holder = decision.kind === 'keep' ? undefined : decision.claim
  const certificate = (settings: Settings) => settingOf(settings, 'cert-id')
  const has = certificate(holder?.settings ?? {}) ?? ('actual' in decision ? certificate(decision.actual.settings) : undefined)
  return guests
    .filter(
      (claim) => claim !== holder && certificate(claim.given) !== undefined && has !== undefined && certificate(claim.settings) !== has,
    )
    .map((claim) => conflict(claim, `cert-id differs from that of the listener, which is ${has}; its rules are served with that one`))
}

/** Guests of a redirect have nothing of their own: it does for all of them what each asks for. */
function redirected(shared: Shared, guests: readonly Claim[]): RuleStep {
  const { state, reason } = listenerState(shared)
  const rows = guests.flatMap((claim) => {
    const row = claimVerdict(claim, state, reason)
    return claim.rules.length === 0 ? [row] : claim.rules.map((wish) => ruleVerdict(row, claim.mark, wish))
  })
  const verdicts = rows.map((row) => ({ ...row, unit: shared.key }))
  return { ...NO_UNIT, verdicts, problems: [] }
}

/** @param keepOf why rules of this service port that nothing here wants must stay */
export function stepRules(
  decision: Decision,
  step: Step,
  choice: RuleChoice,
  input: DiffInput,
  keepOf: (rule: RuleChoice['rest'][number]) => Keep | undefined,
): RuleStep {
  const guests = decision.kind === 'delete' ? [] : decision.guests
  const actual = decision.kind === 'create' ? undefined : decision.actual
  const lead = 'claim' in decision ? decision.claim : undefined
  const protocol = step.forRules === 'after' || actual === undefined ? (lead?.protocol ?? 'http') : actual.protocol
  const key = lead?.key ?? actual?.key ?? 'tcp:80'
  const shared: Shared = { key, protocol, decision, step, choice, input }
  const [guest] = guests
  if (guest !== undefined && forwardPortOf(guest) !== undefined) return redirected(shared, guests)
  const rest = marksOf(choice.rest).filter((mark) => !guests.some((claim) => sameMark(claim.mark, mark)))
  const restOf = (mark: Mark) => choice.rest.filter((one) => portMark(one.mark) === portMark(mark))
  const units = [
    ...guests.map((claim) => guestUnit(shared, claim)),
    ...rest.map((mark) => {
      const rules = restOf(mark)
      return restUnit(shared, mark, rules, rules[0] === undefined ? undefined : keepOf(rules[0]))
    }),
  ]
  const lost = choice.losers.map(({ claim, wish, reason }) => ruleVerdict(claimVerdict(claim, 'refused', reason), claim.mark, wish))
  return {
    chains: units.flatMap(({ chains }) => chains),
    wishes: units.flatMap(({ wishes }) => wishes),
    verdicts: [...units.flatMap(({ verdicts }) => verdicts), ...lost],
    problems: [...choice.losers.map(({ claim, reason }) => conflict(claim, reason)), ...certificates(shared, guests)],
    again: units.flatMap(({ again }) => again),
    goes: new Map(units.flatMap(({ goes }) => [...goes])),
    frozen: new Set(units.flatMap(({ frozen }) => [...frozen])),
  }
}
