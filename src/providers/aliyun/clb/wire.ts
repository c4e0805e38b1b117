// The shapes of CLB's answers, checked where they enter. What does not fit is no answer: it never counts as "nothing there".
import { z } from 'zod'
import { CallError } from '../../provider.ts'
import type { Reply } from '../rpc.ts'

// Numbers come as strings in places (Weight after AddBackendServers), long ones as the SDK's BigNumber.
export const int = z.union([z.number(), z.string().regex(/^-?\d+$/)]).transform(Number)
export const text = z.string().default('')

const record = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

/** RPC lists are wrapped, `{"Tags":{"Tag":[…]}}`; the wrapper is always there, an empty list in it may be left out. */
export const wrapped = <T extends z.ZodType>(key: string, item: T) =>
  z.preprocess((value) => (record(value) ? (value[key] ?? []) : value), z.array(item))

export const tag = z.object({ TagKey: z.string(), TagValue: text })

const server = z.object({ ServerId: z.string(), Weight: int, Description: text })

export const attributeSchema = z.object({
  LoadBalancerId: z.string(),
  LoadBalancerName: text,
  Address: text,
  AddressType: z.enum(['internet', 'intranet']),
  LoadBalancerStatus: z.string(),
  /** Epoch milliseconds; far in the future where the instance is not prepaid. */
  EndTimeStamp: z
    .unknown()
    .optional()
    .transform((value) => (value === undefined || value === null ? undefined : Number(value))),
  BackendServers: wrapped('BackendServer', server),
  ListenerPortsAndProtocol: wrapped('ListenerPortAndProtocol', z.object({ ListenerPort: int, ListenerProtocol: z.string() })),
  Tags: wrapped('Tag', tag).optional(),
})

const config = z.record(z.string(), z.unknown()).optional()

const listenerRow = z.object({
  LoadBalancerId: z.string(),
  ListenerPort: int,
  ListenerProtocol: z.string(),
  Status: z.string(),
  Description: text,
  Scheduler: z.string().optional(),
  Bandwidth: int.optional(),
  BackendServerPort: int.optional(),
  VServerGroupId: text,
  AclStatus: z.string().optional(),
  AclType: z.string().optional(),
  AclId: z.string().optional(),
  /** A bare array here, wrapped elsewhere. */
  AclIds: z.unknown().optional(),
  TCPListenerConfig: config,
  UDPListenerConfig: config,
  HTTPListenerConfig: config,
  HTTPSListenerConfig: config,
})

/** `Listeners` and `Tags` here are bare arrays; the key may be missing where an account has no listener at all. */
export const listenersSchema = z.object({ Listeners: z.array(listenerRow).default([]), NextToken: text })

const associated = z.object({
  Listeners: wrapped('Listener', z.object({ Port: int, Protocol: z.string() })).default([]),
  Rules: wrapped('Rule', z.object({ RuleId: z.string() })).default([]),
})

const groupRow = z.object({
  VServerGroupId: z.string(),
  VServerGroupName: text,
  ServerCount: int.optional(),
  AssociatedObjects: associated.default({ Listeners: [], Rules: [] }),
})

export const groupsSchema = z.object({ VServerGroups: wrapped('VServerGroup', groupRow) })

export const groupSchema = z.object({
  VServerGroupId: z.string(),
  BackendServers: wrapped('BackendServer', server.extend({ Port: int })),
})

export const createdGroupSchema = z.object({ VServerGroupId: z.string().min(1) })

export const healthSchema = z.object({
  BackendServers: wrapped(
    'BackendServer',
    z.object({ ListenerPort: int, Protocol: text, ServerId: z.string(), Port: int.default(0), ServerHealthStatus: text }),
  ),
})

export const tagsSchema = z.object({ NextToken: text, TagResources: wrapped('TagResource', tag.extend({ ResourceId: z.string() })) })

export const instancesSchema = z.object({
  LoadBalancers: wrapped('LoadBalancer', z.object({ LoadBalancerId: z.string(), LoadBalancerName: text })),
  TotalCount: int.optional(),
})

export type Attribute = z.infer<typeof attributeSchema>
export type ListenerRow = z.infer<typeof listenerRow>
export type GroupRow = z.infer<typeof groupRow>
export type GroupAttribute = z.infer<typeof groupSchema>
export type HealthRow = z.infer<typeof healthSchema>['BackendServers'][number]

/** An answer that cannot be trusted: incomplete, contradictory or of another shape. */
export const malformed = (action: string, message: string, requestId?: string): CallError =>
  new CallError({ status: 'unknown', action, code: 'Malformed', message, requestId })

/** The checked body. Throws CallError `Malformed`. */
export function parse<T extends z.ZodType>(action: string, schema: T, reply: Reply): z.output<T> {
  const parsed = schema.safeParse(reply.body)
  if (parsed.success) return parsed.data
  const where = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
  throw malformed(action, where.slice(0, 3).join('; '), reply.requestId)
}
