// Load balancers as the Describe calls show them. The same thing has other names and types in each of the two.
import { ApiError } from '../gateway/api-error.ts'
import { commaList, int, type Params, tags, text } from '../gateway/params.ts'
import { addressOf } from '../servers.ts'
import type { LoadBalancer, World } from '../world.ts'
import { describedRows, parseRows } from './backend-rows.ts'
import { type Actions, type Body, type Call, namedLoadBalancer } from './call.ts'
import { hasTags, wrappedTags } from './tag-values.ts'

/** The numbers that DescribeLoadBalancers still answers with. */
const CHARGE_NUMBER = { paybybandwidth: '3', paybytraffic: '4' } as const

const common = (world: World, loadBalancer: LoadBalancer) => ({
  LoadBalancerId: loadBalancer.id,
  LoadBalancerName: loadBalancer.name,
  LoadBalancerStatus: loadBalancer.status,
  Address: loadBalancer.address,
  AddressType: loadBalancer.addressType,
  AddressIPVersion: loadBalancer.addressIPVersion,
  NetworkType: loadBalancer.networkType,
  VpcId: loadBalancer.vpcId,
  VSwitchId: loadBalancer.vSwitchId,
  Bandwidth: loadBalancer.bandwidth,
  LoadBalancerSpec: loadBalancer.spec,
  InstanceChargeType: loadBalancer.instanceChargeType,
  PayType: loadBalancer.payType,
  MasterZoneId: loadBalancer.masterZoneId,
  SlaveZoneId: loadBalancer.slaveZoneId,
  RegionId: world.regionId,
  RegionIdAlias: world.regionId,
  ResourceGroupId: loadBalancer.resourceGroupId,
  DeleteProtection: loadBalancer.deleteProtection,
  ModificationProtectionStatus: loadBalancer.modificationProtection,
  ModificationProtectionReason: loadBalancer.modificationProtectionReason,
  CreateTime: loadBalancer.createdAt,
  CreateTimeStamp: Date.parse(loadBalancer.createdAt),
  Tags: wrappedTags(loadBalancer.tags),
})

function describeLoadBalancers(call: Call): Body {
  const { params, world, settings } = call
  const matches = loadBalancerFilter(world, params)
  const found = world.loadBalancers.filter(matches)
  const size = int(params, 'PageSize') ?? settings.unsure.loadBalancerPageSize
  const page = int(params, 'PageNumber') ?? 1
  const rows = found.slice((page - 1) * size, page * size).map((loadBalancer) => ({
    ...common(world, loadBalancer),
    InternetChargeType: CHARGE_NUMBER[loadBalancer.internetChargeType],
    InternetChargeTypeAlias: loadBalancer.internetChargeType,
  }))
  return { LoadBalancers: { LoadBalancer: rows }, PageNumber: page, PageSize: size, TotalCount: found.length }
}

function loadBalancerFilter(world: World, params: Params): (loadBalancer: LoadBalancer) => boolean {
  const [ids, names] = [commaList(text(params, 'LoadBalancerId')), commaList(text(params, 'LoadBalancerName'))]
  const [filters, legacy] = [tags(params), legacyTags(params)]
  const [serverId, addresses] = [text(params, 'ServerId'), commaList(text(params, 'ServerIntranetAddress'))]
  const equals: [string | undefined, (loadBalancer: LoadBalancer) => string | undefined][] = [
    [text(params, 'Address'), ({ address }) => address],
    [text(params, 'AddressIPVersion'), ({ addressIPVersion }) => addressIPVersion],
    [text(params, 'AddressType'), ({ addressType }) => addressType],
    [text(params, 'InternetChargeType'), ({ internetChargeType }) => internetChargeType],
    [text(params, 'LoadBalancerStatus'), ({ status }) => status],
    [text(params, 'MasterZoneId'), ({ masterZoneId }) => masterZoneId],
    [text(params, 'SlaveZoneId'), ({ slaveZoneId }) => slaveZoneId],
    [text(params, 'NetworkType'), ({ networkType }) => networkType],
    [text(params, 'PayType'), ({ payType }) => payType],
    [text(params, 'ResourceGroupId'), ({ resourceGroupId }) => resourceGroupId],
    [text(params, 'VSwitchId'), ({ vSwitchId }) => vSwitchId],
    [text(params, 'VpcId'), ({ vpcId }) => vpcId],
  ]
  return (loadBalancer) =>
    (ids.length === 0 || ids.includes(loadBalancer.id)) &&
    (names.length === 0 || names.includes(loadBalancer.name ?? '')) &&
    equals.every(([wanted, read]) => wanted === undefined || read(loadBalancer) === wanted) &&
    hasTags(loadBalancer.tags, filters) &&
    (legacy.length === 0 || legacy.some((tag) => hasTags(loadBalancer.tags, [tag]))) &&
    (serverId === undefined || allServers(loadBalancer).some((server) => server.serverId === serverId)) &&
    (addresses.length === 0 || allServers(loadBalancer).some((server) => addresses.includes(addressOf(world, server) ?? '')))
}

const allServers = ({ backendServers, groups }: LoadBalancer) => [...backendServers, ...groups.flatMap(({ servers }) => servers)]

/** The JSON parameter `Tags`: any of them is enough. */
function legacyTags(params: Params): { key: string; value: string | undefined }[] {
  const json = text(params, 'Tags')
  if (json === undefined) return []
  const rows = parseRows(json, 'InvalidTag')
  if (rows.length > 10) throw new ApiError('InvalidTag')
  return rows.map((row) => ({ key: String(row['TagKey']), value: row['TagValue'] === undefined ? undefined : String(row['TagValue']) }))
}

function describeLoadBalancer(call: Call): Body {
  const loadBalancer = namedLoadBalancer(call)
  const { listeners } = loadBalancer
  return {
    ...common(call.world, loadBalancer),
    InternetChargeType: loadBalancer.internetChargeType,
    EndTime: '2999-09-08T16:00:00Z',
    EndTimeStamp: 32_493_801_600_000,
    // Three lists of the same listeners; the second is misspelt in the real answer.
    ListenerPorts: { ListenerPort: listeners.map(({ port }) => port) },
    ListenerPortsAndProtocal: {
      ListenerPortAndProtocal: listeners.map(({ port, protocol }) => ({ ListenerPort: port, ListenerProtocal: protocol })),
    },
    ListenerPortsAndProtocol: {
      ListenerPortAndProtocol: listeners.map(({ port, protocol, description, forwardPort }) => ({
        ListenerPort: port,
        ListenerProtocol: protocol,
        Description: description,
        ListenerForward: forwardPort === undefined ? 'off' : 'on',
        ...(forwardPort === undefined ? {} : { ForwardPort: forwardPort }),
      })),
    },
    BackendServers: { BackendServer: describedRows(call.world, loadBalancer.backendServers, false, call.settings) },
  }
}

export const loadBalancerViewActions: Actions = {
  DescribeLoadBalancers: describeLoadBalancers,
  DescribeLoadBalancerAttribute: describeLoadBalancer,
}
