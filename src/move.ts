// `move`: begins, ends or calls off a move of everything from one load balancer to another. It writes one tag and nothing else: the
// daemon, whichever manager leads, does the rest.
import type { Cloud } from './cloud.ts'
import type { Config } from './config.ts'
import { ownMark } from './core/holders.ts'
import type { Mark } from './core/marks.ts'
import type { ActualListener, Change, LoadBalancer } from './core/model.ts'
import { describeMove, MOVE_TAG, moveOf, moveValue } from './core/moving.ts'
import { describePause, PAUSE_TAG, pauseOf } from './core/pause.ts'
import { standingOf } from './core/usable.ts'
import { ownerOf } from './desired.ts'
import { createPlaces } from './places.ts'
import type { Handle, Health } from './providers/provider.ts'
import type { Engine } from './swarm/client.ts'
import { readSnapshot } from './swarm/read.ts'

export type MoveStep = 'begin' | 'withdraw' | 'cancel'

export type MoveTask = {
  readonly config: Config
  readonly cloud: Cloud
  readonly engine: Engine
  readonly from: string
  readonly to: string
  readonly step: MoveStep
  readonly dryRun: boolean
}

export type MoveReport = {
  /** What is moved, and what follows. */
  readonly lines: readonly string[]
  /** Why nothing is done. */
  readonly failed: readonly string[]
  readonly done: boolean
}

type Pair = { readonly old: Handle; readonly next: Handle; readonly owner: string; readonly clusterId: string }

async function open(
  { config, cloud, engine, from, to, step }: MoveTask,
  signal: AbortSignal,
): Promise<Pair | { readonly failed: readonly string[] }> {
  const { clusterId } = await readSnapshot(engine, signal)
  const owner = ownerOf(config, clusterId)
  const { byRef, problems } = await createPlaces({ config, provider: cloud.provider, now: Date.now }).find(new Map(), signal)
  const handles = await Promise.all(
    [...new Set(byRef.values())].map((id) => cloud.provider.open(id, { members: 'fresh', owned: (name) => isOwned(name, owner) }, signal)),
  )
  // Labels may use the names of load balancers that the configuration has by id, and so may people here.
  const find = (ref: string) => handles.find(({ actual }) => actual.id === (byRef.get(ref) ?? ref) || actual.name === ref)
  // To call it off, the new one need not be allowed any more.
  const [old, next] = [find(from), find(to) ?? (step === 'cancel' ? find(from) : undefined)]
  const missing = [from, to].filter((ref) => find(ref) === undefined)
  if (old === undefined || next === undefined)
    return { failed: missing.map((ref) => problems.get(ref) ?? `load balancer ${ref} is not in SLB_ID or SLB_ALLOW`) }
  if (old === next && step !== 'cancel') return { failed: ['both names lead to one load balancer'] }
  return { old, next, owner, clusterId }
}

const isOwned = (name: string, owner: string) => name.startsWith(`swarm-slb/${owner}/`)

/** Why the tag must not be written, or would do nothing. */
function obstacles({ old, next, owner, clusterId }: Pair, step: MoveStep): readonly string[] {
  const refused = (lb: LoadBalancer) => {
    const standing = standingOf(lb, owner, clusterId)
    const pause = pauseOf(lb.tags[PAUSE_TAG], undefined, Date.now())
    if (standing.status === 'unusable' || standing.status === 'readOnly') return [standing.text]
    return pause === undefined ? [] : [`${lb.name} is ${describePause(pause, `tag ${PAUSE_TAG}`)}`]
  }
  const { actual } = old
  const on = moveOf(actual, () => true)
  if (step === 'cancel') return actual.tags[MOVE_TAG] === undefined ? [`no move from ${actual.name} is on`] : refused(actual)
  if (step === 'withdraw' && on?.to !== next.actual.id)
    return [`no move from ${actual.name} to ${next.actual.name} is on: begin it without --withdraw`]
  if (step === 'begin' && on !== undefined && on.to !== next.actual.id)
    return [`a move from ${actual.name} to ${on.to} is on: --cancel it first`]
  if (step === 'begin' && next.actual.tags[MOVE_TAG] !== undefined) return [`${next.actual.name} is being moved itself`]
  return [...refused(actual), ...refused(next.actual)]
}

const portOf = (mark: Mark) => `${mark.service} ${mark.port}/${mark.transport}`
const nameOf = ({ protocol, port }: ActualListener) => `${protocol}:${port}`
const ours = (lb: LoadBalancer, owner: string) =>
  lb.listeners.flatMap((listener) => {
    const mark = ownMark(listener, owner)
    return mark === undefined ? [] : [{ listener, mark }]
  })

/** What would be made on the new one, and what stands in the way there. */
function toBegin({ old, next, owner }: Pair, quota: number): Pick<MoveReport, 'lines' | 'failed'> {
  const there = new Map(next.actual.listeners.map((listener) => [listener.key, listener]))
  const mine = ours(old.actual, owner)
  const rows = mine.map(({ listener, mark }) => {
    const other = there.get(listener.key)
    const whose = other === undefined ? undefined : ownMark(other, owner)
    return {
      line: `${nameOf(listener)} of ${portOf(mark)}`,
      blocked: other !== undefined && whose?.service !== mark.service,
      made: other === undefined,
    }
  })
  const blocked = rows
    .filter(({ blocked: is }) => is)
    .map(({ line }) => `${line}: ${next.actual.name} has a listener of somebody else there`)
  const total = next.actual.listeners.length + rows.filter(({ made }) => made).length
  const full = total > quota ? [`${next.actual.name} would have ${total} listeners, and takes ${quota} (SLB_QUOTAS)`] : []
  return { lines: rows.map(({ line }) => line), failed: [...blocked, ...full] }
}

function unfit(
  listener: ActualListener,
  twin: ActualListener | undefined,
  health: { readonly old: readonly Health[]; readonly next: readonly Health[] },
) {
  const name = nameOf(listener)
  if (twin === undefined) return `${name} is not there yet`
  if (twin.status !== 'running') return `${name} does not run there`
  const missing = listener.rules.find(({ domain, url }) => !twin.rules.some((rule) => rule.domain === domain && rule.url === url))
  if (missing !== undefined) return `${name} lacks the rule ${missing.domain}${missing.url} there`
  const normal = (rows: readonly Health[]) => rows.filter((row) => row.listener === listener.key && row.state === 'normal').length
  const [before, now] = [normal(health.old), normal(health.next)]
  return now < before ? `${name} has ${now} healthy backends there, and ${before} here` : undefined
}

/** Everything of the old one must be up and as healthy on the new one: a listener without a health check is only known to run. */
async function toWithdraw({ old, next, owner }: Pair, signal: AbortSignal): Promise<Pick<MoveReport, 'lines' | 'failed'>> {
  const [oldHealth, nextHealth] = await Promise.all([old.health(signal), next.health(signal)])
  const mine = ours(old.actual, owner)
  const twinOf = ({ listener, mark }: (typeof mine)[number]) =>
    ours(next.actual, owner).find((other) => other.listener.key === listener.key && other.mark.service === mark.service)?.listener
  const failed = mine.flatMap((one) => unfit(one.listener, twinOf(one), { old: oldHealth, next: nextHealth }) ?? [])
  return { lines: mine.map(({ listener, mark }) => `${nameOf(listener)} of ${portOf(mark)}`), failed }
}

function changeOf({ next }: Pair, step: MoveStep): Change {
  if (step === 'cancel') return { kind: 'untagLoadBalancer', keys: [MOVE_TAG] }
  return { kind: 'tagLoadBalancer', tags: { [MOVE_TAG]: moveValue({ to: next.actual.id, withdraw: step === 'withdraw' }) } }
}

/** Reads both, says what would follow, and writes the tag unless it is a dry run or something speaks against it. Throws CallError. */
export async function moveLoadBalancer(task: MoveTask, signal: AbortSignal): Promise<MoveReport> {
  const pair = await open(task, signal)
  if ('failed' in pair) return { lines: [], failed: pair.failed, done: false }
  const { step, dryRun, config } = task
  const blocked = obstacles(pair, step)
  if (blocked.length > 0) return { lines: [], failed: blocked, done: false }
  const nothing = { lines: [describeMove(pair.old.actual)].filter((line) => line !== ''), failed: [] }
  const { lines, failed } =
    step === 'begin' ? toBegin(pair, config.quotas.listeners) : step === 'withdraw' ? await toWithdraw(pair, signal) : nothing
  if (dryRun || failed.length > 0) return { lines, failed, done: false }
  await pair.old.apply(changeOf(pair, step), { begin: signal, wait: signal, priority: 0 })
  return { lines, failed: [], done: true }
}
