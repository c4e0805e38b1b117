// One step for each listener that was decided on: its chain of changes, the group it needs, and what people are told.

import { closeChain, DEFAULT_CHAIN, deleteChain, groupChain, listenerChain, openChains, TAG_CHAIN } from './chains.ts'
import { type Claim, portKey } from './claims.ts'
import type { DiffInput } from './diff-input.ts'
import { createExtensions, diffExtensions } from './extensions.ts'
import type { Decision } from './holders.ts'
import { closeListener, diffListener, specOf } from './listeners.ts'
import { formatMark, type Mark } from './marks.ts'
import type { ActualListener, Chain, Change, ListenerKey, Member } from './model.ts'
import { certificateFault, redirectFault, replaceFault } from './obstacles.ts'
import { type Remade, type RuleChoice, remadeRules } from './rules.ts'
import { forwardPortOf } from './shared.ts'
import { isTaken, reachedBy } from './taken.ts'
import { type Aim, type AimContext, aimOf, type GroupWish, willServe } from './targets.ts'
import { claimVerdict, keptVerdict, type Verdict } from './verdicts.ts'

export type Step = {
  readonly chains: readonly Chain[]
  readonly wish?: GroupWish | undefined
  readonly verdict: Verdict
  readonly again?: number | undefined
  /** The listener will run for its service when the plan is done. */
  readonly opens: boolean
  /** It stops forwarding to what it forwards to now. */
  readonly leaves: boolean
  /** When rules on it can be changed: at any time, once its chain has ended, not in this plan. */
  readonly forRules: 'now' | 'after' | 'no'
  /** Rules that its chain makes anew together with it. */
  readonly remade?: readonly Remade[]
  readonly problem?: string
}

/** What a step depends on besides its own decision. */
export type Ground = {
  readonly input: DiffInput
  readonly decisions: ReadonlyMap<ListenerKey, Decision>
  readonly rulesOf: (key: ListenerKey) => RuleChoice
}

const CHANGING_MS = 1000
/** While a service moves to another load balancer, its old place is looked at this often. */
const MOVE_MS = 15_000

/** Its node port is another settled service's now: whatever keeps the listener, it must not lead there. */
export const isStolen = (actual: ActualListener, mark: Mark, input: Pick<DiffInput, 'lb' | 'wanted' | 'backends'>) =>
  reachedBy(actual.target, input.lb).some(({ server, port }) => isTaken(input, mark, port, server))

/** Closing waits for nothing but the tag, and neither guard nor quota nor policy keeps it back. */
function closing(actual: ActualListener, mark: Mark, input: DiffInput): readonly Chain[] {
  const change = isStolen(actual, mark, input) ? closeListener(actual, mark) : undefined
  return change === undefined ? [] : [{ id: closeChain(actual.key), service: mark.service, after: [TAG_CHAIN], changes: [change] }]
}

const contextOf = (claim: Claim, input: DiffInput, useDefault: boolean): AimContext => ({
  lb: input.lb,
  rules: input.rules,
  isTaken: (port) => isTaken(input, claim.mark, port),
  useDefault,
})

export const noBackend = ({ selection, nodePort }: Claim) =>
  selection?.places !== undefined
    ? 'no node that can be a backend runs a task of it yet'
    : `no node can be a backend on port ${nodePort} yet`

/** What a listener that forwards there needs first: its backends, and a redirect the listener that it leads to. */
function chainsBefore(claim: Claim, aim: Aim): readonly string[] {
  if (aim.target === undefined) return [listenerChain(`tcp:${forwardPortOf(claim)}`)]
  return [aim.group === undefined ? DEFAULT_CHAIN : groupChain(aim.group.name)]
}

const nothing = (verdict: Verdict, over: Partial<Step> = {}): Step => ({
  chains: [],
  verdict,
  opens: false,
  leaves: false,
  forRules: 'no',
  ...over,
})

const pending = (claim: Claim, reason: string, over: Partial<Step> = {}) => nothing(claimVerdict(claim, 'pending', reason), over)

/** Why a new listener is not made yet. */
function obstacle(claim: Claim, aim: Aim, { input }: Ground): string | undefined {
  if (claim.waits !== '') return claim.waits
  if (aim.target === undefined) return undefined
  if (![...input.backends.wishes.values()].some((wish) => wish.add)) return 'no node can be a backend yet'
  return aim.group?.selection !== undefined && !willServe(aim.group, input.backends) ? noBackend(claim) : undefined
}

export function stepCreate({ claim }: Extract<Decision, { kind: 'create' }>, ground: Ground, useDefault: boolean): Step {
  const aim = aimOf(claim, undefined, undefined, contextOf(claim, ground.input, useDefault))
  const waits = obstacle(claim, aim, ground)
  if (waits !== undefined) return pending(claim, waits)
  const problem = redirectFault(claim, ground) ?? certificateFault(claim)
  if (problem !== undefined) return nothing(claimVerdict(claim, 'refused', problem), { problem })
  const listener = specOf(claim, aim.target)
  const changes: Change[] = [{ kind: 'createListener', listener }, ...createExtensions(claim.key, claim.settings)]
  const chain: Chain = { id: listenerChain(claim.key), service: claim.service, after: [TAG_CHAIN, ...chainsBefore(claim, aim)], changes }
  return {
    chains: [chain],
    wish: aim.group,
    verdict: claimVerdict(claim, 'pending', 'listener is being created'),
    opens: true,
    leaves: false,
    forRules: 'after',
  }
}

/** In its own group a port that is another service's is removed from it; the listener itself need not stop while its own port serves. */
function mustClose(actual: ActualListener, mark: Mark, claim: Claim, aim: Aim, input: DiffInput): boolean {
  if (!isStolen(actual, mark, input)) return false
  const { target } = actual
  const group = target?.kind === 'group' ? input.lb.groups.find(({ ref }) => ref === target.group) : undefined
  const own = group !== undefined && group.ref === aim.group?.existing?.ref
  const stays = ({ server, port }: Member) =>
    port !== undefined && (claim.selection?.places === undefined ? port === claim.nodePort : !isTaken(input, mark, port, server))
  return !own || !group.members.some((member) => member.weight > 0 && stays(member))
}

/** Opened again behind a switch: it was closed because it led to a stranger. */
const reopening = ({ key, protocol }: ActualListener, { mark }: Claim): Change => ({
  kind: 'startListener',
  key,
  protocol,
  note: formatMark(mark),
})

export function stepUpdate(decision: Extract<Decision, { kind: 'update' }>, ground: Ground): Step {
  const { input } = ground
  const { claim, actual, mark } = decision
  const aim = aimOf(claim, actual, mark, contextOf(claim, input, false))
  const again = actual.status === 'changing' ? input.now + CHANGING_MS : undefined
  const close = mark !== undefined && mustClose(actual, mark, claim, aim, input) ? closing(actual, mark, input) : []
  // As it is it serves its service all the same: another place of that need not wait for it.
  const opens = decision.from === 'held' && actual.status === 'running' && close.length === 0
  const asItIs = { chains: close, again, opens, forRules: 'now' } as const
  // Who may connect to the service before is not who may connect to this one.
  if (decision.from !== 'held' && claim.waits !== '') return pending(claim, claim.waits, asItIs)
  if (aim.group !== undefined && !willServe(aim.group, input.backends)) return pending(claim, noBackend(claim), asItIs)
  const diff = diffListener(decision, aim.target, input.memory.seenRunning.has(actual.key), input.rules.immovable)
  const replaces = diff.changes.some(({ kind }) => kind === 'replaceListener')
  const blocked = replaces ? replaceFault(decision, ground) : undefined
  if (blocked !== undefined) return pending(claim, blocked, { ...asItIs, problem: blocked })
  const leaves = replaces || diff.changes.some((change) => 'target' in change && change.target !== undefined)
  const unused = aim.group !== undefined && !leaves && !isTarget(actual, aim)
  const remade = replaces ? remadeRules(ground.rulesOf(actual.key)) : []
  const changes = [
    ...diff.changes,
    ...behind(decision, replaces, remade),
    ...(close.length > 0 && !replaces && !unused ? [reopening(actual, claim)] : []),
  ]
  const after = [TAG_CHAIN, ...chainsBefore(claim, aim), ...close.map(({ id }) => id)]
  const chain: Chain = { id: listenerChain(claim.key), service: claim.service, after, changes }
  const verdict = claimVerdict(claim, diff.state, diff.reason)
  const forRules = actual.status === 'changing' ? 'no' : replaces ? 'after' : 'now'
  const common = { chains: [...close, chain], verdict, again, opens: diff.state !== 'closed', leaves, forRules } as const
  return { ...common, wish: unused ? undefined : aim.group, remade }
}

/** What goes with a listener: its further certificates, and in one that is made anew its rules. */
function behind({ claim, actual }: Extract<Decision, { kind: 'update' }>, replaces: boolean, remade: readonly Remade[]): readonly Change[] {
  const { key } = actual
  if (actual.status === 'changing') return []
  if (!replaces) return claim.protocol === 'https' ? diffExtensions(actual, claim.settings) : []
  const rules = remade.map(({ spec }) => spec)
  const create: Change[] = rules.length === 0 ? [] : [{ kind: 'createRules', key, protocol: claim.protocol, rules }]
  return [...create, ...createExtensions(key, claim.settings)]
}

const isTarget = ({ target }: ActualListener, aim: Aim) => target?.kind === 'group' && target.group === aim.group?.existing?.ref

export function stepKeep({ actual, mark, keep }: Extract<Decision, { kind: 'keep' }>, input: DiffInput): Step {
  const stolen = isStolen(actual, mark, input)
  const text = stolen ? `stopped: its node port belongs to another service now; ${keep.text}` : keep.text
  // What blocks a move on this very load balancer is part of its digest.
  const moves = keep.reason === 'move' && keep.elsewhere === true
  const again = moves ? input.now + MOVE_MS : keep.until
  const forRules = actual.status === 'changing' ? 'no' : 'now'
  return nothing(keptVerdict(actual, mark, keep, text), { chains: closing(actual, mark, input), again, forRules })
}

/** @param before chains of what has to go first: rules of other services on it, and redirects to it */
export function stepDelete({ actual, mark }: Extract<Decision, { kind: 'delete' }>, input: DiffInput, before: readonly string[]): Step {
  const view = input.wanted.services.get(mark.service)?.ports.get(portKey(mark.port, mark.transport))
  const moves = view?.places.filter((place) => place.startsWith(`${input.lb.id}|`)).map((place) => place.slice(input.lb.id.length + 1))
  const close = closing(actual, mark, input)
  const chain: Chain = {
    id: deleteChain(actual.key),
    service: mark.service,
    after: [TAG_CHAIN, ...(moves ?? []).flatMap((key) => openChains(key, mark)), ...before, ...close.map(({ id }) => id)],
    changes: [{ kind: 'deleteListener', key: actual.key, protocol: actual.protocol }],
    deletes: actual.key,
  }
  const verdict = keptVerdict(actual, mark, undefined, 'its claim has ended; the listener is being removed')
  return nothing(verdict, { chains: [...close, chain], leaves: true, forRules: 'now' })
}
