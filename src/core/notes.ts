// Does the cloud keep a changed description of a backend? SetBackendServers and SetVServerGroupAttribute are only documented to.
// Checked once, with the first zero that we wrote: without it our zeros and people's cannot be told apart.
import { memberKey } from './members.ts'
import { type Change, DEFAULT_GROUP, type LoadBalancer } from './model.ts'

export type NotesMemory = {
  /** `<group>|<server>:<port>` -> the description that was written with a weight of 0. */
  readonly written: ReadonlyMap<string, string>
  /** Undefined: not known yet. */
  readonly kept: boolean | undefined
}
export const NO_NOTES: NotesMemory = { written: new Map(), kept: undefined }

/** To be called with each change that was carried out. */
export function noteWritten(memory: NotesMemory, change: Change): NotesMemory {
  if (memory.kept !== undefined || change.kind !== 'setWeights') return memory
  const zeros = change.members.filter(({ weight }) => weight === 0)
  return {
    ...memory,
    written: new Map([...memory.written, ...zeros.map((member) => [`${change.group}|${memberKey(member)}`, member.note] as const)]),
  }
}

/** To be called with each reading. A member that is not at 0 any more tells nothing. */
export function checkNotes(memory: NotesMemory, lb: LoadBalancer): NotesMemory {
  if (memory.kept !== undefined || memory.written.size === 0) return memory
  const groups = [{ ref: DEFAULT_GROUP, members: lb.members }, ...lb.groups]
  const seen = groups.flatMap(({ ref, members }) =>
    members.flatMap((member) => {
      const written = memory.written.get(`${ref}|${memberKey(member)}`)
      return written === undefined || member.weight !== 0 ? [] : [member.note === written]
    }),
  )
  return seen.length === 0 ? NO_NOTES : { written: new Map(), kept: seen.includes(true) }
}
