// What is wrong only in combination. Judged by what was given, so that a value with a problem of its own is not reported twice.
import { EndpointError, resolveEndpoint } from '../swarm/endpoint.ts'
import type { Reading } from './read.ts'
import { SETTINGS, type SettingKey } from './settings.ts'

export function contradictions({ settings, from }: Reading<SettingKey>): readonly string[] {
  const problems: string[] = []
  if (!from.has('loadBalancers') && !from.has('allow')) {
    problems.push('SLB_ID is not set: name the load balancer of this swarm, or in SLB_ALLOW those that labels may name')
  }
  if (!from.has('loadBalancers') && settings.expose === 'published') {
    problems.push('SLB_EXPOSE=published needs SLB_ID: ports without a label go to the default load balancer')
  }
  return [...problems, ...incompleteKey(from), ...incompleteIds(from), ...badEngine(settings)]
}

/** A service id alone is enough for a pause; to choose the writer all three are needed, or the peers choose by another rule. */
function incompleteIds(from: ReadonlyMap<SettingKey, string>): readonly string[] {
  if (!from.has('taskId') && !from.has('nodeId')) return []
  const missing = (['serviceId', 'taskId', 'nodeId'] as const).filter((key) => !from.has(key)).map((key) => SETTINGS[key].env[0])
  return missing.length === 0 ? [] : [`SLB_SERVICE_ID, SLB_TASK_ID and SLB_NODE_ID go together: ${missing.join(' and ')} is not set`]
}

/** Reads the TLS files too: a missing one is a mistake that waiting does not mend. */
function badEngine({ dockerHost, dockerTlsVerify, dockerCertPath }: Reading<SettingKey>['settings']): readonly string[] {
  try {
    resolveEndpoint({ host: dockerHost, tlsVerify: dockerTlsVerify, certPath: dockerCertPath })
    return []
  } catch (err) {
    if (err instanceof EndpointError) return [err.message]
    throw err
  }
}

/** An access key comes from one place: half of one and half of another would only be refused by the cloud, later. */
function incompleteKey(from: ReadonlyMap<SettingKey, string>): readonly string[] {
  const [id, secret, token] = [from.get('accessKeyId'), from.get('accessKeySecret'), from.get('securityToken')]
  if (id !== undefined && secret === undefined) return [`${id} is set without ${SETTINGS.accessKeySecret.env[0]}`]
  if (id === undefined && secret !== undefined) return [`${secret} is set without ${SETTINGS.accessKeyId.env[0]}`]
  if (id === undefined || secret === undefined) {
    return token === undefined ? [] : [`${token} is set without ${SETTINGS.accessKeyId.env[0]} and ${SETTINGS.accessKeySecret.env[0]}`]
  }
  const isEcs = (name: string) => name.startsWith('ECS_')
  return isEcs(id) === isEcs(secret) ? [] : [`${id} and ${secret} belong to different access keys: set both of one kind`]
}
