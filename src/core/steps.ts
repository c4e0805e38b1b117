// One step for each listener that was decided on: its chain of changes, the group it needs, and what people are told.

import { closeChain, DEFAULT_CHAIN, deleteChain, groupChain, listenerChain, TAG_CHAIN } from './chains.ts'
import { type Claim, portKey } from './claims.ts'
import type { DiffInput } from './diff-input.ts'
import type { Decision } from './holders.ts'
import { closeListener, diffListener, specOf } from './listeners.ts'
import { formatMark, type Mark } from './marks.ts'
import type { ActualListener, Chain, Change, Member } from './model.ts'
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
}

const CHANGING_MS = 1000
/** While a service moves to another load balancer, its old place is looked at this often. */
const MOVE_MS = 15_000

/** Its node port is another settled service's now: whatever keeps the listener, it must not lead there. */
const isStolen = (actual: ActualListener, mark: Mark, input: DiffInput) =>
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

const noBackend = ({ selection, nodePort }: Claim) =>
  selection?.places !== undefined
    ? 'no node that can be a backend runs a task of it yet'
    : `no node can be a backend on port ${nodePort} yet`

const aimChain = (aim: Aim) => (aim.group === undefined ? DEFAULT_CHAIN : groupChain(aim.group.name))

export function stepCreate({ claim }: Extract<Decision, { kind: 'create' }>, input: DiffInput, useDefault: boolean): Step {
  if (![...input.backends.wishes.values()].some((wish) => wish.add)) {
    return { chains: [], verdict: claimVerdict(claim, 'pending', 'no node can be a backend yet'), opens: false, leaves: false }
  }
  const aim = aimOf(claim, undefined, undefined, contextOf(claim, input, useDefault))
  if (aim.group?.selection !== undefined && !willServe(aim.group, input.backends)) {
    return { chains: [], verdict: claimVerdict(claim, 'pending', noBackend(claim)), opens: false, leaves: false }
  }
  const changes: Change[] = [{ kind: 'createListener', listener: specOf(claim, aim.target) }]
  const chain: Chain = { id: listenerChain(claim.key), service: claim.service, after: [TAG_CHAIN, aimChain(aim)], changes }
  return {
    chains: [chain],
    wish: aim.group,
    verdict: claimVerdict(claim, 'pending', 'listener is being created'),
    opens: true,
    leaves: false,
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

export function stepUpdate(decision: Extract<Decision, { kind: 'update' }>, input: DiffInput): Step {
  const { claim, actual, mark } = decision
  const aim = aimOf(claim, actual, mark, contextOf(claim, input, false))
  const again = actual.status === 'changing' ? input.now + CHANGING_MS : undefined
  const close = mark !== undefined && mustClose(actual, mark, claim, aim, input) ? closing(actual, mark, input) : []
  if (aim.group !== undefined && !willServe(aim.group, input.backends)) {
    const verdict = claimVerdict(claim, 'pending', noBackend(claim))
    return { chains: close, verdict, again, opens: false, leaves: false }
  }
  const diff = diffListener(decision, aim.target, input.memory.seenRunning.has(actual.key), input.rules.immovable)
  const leaves = diff.changes.some(
    ({ kind, ...change }) => kind === 'replaceListener' || ('target' in change && change.target !== undefined),
  )
  const unused = aim.group !== undefined && !leaves && !isTarget(actual, aim)
  // What was closed because it led to a stranger is opened again behind the switch.
  const reopen: Change[] =
    close.length > 0 && !diff.changes.some(({ kind }) => kind === 'replaceListener')
      ? [{ kind: 'startListener', key: actual.key, protocol: actual.protocol, note: formatMark(claim.mark) }]
      : []
  const changes = unused ? diff.changes : [...diff.changes, ...reopen]
  const after = [TAG_CHAIN, aimChain(aim), ...close.map(({ id }) => id)]
  const chain: Chain = { id: listenerChain(claim.key), service: claim.service, after, changes }
  const verdict = claimVerdict(claim, diff.state, diff.reason)
  return { chains: [...close, chain], wish: unused ? undefined : aim.group, verdict, again, opens: diff.state !== 'closed', leaves }
}

const isTarget = ({ target }: ActualListener, aim: Aim) => target?.kind === 'group' && target.group === aim.group?.existing?.ref

export function stepKeep({ actual, mark, keep }: Extract<Decision, { kind: 'keep' }>, input: DiffInput): Step {
  const stolen = isStolen(actual, mark, input)
  const text = stolen ? `stopped: its node port belongs to another service now; ${keep.text}` : keep.text
  // What blocks a move on this very load balancer is part of its digest.
  const moves = keep.reason === 'move' && keep.elsewhere === true
  const again = moves ? input.now + MOVE_MS : keep.until
  return { chains: closing(actual, mark, input), verdict: keptVerdict(actual, mark, keep, text), again, opens: false, leaves: false }
}

export function stepDelete({ actual, mark }: Extract<Decision, { kind: 'delete' }>, input: DiffInput): Step {
  const view = input.wanted.services.get(mark.service)?.ports.get(portKey(mark.port, mark.transport))
  const moves = view?.places
    .filter((place) => place.startsWith(`${input.lb.id}|`))
    .map((place) => listenerChain(place.slice(input.lb.id.length + 1)))
  const close = closing(actual, mark, input)
  const chain: Chain = {
    id: deleteChain(actual.key),
    service: mark.service,
    after: [TAG_CHAIN, ...(moves ?? []), ...close.map(({ id }) => id)],
    changes: [{ kind: 'deleteListener', key: actual.key, protocol: actual.protocol }],
    deletes: actual.key,
  }
  const verdict = keptVerdict(actual, mark, undefined, 'its claim has ended; the listener is being removed')
  return { chains: [...close, chain], verdict, opens: false, leaves: true }
}
