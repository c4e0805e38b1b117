// Load balancers: making, changing and deleting them.
import { ApiError, invalid } from '../gateway/api-error.ts'
import { int, need, type Params, text } from '../gateway/params.ts'
import { isoTime, newId } from '../ids.ts'
import { fillLoadBalancer } from '../load-world.ts'
import type { LoadBalancer } from '../world.ts'
import { type Actions, type Body, type Call, namedLoadBalancer } from './call.ts'
import { newTags } from './tag-values.ts'

const NAME = /^[\p{L}][\p{L}\p{N}._/-]{0,79}$/u

function createLoadBalancer(call: Call): Body {
  const { params, world, settings, now } = call
  if (world.loadBalancers.length >= settings.quotas.loadBalancers) throw new ApiError('ORDER.QUANTITY_INVALID')
  const charge = oneOf(params, 'InstanceChargeType', ['PayBySpec', 'PayByCLCU'], 'PayBySpec')
  const spec = text(params, 'LoadBalancerSpec')
  if (spec === undefined && charge === 'PayBySpec') throw new ApiError('MissingParam.LoadBalancerSpec')
  const vSwitchId = text(params, 'VSwitchId')
  const id = newId('lb')
  const loadBalancer: LoadBalancer = {
    id,
    name: readName(params, 'LoadBalancerName') ?? id,
    address: text(params, 'Address'),
    addressType: vSwitchId === undefined ? oneOf(params, 'AddressType', ['internet', 'intranet'], 'internet') : 'intranet',
    addressIPVersion: oneOf(params, 'AddressIPVersion', ['ipv4', 'ipv6'], 'ipv4'),
    networkType: 'vpc',
    vpcId: text(params, 'VpcId'),
    vSwitchId,
    status: 'active',
    spec: spec ?? '',
    payType: oneOf(params, 'PayType', ['PayOnDemand', 'PrePay'], 'PayOnDemand'),
    instanceChargeType: charge,
    internetChargeType: oneOf(params, 'InternetChargeType', ['paybytraffic', 'paybybandwidth'], 'paybytraffic'),
    bandwidth: int(params, 'Bandwidth') ?? 5120,
    deleteProtection: oneOf(params, 'DeleteProtection', ['on', 'off'], 'off'),
    modificationProtection: oneOf(params, 'ModificationProtectionStatus', ['NonProtection', 'ConsoleProtection'], 'NonProtection'),
    modificationProtectionReason: text(params, 'ModificationProtectionReason') ?? '',
    masterZoneId: text(params, 'MasterZoneId'),
    slaveZoneId: text(params, 'SlaveZoneId'),
    resourceGroupId: text(params, 'ResourceGroupId') ?? 'rg-acfmx0000000001',
    createdAt: isoTime(now),
    tags: newTags(params, settings),
    backendServers: [],
    groups: [],
    masterSlaveGroups: [],
    listeners: [],
  }
  fillLoadBalancer(world, loadBalancer)
  world.loadBalancers.push(loadBalancer)
  return created(loadBalancer)
}

const created = (loadBalancer: LoadBalancer): Body => ({
  LoadBalancerId: loadBalancer.id,
  LoadBalancerName: loadBalancer.name,
  Address: loadBalancer.address,
  AddressIPVersion: loadBalancer.addressIPVersion,
  NetworkType: loadBalancer.networkType,
  VpcId: loadBalancer.vpcId,
  VSwitchId: loadBalancer.vSwitchId,
  ResourceGroupId: loadBalancer.resourceGroupId,
  // Longer than a double can hold in the real cloud; clients must not choke on it.
  OrderId: 210_000_000_000_000,
})

function oneOf<V extends string>(params: Params, name: string, values: readonly V[], initial: V): V {
  const given = text(params, name)
  if (given === undefined) return initial
  const value = values.find((candidate) => candidate.toLowerCase() === given.toLowerCase())
  if (value === undefined) throw invalid(`The specified ${name} is invalid.`)
  return value
}

function readName(params: Params, parameter: string): string | undefined {
  const name = text(params, parameter)
  if (name !== undefined && !NAME.test(name)) throw invalid(`The specified ${parameter} is invalid.`)
  return name
}

function setName(call: Call): Body {
  const loadBalancer = namedLoadBalancer(call)
  loadBalancer.name = readName(call.params, 'LoadBalancerName') ?? loadBalancer.name
  return {}
}

function setStatus(call: Call): Body {
  const loadBalancer = namedLoadBalancer(call)
  loadBalancer.status = oneOf(call.params, 'LoadBalancerStatus', ['active', 'inactive'], 'active')
  return {}
}

function setDeleteProtection(call: Call): Body {
  const loadBalancer = namedLoadBalancer(call)
  if (loadBalancer.payType === 'PrePay') throw new ApiError('OperationUnsupported.DeleteProtectionForPrePayInstance')
  loadBalancer.deleteProtection = oneOf(call.params, 'DeleteProtection', ['on', 'off'], 'off')
  return {}
}

function setModificationProtection(call: Call): Body {
  const loadBalancer = namedLoadBalancer(call)
  const status = need(call.params, 'ModificationProtectionStatus')
  if (status !== 'NonProtection' && status !== 'ConsoleProtection') throw new ApiError('InvalidParam.ModificationProtectionStatus')
  loadBalancer.modificationProtection = status
  loadBalancer.modificationProtectionReason = status === 'NonProtection' ? '' : (text(call.params, 'ModificationProtectionReason') ?? '')
  return {}
}

function modifySpec(call: Call): Body {
  const loadBalancer = namedLoadBalancer(call)
  if (loadBalancer.instanceChargeType === 'PayByCLCU') throw new ApiError('OperationDenied.PayByCLCU')
  loadBalancer.spec = need(call.params, 'LoadBalancerSpec')
  return { OrderId: 210_000_000_000_001 }
}

function modifyChargeType(call: Call): Body {
  const loadBalancer = namedLoadBalancer(call)
  loadBalancer.instanceChargeType = oneOf(call.params, 'InstanceChargeType', ['PayBySpec', 'PayByCLCU'], loadBalancer.instanceChargeType)
  loadBalancer.spec = text(call.params, 'LoadBalancerSpec') ?? loadBalancer.spec
  return { OrderId: 210_000_000_000_003 }
}

/** Load balancers, certificates and access control lists can be filed under another group. */
function moveResourceGroup({ params, world }: Call): Body {
  const id = need(params, 'ResourceId')
  const found = [...world.loadBalancers, ...world.certificates, ...world.caCertificates, ...world.acls].find((each) => each.id === id)
  if (found === undefined) throw new ApiError('ResourceNotExist')
  found.resourceGroupId = need(params, 'NewResourceGroupId')
  return {}
}

function modifyInternetSpec(call: Call): Body {
  const loadBalancer = namedLoadBalancer(call)
  loadBalancer.internetChargeType = oneOf(
    call.params,
    'InternetChargeType',
    ['paybytraffic', 'paybybandwidth'],
    loadBalancer.internetChargeType,
  )
  loadBalancer.bandwidth = int(call.params, 'Bandwidth') ?? loadBalancer.bandwidth
  return { OrderId: 210_000_000_000_002 }
}

/** Listeners, rules, groups and tags go with it. */
function deleteLoadBalancer(call: Call): Body {
  const loadBalancer = namedLoadBalancer(call)
  if (loadBalancer.deleteProtection === 'on') throw new ApiError('OperationDenied.DeleteProtectionIsOn')
  if (loadBalancer.payType === 'PrePay') throw new ApiError('InvalidChargeType')
  call.world.loadBalancers = call.world.loadBalancers.filter((each) => each !== loadBalancer)
  return {}
}

export const loadBalancerActions: Actions = {
  CreateLoadBalancer: (call) => call.tokens.once(call, createLoadBalancer),
  SetLoadBalancerName: setName,
  SetLoadBalancerStatus: setStatus,
  SetLoadBalancerDeleteProtection: setDeleteProtection,
  SetLoadBalancerModificationProtection: setModificationProtection,
  ModifyLoadBalancerInstanceSpec: modifySpec,
  ModifyLoadBalancerInstanceChargeType: modifyChargeType,
  MoveResourceGroup: moveResourceGroup,
  ModifyLoadBalancerInternetSpec: modifyInternetSpec,
  DeleteLoadBalancer: deleteLoadBalancer,
}
