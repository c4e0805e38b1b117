// May the caller do this? By the name of the action, and by a RAM policy where there is one: then every resource that a call touches is
// asked for. Resources are those of the vendor's pages about RAM; groups, rules and further certificates count as their load balancer.
import { parseRows } from '../actions/backend-rows.ts'
import { loadBalancerOf } from '../load-world.ts'
import { names, permits } from '../policy.ts'
import type { Settings } from '../settings.ts'
import type { World } from '../world.ts'
import type { Product } from './check-params.ts'
import { list, type Params, text } from './params.ts'

type Asked = { readonly product: Product; readonly action: string; readonly params: Params; readonly world: World }

export function mayCall(asked: Asked, { denied, policy }: Settings): boolean {
  if (denied.includes(asked.action)) return false
  if (policy === null) return true
  const action = `${asked.product}:${asked.action}`
  // Of what is not there the action itself says so.
  return names(policy, action) && resourcesOf(asked).every((resource) => permits(policy, action, resource))
}

function resourcesOf({ product, action, params, world }: Asked): readonly string[] {
  const name = (service: Product, path: string) => `acs:${service}:${world.regionId}:${world.accountId}:${path}`
  if (product === 'ecs') return [name('ecs', 'instance/*')]
  return [
    ...pathsOf(action, params, world).map((path) => name('slb', path)),
    ...serversOf(params).map((id) => name('ecs', `instance/${id}`)),
  ]
}

function pathsOf(action: string, params: Params, world: World): readonly string[] {
  if (action.includes('AccessControlList')) return [`acl/${text(params, 'AclId') ?? '*'}`]
  // The page of this action says "all resources" where it said certificate/* before: whoever grants it on * is right either way.
  if (action === 'UploadServerCertificate') return ['*']
  if (/(?:Server|CA)Certificate/.test(action)) return [`certificate/${certificateIn(action, params) ?? '*'}`]
  if (/^(Tag|Untag|ListTag)Resources$/.test(action)) return taggedPaths(params, world)
  if (action === 'DescribeLoadBalancers') return ['loadbalancer/*']
  return loadBalancerPaths(action, params, world)
}

/** Lists are asked of all certificates, also those that ask for one. */
const certificateIn = (action: string, params: Params) =>
  action.startsWith('Describe') ? undefined : (text(params, 'ServerCertificateId') ?? text(params, 'CACertificateId'))

function taggedPaths(params: Params, world: World): readonly string[] {
  const type = text(params, 'ResourceType') ?? ''
  const path = { instance: 'loadbalancer', listener: 'loadbalancer', certificate: 'certificate', acl: 'acl' }[type] ?? 'loadbalancer'
  const ids = list(params, 'ResourceId')
  if (ids.length === 0) return [`${path}/*`]
  if (type === 'listener') return ids.map((id) => `${path}/${id.split('_')[0]}`)
  return type.endsWith('group') ? owners(ids, world) : ids.map((id) => `${path}/${id}`)
}

const PARTS = ['VServerGroupId', 'MasterSlaveServerGroupId', 'RuleId', 'DomainExtensionId']

function loadBalancerPaths(action: string, params: Params, world: World): readonly string[] {
  const named = [text(params, 'LoadBalancerId') ?? list(params, 'LoadBalancerId')].flat()
  if (named.length > 0) return named.map((id) => `loadbalancer/${id}`)
  const parts = [...PARTS.flatMap((part) => text(params, part) ?? []), ...ruleIds(params)]
  if (parts.length > 0) return owners(parts, world)
  return [/LoadBalancer/.test(action) ? 'loadbalancer/*' : '*']
}

const owners = (ids: readonly string[], world: World): readonly string[] =>
  ids.flatMap((id) => {
    const owner = loadBalancerOf(world, id)
    return owner === undefined ? [] : [`loadbalancer/${owner.id}`]
  })

const ruleIds = (params: Params): readonly string[] => (text(params, 'RuleIds') ?? '').match(/[\w-]+/g) ?? []

function serversOf(params: Params): readonly string[] {
  const sent = ['BackendServers', 'NewBackendServers', 'MasterSlaveBackendServers'].flatMap((name) => text(params, name) ?? [])
  try {
    return sent.flatMap((json) => parseRows(json, '').map((row) => String(row['ServerId'])))
  } catch {
    return [] // unreadable, which the action says itself
  }
}
