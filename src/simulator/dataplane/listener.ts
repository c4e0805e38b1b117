// One running listener: its front (the socket), its groups, and what is wrong with it.
import type { PlaneHealthRow, PlaneListener } from '../plane.ts'
import { createAccess } from './access.ts'
import type { Front, FrontOptions } from './front.ts'
import { createHttpFront } from './http.ts'
import { createPool, type Pool } from './pool.ts'
import type { PlaneSettings } from './settings.ts'
import { createTcpFront } from './tcp.ts'
import { createUdpFront } from './udp.ts'

export interface RunningListener {
  /** Same load balancer, address, port and protocol; everything else may have changed and is taken over in place. */
  update(listener: PlaneListener): void
  health(): readonly PlaneHealthRow[]
  problems(): readonly string[]
  close(): Promise<void>
}

export function openListener(initial: PlaneListener, settings: PlaneSettings): RunningListener {
  const where = { lb: initial.loadBalancerId, listener: `${initial.protocol}:${initial.port}` }
  const poolOptions = { where, settings }
  const pool = createPool(initial.group, poolOptions)
  let listener = initial
  let rulePools: ReadonlyMap<string, Pool> = new Map()
  const problems = new Map<string, string>()
  const onProblem = noteProblems(problems, initial, settings)
  const updateRules = ({ rules }: PlaneListener) => {
    const next = new Map(rules.map(({ id, group }) => [id, rulePools.get(id) ?? createPool(group, poolOptions)]))
    for (const [id, old] of rulePools) if (!next.has(id)) old.close()
    for (const { id, group } of rules) next.get(id)?.update(group)
    rulePools = next
  }
  updateRules(initial)
  const access = createAccess(initial.access)
  const front = openFront(initial, { settings, pool, rulePool: (id) => rulePools.get(id), admits: access.admits, onProblem })
  return {
    update(next) {
      if (next === listener) return
      listener = next
      access.update(next.access)
      pool.update(next.group)
      updateRules(next)
      front.update(next)
    },
    health: () => healthRows(listener, [pool, ...rulePools.values()]),
    problems: () =>
      [...problems.values()].map((text) => `${initial.loadBalancerId} ${initial.protocol}:${initial.port} on ${initial.address}: ${text}`),
    close() {
      for (const one of [pool, ...rulePools.values()]) one.close()
      return front.close()
    },
  }
}

function openFront(listener: PlaneListener, options: FrontOptions): Front {
  if (listener.protocol === 'tcp') return createTcpFront(listener, options)
  if (listener.protocol === 'udp') return createUdpFront(listener, options)
  return createHttpFront(listener, listener.protocol, options)
}

/** One row per server and port. Where rules use a server that the listener's own group has too, the own group's check speaks. */
function healthRows({ loadBalancerId, port: listenerPort, protocol }: PlaneListener, pools: readonly Pool[]): readonly PlaneHealthRow[] {
  const rows = new Map<string, PlaneHealthRow>()
  for (const { server, port, state } of pools.flatMap((pool) => pool.rows())) {
    const key = `${server}|${port}`
    if (!rows.has(key)) rows.set(key, { loadBalancerId, listenerPort, protocol, server, port, state })
  }
  return [...rows.values()]
}

function noteProblems(
  problems: Map<string, string>,
  { loadBalancerId, protocol, address, port }: PlaneListener,
  { log }: PlaneSettings,
): FrontOptions['onProblem'] {
  const fields = { lb: loadBalancerId, listener: `${protocol}:${port}`, address, port }
  return (about, text) => {
    if (text === problems.get(about)) return
    if (text === undefined) {
      problems.delete(about)
      log.info({ ...fields, about }, 'listener problem is over')
      return
    }
    problems.set(about, text)
    log.error({ ...fields, about, err: text }, 'listener cannot serve')
  }
}
