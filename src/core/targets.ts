// Where a listener forwards to: the default server group with one port, or a group of its own.
// A listener keeps its kind, except that it moves to its own group when it needs one; never back.
import { additionsOf, selectBackends } from './chosen.ts'
import type { Claim } from './claims.ts'
import { isChecked } from './health.ts'
import { ownMark } from './holders.ts'
import { formatMark, type Mark, parseMark } from './marks.ts'
import { isOurs, isZeroNote, type Leaving } from './members.ts'
import type { ActualListener, Group, GroupRef, LoadBalancer, Member, Target } from './model.ts'
import type { Backends } from './nodes.ts'
import type { Selection } from './selection.ts'
import { emptyGroupName, forwardPortOf, isGuest } from './shared.ts'

export type TargetRules = { readonly owner: string; readonly note: string; readonly backends: 'auto' | 'vserver-group' }

/** A group that the plan needs, existing or to be created. */
export type GroupWish = {
  readonly name: string
  readonly existing: Group | undefined
  readonly ports: readonly number[]
  readonly leaving: Leaving
  /** Undefined: every chosen node, on `ports`. */
  readonly selection: Selection | undefined
}

/** The default group may be used while every server in it is ours or a node of this swarm and no foreign listener uses it. */
export function defaultGroupIsOurs(
  lb: LoadBalancer,
  backends: Backends,
  rules: TargetRules,
): { readonly ours: boolean; readonly strangers: readonly string[] } {
  const strangers = lb.members
    .filter((member) => !isOurs(member.note, rules.note) && !backends.wishes.has(member.server) && !backends.departed.has(member.server))
    .map((member) => member.server)
  const foreign = lb.listeners.some((listener) => listener.target?.kind === 'default' && ownMark(listener, rules.owner) === undefined)
  return { ours: strangers.length === 0 && !foreign, strangers }
}

export const isOwnGroup = (group: Group, owner: string) => parseMark(group.name)?.owner === owner

/** Two groups with one mark: the one in use counts. */
function groupByName(lb: LoadBalancer, name: string): Group | undefined {
  const named = lb.groups.filter((group) => group.name === name)
  return named.find((group) => group.listeners.length > 0 || group.rules > 0) ?? named[0]
}

const groupName = (claim: Pick<Claim, 'mark'>) => formatMark({ ...claim.mark, suffix: '' })

/** Without a target it redirects. */
export type Aim = { readonly target: Target | undefined; readonly group?: GroupWish }

/** What of the swarm a target depends on. */
export type AimContext = {
  readonly lb: LoadBalancer
  readonly rules: TargetRules
  /** Whether a node port is another service's now. */
  readonly isTaken: (port: number) => boolean
  /** Whether a new listener may use the default group. */
  readonly useDefault: boolean
}

/** The group of a service port: what its rules lead to, and its listeners where they do not use the default group. */
export function ownGroup(
  claim: Claim,
  oldPorts: readonly number[],
  { lb, rules, isTaken }: Pick<AimContext, 'lb' | 'rules' | 'isTaken'>,
): { readonly target: Target; readonly group: GroupWish } {
  const name = groupName(claim)
  const existing = groupByName(lb, name)
  const present = existing?.members.flatMap(({ port, note }) => (port !== undefined && isOurs(note, rules.note) ? [port] : [])) ?? []
  const leaving = new Map<number, 'taken' | 'whenHealthy' | 'whenThere'>()
  for (const port of [...present, ...oldPorts]) {
    if (port !== claim.nodePort) leaving.set(port, isTaken(port) ? 'taken' : isChecked(claim) ? 'whenHealthy' : 'whenThere')
  }
  const ref: GroupRef = existing?.ref ?? name
  return { target: { kind: 'group', group: ref }, group: { name, existing, ports: [claim.nodePort], leaving, selection: claim.selection } }
}

/** What a listener has behind it that only guests share. */
function emptyGroup(port: number, { lb, rules }: AimContext): Aim {
  const name = emptyGroupName(rules.owner, port)
  const existing = groupByName(lb, name)
  const group: GroupWish = { name, existing, ports: [], leaving: new Map(), selection: undefined }
  return { target: { kind: 'group', group: existing?.ref ?? name }, group }
}

/** @param mark of the listener as it is: only its own service's old port is served beside the new one */
export function aimOf(claim: Claim, actual: ActualListener | undefined, mark: Mark | undefined, context: AimContext): Aim {
  if (forwardPortOf(claim) !== undefined) return { target: undefined }
  if (isGuest(claim)) return emptyGroup(claim.port, context)
  // The default group has every node on one port: a claim that chooses needs its own.
  const mayShare = claim.selection === undefined
  if (actual === undefined) {
    return mayShare && context.useDefault ? { target: { kind: 'default', port: claim.nodePort } } : ownGroup(claim, [], context)
  }
  const { target } = actual
  if (mayShare && target?.kind === 'default' && target.port === claim.nodePort) return { target }
  // The port of a listener on the default group cannot be changed: it moves to its own group, the old port beside the new one.
  const same = mark?.service === claim.mark.service && mark.port === claim.mark.port && mark.transport === claim.mark.transport
  return ownGroup(claim, same && target?.kind === 'default' ? [target.port] : [], context)
}

/** Two listeners of one service port share one group: it has the ports of both, and what one wants the other does not leave. */
export function mergeWishes(wishes: readonly GroupWish[]): ReadonlyMap<string, GroupWish> {
  const merged = new Map<string, GroupWish>()
  for (const wish of wishes) {
    const other = merged.get(wish.name)
    const ports = [...new Set([...(other?.ports ?? []), ...wish.ports])]
    const leaving = new Map([...wish.leaving, ...(other?.leaving ?? [])].filter(([port]) => !ports.includes(port)))
    merged.set(wish.name, { ...wish, ports, leaving, selection: wish.selection ?? other?.selection })
  }
  return merged
}

/**
 * Will this group have a backend with a weight on a port that is wanted? To switch to one that has none would drop all traffic.
 * The empty group is meant to have none.
 */
export function willServe({ existing, ports, selection }: GroupWish, backends: Backends): boolean {
  if (ports.length === 0 && selection === undefined) return true
  const members = existing?.members ?? []
  const chosen = selectBackends(backends, selection)
  const isWanted = ({ server, port }: Member) =>
    port !== undefined &&
    (chosen.places === undefined ? ports.includes(port) : chosen.idle || chosen.places.get(server)?.has(port) === true)
  if (members.some((member) => member.weight > 0 && isWanted(member))) return true
  // One that a person set to 0 stays at 0; one that we did is raised.
  const blocked = (server: string, port: number | undefined) =>
    members.some((one) => one.server === server && one.port === port && !isZeroNote(one.note))
  return additionsOf(chosen, ports).some(({ wish, port }) => wish.weight > 0 && !blocked(wish.server, port))
}
