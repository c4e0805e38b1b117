// `takeover`: looks at every load balancer, says what would go over to this swarm and what speaks against it, and does it when asked to.
import { applyPlan } from './apply.ts'
import type { Cloud } from './cloud.ts'
import type { Config } from './config.ts'
import { describeChange } from './core/describe.ts'
import { signsOfLife } from './core/life.ts'
import { ownerTag, parseMark } from './core/marks.ts'
import type { Snapshot } from './core/model.ts'
import { describePause, PAUSE_LABEL, PAUSE_TAG, pauseOf } from './core/pause.ts'
import { planTakeover, type Takeover, type TakeoverRules } from './core/takeover.ts'
import { ownerOf } from './desired.ts'
import { createPlaces } from './places.ts'
import { CallError, type Handle } from './providers/provider.ts'
import type { Engine } from './swarm/client.ts'
import { readSnapshot } from './swarm/read.ts'

export type TakeoverTask = {
  readonly config: Config
  readonly cloud: Cloud
  readonly engine: Engine
  /** The owner before. */
  readonly from: string
  readonly dryRun: boolean
  /** Even if the other swarm is evidently alive. */
  readonly force: boolean
  /** Called with the whole plan before anything is done, and with each change that was. */
  readonly onProgress: (line: string) => void
}

export type TakeoverReport = {
  /** By load balancer: what goes over, and the changes. */
  readonly plans: readonly { readonly name: string; readonly text: string; readonly changes: readonly string[] }[]
  /** Why nothing at all is done, and what failed. */
  readonly failed: readonly string[]
  /** Number of changes made. */
  readonly done: number
}

type Looked = { readonly handle: Handle; readonly takeover: Takeover; readonly alive: readonly string[] }

async function serversOf(snapshot: Snapshot, { instances }: Cloud, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const nodes = snapshot.nodes.map(({ id, address, labels }) => ({ id, address, label: labels['slb.instance-id'] }))
  const found = [...(await instances.lookup(nodes, signal)).values()]
  return new Set(found.flatMap((one) => (one.status === 'found' ? [one.server] : [])))
}

async function look(
  id: string,
  rules: TakeoverRules,
  ours: ReadonlySet<string>,
  { cloud }: TakeoverTask,
  signal: AbortSignal,
): Promise<Looked> {
  // Ours too: a try that was cut may have renamed a group and not its backends.
  const owned = (name: string) => [rules.from, rules.owner].includes(parseMark(name)?.owner ?? '')
  const handle = await cloud.provider.open(id, { members: 'fresh', owned }, signal)
  const { tags } = handle.actual
  const pause = pauseOf(tags[PAUSE_TAG], undefined, Date.now())
  const refused = pause === undefined ? undefined : ({ status: 'refused', text: describePause(pause, `tag ${PAUSE_TAG}`) } as const)
  const planned = planTakeover(handle.actual, rules)
  const takeover = refused ?? planned
  // The same cluster under a new SLB_OWNER is this very swarm.
  if (planned.status !== 'plan' || tags[ownerTag(rules.from)] === rules.clusterId) return { handle, takeover, alive: [] }
  const healthy = (await handle.health(signal)).filter(({ state }) => state === 'normal')
  return { handle, takeover, alive: signsOfLife(handle.actual, rules.from, healthy, ours) }
}

type Survey = {
  readonly looked: readonly Looked[]
  /** Load balancers that could not be looked at: somebody may be alive behind them. */
  readonly unseen: readonly string[]
}

/** All load balancers that are allowed, by id, name or tag. */
async function surveyAll(task: TakeoverTask, rules: TakeoverRules, ours: ReadonlySet<string>, signal: AbortSignal): Promise<Survey> {
  const { config, cloud } = task
  const { allowed, shown } = await createPlaces({ config, provider: cloud.provider, now: Date.now }).find(new Map(), signal)
  const unseen = shown.map(({ subject, text }) => `${subject}: ${text}`)
  const looked: Looked[] = []
  for (const id of allowed) {
    try {
      looked.push(await look(id, rules, ours, task, signal))
    } catch (error) {
      if (!(error instanceof CallError)) throw error
      unseen.push(`${id}: ${error.message}`)
    }
  }
  return { looked, unseen }
}

function refusals({ looked, unseen }: Survey, { from, force }: TakeoverTask): readonly string[] {
  if (force) return []
  const alive = [...new Set(looked.flatMap((one) => one.alive))]
  const shown = `${alive.slice(0, 5).join(', ')}${alive.length > 5 ? ` and ${alive.length - 5} more` : ''}`
  const what = `servers behind listeners of ${from} answer health checks and are no known nodes of this swarm (${shown})`
  const anyway = 'or take over all the same with --force'
  return [
    ...(alive.length === 0 ? [] : [`the other swarm seems to be alive: ${what}. Stop it first, ${anyway}`]),
    ...(unseen.length === 0 ? [] : [`the other swarm may be alive where nothing could be seen. Mend that first, ${anyway}`]),
  ]
}

async function carryOut(
  { handle, takeover }: Looked,
  { onProgress }: TakeoverTask,
  failed: string[],
  signal: AbortSignal,
): Promise<number> {
  if (takeover.status !== 'plan') return 0
  const { name } = handle.actual
  const turn = { begin: signal, wait: signal, priority: 0 }
  const { applied } = await applyPlan(takeover.plan, handle, () => turn, {
    begins: () => {},
    applied: ({ change }) => onProgress(`${name}: ${describeChange(change)}`),
    failed: ({ change, error }) => void failed.push(`${name}: ${describeChange(change)}: ${error.message}`),
    now: Date.now,
  })
  return applied.length
}

const planLines = ({ handle, takeover }: Looked) => ({
  name: handle.actual.name,
  text: takeover.text,
  changes: takeover.status === 'plan' ? takeover.plan.flatMap(({ changes }) => changes.map((change) => describeChange(change))) : [],
})

/** All load balancers are looked at before anything is done: a swarm that is alive behind one of them is alive. */
export async function takeOver(task: TakeoverTask, signal: AbortSignal): Promise<TakeoverReport> {
  const { config, cloud, engine, from } = task
  const snapshot = await readSnapshot(engine, signal)
  const services = snapshot.services.map(({ name }) => name)
  const rules = { from, owner: ownerOf(config, snapshot.clusterId), clusterId: snapshot.clusterId, services }
  const ours = await serversOf(snapshot, cloud, signal)
  const survey = await surveyAll(task, rules, ours, signal)
  const { looked } = survey
  const label = snapshot.services.find(({ id }) => id === config.serviceId)?.labels[PAUSE_LABEL]
  const pause = pauseOf(label, undefined, Date.now())
  const against = [...refusals(survey, task), ...(pause === undefined ? [] : [describePause(pause, `label ${PAUSE_LABEL}`)])]
  const refused = looked.flatMap(({ handle, takeover }) =>
    takeover.status === 'refused' ? [`${handle.actual.name}: ${takeover.text}`] : [],
  )
  const plans = looked.filter(({ takeover }) => takeover.status !== 'refused').map(planLines)
  const failed = [...survey.unseen, ...against, ...refused]
  if (task.dryRun || against.length > 0) return { plans, failed, done: 0 }
  let done = 0
  for (const one of looked) done += await carryOut(one, task, failed, signal)
  return { plans, failed, done }
}
