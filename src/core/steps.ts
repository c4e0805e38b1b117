// One step for each listener that was decided on: its chain of changes, the group it needs, and what people are told.
import { portKey, type Wanted } from './claims.ts'
import type { DiffInput } from './diff-input.ts'
import { DEFAULT_CHAIN, groupChain } from './groups.ts'
import type { Decision } from './holders.ts'
import { closeListener, diffListener, specOf } from './listeners.ts'
import type { Mark } from './marks.ts'
import type { ActualListener, Chain, Change, ListenerKey, Transport } from './model.ts'
import { type Aim, aimOf, type GroupWish, nodePortsOf } from './targets.ts'
import { claimVerdict, keptVerdict, type Verdict } from './verdicts.ts'

/** While an old port is being left, health is asked this often. */
const SWITCH_MS = 2000
const CHANGING_MS = 1000
/** While a service moves to another load balancer, its old place is looked at this often. */
const MOVE_MS = 5000

export type Step = {
  readonly chain?: Chain | undefined
  readonly wish?: GroupWish | undefined
  readonly verdict: Verdict
  readonly again?: number | undefined
}

export const listenerChain = (key: ListenerKey) => `listener ${key}`

function isTaken(wanted: Wanted, mark: Mark, port: number, transport: Transport): boolean {
  const holder = wanted.nodePorts.get(`${transport}:${port}`)
  return holder !== undefined && holder !== mark.service
}

/** Its node port is another settled service's now: whatever keeps the listener, it must not lead there. */
function isStolen(actual: ActualListener, mark: Mark, input: DiffInput): boolean {
  return nodePortsOf(actual.target, input.lb).some((port) => isTaken(input.wanted, mark, port, mark.transport))
}

function closing(actual: ActualListener, mark: Mark, input: DiffInput): readonly Change[] {
  const change = isStolen(actual, mark, input) ? closeListener(actual, mark) : undefined
  return change === undefined ? [] : [change]
}

const aimChain = (aim: Aim) => (aim.group === undefined ? DEFAULT_CHAIN : groupChain(aim.group.name))

function stepCreate(decision: Extract<Decision, { kind: 'create' }>, input: DiffInput, useDefault: boolean): Step {
  const { claim } = decision
  if (![...input.backends.wishes.values()].some((wish) => wish.add)) {
    return { verdict: claimVerdict(claim, 'pending', 'no node can be a backend yet') }
  }
  const taken = (port: number, transport: Transport) => isTaken(input.wanted, claim.mark, port, transport)
  const aim = aimOf(claim, undefined, input.lb, taken, useDefault)
  const changes: Change[] = [{ kind: 'createListener', listener: specOf(claim, aim.target) }]
  const chain: Chain = { id: listenerChain(claim.key), service: claim.service, after: ['tag', aimChain(aim)], changes }
  return { chain, wish: aim.group, verdict: claimVerdict(claim, 'pending', 'listener is being created') }
}

function stepUpdate(decision: Extract<Decision, { kind: 'update' }>, input: DiffInput): Step {
  const { claim, actual } = decision
  const taken = (port: number, transport: Transport) => isTaken(input.wanted, claim.mark, port, transport)
  const aim = aimOf(claim, actual, input.lb, taken, false)
  const diff = diffListener(decision, aim.target, input.memory.seenRunning.has(actual.key), input.rules.immovable)
  const chain: Chain = { id: listenerChain(claim.key), service: claim.service, after: ['tag', aimChain(aim)], changes: diff.changes }
  const switching = aim.group !== undefined && aim.group.leaving.size > 0
  const again = actual.status === 'changing' ? input.now + CHANGING_MS : switching ? input.now + SWITCH_MS : undefined
  return { chain, wish: aim.group, verdict: claimVerdict(claim, diff.state, diff.reason), again }
}

function stepKeep(decision: Extract<Decision, { kind: 'keep' }>, input: DiffInput): Step {
  const { actual, mark, keep } = decision
  const stolen = isStolen(actual, mark, input)
  const chain: Chain = { id: `close ${actual.key}`, service: mark.service, after: ['tag'], changes: closing(actual, mark, input) }
  const text = stolen ? `stopped: its node port belongs to another service now; ${keep.text}` : keep.text
  return { chain, verdict: keptVerdict(actual, mark, keep, text), again: keep.reason === 'move' ? input.now + MOVE_MS : keep.until }
}

function stepDelete(decision: Extract<Decision, { kind: 'delete' }>, input: DiffInput): Step {
  const { actual, mark } = decision
  const view = input.wanted.services.get(mark.service)?.ports.get(portKey(mark.port, mark.transport))
  const moves = view?.places
    .filter((place) => place.startsWith(`${input.lb.id}|`))
    .map((place) => `listener ${place.slice(input.lb.id.length + 1)}`)
  const chain: Chain = {
    id: `delete ${actual.key}`,
    service: mark.service,
    after: ['tag', ...(moves ?? [])],
    changes: [{ kind: 'deleteListener', key: actual.key, protocol: actual.protocol }],
    deletes: actual.key,
    ifHeld: closing(actual, mark, input),
  }
  return { chain, verdict: keptVerdict(actual, mark, undefined, 'its claim has ended; the listener is being removed') }
}

export function stepsOf(byKey: ReadonlyMap<ListenerKey, Decision>, input: DiffInput, useDefault: boolean): Step[] {
  return [...byKey.values()].map((decision) => {
    if (decision.kind === 'create') return stepCreate(decision, input, useDefault)
    if (decision.kind === 'update') return stepUpdate(decision, input)
    return decision.kind === 'keep' ? stepKeep(decision, input) : stepDelete(decision, input)
  })
}
