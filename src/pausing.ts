// Pauses as the daemon knows them: the one of our own service's label, and what people are shown of every one.
import type { PausedRow } from './board.ts'
import { describeChange } from './core/describe.ts'
import type { Plan, Problem, Snapshot } from './core/model.ts'
import { describePause, endOf, PAUSE_LABEL, PAUSE_TAG, type Pause, pauseOf } from './core/pause.ts'
import type { Known } from './page.ts'

/** The pause that the label of the daemon's own service asks for. */
export interface Pausing {
  /** Looks at the label, and answers with the snapshot without it: it is for us and not about ports. */
  read(snapshot: Snapshot): Snapshot
  /** As of the last reading. */
  paused(): boolean
  /** When it is over by itself, on the clock that `now` is of, milliseconds. */
  endsAt(now: number): number | undefined
  /** For the status page. */
  rows(known: readonly Known[]): { readonly paused: readonly PausedRow[]; readonly problems: readonly Problem[] }
}

/**
 * @param serviceId of the Swarm service that this daemon is a task of; undefined: of none, and only tags pause
 * @param wall milliseconds since 1970, by the clock that people set
 */
export function followPause(serviceId: string | undefined, wall = Date.now): Pausing {
  let pause: Pause | undefined
  let problems: readonly Problem[] = []
  let everSeen = false
  return {
    read(snapshot) {
      if (serviceId === undefined) return snapshot
      const own = snapshot.services.find(({ id }) => id === serviceId)
      if (own === undefined) {
        // It cannot be gone while this task runs: whatever hides it, what it said last still holds. And it may have said so before the start.
        if (!everSeen) pause = { since: pause?.since ?? wall(), until: undefined, by: 'swarm-slb itself', fault: 'it was not seen yet' }
        if (pause?.until !== undefined && pause.until <= wall()) pause = undefined
        problems = [unknownService(serviceId, everSeen)]
        return snapshot
      }
      everSeen = true
      const { [PAUSE_LABEL]: text, ...labels } = own.labels
      pause = pauseOf(text, pause, wall())
      problems = faults(own.name, pause)
      return { ...snapshot, services: snapshot.services.map((service) => (service === own ? { ...own, labels } : service)) }
    },
    paused: () => pause !== undefined,
    endsAt: (now) => endOf(pause, wall(), now),
    rows: (known) => ({ paused: pausedRows(pause, known), problems }),
  }
}

const faults = (subject: string, pause: Pause | undefined): readonly Problem[] =>
  pause === undefined || pause.fault === '' ? [] : [{ kind: 'label', subject, text: `${PAUSE_LABEL}: ${pause.fault}` }]

const unknownService = (serviceId: string, everSeen: boolean): Problem => ({
  kind: 'label',
  subject: 'swarm-slb',
  text: `SLB_SERVICE_ID is ${serviceId}, and this swarm has no such service: a label ${PAUSE_LABEL} cannot be seen${
    everSeen ? '' : ', so nothing is written until it is seen'
  }`,
})

const iso = (time: number) => new Date(time).toISOString()

const changesOf = (plan: Plan) => plan.flatMap(({ changes }) => changes)

/** What waits, of one load balancer. */
const waiting = ({ look }: Known) => changesOf(look?.run ?? []).map((change) => describeChange(change))
const astray = ({ look }: Known) => changesOf(look?.run ?? []).flatMap((change) => (change.kind === 'stopListener' ? [change.key] : []))

function rowOf(loadBalancer: string, pause: Pause, where: string, known: readonly Known[]): PausedRow {
  const named = (lines: (one: Known) => readonly string[]) =>
    known.flatMap((one) => lines(one).map((line) => (loadBalancer === '*' ? `${one.look?.lb.name ?? one.id}: ${line}` : line)))
  return {
    loadBalancer,
    by: pause.by,
    since: iso(pause.since),
    until: pause.until === undefined ? '' : iso(pause.until),
    text: describePause(pause, where),
    waiting: named(waiting),
    astray: named(astray),
  }
}

/** @param own the pause of the daemon's own service */
function pausedRows(own: Pause | undefined, known: readonly Known[]): readonly PausedRow[] {
  const tagged = known.flatMap((one) => {
    const pause = one.look?.pause
    return pause === undefined ? [] : [rowOf(one.look?.lb.name ?? one.id, pause, `tag ${PAUSE_TAG}`, [one])]
  })
  return own === undefined ? tagged : [rowOf('*', own, `label ${PAUSE_LABEL}`, known), ...tagged]
}
