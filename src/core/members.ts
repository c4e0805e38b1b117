// What to do with the members of one server group. Adds freely, lowers and removes with care:
// no group loses its last weight or its last member, and people's own zeros and servers stay as they are.

import { additionsOf, type Chosen, wishFor } from './chosen.ts'
import type { Member } from './model.ts'

export type MemberRules = {
  readonly owner: string
  /** The description of backends of ours. */
  readonly note: string
  /** Milliseconds between weight 0 and removal. */
  readonly drain: number
  /** False where the cloud was seen not to keep changed descriptions: then a zero cannot be told from ours. */
  readonly notesKept: boolean
}

/**
 * How ports are left. taken: another service has the port, at once. whenHealthy: when a member on a wanted port is. whenThere: the same
 * where no health check could tell.
 */
export type Leaving = ReadonlyMap<number, 'taken' | 'whenHealthy' | 'whenThere'>

export type GroupInput = {
  readonly kind: 'default' | 'own'
  readonly members: readonly Member[]
  /** Ports that every backend should have; `[undefined]` for the default group. Empty: follow the ports that the members have. */
  readonly ports: readonly (number | undefined)[]
  /** Ports whose members are to go. */
  readonly leaving: Leaving
  readonly backends: Chosen
  /** What answers there is another service: gone at once, as with `taken`. */
  readonly isTaken: (member: Member) => boolean
  /** Another service answers there: never added. */
  readonly isStrangers: (member: Member) => boolean
  /** First time a member that belongs to no node was seen at weight 0; from memory. */
  readonly zeroSince: (member: Member) => number
  /** What running, checked listeners of this group report. Undefined: not asked yet. */
  readonly health: ReadonlyMap<string, 'normal' | 'abnormal' | 'unavailable'> | undefined
  readonly addNodes: boolean
}

export type GroupDiff = {
  readonly add: readonly Member[]
  readonly set: readonly Member[]
  readonly was: readonly Member[]
  readonly remove: readonly Member[]
  /** Text for drift: what people did and we respect. */
  readonly respected: readonly string[]
  readonly needsHealth: boolean
  readonly recheckAt: number | undefined
}

/** A lost node that a listener still finds normal is asked about again after this. */
const HEALTH_MS = 15_000
const RECENT_MS = 120_000
/** The time of draining begins when a zero is seen: soon after it was written. */
const SEEN_MS = 1000

const ZERO = '/0'
export const isZeroNote = (note: string) => note.endsWith(ZERO)
/** Behind a backend's description this says: the zero is ours (people's zeros carry none and stay). */
const zeroNote = (note: string) => (isZeroNote(note) ? note : `${note.slice(0, 78)}${ZERO}`)
/** The cloud takes no empty description, so a server that had none gets a plain word. */
const liveNote = (note: string) => (isZeroNote(note) ? note.slice(0, -ZERO.length) || 'node' : note)

export const isOurs = (note: string, mark: string) => liveNote(note) === mark

export const memberKey = (member: { readonly server: string; readonly port: number | undefined }) => `${member.server}:${member.port ?? ''}`

type Lowering = { readonly member: Member; readonly reason: 'asked' | 'lost' }

function additions(input: GroupInput, rules: MemberRules): Member[] {
  if (!input.addNodes) return []
  const present = new Set(input.members.map(memberKey))
  return additionsOf(input.backends, input.ports)
    .map(({ wish: { server, weight }, port }) => ({ server, port, weight, note: weight === 0 ? zeroNote(rules.note) : rules.note }))
    .filter((member) => !present.has(memberKey(member)) && !input.leaving.has(member.port ?? -1) && !input.isStrangers(member))
}

/** Members this group may be managed for: ours, and in the default group the nodes of this swarm whoever put them there. */
function isManaged(member: Member, input: GroupInput, rules: MemberRules): boolean {
  if (isOurs(member.note, rules.note)) return true
  return input.kind === 'default' && (input.backends.wishes.has(member.server) || input.backends.departed.has(member.server))
}

function isProtected(member: Member, { backends: { protect, wishes, departed: left } }: GroupInput): boolean {
  if (protect === 'all') return true
  if (protect.size === 0 || wishes.has(member.server)) return false
  // Whose address a member is on is known only of nodes that were seen to leave; any other may be the one that cannot be resolved.
  const departed = left.get(member.server)
  return departed === undefined || departed.address === undefined || protect.has(departed.address)
}

/** Raised or corrected weights. A zero without `/0` was set by a person and stays, and so do all weights where they are people's. */
function raises(input: GroupInput, rules: MemberRules): { set: Member[]; respected: string[] } {
  const set: Member[] = []
  const respected: string[] = []
  for (const member of input.members) {
    const wish = wishFor(member, input.backends)
    if (wish === undefined || wish.mode !== 'set' || wish.weight === 0 || !isManaged(member, input, rules)) continue
    if (member.weight === 0 && !isZeroNote(member.note) && rules.notesKept) {
      const text = `${wish.hostname} (${member.server}) was set to weight 0 by hand and stays so`
      if (input.backends.weights === 'managed') respected.push(text)
    } else if (input.backends.weights === 'kept' && member.weight > 0) {
      if (isZeroNote(member.note) && rules.notesKept) set.push({ ...member, note: liveNote(member.note) })
    } else if (member.weight !== wish.weight || (isZeroNote(member.note) && rules.notesKept)) {
      set.push({ ...member, weight: wish.weight, note: liveNote(member.note) })
    }
  }
  return { set, respected }
}

function lowerings(input: GroupInput, rules: MemberRules, remove: readonly Member[]): Lowering[] {
  return input.members.flatMap((member): Lowering[] => {
    if (member.weight === 0 || remove.includes(member) || !isManaged(member, input, rules)) return []
    const wish = wishFor(member, input.backends)
    if (wish !== undefined) {
      if (wish.mode !== 'set' || wish.weight !== 0 || (wish.reason === 'ready' && input.backends.weights === 'kept')) return []
      return [{ member, reason: wish.reason === 'down' ? 'lost' : 'asked' }]
    }
    return isProtected(member, input) ? [] : [{ member, reason: 'lost' }]
  })
}

/** Members at 0 now for being down or absent: they count against the third that may be. */
function lostNow(input: GroupInput, rules: MemberRules): number {
  return input.members.filter((member) => {
    const wish = wishFor(member, input.backends)
    return member.weight === 0 && isManaged(member, input, rules) && (wish === undefined || wish.reason === 'down')
  }).length
}

const isOut = (member: Member, { backends }: GroupInput) => (wishFor(member, backends)?.reason ?? 'excluded') === 'excluded'

/** Lost only just now: worth asking again soon whether its listeners have noticed. Later the resync does. */
function isRecent(member: Member, input: GroupInput, now: number): boolean {
  if (input.backends.wishes.has(member.server)) return false
  const departed = input.backends.departed.get(member.server)
  return departed !== undefined && now - departed.since < RECENT_MS
}

/** Takes of the lowerings what leaves at least one positive weight, and for lost nodes at most a third at a time. */
function limited(
  input: GroupInput,
  rules: MemberRules,
  wanted: readonly Lowering[],
  positive: number,
  now: number,
): { set: Member[]; needsHealth: boolean; waits: boolean; last: boolean } {
  const third = Math.max(1, Math.floor(input.members.length / 3))
  let left = positive
  let lost = lostNow(input, rules)
  let needsHealth = false
  let waits = false
  let last = false
  const set: Member[] = []
  for (const { member, reason } of [...wanted].sort((a, b) => a.reason.localeCompare(b.reason))) {
    if (left <= 1) {
      last = true
      continue
    }
    waits ||= reason === 'lost' && isRecent(member, input, now) && (lost >= third || input.health?.get(member.server) === 'normal')
    if (reason === 'lost' && lost >= third) continue
    if (reason === 'lost' && input.health === undefined) {
      needsHealth = true
      continue
    }
    if (reason === 'lost' && input.health?.get(member.server) === 'normal') continue
    if (reason === 'lost') lost += 1
    left -= 1
    set.push({ ...member, weight: 0, note: zeroNote(member.note) })
  }
  return { set, needsHealth, waits, last }
}

function removable(member: Member, input: GroupInput, rules: MemberRules, now: number): { remove: boolean; at?: number } {
  if (!isManaged(member, input, rules) || isProtected(member, input)) return { remove: false }
  const wish = wishFor(member, input.backends)
  if (wish !== undefined && wish.reason !== 'excluded') return { remove: false }
  if (wish !== undefined && !isOurs(member.note, rules.note)) return { remove: false }
  const since = input.zeroSince(member)
  if (member.weight !== 0) return { remove: false }
  return now >= since + rules.drain ? { remove: true } : { remove: false, at: since + rules.drain }
}

const leavingOf = (member: Member, { leaving, isTaken }: GroupInput) =>
  isTaken(member) ? 'taken' : member.port === undefined ? undefined : leaving.get(member.port)

/** Members on a port that is being left: gone at once if the port is somebody else's now, else when the new ones are healthy. */
function leavers(input: GroupInput, rules: MemberRules): Member[] {
  const arrived = input.members.filter((member) => member.weight > 0 && input.ports.includes(member.port))
  const healthy = arrived.some((member) => input.health?.get(memberKey(member)) === 'normal')
  return input.members.filter((member) => {
    if (!isOurs(member.note, rules.note)) return false
    const how = leavingOf(member, input)
    return how === 'taken' || (how === 'whenThere' && arrived.length > 0) || (how === 'whenHealthy' && healthy)
  })
}

/** What may be removed without taking the last member, or the last weight, from the group. */
function keepingOne(remove: readonly Member[], input: GroupInput): Member[] {
  const stays = input.members.filter((member) => !remove.includes(member))
  if (stays.some((member) => member.weight > 0)) return [...remove]
  // A port that is another service's goes whatever is left: the listener is stopped then.
  const taken = (member: Member) => leavingOf(member, input) === 'taken'
  const spared =
    remove.find((member) => member.weight > 0 && !taken(member)) ??
    (stays.length === 0 ? remove.find((member) => !taken(member)) : undefined)
  return remove.filter((member) => member !== spared)
}

/** @param now milliseconds */
export function diffGroup(input: GroupInput, rules: MemberRules, now: number): GroupDiff {
  const add = additions(input, rules)
  const { set: raised, respected } = raises(input, rules)
  const judged = input.members.map((member) => ({ member, ...removable(member, input, rules, now) }))
  const gone = judged.filter(({ remove }) => remove).map(({ member }) => member)
  const remove = keepingOne([...new Set([...leavers(input, rules), ...gone])], input)
  const lowered = limited(input, rules, lowerings(input, rules, remove), weighing(input, raised, remove), now)
  const set = [...raised.filter((member) => !remove.some((one) => memberKey(one) === memberKey(member))), ...lowered.set]
  const wantsLeave = input.members.some(
    (member) => isOurs(member.note, rules.note) && member.port !== undefined && input.leaving.get(member.port) === 'whenHealthy',
  )
  const times = [
    ...judged.flatMap(({ at }) => at ?? []),
    ...(lowered.waits ? [now + HEALTH_MS] : []),
    ...(lowered.set.some((member) => isOut(member, input)) ? [now + SEEN_MS] : []),
    // What is added now does not count yet as something that may stand in for what has to be lowered.
    ...(lowered.last && add.length > 0 ? [now] : []),
  ]
  return {
    add,
    set,
    was: set.map((member) => input.members.find((m) => memberKey(m) === memberKey(member)) ?? member),
    remove,
    respected,
    needsHealth: lowered.needsHealth || (wantsLeave && input.health === undefined),
    recheckAt: times.length === 0 ? undefined : Math.min(...times),
  }
}

/** Members that have a weight when this plan is done, before anything is lowered; what is only about to be added does not count. */
function weighing(input: GroupInput, raised: readonly Member[], remove: readonly Member[]): number {
  const up = new Set(raised.filter(({ weight }) => weight > 0).map(memberKey))
  return input.members.filter((member) => !remove.includes(member) && (member.weight > 0 || up.has(memberKey(member)))).length
}
