// Runs the scenario from its beginning to its end, with at most one fault in each step, and says what was not as it is without any.
import { isWrite } from '../../src/simulator/actions/call.ts'
import { startStand } from '../support/stand.ts'
import { account, canonical, doubles, foreign, serving } from './account.ts'
import { DEADLINES, type Needs, startDaemon } from './daemon.ts'
import { createStage, newDirectory, removeDirectory, SCENARIO } from './scenario.ts'
import { WAYS, type Way } from './ways.ts'

/** What happens to the n-th call of an action in a step. */
export type Trouble = { readonly step: number; readonly action: string; readonly nth: number; readonly how: Way | 'is the last one' }

/** One step as it went. */
export type Course = {
  readonly end: string
  /** In the order of arrival. */
  readonly calls: readonly string[]
  /** What did not answer for a moment, although it did before and after. */
  readonly gaps: ReadonlySet<string>
  /** Groups, certificates and lists that were there twice. */
  readonly twice: ReadonlySet<string>
  readonly ms: number
  /** The fault that was ordered did happen. */
  readonly met: boolean
}

/** Milliseconds. */
const TICK = 10
/**
 * Quiet is longer than two resyncs: what only a resync finds belongs to the step, too. Calm is without a call: longer where the one that
 * is to fail has not come yet.
 */
const TIMES = { calm: 30, before: 400, quiet: 1500, limit: 60_000 }

export const nameOf = ({ step, action, nth, how }: Trouble): string => `${SCENARIO[step]?.name}/${action}#${nth}/${how}`

const GRACES = { SLB_REMOVAL_GRACE: '10s', SLB_DRAIN: '10s', SLB_RESYNC_INTERVAL: '60s' }

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

function needsOf(troubles: Iterable<Trouble>): Needs {
  const hows = [...troubles].map(({ how }) => how)
  const hangs = hows.some((how) => how !== 'is the last one' && 'as' in WAYS[how] && WAYS[how].as === 'hang')
  return { killed: hows.includes('is the last one'), deadlineMs: hangs ? DEADLINES.hanging : DEADLINES.other }
}

async function openRun(needs: Needs) {
  const directory = await newDirectory()
  const stand = await startStand({
    state: account(),
    env: { SLB_ALLOW: 'lb-2', SLB_CERT_DIR: directory, SLB_MAX_DELETES: '50', ...GRACES },
  })
  const logged: string[] = []
  const past: Promise<void>[] = []
  let daemon = await startDaemon(stand.env, logged, needs)
  const stage = createStage({
    services: stand.services,
    nodes: stand.nodes,
    directory,
    restart: async () => {
      await daemon.stop()
      daemon = await startDaemon(stand.env, logged, needs)
    },
  })
  return {
    ...{ stand, stage, logged },
    async killAndStart() {
      past.push(daemon.kill())
      daemon = await startDaemon(stand.env, logged, needs)
    },
    async close() {
      await Promise.all([daemon.stop(), ...past])
      await stand.close()
      await removeDirectory(directory)
    },
  }
}

type Run = Awaited<ReturnType<typeof openRun>>

/** Follows the calls of one step. */
function watchStep({ stand: { simulator } }: Run, trouble: Trouble | undefined, kill: () => void) {
  const { state, requests, faults } = simulator
  const before = serving(state)
  const calls: string[] = []
  const silent = new Set<string>()
  const twice = new Set<string>()
  const still = { calls: 0, writes: 0 }
  let killed = false
  const isMet = () => trouble === undefined || killed || (trouble.how !== 'is the last one' && faults.list().length === 0)
  const count = (action: string) => calls.filter((one) => one === action).length
  if (trouble !== undefined && trouble.how !== 'is the last one')
    faults.add({ ...WAYS[trouble.how], action: trouble.action, nth: trouble.nth })
  const add = requests.add
  // The gateway tells of a call when it has taken effect and is not yet answered.
  requests.add = (entry) => {
    add(entry)
    calls.push(entry.action)
    still.calls = 0
    if (trouble?.how === 'is the last one' && !killed && entry.action === trouble.action && count(entry.action) === trouble.nth) {
      killed = true
      kill()
    }
    if (!isWrite(entry.action)) return
    still.writes = 0
    for (const name of doubles(state)) twice.add(name)
    const now = serving(state)
    for (const name of before) if (!now.has(name)) silent.add(name)
  }
  return {
    writes: () => calls.filter(isWrite).length,
    hasCalled: () => calls.length > 0,
    isMet,
    hasWritten: () => calls.some(isWrite),
    /** Milliseconds without a call, and without a write. A machine that was busy with something else does not count as silence. */
    still,
    passed(ms: number) {
      still.calls += Math.min(ms, TICK * 2)
      still.writes += Math.min(ms, TICK * 2)
    },
    end(ms: number): Course {
      requests.add = add
      const met = isMet()
      faults.clear()
      const after = serving(state)
      return { end: canonical(state), calls, gaps: new Set([...silent].filter((name) => after.has(name))), twice, ms, met }
    },
  }
}

/** @param expected how the step ends; undefined: it ends when nothing more happens */
async function runStep(run: Run, index: number, trouble: Trouble | undefined, expected: string | undefined): Promise<Course> {
  let restarted: Promise<void> = Promise.resolve()
  const kill = () => {
    restarted = run.killAndStart()
  }
  const watch = watchStep(run, trouble, kill)
  const begun = performance.now()
  await SCENARIO[index]?.act(run.stage)
  let [seen, looks] = [-1, '']
  const stateNow = () => {
    if (seen !== watch.writes()) [seen, looks] = [watch.writes(), canonical(run.stand.simulator.state)]
    return looks
  }
  const isOver = () =>
    expected === undefined
      ? watch.still.writes > (watch.hasWritten() ? TIMES.quiet : 3 * TIMES.quiet)
      : watch.hasCalled() && watch.still.calls > (watch.isMet() ? TIMES.calm : TIMES.before) && stateNow() === expected
  do {
    const from = performance.now()
    await pause(TICK)
    watch.passed(performance.now() - from)
  } while (!isOver() && performance.now() - begun < TIMES.limit)
  await restarted
  return watch.end(performance.now() - begun)
}

/** Without any fault. @param expected ends of the steps, where they are known */
export async function undisturbed(expected?: readonly Course[]): Promise<readonly Course[]> {
  const run = await openRun(needsOf([]))
  const courses: Course[] = []
  try {
    for (const index of SCENARIO.keys()) courses.push(await runStep(run, index, undefined, expected?.[index]?.end))
    return courses
  } finally {
    await run.close()
  }
}

export type Outcome = {
  readonly trouble: Trouble
  readonly course: Course
  readonly found: readonly string[]
  readonly logged: readonly string[]
}

function judge(course: Course, normal: Course): string[] {
  const gaps = [...course.gaps].filter((name) => !normal.gaps.has(name))
  const twice = [...course.twice].filter((name) => !normal.twice.has(name))
  return [
    ...(course.end === normal.end ? [] : [`ends otherwise:\n${difference(normal.end, course.end)}`]),
    ...gaps.map((name) => `${name} did not answer for a moment`),
    ...twice.map((name) => `${name} was there twice`),
  ]
}

/** Lines that only one of them has. */
function difference(wanted: string, got: string): string {
  const [a, b] = [wanted.split('\n'), got.split('\n')]
  return [
    ...a.filter((line) => !b.includes(line)).map((line) => `- ${line}`),
    ...b.filter((line) => !a.includes(line)).map((line) => `+ ${line}`),
  ]
    .slice(0, 40)
    .join('\n')
}

/** With one trouble a step at most. Ends with the first step that does not come to its end. */
export async function disturbed(troubles: ReadonlyMap<number, Trouble>, normal: readonly Course[]): Promise<readonly Outcome[]> {
  const run = await openRun(needsOf(troubles.values()))
  const outcomes: Outcome[] = []
  const others = foreign(run.stand.simulator.state)
  const last = Math.max(...troubles.keys(), 0)
  try {
    for (const [index, usual] of normal.slice(0, last + 1).entries()) {
      const trouble = troubles.get(index)
      const from = run.logged.length
      const course = await runStep(run, index, trouble, usual.end)
      const found = judge(course, usual)
      if (foreign(run.stand.simulator.state) !== others) found.push('something of other people was touched')
      const here = trouble ?? { step: index, action: 'nothing', nth: 0, how: 'is refused' }
      if (trouble !== undefined || found.length > 0) outcomes.push({ trouble: here, course, found, logged: run.logged.slice(from) })
      if (course.end !== usual.end) break
    }
    return outcomes
  } finally {
    await run.close()
  }
}
