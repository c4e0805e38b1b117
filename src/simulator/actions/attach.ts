// Putting servers into groups and changing the ones that are there: the rules that default and VServer groups share.
import { ApiError } from '../gateway/api-error.ts'
import { findInstance, findInterface, sameServer } from '../servers.ts'
import type { Backend, LoadBalancer, World } from '../world.ts'
import { newBackend, type SentBackend } from './backend-rows.ts'
import type { Call } from './call.ts'

export type Attachment = {
  readonly loadBalancer: LoadBalancer
  /** The list that grows. */
  readonly servers: Backend[]
  /** Servers the load balancer has in its other groups. */
  readonly elsewhere: number
  readonly kind: 'default' | 'vServer'
}

/** All or nothing, unless the settings say that the part before a bad element stays. */
export function addServers(call: Call, attachment: Attachment, wanted: readonly SentBackend[]): void {
  const { settings, world } = call
  const { servers, loadBalancer, kind } = attachment
  const attached = countAttachments(call, wanted)
  const before = servers.length
  try {
    for (const sent of wanted) {
      const server = newBackend(sent)
      checkServer(world, loadBalancer, server, kind)
      if (servers.some((present) => sameServer(present, server))) {
        refusePresent(call, kind)
        continue
      }
      if (attachment.elsewhere + servers.length >= settings.quotas.backendServers)
        throw new ApiError('InstanceBackendServerNumberOverLimit')
      if ((attached.get(server.serverId) ?? 0) >= settings.quotas.attachments) {
        throw new ApiError('QuotaLimitExceeds', 'The number of times the server is attached exceeds the quota.')
      }
      servers.push(server)
    }
  } catch (err) {
    if (settings.unsure.atomicBatches) servers.length = before
    throw err
  }
}

function refusePresent({ settings }: Call, kind: Attachment['kind']): void {
  const how = kind === 'default' ? settings.unsure.addPresentServer : settings.unsure.addPresentMember
  if (how === 'error') throw new ApiError('InvalidParameter', 'The resource already exists.')
}

function checkServer(world: World, loadBalancer: LoadBalancer, { serverId, type }: Backend, kind: Attachment['kind']): void {
  const instance = type === 'eni' ? findInterface(world, serverId)?.instance : findInstance(world, serverId)
  if (instance === undefined) {
    if (type === 'eni') throw new ApiError('ResourceNotFound.vServers', `The specified enis ${serverId} does not exist.`)
    throw new ApiError(kind === 'default' ? 'InvalidServerId.NotFound' : 'InvalidServerId.NotExist')
  }
  if (instance.status !== 'Running') throw new ApiError('ObtainIpFail')
  if (type !== 'ecs' && loadBalancer.spec === '') throw new ApiError('BackendServer.InvalidType')
  if (loadBalancer.networkType === 'vpc' && instance.vpcId !== loadBalancer.vpcId) throw new ApiError('NetworkConflict')
}

/** How many groups of the account each wanted server is in; not worth counting while there are fewer groups than the quota. */
function countAttachments({ world, settings }: Call, wanted: readonly SentBackend[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  const lists = world.loadBalancers.flatMap(({ backendServers, groups }) => [backendServers, ...groups.map(({ servers }) => servers)])
  if (lists.length <= settings.quotas.attachments) return counts
  const ids = new Set(wanted.map(({ serverId }) => serverId))
  for (const servers of lists) {
    for (const id of new Set(servers.map(({ serverId }) => serverId))) if (ids.has(id)) counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  return counts
}

/** Weight and description of servers that are in the list; the others are passed over in silence. */
export function updateServers({ settings }: Call, servers: readonly Backend[], changes: readonly SentBackend[]): void {
  for (const { weight, description, ...sent } of changes) {
    const server = servers.find((candidate) => sameServer(candidate, sent))
    if (server === undefined) continue
    if (weight !== undefined) server.weight = weight
    if (description !== undefined && settings.unsure.keepSetDescriptions) server.description = description
  }
}

export const without = (servers: readonly Backend[], gone: readonly SentBackend[]): Backend[] =>
  servers.filter((server) => !gone.some((each) => sameServer(server, each)))

/** Servers of a load balancer over all its groups. */
export const serverCount = ({ backendServers, groups, masterSlaveGroups }: LoadBalancer): number =>
  backendServers.length + [...groups, ...masterSlaveGroups].reduce((sum, { servers }) => sum + servers.length, 0)

/** Add, set and remove answer with the whole list, or with what was asked; nobody outside knows. */
export function answered({ settings }: Call, servers: readonly Backend[], asked: readonly SentBackend[]): Backend[] {
  if (settings.unsure.backendServersAnswer === 'full') return [...servers]
  return asked.map(newBackend)
}
