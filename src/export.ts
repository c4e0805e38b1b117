// `export`: reads one load balancer whole, whoever made what is on it, and prints it as labels or as Terraform resources. Reads only.
import type { Cloud } from './cloud.ts'
import type { Config } from './config.ts'
import type { LoadBalancer } from './core/model.ts'
import { listingOf, type Swarm } from './export/parts.ts'
import { terraformOf } from './export/terraform.ts'
import { yamlOf } from './export/yaml.ts'
import { CallError } from './providers/provider.ts'
import type { Engine } from './swarm/client.ts'
import { readSnapshot } from './swarm/read.ts'

export type ExportTask = {
  readonly config: Config
  readonly cloud: Cloud
  readonly engine: Engine
  /** Name or id, of any load balancer of the account's region. */
  readonly ref: string
  readonly format: 'labels' | 'terraform'
}

/** What is not a mistake of this command: the text for people. */
class ExportError extends Error {
  override readonly name = 'ExportError'
}

async function readWhole({ cloud, ref }: ExportTask, signal: AbortSignal): Promise<LoadBalancer> {
  const found = (await cloud.provider.resolve([ref], signal)).get(ref)
  if (found?.status !== 'found') throw new ExportError(found?.text ?? `no load balancer ${ref}`)
  const { actual } = await cloud.provider.open(found.id, { members: 'fresh', owned: () => true }, signal)
  if (actual.status !== 'missing') return actual
  // What looks like an id may be a name; the resolver knows better now.
  const again = (await cloud.provider.resolve([ref], signal)).get(ref)
  if (again?.status !== 'found' || again.id === found.id)
    throw new ExportError(`no load balancer has the name or id "${ref}" in this region`)
  return (await cloud.provider.open(again.id, { members: 'fresh', owned: () => true }, signal)).actual
}

/** Without a swarm the listing has names that stand for services; `reason` says why. */
async function readSwarm({ engine, cloud }: ExportTask, signal: AbortSignal): Promise<Swarm | { readonly reason: string }> {
  try {
    const { services, nodes } = await readSnapshot(engine, signal)
    const addresses = nodes.map(({ id, address, labels }) => ({ id, address, label: labels['slb.instance-id'] }))
    const found = await cloud.instances.lookup(addresses, signal)
    return { services, servers: new Set([...found.values()].flatMap((one) => (one.status === 'found' ? [one.server] : []))) }
  } catch (error) {
    return { reason: error instanceof Error ? error.message : String(error) }
  }
}

async function readAcls({ cloud }: ExportTask, signal: AbortSignal) {
  try {
    const how = { certificates: false, caCertificates: false, acls: true, tag: '' }
    return (await cloud.provider.openRegion(how, signal)).actual.acls
  } catch (error) {
    if (error instanceof CallError) return undefined
    throw error
  }
}

/** Throws ExportError, CallError. `warning` is empty where there is none. */
export async function exportBalancer(task: ExportTask, signal: AbortSignal): Promise<{ readonly text: string; readonly warning: string }> {
  const lb = await readWhole(task, signal)
  if (task.format === 'terraform') {
    const usesAcls = lb.listeners.some(({ settings }) => settings['acl-id'] !== undefined)
    return { text: terraformOf(lb, usesAcls ? await readAcls(task, signal) : []), warning: '' }
  }
  const swarm = await readSwarm(task, signal)
  const unknown = 'reason' in swarm
  const listing = listingOf(lb, unknown ? undefined : swarm, { defaultBandwidth: task.config.defaultBandwidth })
  return {
    text: yamlOf(lb, listing),
    warning: unknown ? `no swarm was read (${swarm.reason}): services have names that stand for them` : '',
  }
}
