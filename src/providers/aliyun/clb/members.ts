// The last known members of server groups, by group id. Our own writes keep it current; an error makes a group unknown again.
import type { Member } from '../../../core/model.ts'

/** One server with one port is one member. */
const sameMember = (one: Member) => (other: Member) => one.server === other.server && one.port === other.port

export const withAdded = (members: readonly Member[], added: readonly Member[]): readonly Member[] => [
  ...members,
  ...added.filter((member) => !members.some(sameMember(member))),
]

export const withRemoved = (members: readonly Member[], removed: readonly Member[]): readonly Member[] =>
  members.filter((member) => !removed.some(sameMember(member)))

/** Only members that are there change; an empty note is not sent, so the old one stays. */
export const withWeights = (members: readonly Member[], set: readonly Member[]): readonly Member[] =>
  members.map((member) => {
    const next = set.find(sameMember(member))
    return next === undefined ? member : { ...member, weight: next.weight, note: next.note === '' ? member.note : next.note }
  })

/** The cloud counts members, in places servers: a server may be in a group with several ports. */
const agrees = (members: readonly Member[], count: number): boolean =>
  count === members.length || count === new Set(members.map(({ server }) => server)).size

export interface MemberCache {
  /** The known members; undefined when not known, or when `count`, the cloud's own, says otherwise. */
  get(group: string, count: number | undefined): readonly Member[] | undefined
  /** Members as they were read or created just now. */
  put(group: string, members: readonly Member[]): void
  /** The effect of a write of ours; nothing where the members are not known. */
  update(group: string, effect: (members: readonly Member[]) => readonly Member[]): void
  drop(group: string): void
  clear(): void
  /**
   * Of the given groups those that an audit reads now: the part of them that was not read for longest, at least one,
   * and every one whose turn is overdue. Counts as one audit of these groups.
   */
  audit(groups: readonly string[]): ReadonlySet<string>
}

type Entry = { readonly members: readonly Member[]; readonly age: number }

/** Every group is read again at least once in `every` audits. */
export function createMemberCache(every: number): MemberCache {
  const entries = new Map<string, Entry>()
  return {
    get(group, count) {
      const members = entries.get(group)?.members
      return members !== undefined && (count === undefined || agrees(members, count)) ? members : undefined
    },
    put: (group, members) => void entries.set(group, { members, age: 0 }),
    update(group, effect) {
      const entry = entries.get(group)
      if (entry !== undefined) entries.set(group, { ...entry, members: effect(entry.members) })
    },
    drop: (group) => void entries.delete(group),
    clear: () => entries.clear(),
    audit(groups) {
      const known = groups.flatMap((group) => {
        const entry = entries.get(group)
        return entry === undefined ? [] : [{ group, age: entry.age + 1, members: entry.members }]
      })
      for (const { group, age, members } of known) entries.set(group, { members, age })
      const oldest = known.toSorted((a, b) => b.age - a.age || (a.group < b.group ? -1 : 1))
      const share = Math.ceil(groups.length / every)
      return new Set(oldest.filter(({ age }, place) => place < share || age >= every).map(({ group }) => group))
    },
  }
}
