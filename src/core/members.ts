// The members of one server group as they are judged, and what their descriptions say: whose they are, and whose a zero is.
import type { Chosen } from './chosen.ts'
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

const ZERO = '/0'
export const isZeroNote = (note: string) => note.endsWith(ZERO)
/** Behind a backend's description this says: the zero is ours (people's zeros carry none and stay). */
export const zeroNote = (note: string) => (isZeroNote(note) ? note : `${note.slice(0, 78)}${ZERO}`)
/** The cloud takes no empty description, so a server that had none gets a plain word. */
export const liveNote = (note: string) => (isZeroNote(note) ? note.slice(0, -ZERO.length) || 'node' : note)

export const isOurs = (note: string, mark: string) => liveNote(note) === mark

export const memberKey = (member: { readonly server: string; readonly port: number | undefined }) => `${member.server}:${member.port ?? ''}`

/** Members this group may be managed for: ours, and in the default group the nodes of this swarm whoever put them there. */
export function isManaged(member: Member, input: GroupInput, rules: MemberRules): boolean {
  if (isOurs(member.note, rules.note)) return true
  return input.kind === 'default' && (input.backends.wishes.has(member.server) || input.backends.departed.has(member.server))
}

export function isProtected(member: Member, { backends: { protect, wishes, departed: left } }: GroupInput): boolean {
  if (protect === 'all') return true
  if (protect.size === 0 || wishes.has(member.server)) return false
  // Whose address a member is on is known only of nodes that were seen to leave; any other may be the one that cannot be resolved.
  const departed = left.get(member.server)
  return departed === undefined || departed.address === undefined || protect.has(departed.address)
}
