// Commands that look at the cloud once and may write one thing: each with a connection of its own.
import { hostname } from 'node:os'
import { type Cloud, connectCloud } from './cloud.ts'
import type { Config } from './config.ts'
import { type ExportTask, exportBalancer } from './export.ts'
import type { Logger } from './log.ts'
import { type MoveReport, type MoveTask, moveLoadBalancer } from './move.ts'
import { createPlaces } from './places.ts'
import type { Ground } from './stack/plan.ts'
import { connectEngine, type Engine } from './swarm/client.ts'
import { VERSION } from './version.ts'

type Tools = { readonly config: Config; readonly cloud: Cloud; readonly engine: Engine }

async function withTools<T>(config: Config, log: Logger, mayWrite: boolean, work: (tools: Tools) => Promise<T>): Promise<T> {
  const cloud = connectCloud(config, { log, userAgent: `swarm-slb/${VERSION} (${hostname()})`, mayWrite: async () => mayWrite })
  const engine = connectEngine({ host: config.dockerHost, tlsVerify: config.dockerTlsVerify, certPath: config.dockerCertPath })
  try {
    return await work({ config, cloud, engine })
  } finally {
    cloud.close()
  }
}

/** A load balancer as text. Reads only. */
export function exportOnce(
  config: Config,
  log: Logger,
  ref: string,
  format: ExportTask['format'],
  signal: AbortSignal,
): Promise<{ readonly text: string; readonly warning: string }> {
  return withTools(config, log, false, (tools) => exportBalancer({ ...tools, ref, format }, signal))
}

/** Begins, ends or calls off a move. */
export function moveOnce(
  config: Config,
  log: Logger,
  options: Pick<MoveTask, 'from' | 'to' | 'step' | 'dryRun'>,
  signal: AbortSignal,
): Promise<MoveReport> {
  return withTools(config, log, !options.dryRun, (tools) => moveLoadBalancer({ ...tools, ...options }, signal))
}

/** The load balancers that labels may name, as they are now. Reads only; no swarm is asked. */
export function readGround(config: Config, log: Logger, signal: AbortSignal): Promise<Ground> {
  return withTools(config, log, false, async ({ cloud }) => {
    const { allowed, byRef, problems } = await createPlaces({ config, provider: cloud.provider, now: Date.now }).find(new Map(), signal)
    const how = { members: 'cached', owned: () => false } as const
    const lbs = (await Promise.all(allowed.map((id) => cloud.provider.open(id, how, signal)))).map(({ actual }) => actual)
    return {
      find: (ref) => lbs.find(({ id, name, status }) => status !== 'missing' && (id === (byRef.get(ref) ?? ref) || name === ref)),
      problemOf: (ref) => problems.get(ref) ?? `load balancer ${ref} is not there, or not in SLB_ID or SLB_ALLOW`,
    }
  })
}
