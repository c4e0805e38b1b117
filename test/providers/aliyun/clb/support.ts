// A cloud of functions: answers by action name, and a list of what was asked.
import type { Member } from '../../../../src/core/model.ts'
import type { Params } from '../../../../src/providers/aliyun/flatten.ts'
import type { CallOptions, JsonObject, Rpc } from '../../../../src/providers/aliyun/rpc.ts'
import { CallError, type OpenOptions, type Turn } from '../../../../src/providers/provider.ts'

type Asked = { readonly action: string; readonly params: Params; readonly call: CallOptions }
export type Answers = Readonly<Record<string, (params: Params, nth: number) => object>>

/** Answers with an empty body where nothing is said about an action. */
export function fakeRpc(answers: Answers = {}) {
  const asked: Asked[] = []
  const rpc: Rpc = async (action, params, call) => {
    const attempts = async () => {
      asked.push({ action, params, call })
      const nth = asked.filter((one) => one.action === action).length
      const body = (answers[action]?.(params, nth) ?? {}) as JsonObject
      return { body: JSON.parse(JSON.stringify(body)), requestId: `request-${asked.length}` }
    }
    return call.within === undefined ? attempts() : call.within(attempts)
  }
  const count = (action: string) => asked.filter((one) => one.action === action).length
  return { rpc, asked, count, actions: () => asked.map(({ action }) => action), params: () => asked.map((one) => [one.action, one.params]) }
}

export const refusal = (code: string, message = 'The cloud said no.', status: CallError['status'] = 'failed') =>
  new CallError({ status, action: 'Action', code, message })

/** An answer that refuses. */
export const no = (code: string, message?: string, status?: CallError['status']) => (): never => {
  throw refusal(code, message, status)
}

export const signal = new AbortController().signal
export const turn: Turn = { begin: signal, wait: signal, priority: 0 }

export const member = (server: string, port: number | undefined = 30000, weight = 100, note = 'swarm-slb/me'): Member => ({
  server,
  port,
  weight,
  note,
})

/** `node-1` … as members. */
export const members = (count: number, port?: number): readonly Member[] =>
  Array.from({ length: count }, (_, i) => member(`i-${i + 1}`, port))

export const how = (more: Partial<OpenOptions> = {}): OpenOptions => ({
  members: 'cached',
  owned: (name) => name.startsWith('swarm-slb/me/'),
  ...more,
})

export async function failureOf(call: Promise<unknown>): Promise<CallError> {
  const ended = await call.then(
    () => new Error('the call succeeded'),
    (error: unknown) => error,
  )
  if (ended instanceof CallError) return ended
  throw ended
}

// ---- answers in the cloud's shapes ------------------------------------------------------------------------------

type Row = { readonly [key: string]: unknown }

export const listenerRow = (protocol: string, port: number, more: Row = {}): Row => ({
  LoadBalancerId: 'lb-1',
  ListenerPort: port,
  ListenerProtocol: protocol,
  Status: 'running',
  Description: '',
  Scheduler: 'wrr',
  Bandwidth: -1,
  BackendServerPort: 30000,
  [`${protocol.toUpperCase()}ListenerConfig`]: { HealthCheck: 'off' },
  ...more,
})

export const groupRow = (id: string, name: string, count: number, more: Row = {}): Row => ({
  VServerGroupId: id,
  VServerGroupName: name,
  ServerCount: count,
  AssociatedObjects: { Listeners: { Listener: [] }, Rules: { Rule: [] } },
  ...more,
})

const serverRow = ({ server, port, weight, note }: Member): Row => ({
  ServerId: server,
  Weight: weight,
  Description: note,
  Type: 'ecs',
  ...(port === undefined ? {} : { Port: port }),
})

export type World = {
  readonly listeners?: readonly Row[]
  readonly groups?: readonly Row[]
  readonly members?: Readonly<Record<string, readonly Member[]>>
  readonly attribute?: Row
}

/** The reading side of a cloud with the load balancer lb-1. */
export function answersOf({ listeners = [], groups = [], members: inGroups = {}, attribute = {} }: World): Answers {
  const named = listeners.map(({ ListenerPort, ListenerProtocol }) => ({ ListenerPort, ListenerProtocol }))
  return {
    DescribeLoadBalancerAttribute: () => ({
      LoadBalancerId: 'lb-1',
      LoadBalancerName: 'front',
      Address: '10.0.0.1',
      AddressType: 'intranet',
      LoadBalancerStatus: 'active',
      EndTimeStamp: 32493801600000,
      BackendServers: { BackendServer: [] },
      ListenerPortsAndProtocol: { ListenerPortAndProtocol: named },
      Tags: { Tag: [{ TagKey: 'team', TagValue: 'shop' }] },
      ...attribute,
    }),
    DescribeLoadBalancerListeners: () => ({ Listeners: listeners, NextToken: '' }),
    DescribeVServerGroups: () => ({ VServerGroups: { VServerGroup: groups } }),
    DescribeVServerGroupAttribute: ({ VServerGroupId }) => ({
      VServerGroupId,
      BackendServers: { BackendServer: (inGroups[String(VServerGroupId)] ?? []).map(serverRow) },
    }),
  }
}
