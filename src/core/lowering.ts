// Members that are to get weight 0: because somebody asked for it, or because their node is lost. At least one weight stays, of lost nodes at
// most a third goes at a time, and none that a health check finds well. Which one stays, and why, is told.
import { wishFor } from './chosen.ts'
import { type GroupInput, isManaged, isProtected, type MemberRules, zeroNote } from './members.ts'
import type { Member } from './model.ts'

type Lowering = { readonly member: Member; readonly reason: 'asked' | 'lost' }

/** Why the member of a lost node keeps its weight for now. */
type Stay = 'well' | 'unknown' | 'third' | 'last'
const WHY: Record<Stay, string> = {
  well: 'a health check finds it well',
  unknown: 'its health is not known',
  third: 'a third of its group is out already',
  last: 'no other has a weight',
}

/** The member of a lost node that keeps its weight; `hostname`: of a node that is, or was seen to leave. */
export type Lingering = { readonly server: string; readonly hostname: string | undefined; readonly text: string }

export type Lowered = {
  readonly set: readonly Member[]
  readonly stays: readonly Lingering[]
  readonly needsHealth: boolean
  /** Something recent should be asked about again soon. */
  readonly waits: boolean
  /** One stays because nothing else has a weight. */
  readonly last: boolean
}

const RECENT_MS = 120_000

export function lowerings(input: GroupInput, rules: MemberRules, remove: readonly Member[]): Lowering[] {
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

/** Lost only just now: worth asking again soon whether its listeners have noticed. Later the resync does. */
function isRecent(member: Member, input: GroupInput, now: number): boolean {
  if (input.backends.wishes.has(member.server)) return false
  const departed = input.backends.departed.get(member.server)
  return departed !== undefined && now - departed.since < RECENT_MS
}

function lingering(member: Member, { backends }: GroupInput, why: Stay): Lingering {
  const { server } = member
  const [down, left, moved] = [wishFor(member, backends), backends.departed.get(server), backends.moved.get(server)]
  const hostname = (down ?? left ?? moved)?.hostname
  const how = down !== undefined ? 'is down' : left !== undefined ? 'left the swarm' : `is ${moved?.server} now`
  const although = hostname === undefined ? 'it is no node of this swarm' : `${hostname} ${how}`
  return { server, hostname, text: `${server} keeps its weight although ${although}: ${WHY[why]}` }
}

/** @param lost how many of its group are at 0 for being lost */
function whyStays({ server }: Member, { members, health }: GroupInput, lost: number): Stay | undefined {
  if (lost >= Math.max(1, Math.floor(members.length / 3))) return 'third'
  if (health === undefined) return 'unknown'
  return health.get(server) === 'normal' ? 'well' : undefined
}

/**
 * Takes of the lowerings what leaves at least one positive weight, and for lost nodes at most a third at a time.
 * @param positive members that have a weight
 */
export function limited(input: GroupInput, rules: MemberRules, wanted: readonly Lowering[], positive: number, now: number): Lowered {
  let lost = lostNow(input, rules)
  let left = positive
  const set: Member[] = []
  const staying: { readonly member: Member; readonly why: Stay }[] = []
  let last = false
  for (const { member, reason } of [...wanted].sort((a, b) => a.reason.localeCompare(b.reason))) {
    last ||= left <= 1
    const why = left <= 1 ? 'last' : reason === 'lost' ? whyStays(member, input, lost) : undefined
    if (why !== undefined) {
      if (reason === 'lost') staying.push({ member, why })
      continue
    }
    if (reason === 'lost') lost += 1
    left -= 1
    set.push({ ...member, weight: 0, note: zeroNote(member.note) })
  }
  return {
    set,
    stays: staying.map(({ member, why }) => lingering(member, input, why)),
    needsHealth: staying.some(({ why }) => why === 'unknown'),
    waits: staying.some(({ member, why }) => (why === 'well' || why === 'third') && isRecent(member, input, now)),
    last,
  }
}
