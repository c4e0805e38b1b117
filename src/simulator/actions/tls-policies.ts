// TLS cipher policies of the account. The predefined ones are known by name only and are not listed.
import { ApiError } from '../gateway/api-error.ts'
import { flag, int, list, need, text } from '../gateway/params.ts'
import { isoTime, newId } from '../ids.ts'
import type { World } from '../world.ts'
import type { Actions, Body, Call } from './call.ts'

const VERSIONS = ['TLSv1.0', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3']

function readPolicy({ params }: Call) {
  const [ciphers, tlsVersions] = [list(params, 'Ciphers'), list(params, 'TLSVersions')]
  if (new Set(ciphers).size !== ciphers.length) throw new ApiError('ParamDuplicateError.Ciphers')
  if (new Set(tlsVersions).size !== tlsVersions.length) throw new ApiError('ParamDuplicateError.TlsVersions')
  if (tlsVersions.some((version) => !VERSIONS.includes(version))) throw new ApiError('TLSPolicyNoSupportVersion')
  return { name: need(params, 'Name'), ciphers, tlsVersions }
}

function named({ world, params }: Call): World['tlsPolicies'][number] {
  const policy = world.tlsPolicies.find(({ id }) => id === need(params, 'TLSCipherPolicyId'))
  if (policy === undefined) throw new ApiError('InvalidTLSPolicyId.NotExist')
  return policy
}

function createPolicy(call: Call): Body {
  const policy = { id: newId('tls'), ...readPolicy(call), createdAt: isoTime(call.now) }
  call.world.tlsPolicies.push(policy)
  return { TLSCipherPolicyId: policy.id }
}

function setPolicy(call: Call): Body {
  Object.assign(named(call), readPolicy(call))
  return { TaskId: call.requestId }
}

function deletePolicy(call: Call): Body {
  const policy = named(call)
  if (users(call.world, policy.id).length > 0) throw new ApiError('TLSPolicyRelated')
  call.world.tlsPolicies = call.world.tlsPolicies.filter((each) => each !== policy)
  return {}
}

const users = (world: World, id: string) =>
  world.loadBalancers.flatMap((loadBalancer) =>
    loadBalancer.listeners
      .filter(({ config }) => config['TLSCipherPolicy'] === id)
      .map(({ port, protocol }) => ({ LoadBalancerId: loadBalancer.id, Port: port, Protocol: protocol.toUpperCase() })),
  )

/** Bare arrays all through: one of the newer actions. */
function listPolicies({ params, world }: Call): Body {
  const [id, name] = [text(params, 'TLSCipherPolicyId'), text(params, 'Name')]
  const found = world.tlsPolicies.filter((policy) => (id === undefined || policy.id === id) && (name === undefined || policy.name === name))
  const [start, size] = [Number(text(params, 'NextToken') ?? 0) || 0, int(params, 'MaxItems') || 20]
  const rows = found.slice(start, start + size).map((policy) => ({
    InstanceId: policy.id,
    Name: policy.name,
    Ciphers: policy.ciphers,
    TLSVersions: policy.tlsVersions,
    CreateTime: Date.parse(policy.createdAt),
    Status: 'normal',
    RelateListeners: flag(params, 'IncludeListener') ? users(world, policy.id) : [],
  }))
  const more = start + size < found.length
  return { TLSCipherPolicies: rows, IsTruncated: more, NextToken: more ? String(start + size) : '', TotalCount: found.length }
}

export const tlsPolicyActions: Actions = {
  CreateTLSCipherPolicy: createPolicy,
  SetTLSCipherPolicyAttribute: setPolicy,
  DeleteTLSCipherPolicy: deletePolicy,
  ListTLSCipherPolicies: listPolicies,
}
