// CLB's answers in the words of the model, in canonical values: a second pass over them must find nothing to do.
import type { ActualListener, Group, ListenerKey, LoadBalancer, Member, Protocol, Target, Transport } from '../../../core/model.ts'
import { boundedName } from '../../../core/quote.ts'
import type { Health } from '../../provider.ts'
import { readSettings } from './settings.ts'
import { type Attribute, type GroupAttribute, type GroupRow, type HealthRow, type ListenerRow, malformed } from './wire.ts'

/** What a listener of a kind this product does not drive (tcpssl, quic) travels on. */
const transportOf = (protocol: string): Transport => (/^(udp|quic)/i.test(protocol) ? 'udp' : 'tcp')

export const keyOf = (protocol: string, port: number): ListenerKey => `${transportOf(protocol)}:${port}`

export const toMember = (row: GroupAttribute['BackendServers'][number]): Member => ({
  server: row.ServerId,
  port: row.Port,
  weight: row.Weight,
  note: row.Description,
})

/** The default group has no ports: a listener on it brings its own. */
const toDefaultMember = (row: Attribute['BackendServers'][number]): Member => ({
  server: row.ServerId,
  port: undefined,
  weight: row.Weight,
  note: row.Description,
})

const isProtocol = (name: string): name is Protocol => ['tcp', 'udp', 'http', 'https'].includes(name)

const CONFIG = { tcp: 'TCPListenerConfig', udp: 'UDPListenerConfig', http: 'HTTPListenerConfig', https: 'HTTPSListenerConfig' } as const

/** Both fields may be filled; a server group then wins over the port of the default group. */
function targetOf(row: ListenerRow, config: Readonly<Record<string, unknown>>): Target | undefined {
  if (config['ListenerForward'] === 'on') return undefined
  if (row.VServerGroupId !== '') return { kind: 'group', group: row.VServerGroupId }
  if (typeof config['MasterSlaveServerGroupId'] === 'string' && config['MasterSlaveServerGroupId'] !== '') return undefined
  const port = row.BackendServerPort ?? 0
  return port > 0 ? { kind: 'default', port } : undefined
}

export function toListener(row: ListenerRow): ActualListener {
  const name = row.ListenerProtocol.toLowerCase()
  const transport = transportOf(name)
  const about = {
    key: keyOf(name, row.ListenerPort),
    port: row.ListenerPort,
    // `starting`, `stopping` and `configuring` are documented; whatever else there is, it is neither of the two that last.
    status: row.Status === 'running' || row.Status === 'stopped' ? row.Status : 'changing',
    note: row.Description,
  } as const
  if (!isProtocol(name)) return { ...about, protocol: transport, target: undefined, settings: {}, rules: [], extensions: [] }
  const config = row[CONFIG[name]]
  if (config === undefined) throw malformed('DescribeLoadBalancerListeners', `${about.key} came without its ${CONFIG[name]}`)
  const target = targetOf(row, config)
  const { Scheduler, Bandwidth, AclStatus, AclType, AclId, AclIds } = row
  const fields = { ...config, Scheduler, Bandwidth, AclStatus, AclType, AclId, AclIds }
  return {
    ...about,
    rules: [],
    extensions: [],
    protocol: name,
    target,
    settings: readSettings(name, fields),
  }
}

/** Listeners that point at the group in either answer count, whichever lags behind. */
export function toGroup(row: GroupRow, listeners: readonly ActualListener[], members: readonly Member[]): Group {
  const pointing = listeners.filter(({ target }) => target?.kind === 'group' && target.group === row.VServerGroupId)
  const named = row.AssociatedObjects.Listeners.map(({ Protocol, Port }) => keyOf(Protocol, Port))
  return {
    ref: row.VServerGroupId,
    name: row.VServerGroupName,
    members,
    listeners: [...new Set([...named, ...pointing.map(({ key }) => key)])],
    rules: row.AssociatedObjects.Rules.length,
  }
}

function statusOf(attribute: Attribute, now: number): LoadBalancer['status'] {
  const { LoadBalancerStatus: status, EndTimeStamp: end } = attribute
  if (status === 'locked') return 'locked'
  if (end !== undefined && end > 0 && end <= now) return 'expired'
  if (status === 'active' || status === 'inactive') return status
  throw malformed('DescribeLoadBalancerAttribute', `unknown status "${status}" of load balancer ${attribute.LoadBalancerId}`)
}

type Parts = Pick<LoadBalancer, 'listeners' | 'groups' | 'tags'>

export const toTags = (tags: readonly { TagKey: string; TagValue: string }[]): Readonly<Record<string, string>> =>
  Object.fromEntries(tags.map(({ TagKey, TagValue }) => [TagKey, TagValue]))

/** `now` is epoch milliseconds: a prepaid instance is over at its end time. */
export const toLoadBalancer = (attribute: Attribute, parts: Parts, now: number): LoadBalancer => ({
  id: attribute.LoadBalancerId,
  name: boundedName(attribute.LoadBalancerName),
  address: attribute.Address,
  addressType: attribute.AddressType,
  status: statusOf(attribute, now),
  members: attribute.BackendServers.map(toDefaultMember),
  ...parts,
})

export const missing = (id: string): LoadBalancer => ({
  id,
  name: id,
  address: '',
  addressType: 'intranet',
  status: 'missing',
  tags: {},
  members: [],
  groups: [],
  listeners: [],
})

/** Anything but normal and abnormal means that nothing was checked: check off, listener stopped, first probe not over. */
export const toHealth = (row: HealthRow): Health => ({
  listener: keyOf(row.Protocol, row.ListenerPort),
  server: row.ServerId,
  port: row.Port,
  state: row.ServerHealthStatus === 'normal' || row.ServerHealthStatus === 'abnormal' ? row.ServerHealthStatus : 'unavailable',
})
