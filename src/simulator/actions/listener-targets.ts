// Where a listener sends its traffic and who may use it: default group, VServer group, master-slave group, redirect, access control lists.
import { ApiError, groupMissing, invalid } from '../gateway/api-error.ts'
import { commaList, int, type Params, text } from '../gateway/params.ts'
import { findListener } from '../load-world.ts'
import type { Settings } from '../settings.ts'
import type { Listener, LoadBalancer, Protocol, World } from '../world.ts'

export type Target = Pick<Listener, 'backendServerPort' | 'vServerGroupId' | 'masterSlaveServerGroupId' | 'forwardPort'>
export type Access = Pick<Listener, 'aclStatus' | 'aclType' | 'aclIds'>

const isL4 = (protocol: Protocol) => protocol === 'tcp' || protocol === 'udp'

export function createTarget(loadBalancer: LoadBalancer, protocol: Protocol, params: Params, settings: Settings): Target {
  if (text(params, 'ListenerForward') === 'on' && protocol === 'http') return { forwardPort: redirectPort(loadBalancer, params, settings) }
  const vServerGroupId = text(params, 'VServerGroupId')
  const masterSlaveServerGroupId = text(params, 'MasterSlaveServerGroupId')
  const backendServerPort = int(params, 'BackendServerPort') || undefined
  checkGroups(loadBalancer, protocol, vServerGroupId, masterSlaveServerGroupId, settings)
  if (vServerGroupId === undefined && masterSlaveServerGroupId === undefined && backendServerPort === undefined) {
    throw new ApiError('MissingParameter', 'The BackendServerPort or VServerGroupId is required at lease one.')
  }
  return { backendServerPort, vServerGroupId, masterSlaveServerGroupId }
}

function redirectPort(loadBalancer: LoadBalancer, params: Params, { unsure }: Settings): number {
  const code = int(params, 'ForwardCode')
  if (code !== undefined && !unsure.forwardCodes.includes(code)) throw new ApiError('InvalidParameter.ForwardCode')
  const port = int(params, 'ForwardPort')
  if (port === undefined || findListener(loadBalancer, port, 'https') === undefined) {
    throw invalid('The specified ListenerPort or ForwardPort is invalid.')
  }
  return port
}

/** `VServerGroup=on|off` switches; the port of the default group cannot be changed. */
export function changedTarget(loadBalancer: LoadBalancer, listener: Listener, params: Params, settings: Settings): Target {
  const target: Target = { ...pickTarget(listener) }
  const vSwitch = text(params, 'VServerGroup') ?? impliedSwitch(params, settings)
  const msSwitch = isL4(listener.protocol) ? text(params, 'MasterSlaveServerGroup') : undefined
  if (vSwitch === 'on') {
    const id = text(params, 'VServerGroupId')
    if (id === undefined) throw new ApiError('MissingParam.VServerGroupId')
    Object.assign(target, { vServerGroupId: id, masterSlaveServerGroupId: undefined })
  }
  if (vSwitch === 'off') target.vServerGroupId = undefined
  if (msSwitch === 'on') {
    const id = text(params, 'MasterSlaveServerGroupId')
    if (id === undefined || vSwitch === 'on') throw new ApiError('Abs.VServerGroupIdAndMasterSlaveServerGroupId.MissMatch')
    Object.assign(target, { vServerGroupId: undefined, masterSlaveServerGroupId: id })
  }
  if (msSwitch === 'off') target.masterSlaveServerGroupId = undefined
  checkGroups(loadBalancer, listener.protocol, target.vServerGroupId, target.masterSlaveServerGroupId, settings)
  const homeless = target.vServerGroupId === undefined && target.masterSlaveServerGroupId === undefined
  if (homeless && target.backendServerPort === undefined) throw new ApiError('OperationFailed.ServerGroupInUse')
  return target
}

const pickTarget = ({ backendServerPort, vServerGroupId, masterSlaveServerGroupId }: Listener): Target => ({
  backendServerPort,
  vServerGroupId,
  masterSlaveServerGroupId,
})

const impliedSwitch = (params: Params, settings: Settings): 'on' | undefined =>
  settings.unsure.groupIdAlone === 'apply' && text(params, 'VServerGroupId') !== undefined ? 'on' : undefined

function checkGroups(
  loadBalancer: LoadBalancer,
  protocol: Protocol,
  vServerGroupId: string | undefined,
  masterSlaveServerGroupId: string | undefined,
  settings: Settings,
): void {
  if (vServerGroupId !== undefined && masterSlaveServerGroupId !== undefined) {
    throw new ApiError('Abs.VServerGroupIdAndMasterSlaveServerGroupId.MissMatch')
  }
  if (vServerGroupId !== undefined) checkVServerGroup(loadBalancer, protocol, vServerGroupId, settings)
  if (masterSlaveServerGroupId === undefined) return
  if (!isL4(protocol)) throw new ApiError('InvalidParameter.VServerGroupId')
  if (!loadBalancer.masterSlaveGroups.some(({ id }) => id === masterSlaveServerGroupId)) {
    throw new ApiError('Abs.VServerGroupIdAndMasterSlaveServerGroupId.MissMatch')
  }
}

function checkVServerGroup(loadBalancer: LoadBalancer, protocol: Protocol, id: string, settings: Settings): void {
  const group = loadBalancer.groups.find((candidate) => candidate.id === id)
  if (group === undefined) {
    if (loadBalancer.masterSlaveGroups.some((candidate) => candidate.id === id)) throw new ApiError('InvalidParameter.VServerGroupId')
    throw isL4(protocol) ? new ApiError('ResourceNotFound.VServerGroup') : groupMissing()
  }
  if (settings.unsure.emptyGroup === 'refuse' && group.servers.length === 0) throw new ApiError('VServerGroupEmpty')
}

/** The access control of a listener after the call. A list that is on needs its kind and at least one id. */
export function changedAccess(world: World, loadBalancer: LoadBalancer, before: Access, params: Params, settings: Settings): Access {
  const status = oneOf(params, 'AclStatus', ['on', 'off'])
  const type = oneOf(params, 'AclType', ['white', 'black'])
  const ids = text(params, 'AclId')
  const access: Access = {
    aclStatus: status ?? before.aclStatus,
    aclType: type ?? before.aclType,
    aclIds: ids === undefined ? before.aclIds : commaList(ids),
  }
  if (access.aclStatus === 'off') return access
  if (access.aclType === undefined || access.aclIds.length === 0) throw new ApiError('MissingParameter')
  if (access.aclIds.length > settings.quotas.aclsPerListener) {
    throw new ApiError('QuotaLimitExceeds.AclAttachedToListener', 'The number of acls attached to the listener exceeds the limit.')
  }
  for (const id of access.aclIds) checkAcl(world, loadBalancer, id, before.aclIds.includes(id), settings)
  return access
}

function checkAcl(world: World, loadBalancer: LoadBalancer, id: string, attached: boolean, settings: Settings): void {
  const acl = world.acls.find((candidate) => candidate.id === id)
  if (acl === undefined) throw new ApiError('AclNotExist')
  if (acl.addressIPVersion !== loadBalancer.addressIPVersion) throw new ApiError('IpVersionConflict')
  if (attached) return
  const used = world.loadBalancers.flatMap(({ listeners }) => listeners).filter(({ aclIds }) => aclIds.includes(id)).length
  if (used >= settings.quotas.listenersPerAcl)
    throw new ApiError('AclListenerOverLimit', 'The number of listeners of the acl exceeds the limit.')
}

function oneOf<V extends string>(params: Params, name: string, values: readonly V[]): V | undefined {
  const given = text(params, name)
  if (given === undefined) return undefined
  const value = values.find((candidate) => candidate === given)
  if (value === undefined) throw invalid(`The specified ${name} is invalid.`)
  return value
}
