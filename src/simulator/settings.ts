// Everything about the simulated cloud that can be turned while it runs. Where the real cloud's answer is not known, `unsure` holds our guess.
import { z } from 'zod'
import { policySchema } from './policy.ts'

const count = z.number().int().min(0)

/** How a busy load balancer refuses other writes while one is being carried out. */
const busy = z.strictObject({
  /** instance: any write of that load balancer. object: a write of the same listener or group. */
  scope: z.enum(['none', 'instance', 'object']).default('none'),
  /** Counted from the moment a write is accepted; the lock lasts at least as long as the call itself (latency). */
  durationMs: count.default(0),
  code: z.string().default('BackendServer.configuring'),
})

/** Calls per minute and action; one bucket for the whole account, as large as its rate. */
const rates = z.strictObject({
  enabled: z.boolean().default(false),
  writesPerMinute: z.number().positive().default(90),
  readsPerMinute: z.number().positive().default(3000),
  /** Single actions that differ from the two above. */
  actions: z.record(z.string(), z.number().positive()).default({ CreateLoadBalancer: 60, ListTagResources: 600, UntagResources: 300 }),
  code: z.string().default('Throttling.User'),
})

const quotas = z.strictObject({
  loadBalancers: count.default(60),
  listeners: count.default(50),
  /** Servers of one load balancer, over its default group and all its other groups. */
  backendServers: count.default(200),
  /** Groups of one load balancer. The cloud publishes no figure. */
  groups: count.default(1000),
  /** How many groups one server may be in. */
  attachments: count.default(50),
  rules: count.default(40),
  domainExtensions: count.default(3),
  certificates: count.default(100),
  acls: count.default(200),
  aclEntries: count.default(300),
  listenersPerAcl: count.default(50),
  aclsPerListener: count.default(5),
  tags: count.default(20),
  /** Elements of BackendServers, RuleList and AclEntrys in one call. */
  backendBatch: count.default(20),
  ruleBatch: count.default(10),
  aclEntryBatch: count.default(50),
})

const unsure = z.strictObject({
  loadBalancerMissingStatus: z.number().default(404),
  /** 449 in the old tables. */
  systemBusyStatus: z.number().default(400),
  startRunning: z.enum(['ok', 'error']).default('ok'),
  stopStopped: z.enum(['ok', 'error']).default('ok'),
  addPresentServer: z.enum(['ignore', 'error']).default('error'),
  addPresentMember: z.enum(['ignore', 'error']).default('ignore'),
  /** What BackendServers holds in the answer of add, set and remove. */
  backendServersAnswer: z.enum(['full', 'echo']).default('full'),
  loadBalancerPageSize: count.default(10),
  lastListenerInactivates: z.boolean().default(false),
  atomicBatches: z.boolean().default(true),
  /** HealthCheckConnectPort in answers when it was never set. */
  unsetCheckPort: z.enum(['absent', 'zero', '-520']).default('absent'),
  /** BackendServerPort in answers while a VServer group is bound. */
  backendPortWithGroup: z.enum(['absent', 'shown', 'zero', '-520']).default('absent'),
  /** BackendServerPort in answers when it was never set. */
  unsetBackendPort: z.enum(['absent', 'zero', '-520']).default('absent'),
  /** HealthCheckInterval of a new listener that was created without one; seconds. 5 is what the console sends for UDP. */
  tcpCheckInterval: count.default(2),
  udpCheckInterval: count.default(2),
  httpCheckInterval: count.default(2),
  emptyGroup: z.enum(['accept', 'refuse']).default('accept'),
  /** TCP and UDP listeners on one port number. */
  tcpUdpSamePort: z.boolean().default(true),
  /** `HealthCheckInterval` with a capital on CreateLoadBalancerTCPListener and …UDPListener. */
  capitalIntervalOnCreate: z.enum(['accept', 'ignore']).default('accept'),
  weightZeroHealth: z.enum(['shown', 'absent']).default('shown'),
  /** VServerGroupId on a Set call without VServerGroup=on. */
  groupIdAlone: z.enum(['ignore', 'apply']).default('ignore'),
  /** Does SetVServerGroupAttribute or SetBackendServers change a server's description? */
  keepSetDescriptions: z.boolean().default(true),
  /** ServerIp of ecs servers in answers. */
  ecsServerIp: z.enum(['shown', 'absent']).default('shown'),
  /** The filter Description of DescribeLoadBalancerListeners and DescribeVServerGroups. */
  descriptionFilter: z.enum(['exact', 'contains']).default('exact'),
  /** The key Listeners when an answer has none. */
  emptyListeners: z.enum(['shown', 'absent']).default('shown'),
  /** Must a redirect listener's Create call carry HealthCheck? The metadata says so of every http listener. */
  redirectNeedsHealthCheck: z.boolean().default(true),
  /** Characters of a forwarding rule's Domain. */
  longestRuleDomain: count.default(80),
  /** What ForwardCode may be. */
  forwardCodes: z.array(z.number()).default([301, 302, 303, 307, 308]),
})

const metadata = z.strictObject({
  role: z.string().default('swarm-slb'),
  /** Hardened mode: refuse reads without an IMDSv2 token. */
  tokenRequired: z.boolean().default(false),
  /** Life of the temporary keys handed out. */
  credentialSeconds: z.number().positive().default(21_600),
})

export const settingsSchema = z.strictObject({
  /** Every call is answered this much after it arrived. */
  latencyMs: count.default(0),
  /** Single actions that take longer or shorter, by name. */
  slowActions: z.record(z.string(), count).default({}),
  busy: busy.prefault({}),
  /** How long a listener shows `configuring`, `starting` or `stopping`, refusing Start meanwhile. */
  transitionMs: count.default(0),
  /** Describe calls answer with the state of this long ago. */
  readLagMs: count.default(0),
  rates: rates.prefault({}),
  quotas: quotas.prefault({}),
  /** Actions the caller may not use: 403 Forbidden.RAM, but DescribeInstances answers an empty list as the cloud does. */
  denied: z.array(z.string()).default([]),
  /** What the caller may do to what, as a RAM policy; null: everything. */
  policy: policySchema.nullable().default(null),
  /** Requests kept in the log; the counts go on beyond it. */
  requestLogSize: count.default(20_000),
  metadata: metadata.prefault({}),
  unsure: unsure.prefault({}),
})

export type Settings = z.output<typeof settingsSchema>
export type SettingsPatch = z.input<typeof settingsSchema>

/** Changes only what the patch names, in place; throws ZodError and changes nothing when it does not fit. */
export function patchSettings(settings: Settings, patch: unknown): void {
  const merged = merge(settings, patch)
  Object.assign(settings, settingsSchema.parse(merged))
}

/** Two levels deep; lists and the tables keyed by action name are replaced as a whole. */
function merge(base: object, patch: unknown): unknown {
  if (!isPlain(patch)) return patch
  const merged: Record<string, unknown> = { ...base }
  for (const [key, value] of Object.entries(patch)) {
    const old = merged[key]
    merged[key] = isPlain(old) && isPlain(value) && key !== 'actions' && key !== 'slowActions' ? merge(old, value) : value
  }
  return merged
}

const isPlain = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
