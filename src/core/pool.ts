// A pool: several default load balancers. A port that names none goes to the first one with room, and stays where it is.
// Marks on the cloud are the memory; beside them only what was placed a moment ago and is not seen there yet.
import type { Assign, PoolPlace, PoolWant } from './claim.ts'
import { ownMark } from './holders.ts'
import { formatMark, type Mark, parseMark } from './marks.ts'
import type { ActualListener, LoadBalancer } from './model.ts'
import type { Backends } from './nodes.ts'
import { attachedTo, openRoom, type Room, type RoomRules, type Slot } from './room.ts'
import { standingOf } from './usable.ts'

export type Pool = {
  /** Ids, in the order of SLB_ID. */
  readonly members: readonly string[]
  /** Members that the cloud was asked for and that could not be looked up: they may have room, or a port that is to stay. */
  readonly unknown: readonly string[]
  /** As each was last read; of load balancers outside the pool too: a server's attachments count over all of them. */
  readonly readings: ReadonlyMap<string, LoadBalancer>
  readonly backends: Backends
  readonly rules: RoomRules & { readonly clusterId: string }
  /** By `wantKey`: where this process placed what may not be on the cloud yet. */
  readonly placed: ReadonlyMap<string, string>
}

/** One target of one service port. */
export const wantKey = ({ mark, key }: Pick<PoolWant, 'mark' | 'key'>) => `${mark.service}/${mark.port}-${mark.transport}|${key}`

const isSame = (a: Mark | undefined, b: Mark) => a?.service === b.service && a.port === b.port && a.transport === b.transport
const isGuest = ({ rules }: PoolWant) => rules.length > 0
const shareKey = ({ key, protocol }: PoolWant) => `${protocol} ${key}`

/** Service ports of ours that have forwarding rules on this listener. */
function guestsOn(listener: ActualListener, lb: LoadBalancer, owner: string): readonly Mark[] {
  const groups = new Set(listener.rules.map(({ group }) => group))
  const marks = lb.groups.flatMap(({ ref, name }) => (groups.has(ref) ? (parseMark(name) ?? []) : []))
  return marks.filter((mark) => mark.owner === owner)
}

type State = Pool & {
  readonly rooms: ReadonlyMap<string, Room>
  readonly places: Map<PoolWant, PoolPlace>
  /** By shareKey: the load balancer of all guests of one listener. */
  readonly homes: Map<string, string>
  /** `<load balancer> <key>` of listeners that a want stays on. */
  readonly kept: Set<string>
}

function settle(want: PoolWant, id: string, state: State): void {
  state.places.set(want, { status: 'placed', loadBalancer: id })
  const first = isGuest(want) && state.members.includes(id) && !state.homes.has(shareKey(want))
  if (first) state.homes.set(shareKey(want), id)
}

/** Where the cloud has it. `exact`: this service port; else another port of its service, which then hands its listener on. */
function stayOf(want: PoolWant, state: State, exact: boolean): string | undefined {
  const { members, readings, rules, kept } = state
  return members.find((id) => {
    const lb = readings.get(id)
    const listener = lb?.listeners.find(({ key }) => key === want.key)
    if (lb === undefined || listener === undefined || want.elsewhere.includes(id)) return false
    const mark = ownMark(listener, rules.owner)
    if (!exact) return mark?.service === want.mark.service && !kept.has(`${id} ${want.key}`)
    return isSame(mark, want.mark) || (isGuest(want) && guestsOn(listener, lb, rules.owner).some((one) => isSame(one, want.mark)))
  })
}

function stay(wants: readonly PoolWant[], state: State, exact: boolean): void {
  for (const want of wants.filter((one) => !state.places.has(one))) {
    const id = stayOf(want, state, exact)
    if (id === undefined) continue
    settle(want, id, state)
    state.kept.add(`${id} ${want.key}`)
    state.rooms.get(id)?.stay(want)
  }
}

/** Rules of ours on a listener whose guests say nothing now (frozen, in grace): others of that listener belong beside them. */
function homeOf(want: PoolWant, { members, readings, rules, homes }: State): string | undefined {
  if (!isGuest(want)) return undefined
  const known = homes.get(shareKey(want))
  if (known !== undefined) return known
  return members.find((id) => {
    const lb = readings.get(id)
    const listener = lb?.listeners.find(({ key, protocol }) => key === want.key && protocol === want.protocol)
    return lb !== undefined && listener !== undefined && guestsOn(listener, lb, rules.owner).length > 0
  })
}

function unusable(id: string, { readings, rules }: State): string | undefined {
  const lb = readings.get(id)
  const standing = lb === undefined ? undefined : standingOf(lb, rules.owner, rules.clusterId)
  return standing?.status === 'unusable' || standing?.status === 'readOnly' ? standing.text : undefined
}

/** Why a port does not fit there; undefined: it does. */
function obstacle(want: PoolWant, id: string, { rooms }: State): string | undefined {
  const room = rooms.get(id)
  if (room === undefined) return 'not read yet'
  if (want.elsewhere.includes(id)) return 'the same port is wanted there by name'
  const slot = room.slot(want.key)
  return slot === undefined || invites(slot, want) ? room.short(want) : `listener ${want.protocol}:${want.key.slice(4)} is taken`
}

/** A listener is there, and this port may have it or a part of it. */
function invites(slot: Slot, want: PoolWant): boolean {
  if (slot.kind === 'foreign') return want.adopt
  return slot.protocol === want.protocol && (isGuest(want) || slot.kind === 'guests')
}

/** Where there is a listener to join or to adopt; otherwise as SLB_ID has them. Guests of one listener all go one way. */
function inOrder(want: PoolWant, state: State): readonly string[] {
  const home = homeOf(want, state)
  if (home !== undefined) return [home]
  const inviting = state.members.find((id) => {
    const slot = state.rooms.get(id)?.slot(want.key)
    return slot !== undefined && invites(slot, want)
  })
  return inviting === undefined ? state.members : [inviting, ...state.members.filter((id) => id !== inviting)]
}

function place(want: PoolWant, state: State): PoolPlace {
  const unread = [...state.unknown, ...state.members.filter((id) => !state.readings.has(id))]
  if (unread.length > 0) return { status: 'waits', reason: `waiting for the load balancers of the pool to be read: ${unread.join(', ')}` }
  const nameOf = (id: string) => state.readings.get(id)?.name || id
  const reasons: string[] = []
  for (const id of inOrder(want, state)) {
    const reason = unusable(id, state) ?? obstacle(want, id, state)
    if (reason === undefined) return { status: 'placed', loadBalancer: id }
    reasons.push(`${nameOf(id)}: ${reason}`)
  }
  return { status: 'full', text: `no load balancer of SLB_ID has room (${reasons.join('; ')})` }
}

function start(pool: Pool, wants: readonly PoolWant[]): State {
  const guests = new Set(wants.filter(isGuest).map(({ mark }) => formatMark(mark)))
  const attached = attachedTo(pool.readings.values())
  const { rules, backends } = pool
  const rooms = new Map([...pool.readings].map(([id, lb]) => [id, openRoom(lb, rules, backends, attached, guests)]))
  return { ...pool, rooms, places: new Map(), homes: new Map(), kept: new Set() }
}

/** What is named goes where it is named: it takes its room first. */
function takeNamed(wants: readonly PoolWant[], state: State): void {
  for (const want of wants) {
    if (want.named === undefined) continue
    const room = state.rooms.get(want.named)
    const slot = room?.slot(want.key)
    if (slot === undefined || (isGuest(want) && slot.kind !== 'foreign')) room?.take(want)
    else room?.stay(want)
    settle(want, want.named, state)
    state.kept.add(`${want.named} ${want.key}`)
  }
}

/** Pure: the same readings give everybody the same places. */
export function assignPool(pool: Pool): Assign {
  return (wants) => {
    const state = start(pool, wants)
    const open = () => wants.filter((want) => !state.places.has(want))
    stay(
      open().filter(({ named }) => named === undefined),
      state,
      true,
    )
    takeNamed(wants, state)
    stay(open(), state, false)
    const take = (want: PoolWant, id: string) => {
      settle(want, id, state)
      state.rooms.get(id)?.take(want)
    }
    for (const want of open()) {
      const before = pool.placed.get(wantKey(want))
      // Not there yet, or not seen because the load balancer is gone: it keeps its room unless somebody else has taken that meanwhile.
      const known = before !== undefined && pool.members.includes(before) && pool.readings.has(before)
      if (known && obstacle(want, before, state) === undefined) take(want, before)
    }
    for (const want of open()) {
      const answer = place(want, state)
      if (answer.status === 'placed') take(want, answer.loadBalancer)
      else state.places.set(want, answer)
    }
    return wants.map((want) => state.places.get(want) ?? { status: 'waits', reason: '' })
  }
}
