// Where a listener forwards to: the default server group with one port, or a group of its own.
// A listener keeps its kind, except that it moves to its own group when it needs one; never back.
import type { Claim } from './claims.ts'
import { ownMark } from './holders.ts'
import { formatMark, parseMark } from './marks.ts'
import { isOurs } from './members.ts'
import type { ActualListener, Group, GroupRef, LoadBalancer, Target, Transport } from './model.ts'
import type { Backends } from './nodes.ts'

export type TargetRules = { readonly owner: string; readonly note: string; readonly backends: 'auto' | 'vserver-group' }

/** A group that the plan needs, existing or to be created. */
export type GroupWish = {
  readonly name: string
  readonly existing: Group | undefined
  readonly ports: readonly number[]
  readonly leaving: ReadonlyMap<number, 'whenHealthy' | 'now'>
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

const groupName = (claim: Claim) => formatMark({ ...claim.mark, suffix: '' })

/** Node ports that a listener sends traffic to now. */
export function nodePortsOf(target: Target | undefined, lb: LoadBalancer): readonly number[] {
  if (target === undefined) return []
  if (target.kind === 'default') return [target.port]
  const group = lb.groups.find(({ ref }) => ref === target.group)
  return [...new Set(group?.members.flatMap((member) => (member.weight > 0 && member.port !== undefined ? [member.port] : [])) ?? [])]
}

export type Aim = { readonly target: Target; readonly group?: GroupWish }

function ownGroup(
  claim: Claim,
  lb: LoadBalancer,
  oldPorts: readonly number[],
  isTaken: (port: number, transport: Transport) => boolean,
  checked: boolean,
): Aim {
  const name = groupName(claim)
  const existing = groupByName(lb, name)
  const present = existing?.members.flatMap((member) => member.port ?? []) ?? []
  const leaving = new Map<number, 'whenHealthy' | 'now'>()
  for (const port of [...present, ...oldPorts]) {
    if (port === claim.nodePort) continue
    leaving.set(port, isTaken(port, claim.mark.transport) || !checked ? 'now' : 'whenHealthy')
  }
  const ref: GroupRef = existing?.ref ?? name
  return { target: { kind: 'group', group: ref }, group: { name, existing, ports: [claim.nodePort], leaving } }
}

/** Does this listener watch its backends at all? Without that nobody can say when a new port is healthy. */
const isChecked = (claim: Claim) => claim.settings['health-check-switch'] === 'on' || claim.settings['health-check-flag'] === 'on'

/**
 * @param isTaken says whether a node port is another service's now
 * @param useDefault whether a new listener may use the default group
 */
export function aimOf(
  claim: Claim,
  actual: ActualListener | undefined,
  lb: LoadBalancer,
  isTaken: (port: number, transport: Transport) => boolean,
  useDefault: boolean,
): Aim {
  if (actual === undefined) {
    return useDefault ? { target: { kind: 'default', port: claim.nodePort } } : ownGroup(claim, lb, [], isTaken, isChecked(claim))
  }
  const { target } = actual
  if (target?.kind === 'default' && target.port === claim.nodePort) return { target }
  // The port of a listener on the default group cannot be changed: it moves to its own group, the old port beside the new one.
  const oldPorts = target?.kind === 'default' ? [target.port] : []
  return ownGroup(claim, lb, oldPorts, isTaken, isChecked(claim))
}
