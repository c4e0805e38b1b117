// Deletes as the model counts them: a few in ten minutes, unless they were held for half an hour, approved, or are the end of a move.
import { markOf } from './properties.ts'
import type { World, Write } from './world.ts'

const WINDOW = 600_000
const FREE = 5

export function newTally() {
  /** By process: what was deleted when. The same listener of the same service again within seconds is the same delete. */
  const deleted = new Map<number, { readonly what: string; readonly at: number }[]>()
  return {
    wrote({ lb, change, before, now, process }: Write, world: World): string[] {
      if (change.kind !== 'deleteListener') return []
      const mark = markOf(before.listeners.find(({ key }) => key === change.key)?.note ?? '')
      const what = `${lb} ${change.key} ${mark?.service}`
      const recent = (deleted.get(process) ?? []).filter(({ at }) => now - at < WINDOW)
      const again = recent.some((one) => one.what === what && now - one.at < 15_000)
      deleted.set(process, [...recent, ...(again ? [] : [{ what, at: now }])])
      const owned = [...world.provider.state.values()].flatMap(({ listeners }) =>
        listeners.filter(({ note }) => markOf(note) !== undefined),
      )
      const free = Math.max(FREE, Math.floor((owned.length + recent.length + 1) / 4))
      const allowed = recent.length + 1 <= free || now - world.trouble.approvedAt < 1000
      return again || allowed ? [] : [`${what}: the delete number ${recent.length + 1} within ten minutes`]
    },
  }
}
