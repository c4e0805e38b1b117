// DescribeInstances of ECS. Filters are ANDed; a caller without permission gets an empty list, never an error, unless it asks for a dry run.
import { ApiError, invalid } from '../gateway/api-error.ts'
import { flag, int, type Params, tags, text } from '../gateway/params.ts'
import type { Instance, World } from '../world.ts'
import type { Actions, Body, Call } from './call.ts'
import { hasTags, wrappedTags } from './tag-values.ts'

function describeInstances(call: Call): Body {
  const { params, world, permitted } = call
  if (flag(params, 'DryRun')) throw new ApiError(permitted ? 'DryRunOperation' : 'Forbidden.RAM')
  const found = permitted ? world.instances.filter(instanceFilter(params)) : []
  const token = text(params, 'NextToken')
  const byToken = token !== undefined || params.has('MaxResults')
  const size = byToken ? Math.min(100, Math.max(10, int(params, 'MaxResults') ?? 10)) : Math.min(100, int(params, 'PageSize') ?? 10)
  const start = byToken ? readToken(token) : ((int(params, 'PageNumber') ?? 1) - 1) * size
  const end = start + size
  return {
    Instances: { Instance: found.slice(start, end).map((instance) => row(world, instance)) },
    NextToken: byToken && end < found.length ? Buffer.from(`instances ${end}`).toString('base64url') : '',
    PageNumber: byToken ? 1 : start / size + 1,
    PageSize: size,
    TotalCount: found.length,
  }
}

function readToken(token: string | undefined): number {
  if (token === undefined) return 0
  const match = /^instances (\d+)$/.exec(Buffer.from(token, 'base64url').toString())
  if (match === null) throw new ApiError('InvalidParameter', 'The specified parameter NextToken is invalid.')
  return Number(match[1])
}

function instanceFilter(params: Params): (instance: Instance) => boolean {
  const networkType = text(params, 'InstanceNetworkType')
  const [ids, privateIps] = [jsonList(params, 'InstanceIds'), jsonList(params, 'PrivateIpAddresses')]
  const filters = tags(params)
  const equals: [string | undefined, (instance: Instance) => string | undefined][] = [
    [networkType, (instance) => instance.networkType],
    [text(params, 'VpcId'), (instance) => instance.vpcId],
    [text(params, 'VSwitchId'), (instance) => instance.vSwitchId],
    [text(params, 'ZoneId'), (instance) => instance.zoneId],
    [text(params, 'Status'), (instance) => instance.status],
    [text(params, 'InstanceName'), (instance) => instance.name],
  ]
  return (instance) =>
    (ids === undefined || ids.includes(instance.id)) &&
    // Without InstanceNetworkType=vpc the cloud ignores this filter.
    (privateIps === undefined || networkType !== 'vpc' || addresses(instance).some((ip) => privateIps.includes(ip))) &&
    equals.every(([wanted, read]) => wanted === undefined || read(instance) === wanted) &&
    hasTags(instance.tags, filters)
}

/** A JSON array of at most 100; an empty one is a filter that nothing passes. */
function jsonList(params: Params, name: string): string[] | undefined {
  const json = text(params, name)
  if (json === undefined) return undefined
  let values: unknown
  try {
    values = JSON.parse(json)
  } catch {
    throw invalid(`The specified parameter ${name} is not valid.`)
  }
  if (!Array.isArray(values) || values.length > 100) throw invalid(`The specified parameter ${name} is not valid.`)
  return values.map(String)
}

const addresses = ({ privateIp, secondaryIps, networkInterfaces }: Instance): string[] => [
  privateIp,
  ...secondaryIps,
  ...networkInterfaces.flatMap((each) => [each.primaryIp, ...each.secondaryIps]),
]

function row(world: World, instance: Instance) {
  const vpc = instance.networkType === 'vpc'
  return {
    InstanceId: instance.id,
    InstanceName: instance.name,
    HostName: instance.name,
    RegionId: world.regionId,
    ZoneId: instance.zoneId,
    Status: instance.status,
    InstanceNetworkType: instance.networkType,
    CreationTime: instance.createdAt,
    VpcAttributes: {
      VpcId: instance.vpcId,
      VSwitchId: instance.vSwitchId,
      NatIpAddress: '',
      PrivateIpAddress: { IpAddress: vpc ? [instance.privateIp] : [] },
    },
    InnerIpAddress: { IpAddress: vpc ? [] : [instance.privateIp] },
    PublicIpAddress: { IpAddress: instance.publicIp === '' ? [] : [instance.publicIp] },
    EipAddress: { AllocationId: '', IpAddress: '', InternetChargeType: '' },
    NetworkInterfaces: { NetworkInterface: vpc ? interfaces(instance) : [] },
    SecurityGroupIds: { SecurityGroupId: ['sg-bp1simulated0001'] },
    Tags: wrappedTags(instance.tags),
  }
}

/** The primary one is there even when the state file names none. */
function interfaces({ id, privateIp, secondaryIps, networkInterfaces }: Instance) {
  const primary = { id: id.replace(/^i-/, 'eni-'), type: 'Primary', primaryIp: privateIp, secondaryIps, mac: '00:16:3e:00:00:00' }
  const all = networkInterfaces.some(({ type }) => type === 'Primary') ? networkInterfaces : [primary, ...networkInterfaces]
  return all.map(({ id: interfaceId, type, primaryIp, secondaryIps: others, mac }) => ({
    NetworkInterfaceId: interfaceId,
    Type: type,
    PrimaryIpAddress: primaryIp,
    MacAddress: mac,
    PrivateIpSets: {
      PrivateIpSet: [{ PrivateIpAddress: primaryIp, Primary: true }, ...others.map((ip) => ({ PrivateIpAddress: ip, Primary: false }))],
    },
    Ipv6Sets: { Ipv6Set: [] },
  }))
}

export const instanceActions: Actions = { DescribeInstances: describeInstances }
