// Why held deletes are not released now. An approval that nobody may act on is refused: the next look would forget it.
import type { StatusPage } from './board.ts'
import { type Term, waitText } from './leadership.ts'

type Approval = {
  readonly page: Pick<StatusPage, 'role' | 'leader'>
  /** Hash of what is held; empty: nothing is. */
  readonly held: string
  /** Hash of what a person was shown. */
  readonly shown: string | undefined
  readonly term: Term | undefined
  readonly dryRun: boolean
  readonly paused: boolean
  readonly now: number
}

/** Empty: they are released. */
export function refusalOf({ page, held, shown, term, dryRun, paused, now }: Approval): string {
  if (page.role !== 'leader') return `this manager does not lead; ask ${page.leader || 'the leader'}`
  if (held === '') return 'nothing is held'
  if (dryRun) return 'this is a dry run: nothing is ever written'
  if (paused) return 'writing is paused: approve when the pause is over'
  const waits = term === undefined ? '' : waitText(term, now)
  if (waits !== '') return `${waits}: approve then`
  if (term?.mayWrite !== true) return 'this manager may not write at the moment: try again'
  return shown !== undefined && shown !== held ? 'what is held has changed since it was shown' : ''
}
