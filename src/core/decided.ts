// Everything that was decided over one load balancer: who has each listener and each rule, and the steps that follow from it.
// What opens is decided first: what closes depends on it.
import { deleteChain, listenerChain, rulesChain } from './chains.ts'
import { claimsAt, portKey } from './claims.ts'
import type { DiffInput } from './diff-input.ts'
import { type Decision, type Decisions, decide, type Holding } from './holders.ts'
import { type Keep, keepOf } from './keep.ts'
import type { Mark } from './marks.ts'
import type { ActualListener, ListenerKey } from './model.ts'
import { redirectsTo } from './obstacles.ts'
import { type RuleStep, stepRules } from './rule-steps.ts'
import { chooseRules, marksOf, type OwnRule, ownRules, type RuleChoice } from './rules.ts'
import { forwardPortOf, portMark, sameMark, unitOf } from './shared.ts'
import { type Ground, isStolen, type Step, stepCreate, stepDelete, stepKeep, stepUpdate } from './steps.ts'

/** What decides over listeners and rules, without health and memory. */
export type Decisive = Pick<DiffInput, 'lb' | 'wanted' | 'rules' | 'isUp' | 'now' | 'backends'>

export type Decided = { readonly decision: Decision; readonly step: Step; readonly rules: RuleStep }

/** A place on this load balancer is judged by the plan itself: see heldByMove. */
function isUpHere(input: Decisive): (place: string) => boolean {
  const prefix = `${input.lb.id}|`
  return (place) => place.startsWith(prefix) || input.isUp(place)
}

const keeping = (input: Decisive, key: ListenerKey) => (mark: Mark) =>
  keepOf(mark, { loadBalancer: input.lb.id, key }, input.wanted, isUpHere(input), input.rules, input.now)

export function decisionsOf(input: Decisive): Decisions {
  const { lb, rules, wanted } = input
  const claims = claimsAt(wanted.claims, lb.id)
  const holdingOf = (mark: Mark, actual: ActualListener): Holding => {
    const keepHere = keeping(input, actual.key)
    const others = marksOf(ownRules(actual, lb, rules.owner)).filter((one) => !sameMark(one, mark))
    const [ruleKeep] = others.flatMap((one) => keepHere(one) ?? [])
    return { keep: keepHere(mark), stolen: isStolen(actual, mark, input), ruleKeep }
  }
  return decide(lb, claims, rules.owner, holdingOf)
}

/** Rules of a service port that lost its place here stay as they are: to lose is no reason to delete. */
function ruleKeeping(input: Decisive, key: ListenerKey, { losers }: Decisions): (mark: Mark) => Keep | undefined {
  return (mark) => {
    const loser = losers.find(({ claim }) => claim.key === key && sameMark(claim.mark, mark))
    return loser === undefined ? keeping(input, key)(mark) : { reason: 'lost', text: loser.reason }
  }
}

function choose(input: Decisive, key: ListenerKey, decision: Decision, decisions: Decisions): RuleChoice {
  const guests = decision.kind === 'delete' ? [] : decision.guests
  const actual = decision.kind === 'create' ? undefined : decision.actual
  return chooseRules(key, actual, guests, { lb: input.lb, owner: input.rules.owner }, ruleKeeping(input, key, decisions))
}

/** What is being left for another place on this load balancer goes only if its service really gets that place, and that will be open. */
function heldByMove(mark: Mark, from: ListenerKey, opened: ReadonlySet<string>, input: DiffInput): Keep | undefined {
  const prefix = `${input.lb.id}|`
  const places = input.wanted.services.get(mark.service)?.ports.get(portKey(mark.port, mark.transport))?.places ?? []
  const here = places.filter((place) => place.startsWith(prefix)).map((place) => place.slice(prefix.length))
  const blocked = here.filter((key) => key !== from && !opened.has(`${key} ${mark.service}`))
  return blocked.length === 0 ? undefined : { reason: 'move', text: `stays until ${blocked.join(', ')} is open for it` }
}

/** The cloud deletes no listener that a redirect leads to. */
function heldByRedirect(actual: ActualListener, decisions: Decisions['byKey'], input: DiffInput): Keep | undefined {
  const staying = redirectsTo(actual.port, input.lb).filter((key) => decisions.get(key)?.kind !== 'delete')
  if (actual.protocol !== 'https' || staying.length === 0) return undefined
  return { reason: 'shared', text: `stays while listener ${staying.join(', ')} redirects to it` }
}

/** `<key> <service>`: what will be open when the plan is done. */
function openedBy(
  steps: ReadonlyMap<ListenerKey, { readonly decision: Decision; readonly step: Step }>,
  choices: ReadonlyMap<ListenerKey, RuleChoice>,
) {
  const opened = [...steps].flatMap(([key, { decision, step }]): string[] => {
    const isOpen = step.opens || (decision.kind === 'keep' && decision.actual.status === 'running')
    if (!isOpen || decision.kind === 'delete') return []
    const winners = new Set(choices.get(key)?.wanted.map(({ claim }) => claim.mark.service))
    const guests = decision.guests.filter((claim) => winners.has(claim.mark.service) || forwardPortOf(claim) !== undefined)
    const lead = decision.kind === 'keep' || decision.guests.includes(decision.claim) ? [] : [decision.claim]
    return [...lead, ...guests].map(({ mark }) => `${key} ${mark.service}`)
  })
  return new Set(opened)
}

function deleted(
  decision: Extract<Decision, { kind: 'delete' }>,
  choice: RuleChoice,
  decisions: Decisions['byKey'],
  opened: ReadonlySet<string>,
  input: DiffInput,
): { readonly decision: Decision; readonly step: Step } {
  const { actual, mark } = decision
  const others = marksOf(choice.rest).filter((one) => !sameMark(one, mark))
  const keep =
    heldByMove(mark, actual.key, opened, input) ??
    others.map((one) => heldByMove(one, actual.key, opened, input)).find((one) => one !== undefined) ??
    heldByRedirect(actual, decisions, input) ??
    heldByOthers(choice)
  if (keep !== undefined) {
    const kept = { kind: 'keep', actual, mark, keep, guests: [] } as const
    return { decision: kept, step: stepKeep(kept, input) }
  }
  const before = [...others.map((one) => deleteChain(unitOf(actual.key, one))), ...redirectsTo(actual.port, input.lb).map(deleteChain)]
  return { decision, step: stepDelete(decision, input, before) }
}

/** What people put on a listener of ours would go with it. */
const heldByOthers = ({ foreign }: RuleChoice): Keep | undefined =>
  foreign.length === 0
    ? undefined
    : { reason: 'shared', text: `stays while rules are on it that are not ours (${foreign.map(({ name }) => name).join(', ')})` }

/** A service that names the listener without rules now, and had some: they come to an end only behind the switch, and the other way round. */
function inOrder({ decision, step, rules }: Decided): Decided {
  if (decision.kind !== 'update' || !decision.guests.includes(decision.claim) || decision.mark === undefined)
    return { decision, step, rules }
  const { key } = decision.actual
  const own = rulesChain(unitOf(key, decision.mark))
  const waits = rules.chains.some(({ id, after }) => id === own && !after.includes(listenerChain(key)))
  if (!waits) return { decision, step, rules }
  const chains = step.chains.map((chain) => (chain.id === listenerChain(key) ? { ...chain, after: [...chain.after, own] } : chain))
  return { decision, step: { ...step, chains }, rules }
}

export function decideSteps(decisions: Decisions, input: DiffInput, useDefault: boolean): ReadonlyMap<ListenerKey, Decided> {
  const choices = new Map([...decisions.byKey].map(([key, decision]) => [key, choose(input, key, decision, decisions)]))
  const NONE: RuleChoice = { wanted: [], losers: [], rest: [], foreign: [] }
  const rulesOf = (key: ListenerKey) => choices.get(key) ?? NONE
  const ground: Ground = { input, decisions: decisions.byKey, rulesOf }
  const steps = new Map<ListenerKey, { readonly decision: Decision; readonly step: Step }>()
  for (const [key, decision] of decisions.byKey) {
    if (decision.kind === 'create') steps.set(key, { decision, step: stepCreate(decision, ground, useDefault) })
    if (decision.kind === 'update') steps.set(key, { decision, step: stepUpdate(decision, ground) })
    if (decision.kind === 'keep') steps.set(key, { decision, step: stepKeep(decision, input) })
  }
  const opened = openedBy(steps, choices)
  for (const [key, decision] of decisions.byKey) {
    if (decision.kind === 'delete') steps.set(key, deleted(decision, rulesOf(key), decisions.byKey, opened, input))
  }
  return new Map(
    [...steps].map(([key, { decision, step }]) => {
      const keepRule = ({ mark, keep }: OwnRule & { keep: Keep | undefined }) => keep ?? heldByMove(mark, key, opened, input)
      return [key, inOrder({ decision, step, rules: stepRules(decision, step, rulesOf(key), input, keepRule) })]
    }),
  )
}

/** Service ports that have rules on a listener of ours which is another's. */
function unitsOn(decision: Exclude<Decision, { kind: 'create' }>, input: Decisive): readonly Mark[] {
  const { actual } = decision
  const holder = decision.mark
  return marksOf(ownRules(actual, input.lb, input.rules.owner)).filter((mark) => !sameMark(holder, mark))
}

/**
 * What the guard adds up over all load balancers: listeners of ours, and service ports with rules on one that another service holds;
 * and those of them that something wants or keeps.
 */
export function countOwned(input: Decisive): { readonly owned: number; readonly alive: number; readonly ownListeners: number } {
  const decisions = decisionsOf(input)
  let [owned, alive, ownListeners] = [0, 0, 0]
  for (const [key, decision] of decisions.byKey) {
    const isOwned = decision.kind !== 'create' && (decision.kind !== 'update' || decision.mark !== undefined)
    ownListeners += isOwned ? 1 : 0
    alive += decision.kind === 'delete' ? 0 : 1
    const guests = decision.kind === 'delete' ? [] : decision.guests
    const units = decision.kind === 'create' ? [] : unitsOn(decision, input)
    const keepRule = ruleKeeping(input, key, decisions)
    const gone = units.filter((mark) => !guests.some((claim) => sameMark(claim.mark, mark)) && keepRule(mark) === undefined)
    const holder = decision.kind === 'create' ? decision.claim.mark : decision.mark
    const coming = guests.filter(({ mark }) => !sameMark(holder, mark) && !units.some((one) => portMark(one) === portMark(mark)))
    owned += units.length
    alive += units.length - gone.length + coming.length
  }
  return { owned: owned + ownListeners, alive, ownListeners }
}
