// How our own changes alter what is remembered of a load balancer: who stopped a listener is told from what was seen running.
import type { Applied } from './apply.ts'
import { noteRepaired } from './core/drift.ts'
import type { Change, ListenerKey } from './core/model.ts'
import { noteWritten } from './core/notes.ts'
import type { Remembered } from './reconcile.ts'

function withRunning(remembered: Remembered, alter: (keys: Set<ListenerKey>) => unknown): Remembered {
  const seenRunning = new Set(remembered.balancer.seenRunning)
  alter(seenRunning)
  return { ...remembered, balancer: { ...remembered.balancer, seenRunning } }
}

/** A listener that we are about to stop or make anew is not one that a person stopped. */
export function beforeChange(remembered: Remembered, change: Change): Remembered {
  if (change.kind === 'stopListener' || change.kind === 'deleteListener') return withRunning(remembered, (keys) => keys.delete(change.key))
  if (change.kind === 'createListener' || change.kind === 'replaceListener') {
    return withRunning(remembered, (keys) => keys.delete(change.listener.key))
  }
  return remembered
}

/** The listener that runs now because of this change. */
function openedBy(change: Change): ListenerKey | undefined {
  return change.kind === 'startListener' ? change.key : 'listener' in change ? change.listener.key : undefined
}

export function afterChange(remembered: Remembered, { chain, change }: Pick<Applied, 'chain' | 'change'>, now: number): Remembered {
  const opened = openedBy(change)
  const drift = change === chain.changes.at(-1) ? noteRepaired(remembered.drift, chain, now) : remembered.drift
  const noted = { ...remembered, drift, notes: noteWritten(remembered.notes, change) }
  return opened === undefined ? noted : withRunning(noted, (keys) => keys.add(opened))
}

/** What a standby saw says nothing about who stopped a listener: the leader before may have died while it replaced one. */
export const afterStandby = (remembered: Remembered): Remembered => withRunning(remembered, (keys) => keys.clear())
