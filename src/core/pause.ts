// Pauses: a person says "no writes" with a label on our own service or with a tag on one load balancer.
// What cannot be read pauses too, and is a problem: better too long than too short.
import type { LoadBalancer, Problem } from './model.ts'
import { quote } from './quote.ts'

/** On the daemon's own service: nothing is written anywhere. */
export const PAUSE_LABEL = 'slb.pause'
/** On a load balancer: nothing is written there. */
export const PAUSE_TAG = 'swarm-slb:pause'

export type Pause = {
  /** First seen by this process, milliseconds since 1970. */
  readonly since: number
  /** Milliseconds since 1970; undefined: until somebody takes it away. */
  readonly until: number | undefined
  /** Who and why, as written behind the time; empty where nobody said. */
  readonly by: string
  /** What is wrong with the value; empty where nothing is. */
  readonly fault: string
}

const EXPECTED = 'expected true, or a time with its zone such as 2026-01-31T18:00Z or 2026-01-31T18:00+08:00, then who and why if you like'
const VALUE =
  /^(?<word>true|false|(?<date>\d{4}-\d\d-\d\d)[Tt ](?<time>\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(?<zone>[Zz]|[+-]\d\d:\d\d))(?:\s+(?<by>\S.*))?$/s
const LONGEST_BY = 100

/** RFC 3339, seconds may be left out. Undefined: no such time. */
function momentOf(date: string, time: string, zone: string): number | undefined {
  // Date.parse takes the 31st of February for the 3rd of March.
  const day = new Date(`${date}T00:00Z`)
  if (Number.isNaN(day.getTime()) || !day.toISOString().startsWith(date)) return undefined
  const moment = Date.parse(`${date}T${time}${zone.toUpperCase()}`)
  return Number.isNaN(moment) ? undefined : moment
}

type Value = Pick<Pause, 'until' | 'by' | 'fault'>

/** Undefined: `false`. Docker and the console both allow an empty value, which can only mean `true`. */
function readValue(text: string): Value | undefined {
  const value = text.trim()
  const { word, date, time, zone, by = '' } = VALUE.exec(value === '' ? 'true' : value)?.groups ?? {}
  const shown = by.length > LONGEST_BY ? `${by.slice(0, LONGEST_BY)}…` : by
  if (word === 'false') return undefined
  if (word === 'true') return { until: undefined, by: shown, fault: '' }
  const until = date === undefined || time === undefined || zone === undefined ? undefined : momentOf(date, time, zone)
  if (until !== undefined) return { until, by: shown, fault: '' }
  return { until: undefined, by: '', fault: `${quote(value)} is no pause that can be read; ${EXPECTED}; until then it pauses` }
}

/**
 * Undefined: nothing pauses, or its time is over.
 * @param text value of the label or tag; undefined where there is none
 * @param before the same place's pause at the last look: one that is only prolonged began then
 * @param now milliseconds since 1970
 */
export function pauseOf(text: string | undefined, before: Pause | undefined, now: number): Pause | undefined {
  const value = text === undefined ? undefined : readValue(text)
  if (value === undefined || (value.until !== undefined && value.until <= now)) return undefined
  return { since: before?.since ?? now, ...value }
}

/**
 * When it is over by itself, on the clock that `now` is of; undefined: not by itself. That clock may have begun anywhere, while people write
 * times of the wall clock.
 * @param wall milliseconds since 1970
 */
export const endOf = (pause: Pause | undefined, wall: number, now: number): number | undefined =>
  pause?.until === undefined ? undefined : now + pause.until - wall

const iso = (time: number) => new Date(time).toISOString().replace(/\.\d+Z$/, 'Z')

/** One line: `paused by alice: maintenance, since …, until …`. */
export function describePause({ since, until, by, fault }: Pause, where: string): string {
  const who = by === '' ? 'by somebody who left no name' : `by ${/^[ -~]*$/.test(by) ? by : quote(by)}`
  const end = until === undefined ? `until ${where} is taken off` : `until ${iso(until)}`
  return `paused ${who} (${where}), seen since ${iso(since)}, ${end}; nothing is written${fault === '' ? '' : ', although its value cannot be read'}`
}

export function tagProblems({ name, tags }: LoadBalancer, pause: Pause | undefined): readonly Problem[] {
  if (pause === undefined || pause.fault === '' || tags[PAUSE_TAG] === undefined) return []
  return [{ kind: 'loadBalancer', subject: name, text: `tag ${PAUSE_TAG}: ${pause.fault}` }]
}
