// What to do with the members of one server group. Adds freely, lowers and removes with care:
// no group loses its last weight or its last member, and people's own zeros and servers stay as they are.
import { additionsOf, wishFor } from './chosen.ts'
import { type Lingering, limited, lowerings } from './lowering.ts'
import { type GroupInput, isManaged, isOurs, isProtected, isZeroNote, liveNote, type MemberRules, memberKey, zeroNote } from './members.ts'
import type { Member } from './model.ts'

export type GroupDiff = {
  readonly add: readonly Member[]
  readonly set: readonly Member[]
  readonly was: readonly Member[]
  readonly remove: readonly Member[]
  /** Text for drift: what people did and we respect. */
  readonly respected: readonly string[]
  /** Members of lost nodes that keep their weight. */
  readonly stays: readonly Lingering[]
  readonly needsHealth: boolean
  readonly recheckAt: number | undefined
}

/** A lost node that a listener still finds normal is asked about again after this. */
const HEALTH_MS = 15_000
/** The time of draining begins when a zero is seen: soon after it was written. */
const SEEN_MS = 1000

function additions(input: GroupInput, rules: MemberRules): Member[] {
  if (!input.addNodes) return []
  const present = new Set(input.members.map(memberKey))
  return additionsOf(input.backends, input.ports)
    .map(({ wish: { server, weight }, port }) => ({ server, port, weight, note: weight === 0 ? zeroNote(rules.note) : rules.note }))
    .filter((member) => !present.has(memberKey(member)) && !input.leaving.has(member.port ?? -1) && !input.isStrangers(member))
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

const isOut = (member: Member, { backends }: GroupInput) => (wishFor(member, backends)?.reason ?? 'excluded') === 'excluded'

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
    stays: lowered.stays,
    needsHealth: lowered.needsHealth || (wantsLeave && input.health === undefined),
    recheckAt: times.length === 0 ? undefined : Math.min(...times),
  }
}

/** Members that have a weight when this plan is done, before anything is lowered; what is only about to be added does not count. */
function weighing(input: GroupInput, raised: readonly Member[], remove: readonly Member[]): number {
  const up = new Set(raised.filter(({ weight }) => weight > 0).map(memberKey))
  return input.members.filter((member) => !remove.includes(member) && (member.weight > 0 || up.has(memberKey(member)))).length
}
