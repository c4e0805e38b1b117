// What to do with the members of one server group. Adds freely, lowers and removes with care:
// no group loses its last weight or its last member, and people's own zeros and servers stay as they are.

import type { Member } from './model.ts'
import type { Departed, Wish } from './nodes.ts'

export type MemberRules = {
  readonly owner: string
  /** The description of backends of ours. */
  readonly note: string
  /** Milliseconds between weight 0 and removal. */
  readonly drain: number
  /** False where the cloud was seen not to keep changed descriptions: then a zero cannot be told from ours. */
  readonly notesKept: boolean
}

export type GroupInput = {
  readonly kind: 'default' | 'own'
  readonly members: readonly Member[]
  /** Ports that every backend should have; `[undefined]` for the default group. Empty: follow the ports that the members have. */
  readonly ports: readonly (number | undefined)[]
  /** Ports whose members go as soon as that is safe (the published port changed) or at once (another service has the port now). */
  readonly leaving: ReadonlyMap<number, 'whenHealthy' | 'now'>
  readonly wishes: ReadonlyMap<string, Wish>
  readonly departed: ReadonlyMap<string, Departed>
  readonly protect: 'all' | ReadonlySet<string>
  /** First time a member of ours was seen that belongs to no node; from memory. */
  readonly absentSince: (server: string) => number
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
const HEALTH_MS = 5000

const ZERO = '/0'
const isZeroNote = (note: string) => note.endsWith(ZERO)
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
  return [...input.wishes.values()].flatMap((wish) =>
    wish.add
      ? input.ports
          .map((port) => ({ server: wish.server, port, weight: wish.weight, note: wish.weight === 0 ? zeroNote(rules.note) : rules.note }))
          .filter((member) => !present.has(memberKey(member)) && !input.leaving.has(member.port ?? -1))
      : [],
  )
}

/** Members this group may be managed for: ours, and in the default group the nodes of this swarm whoever put them there. */
function isManaged(member: Member, input: GroupInput, rules: MemberRules): boolean {
  if (isOurs(member.note, rules.note)) return true
  return input.kind === 'default' && (input.wishes.has(member.server) || input.departed.has(member.server))
}

function isProtected(member: Member, input: GroupInput): boolean {
  if (input.protect === 'all') return true
  const address = input.departed.get(member.server)?.address
  return address !== undefined && input.protect.has(address)
}

/** Raised or corrected weights. A zero without `/0` was set by a person and stays. */
function raises(input: GroupInput, rules: MemberRules): { set: Member[]; respected: string[] } {
  const set: Member[] = []
  const respected: string[] = []
  for (const member of input.members) {
    const wish = input.wishes.get(member.server)
    if (wish === undefined || wish.mode !== 'set' || wish.weight === 0 || !isManaged(member, input, rules)) continue
    if (member.weight === 0 && !isZeroNote(member.note) && rules.notesKept) {
      respected.push(`${wish.hostname} (${member.server}) was set to weight 0 by hand and stays so`)
    } else if (member.weight !== wish.weight || (isZeroNote(member.note) && rules.notesKept)) {
      set.push({ ...member, weight: wish.weight, note: liveNote(member.note) })
    }
  }
  return { set, respected }
}

function lowerings(input: GroupInput, rules: MemberRules): Lowering[] {
  return input.members.flatMap((member): Lowering[] => {
    if (member.weight === 0 || !isManaged(member, input, rules)) return []
    const wish = input.wishes.get(member.server)
    if (wish !== undefined) {
      if (wish.mode !== 'set' || wish.weight !== 0) return []
      return [{ member, reason: wish.reason === 'down' ? 'lost' : 'asked' }]
    }
    return isProtected(member, input) ? [] : [{ member, reason: 'lost' }]
  })
}

/** Members at 0 now for being down or absent: they count against the third that may be. */
function lostNow(input: GroupInput, rules: MemberRules): number {
  return input.members.filter((member) => {
    const wish = input.wishes.get(member.server)
    return member.weight === 0 && isManaged(member, input, rules) && (wish === undefined || wish.reason === 'down')
  }).length
}

/** Takes of the lowerings what leaves at least one positive weight, and for lost nodes at most a third at a time. */
function limited(
  input: GroupInput,
  rules: MemberRules,
  wanted: readonly Lowering[],
  positive: number,
): { set: Member[]; needsHealth: boolean; waits: boolean } {
  const third = Math.max(1, Math.floor(input.members.length / 3))
  let left = positive
  let lost = lostNow(input, rules)
  let needsHealth = false
  let waits = false
  const set: Member[] = []
  for (const { member, reason } of [...wanted].sort((a, b) => a.reason.localeCompare(b.reason))) {
    if (left <= 1) continue
    waits ||= reason === 'lost' && (lost >= third || input.health?.get(member.server) === 'normal')
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
  return { set, needsHealth, waits }
}

function removable(member: Member, input: GroupInput, rules: MemberRules, now: number): { remove: boolean; at?: number } {
  if (!isManaged(member, input, rules) || isProtected(member, input)) return { remove: false }
  const wish = input.wishes.get(member.server)
  if (wish !== undefined && wish.reason !== 'excluded') return { remove: false }
  if (wish !== undefined && !isOurs(member.note, rules.note)) return { remove: false }
  const since = input.departed.get(member.server)?.since ?? input.absentSince(member.server)
  if (member.weight !== 0) return { remove: false, at: now + rules.drain }
  return now >= since + rules.drain ? { remove: true } : { remove: false, at: since + rules.drain }
}

/** Members on a port that is being left: gone at once if the port is somebody else's now, else when the new ones are healthy. */
function leavers(input: GroupInput, rules: MemberRules): Member[] {
  const healthy = [...input.ports].some((port) =>
    input.members.some((member) => member.port === port && input.health?.get(memberKey(member)) === 'normal'),
  )
  return input.members.filter((member) => {
    const how = member.port === undefined ? undefined : input.leaving.get(member.port)
    return how !== undefined && isOurs(member.note, rules.note) && (how === 'now' || healthy)
  })
}

/** @param now milliseconds */
export function diffGroup(input: GroupInput, rules: MemberRules, now: number): GroupDiff {
  const add = additions(input, rules)
  const { set: raised, respected } = raises(input, rules)
  const positive = input.members.filter((member) => member.weight > 0).length
  const gained = [...add, ...raised.filter((member) => input.members.some((m) => memberKey(m) === memberKey(member) && m.weight === 0))]
  const lowered = limited(input, rules, lowerings(input, rules), positive + gained.filter((member) => member.weight > 0).length)
  const leaving = leavers(input, rules)
  const judged = input.members.map((member) => ({ member, ...removable(member, input, rules, now) }))
  const gone = judged.filter(({ remove }) => remove).map(({ member }) => member)
  const set = [...raised, ...lowered.set]
  const times = [...judged.flatMap(({ at }) => at ?? []), ...(lowered.waits ? [now + HEALTH_MS] : [])]
  const wantsLeave = input.members.some((member) => member.port !== undefined && input.leaving.get(member.port) === 'whenHealthy')
  return {
    add,
    set,
    was: set.map((member) => input.members.find((m) => memberKey(m) === memberKey(member)) ?? member),
    remove: keepOne([...new Set([...leaving, ...gone])], input.members.length + add.length),
    respected,
    needsHealth: lowered.needsHealth || (wantsLeave && input.health === undefined && add.length === 0),
    recheckAt: times.length === 0 ? undefined : Math.min(...times),
  }
}

const keepOne = (remove: readonly Member[], total: number) => remove.slice(0, Math.max(0, total - 1))
