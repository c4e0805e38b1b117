// A server group as one listener or rule uses it: its backends, their health, and the choice of the next one.
import { createHash } from 'node:crypto'
import type { PlaneBackend, PlaneGroup, PlaneHealthCheck, PlaneSticky } from '../plane.ts'
import { type HealthCheck, startHealthCheck } from './health.ts'
import { createScheduler, type Flow, type Scheduler } from './scheduler.ts'
import type { PlaneSettings } from './settings.ts'
import type { HealthState } from './thresholds.ts'

/** `id` is stable and opaque: it may be shown to clients in a cookie. */
export type Backend = PlaneBackend & { readonly id: string }

export interface Pool {
  /** Takes over weights, members and checks in place; what stays keeps its health and its turn. */
  update(group: PlaneGroup): void
  /** The preferred backend if it may have new connections, else the scheduler's choice; undefined: no backend has a weight. */
  pick(flow: Flow, preferred?: string): Backend | undefined
  has(backend: Backend): boolean
  sticky(): PlaneSticky
  rows(): readonly (PlaneBackend & { readonly state: HealthState })[]
  close(): void
}

type Member = { readonly backend: Backend; readonly health: HealthCheck | undefined }

/** `where`: log fields that say which listener this is. */
export type PoolOptions = { readonly where: object; readonly settings: Pick<PlaneSettings, 'log' | 'source'> }

export function createPool(initial: PlaneGroup, options: PoolOptions): Pool {
  let group: PlaneGroup = { ...initial, backends: [] }
  let scheduler = createScheduler(initial.scheduler)
  let members: ReadonlyMap<string, Member> = new Map()
  const pool: Pool = {
    update(next) {
      if (next === group) return
      if (next.scheduler !== group.scheduler) scheduler = createScheduler(next.scheduler)
      members = reconcile(members, next, sameCheck(group.check, next.check), options)
      group = next
    },
    pick: (flow, preferred) => choose(usable([...members.values()]), scheduler, flow, preferred),
    has: (backend) => members.has(keyOf(backend)),
    sticky: () => group.sticky,
    rows: () => [...members.values()].map(({ backend, health }) => ({ ...backend, state: health?.state() ?? 'unavailable' })),
    close() {
      for (const { health } of members.values()) health?.stop()
    },
  }
  pool.update(initial)
  return pool
}

function choose(candidates: readonly Backend[], scheduler: Scheduler, flow: Flow, preferred: string | undefined): Backend | undefined {
  const wanted = preferred === undefined ? undefined : candidates.find(({ id }) => id === preferred)
  return wanted ?? scheduler.pick(candidates, flow)
}

/**
 * Those with a weight that are normal (or unchecked); if there is none, those without a result yet; and if all are abnormal, all of them:
 * the cloud, too, would rather try than refuse.
 */
function usable(members: readonly Member[]): readonly Backend[] {
  const weighted = members.filter(({ backend }) => backend.weight > 0)
  const inState = (state: HealthState) => weighted.filter(({ health }) => (health?.state() ?? 'normal') === state)
  const best = [inState('normal'), inState('unavailable'), weighted].find((some) => some.length > 0)
  return best?.map(({ backend }) => backend) ?? []
}

function reconcile(
  members: ReadonlyMap<string, Member>,
  { backends, check }: PlaneGroup,
  keepChecks: boolean,
  options: PoolOptions,
): ReadonlyMap<string, Member> {
  const next = new Map<string, Member>()
  for (const plain of backends) {
    const key = keyOf(plain)
    const before = members.get(key)
    const backend = { ...plain, id: before?.backend.id ?? idOf(key) }
    if (before !== undefined && keepChecks) next.set(key, { backend, health: before.health })
    else next.set(key, { backend, health: check && watch(backend, check, before?.health?.state() ?? 'unavailable', options) })
  }
  for (const [key, { health }] of members) if (health !== next.get(key)?.health) health?.stop()
  return next
}

function watch(
  { server, address, port }: Backend,
  check: PlaneHealthCheck,
  before: HealthState,
  { where, settings }: PoolOptions,
): HealthCheck {
  const onChange = (state: HealthState) => settings.log.info({ ...where, server, address, port, state }, 'backend health changed')
  return startHealthCheck({ target: { address, port, source: settings.source }, check, before, onChange })
}

const keyOf = ({ server, address, port }: PlaneBackend) => `${server}|${address}|${port}`

const idOf = (key: string) => createHash('sha256').update(key).digest('hex').slice(0, 16)

const sameCheck = (one: PlaneHealthCheck | undefined, other: PlaneHealthCheck | undefined) =>
  one === other || JSON.stringify(one) === JSON.stringify(other)
