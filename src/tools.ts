// Commands that look at the cloud once and may write one thing: each with a connection of its own.
import { hostname } from 'node:os'
import { type Cloud, connectCloud } from './cloud.ts'
import type { Config } from './config.ts'
import { type ExportTask, exportBalancer } from './export.ts'
import type { Logger } from './log.ts'
import { type MoveReport, type MoveTask, moveLoadBalancer } from './move.ts'
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
