// The last known members of server groups, by group id. Our own writes keep it current; an error makes a group unknown again.
import type { Member } from '../../../core/model.ts'
import { createKept, type Kept } from './kept.ts'

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

export interface MemberCache extends Omit<Kept<readonly Member[]>, 'get'> {
  /** The known members; undefined when not known, or when `count`, the cloud's own, says otherwise. */
  get(group: string, count: number | undefined): readonly Member[] | undefined
}

/** Every group is read again at least once in `every` audits. */
export function createMemberCache(every: number): MemberCache {
  const kept = createKept<readonly Member[]>(every)
  return {
    ...kept,
    get(group, count) {
      const members = kept.get(group)
      return members !== undefined && (count === undefined || agrees(members, count)) ? members : undefined
    },
  }
}
