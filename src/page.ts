// Turns what the core decided into rows for people: every published port has a state and a reason.
import type { NotApplied } from './apply.ts'
import type { HeldDelete, LoadBalancerRow, PortState, StatusRow } from './board.ts'
import { subjectOf, TAG_CHAIN } from './core/chains.ts'
import type { PortView, ServiceView } from './core/claims.ts'
import { heldHash, holdAll, type Ledger } from './core/guard.ts'
import { portName } from './core/labels.ts'
import type { LoadBalancer, Problem } from './core/model.ts'
import { describeMove } from './core/moving.ts'
import { describePause, PAUSE_TAG } from './core/pause.ts'
import type { Verdict } from './core/verdicts.ts'
import type { Desire } from './desired.ts'
import { CallError } from './providers/provider.ts'
import type { Look, Outcome } from './reconcile.ts'

/** What is known of one load balancer after its last pass. */
export type Known = {
  readonly id: string
  readonly look: Look | undefined
  readonly error: string
  readonly verdicts: readonly Verdict[]
  /** Listeners made and deleted since the reading. */
  readonly made: number
  /** Quotas that the cloud says are used up although ours allowed more. */
  readonly refused: readonly Problem[]
}

const iso = (time: number) => new Date(time).toISOString()

/** Verdicts after applying: what was created is exposed, what failed says why. */
function afterwards(look: Look, outcome: Outcome): Verdict[] {
  const result = outcome.status === 'looked' ? outcome.result : undefined
  const readOnly = look.standing.status === 'readOnly' || look.standing.status === 'unusable' ? look.standing.text : undefined
  const opened = new Set<string>()
  const gone = new Set<string>()
  const failed = new Map<string, string>()
  for (const { chain, change } of result?.applied ?? []) {
    if (change.kind === 'createListener' || change.kind === 'replaceListener') opened.add(change.listener.key)
    if (change.kind === 'startListener') opened.add(change.key)
    if (change.kind === 'createRules') opened.add(subjectOf(chain.id))
    if (change.kind === 'deleteListener') gone.add(change.key)
    if (change.kind === 'deleteRules') gone.add(subjectOf(chain.id))
  }
  for (const { chain, error } of result?.failed ?? []) failed.set(subjectOf(chain.id), error.message)
  // Why the chains that these wait for did not run: a tag that is refused, say, holds up everything.
  const held = new Map(
    look.run.map(({ id, after }) => [subjectOf(id), [TAG_CHAIN, ...after].flatMap((one) => failed.get(subjectOf(one)) ?? [])[0]]),
  )
  return look.diff.verdicts.flatMap((verdict): Verdict[] => {
    const own = failed.get(verdict.unit) ?? (verdict.state === 'exposed' ? undefined : failed.get(verdict.key))
    const error = own ?? (verdict.state === 'pending' && !opened.has(verdict.unit) ? held.get(verdict.unit) : undefined)
    if (verdict.state === 'removing' && (gone.has(verdict.unit) || gone.has(verdict.key))) return []
    if (readOnly !== undefined && verdict.state !== 'exposed') return [{ ...verdict, state: 'refused', reason: readOnly }]
    if (error !== undefined) return [{ ...verdict, reason: error }]
    return [opened.has(verdict.unit) && verdict.state === 'pending' ? { ...verdict, state: 'exposed', reason: '' } : verdict]
  })
}

/** The account has less room than SLB_QUOTAS says: the call is tried again, so it passes once there is room. */
const refusedBy = ({ lb }: Look, failed: readonly NotApplied[]): readonly Problem[] =>
  failed.flatMap(({ chain, error }): Problem[] => {
    if (!(error instanceof CallError) || error.quota === undefined) return []
    const text = `quota ${error.quota} of ${lb.name} is used up, says the cloud (${error.code}): ${chain.id} is refused; does SLB_QUOTAS say too much?`
    return [{ kind: 'quota', subject: chain.service ?? lb.name, text }]
  })

/** Before the first look. */
export const unknown = (id: string): Known => ({ id, look: undefined, error: '', verdicts: [], made: 0, refused: [] })

export function know(id: string, outcome: Outcome, before: Known | undefined): Known {
  if (outcome.status === 'failed') return { ...(before ?? unknown(id)), error: outcome.error.message }
  const kinds = outcome.result?.applied.map(({ change }) => change.kind) ?? []
  const made = kinds.filter((kind) => kind === 'createListener').length - kinds.filter((kind) => kind === 'deleteListener').length
  const refused = refusedBy(outcome.look, outcome.result?.failed ?? [])
  return { id, look: outcome.look, error: '', verdicts: afterwards(outcome.look, outcome), made, refused }
}

function listenerRow(verdict: Verdict, known: Known, ledger: Ledger): StatusRow {
  const lb = known.look?.lb
  const held = ledger.held.get(`${known.id}|${verdict.unit}`)
  const port = verdict.key.split(':')[1] ?? ''
  return {
    service: verdict.service,
    port: verdict.port,
    loadBalancer: lb?.name ?? known.id,
    listener: verdict.listener,
    address: lb === undefined || lb.address === '' ? '' : `${lb.address}:${port}`,
    state: held === undefined || verdict.state !== 'removing' ? verdict.state : 'held',
    reason: held === undefined || verdict.state !== 'removing' ? verdict.reason : `its delete is held: ${held.reason}`,
  }
}

const STATES: Record<PortView['state'], PortState> = { wanted: 'pending', frozen: 'frozen', pending: 'pending', unexposed: 'unexposed' }

function portRow(service: ServiceView, view: PortView, known: ReadonlyMap<string, Known>): StatusRow {
  const errors = view.places.flatMap((place) => known.get(place.split('|')[0] ?? '')?.error ?? []).filter((text) => text !== '')
  const reason = view.reason === '' ? (errors[0] ?? 'waiting for the load balancer to be read') : view.reason
  const place = view.places[0]?.split('|')
  return {
    service: service.name,
    port: portName(view.port),
    loadBalancer: known.get(place?.[0] ?? '')?.look?.lb.name ?? place?.[0] ?? '',
    listener: '',
    address: '',
    state: STATES[view.state],
    reason,
  }
}

/** One row a service port and place; services that are gone but still have a listener come too. */
export function portRows(desire: Desire, known: ReadonlyMap<string, Known>, ledger: Ledger): StatusRow[] {
  const rows = [...known.values()].flatMap((one) => one.verdicts.map((verdict) => listenerRow(verdict, one, ledger)))
  const covered = new Set(rows.map((row) => `${row.service} ${row.port}`))
  const rest = [...desire.wanted.services.values()].flatMap((service) =>
    [...service.ports.values()]
      .filter((view) => !covered.has(`${service.name} ${portName(view.port)}`))
      .map((view) => portRow(service, view, known)),
  )
  return [...rows, ...rest].sort(
    (a, b) =>
      a.service.localeCompare(b.service) ||
      a.port.localeCompare(b.port, 'en', { numeric: true }) ||
      a.loadBalancer.localeCompare(b.loadBalancer),
  )
}

const members = (lb: LoadBalancer) => {
  const active = new Map<string, boolean>()
  for (const { server, weight } of [...lb.members, ...lb.groups.flatMap((group) => group.members)]) {
    active.set(server, active.get(server) === true || weight > 0)
  }
  const up = [...active.values()].filter(Boolean).length
  return { active: up, drained: active.size - up }
}

export function balancerRow({ id, look, error, made }: Known): LoadBalancerRow {
  if (look === undefined) return { name: id, id, address: '', state: 'unknown', reason: error || 'not read yet', listeners: 0, owned: 0 }
  const { lb, standing, diff, pause } = look
  const refused = standing.status === 'unusable' || standing.status === 'readOnly'
  return {
    name: lb.name,
    id,
    address: lb.address,
    state: refused ? standing.status : pause !== undefined ? 'paused' : lb.status,
    reason: refused ? standing.text : error || (pause === undefined ? describeMove(lb) : describePause(pause, `tag ${PAUSE_TAG}`)),
    listeners: lb.listeners.length + made,
    owned: diff.ownListeners + made,
    backends: members(lb),
  }
}

export function heldPage(ledger: Ledger, nameOf: (id: string) => string): { hash: string; reason: string; deletes: HeldDelete[] } {
  const held = [...ledger.held.values()]
  return {
    hash: held.length === 0 ? '' : heldHash(held),
    reason: held.length === 0 ? '' : (holdAll(ledger) ?? held[0]?.reason ?? ''),
    deletes: held.map((entry) => ({
      loadBalancer: nameOf(entry.loadBalancer),
      listener: entry.key,
      service: entry.service,
      since: iso(entry.since),
    })),
  }
}

/** What people changed and we leave, and what is repaired no more for now. */
export const driftLines = (known: Iterable<Known>) =>
  [...known].flatMap(({ look }) =>
    look === undefined
      ? []
      : [
          ...look.diff.respected.map((text) => `${look.lb.name}: ${text}`),
          ...look.diff.verdicts
            .filter(({ state }) => state === 'closed')
            .map(({ listener }) => `${look.lb.name}: listener ${listener} was stopped by hand and stays so`),
          ...look.resting.map((text) => `${look.lb.name}: undone three times in a row, left alone for an hour: ${text}`),
        ],
  )
