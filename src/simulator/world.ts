// The simulated account: what exists, as plain JSON. The same shape is the state file; whatever a file leaves out gets a default.
import { z } from 'zod'
import { isoTime, newId } from './ids.ts'

const onOff = z.enum(['on', 'off'])
const tag = z.strictObject({ key: z.string(), value: z.string().default('') })
const tags = z.array(tag).default([])
const createdAt = z.string().default(() => isoTime(Date.now()))
const values = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({})

/** One server of a group. `port` is 0 in the default group, where the listener's BackendServerPort counts. */
const backend = z.strictObject({
  serverId: z.string(),
  /** Which address of an eni or eci server. */
  serverIp: z.string().optional(),
  port: z.number().int().min(0).max(65535).default(0),
  weight: z.number().int().min(0).max(100).default(100),
  type: z.enum(['ecs', 'eni', 'eci']).default('ecs'),
  description: z.string().default(''),
})

const group = z.strictObject({
  id: z.string().default(() => newId('rsp')),
  name: z.string().default(''),
  createdAt,
  tags,
  servers: z.array(backend).default([]),
})

const masterSlaveGroup = group.extend({
  servers: z.array(backend.extend({ serverType: z.enum(['Master', 'Slave']) })).default([]),
})

const rule = z.strictObject({
  id: z.string().default(() => newId('rule')),
  name: z.string(),
  domain: z.string().default(''),
  url: z.string().default(''),
  vServerGroupId: z.string(),
  /** on: scheduler, stickiness and health check of the listener; off: those in `config`. */
  listenerSync: onOff.default('on'),
  config: values,
})

const domainExtension = z.strictObject({
  id: z.string().default(() => newId('de')),
  domain: z.string(),
  certificateId: z.string(),
})

const listener = z.strictObject({
  port: z.number().int().min(1).max(65535),
  protocol: z.enum(['tcp', 'udp', 'http', 'https']),
  status: z.enum(['running', 'stopped']).default('stopped'),
  description: z.string().default(''),
  /** Port on the servers of the default group. */
  backendServerPort: z.number().int().optional(),
  vServerGroupId: z.string().optional(),
  masterSlaveServerGroupId: z.string().optional(),
  /** http only: redirect to the https listener on this port. */
  forwardPort: z.number().int().optional(),
  aclStatus: onOff.default('off'),
  aclType: z.enum(['white', 'black']).optional(),
  aclIds: z.array(z.string()).default([]),
  tags,
  /** Scheduler, health check, stickiness and the like, by the names the API answers with; the rest gets the API's defaults. */
  config: values,
  rules: z.array(rule).default([]),
  domainExtensions: z.array(domainExtension).default([]),
  /** The older access control, one list a listener. */
  whiteList: z.strictObject({ status: z.enum(['open_white_list', 'close']), items: z.array(z.string()) }).optional(),
  /** Set by the simulator while a listener is between two states. */
  transition: z.strictObject({ status: z.string(), until: z.number() }).optional(),
})

const loadBalancer = z.strictObject({
  id: z.string().default(() => newId('lb')),
  name: z.string().optional(),
  /** Where its listeners are reached; the data plane binds it. Taken from the pool when absent. */
  address: z.string().optional(),
  addressType: z.enum(['internet', 'intranet']).default('intranet'),
  addressIPVersion: z.enum(['ipv4', 'ipv6']).default('ipv4'),
  networkType: z.enum(['vpc', 'classic']).default('vpc'),
  vpcId: z.string().optional(),
  vSwitchId: z.string().optional(),
  status: z.enum(['active', 'inactive', 'locked']).default('active'),
  /** Empty: the shared-performance kind that is no longer sold. */
  spec: z.string().default('slb.s2.small'),
  payType: z.enum(['PayOnDemand', 'PrePay']).default('PayOnDemand'),
  instanceChargeType: z.enum(['PayBySpec', 'PayByCLCU']).default('PayBySpec'),
  internetChargeType: z.enum(['paybytraffic', 'paybybandwidth']).default('paybytraffic'),
  bandwidth: z.number().int().default(5120),
  deleteProtection: onOff.default('off'),
  modificationProtection: z.enum(['NonProtection', 'ConsoleProtection']).default('NonProtection'),
  modificationProtectionReason: z.string().default(''),
  masterZoneId: z.string().optional(),
  slaveZoneId: z.string().optional(),
  resourceGroupId: z.string().default('rg-acfmx0000000001'),
  createdAt,
  tags,
  /** The default server group. */
  backendServers: z.array(backend).default([]),
  groups: z.array(group).default([]),
  masterSlaveGroups: z.array(masterSlaveGroup).default([]),
  listeners: z.array(listener).default([]),
})

const networkInterface = z.strictObject({
  id: z.string().default(() => newId('eni')),
  type: z.enum(['Primary', 'Secondary']).default('Secondary'),
  primaryIp: z.string(),
  secondaryIps: z.array(z.string()).default([]),
  mac: z.string().default('00:16:3e:00:00:01'),
})

/** One ECS instance. */
const instance = z.strictObject({
  id: z.string().default(() => newId('i')),
  name: z.string().default(''),
  privateIp: z.string(),
  secondaryIps: z.array(z.string()).default([]),
  publicIp: z.string().default(''),
  networkInterfaces: z.array(networkInterface).default([]),
  networkType: z.enum(['vpc', 'classic']).default('vpc'),
  vpcId: z.string().optional(),
  vSwitchId: z.string().optional(),
  zoneId: z.string().optional(),
  status: z.enum(['Pending', 'Running', 'Starting', 'Stopping', 'Stopped']).default('Running'),
  createdAt,
  tags,
})

const certificate = z.strictObject({
  id: z.string().default(() => newId('cert')),
  name: z.string().default(''),
  /** PEM texts. */
  certificate: z.string(),
  privateKey: z.string(),
  resourceGroupId: z.string().default('rg-acfmx0000000001'),
  createdAt,
  tags,
})

const acl = z.strictObject({
  id: z.string().default(() => newId('acl')),
  name: z.string().default(''),
  addressIPVersion: z.enum(['ipv4', 'ipv6']).default('ipv4'),
  resourceGroupId: z.string().default('rg-acfmx0000000001'),
  createdAt,
  tags,
  entries: z.array(z.strictObject({ entry: z.string(), comment: z.string().default('') })).default([]),
})

const tlsPolicy = z.strictObject({
  id: z.string().default(() => newId('tls')),
  name: z.string(),
  ciphers: z.array(z.string()),
  tlsVersions: z.array(z.string()),
  createdAt,
})

export const stateSchema = z.strictObject({
  regionId: z.string().default('cn-hangzhou'),
  zoneId: z.string().default('cn-hangzhou-h'),
  slaveZoneId: z.string().default('cn-hangzhou-i'),
  accountId: z.string().default('1234567890123456'),
  vpcId: z.string().default('vpc-bp1simulated0001'),
  vSwitchId: z.string().default('vsw-bp1simulated0001'),
  vpcCidrBlock: z.string().default('172.16.0.0/12'),
  /** Addresses for load balancers that name none; when used up, addresses of 127.77.0.0/16 follow. */
  addressPool: z.array(z.string()).default([]),
  loadBalancers: z.array(loadBalancer).default([]),
  instances: z.array(instance).default([]),
  certificates: z.array(certificate).default([]),
  caCertificates: z.array(certificate.omit({ privateKey: true })).default([]),
  acls: z.array(acl).default([]),
  tlsPolicies: z.array(tlsPolicy).default([]),
})

/** What a state file holds: every part may be left out. */
export type StateFile = z.input<typeof stateSchema>
export type World = z.output<typeof stateSchema>
export type LoadBalancer = World['loadBalancers'][number]
export type Listener = LoadBalancer['listeners'][number]
export type Backend = LoadBalancer['backendServers'][number]
export type ServerGroup = LoadBalancer['groups'][number]
export type MasterSlaveGroup = LoadBalancer['masterSlaveGroups'][number]
export type Rule = Listener['rules'][number]
export type DomainExtension = Listener['domainExtensions'][number]
export type Instance = World['instances'][number]
export type Certificate = World['certificates'][number]
export type Acl = World['acls'][number]
export type Protocol = Listener['protocol']
export type Values = Listener['config']
