// What calls have made, as the calls that take it away again: each call to a real account costs, and looking for what is left costs six.
import type { Params } from '../../src/providers/aliyun/flatten.ts'
import type { JsonObject } from '../../src/providers/aliyun/rpc.ts'

type Undo = { readonly action: string; readonly params: Params }

export interface Undoing {
  /** To be told of every call that was carried out. */
  note(action: string, params: Params, body: JsonObject): void
  /** Newest first. False where one of them was refused: then something may be left. */
  run(call: (action: string, params: Params) => Promise<{ readonly status: number }>): Promise<boolean>
}

/** The id that names what a pair of actions makes and deletes. */
const BY_ID: Readonly<Record<string, readonly [deletes: string, id: string]>> = {
  CreateVServerGroup: ['DeleteVServerGroup', 'VServerGroupId'],
  CreateAccessControlList: ['DeleteAccessControlList', 'AclId'],
  UploadServerCertificate: ['DeleteServerCertificate', 'ServerCertificateId'],
}

const listenerKey = (port: Params[string]) => `listener ${String(port)}`

function made(action: string, params: Params, body: JsonObject): readonly [key: string, undo: Undo] | undefined {
  const [deletes, id] = BY_ID[action] ?? []
  if (deletes !== undefined && id !== undefined) return [String(body[id]), { action: deletes, params: { [id]: String(body[id]) } }]
  const [, protocol] = /^CreateLoadBalancer(\w+)Listener$/.exec(action) ?? []
  const { LoadBalancerId, ListenerPort, BackendServers, ResourceType, ResourceId, Tag } = params
  if (protocol !== undefined) {
    const named = { LoadBalancerId, ListenerPort, ListenerProtocol: protocol.toLowerCase() }
    return [listenerKey(ListenerPort), { action: 'DeleteLoadBalancerListener', params: named }]
  }
  if (action === 'AddBackendServers') return ['backends', { action: 'RemoveBackendServers', params: { LoadBalancerId, BackendServers } }]
  if (action !== 'TagResources' || !Array.isArray(Tag)) return undefined
  const TagKey = Tag.map((tag: unknown) => String((tag as { readonly Key: string }).Key))
  return ['tags', { action: 'UntagResources', params: { ResourceType, ResourceId, TagKey } }]
}

export function createUndoing(): Undoing {
  const undo = new Map<string, Undo>()
  return {
    note(action, params, body) {
      const [key, step] = made(action, params, body) ?? []
      if (key !== undefined && step !== undefined) undo.set(key, step)
      if (action === 'DeleteLoadBalancerListener') undo.delete(listenerKey(params['ListenerPort']))
      for (const [deletes, id] of Object.values(BY_ID)) if (action === deletes) undo.delete(String(params[id]))
    },
    async run(call) {
      const steps = [...undo.values()].reverse()
      undo.clear()
      let all = true
      for (const { action, params } of steps) all = (await call(action, params)).status === 200 && all
      return all
    },
  }
}
