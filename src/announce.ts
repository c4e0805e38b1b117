// What this manager is, said on the board and, when it changes, in the log.
import type { Board, BoardPen } from './board.ts'
import type { Config } from './config.ts'
import type { Snapshot } from './core/model.ts'
import { type Term, waitText } from './leadership.ts'
import type { Logger } from './log.ts'
import { EngineError, NotReady } from './swarm/errors.ts'
import type { Part } from './swarm/writer.ts'

type Announcing = { readonly board: Board & BoardPen; readonly config: Config; readonly log: Logger; readonly now: () => number }

/** Says on the board and, when it changes, in the log what this manager is. */
export function announce({ board, config, log, now }: Announcing, snapshot: Snapshot, part: Part, term: Term): void {
  const id = config.nodeId ?? snapshot.nodeId
  const nameOf = (wanted: string | undefined) => snapshot.nodes.find((node) => node.id === wanted)?.hostname
  const hostname = nameOf(id) ?? id
  const role = part.writes ? 'leader' : 'standby'
  const waits = part.writes ? waitText(term, now()) : ''
  if (board.page().role !== role) log.info({ role, node: hostname, ...(part.why !== '' && { why: part.why }) }, 'role of this manager')
  board.publish({
    node: { id, hostname },
    role,
    leader: nameOf(part.writer) ?? '',
    reason: [waits === '' && config.dryRun ? 'dry run: nothing is written' : waits, part.why].filter((text) => text !== '').join('; '),
    clusterId: snapshot.clusterId,
  })
}

/** On the board, where the health check looks, and when it begins in the log. */
export function makeWay({ board, log }: Announcing, reason: string): void {
  const before = board.page().makesWay
  // A task that starts was of no use yet, which is no news.
  if (reason !== '' && before === '')
    log.warn(
      { err: reason, node: board.page().node.hostname },
      'the cloud does not answer here; this task makes way for that of another manager',
    )
  if (reason !== before) board.publish({ makesWay: reason })
}

/** Only errors of the engine and the swarm are expected here: any other is a fault of ours, and its stack says where. */
export function tellUnready(log: Logger, error: unknown, reason: string): void {
  const expected = error instanceof NotReady || error instanceof EngineError
  if (expected) log.warn({ err: reason }, 'swarm is not ready; everything stays as it is')
  else log.error({ err: error instanceof Error ? error.stack : reason }, 'unexpected error; everything stays as it is')
}
