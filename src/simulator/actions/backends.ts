// The default server group of a load balancer: servers without a port of their own, each listener brings its BackendServerPort.
import { ApiError, invalid } from '../gateway/api-error.ts'
import { text } from '../gateway/params.ts'
import { addServers, answered, serverCount, updateServers, without } from './attach.ts'
import { backendRows, parseBackends, type SentBackend } from './backend-rows.ts'
import { type Actions, type Body, type Call, namedLoadBalancer } from './call.ts'

/** Of a server named twice in one call the first counts. */
function sentServers({ params, settings }: Call): SentBackend[] {
  const sent = parseBackends(text(params, 'BackendServers'), false, settings)
  if (sent.length === 0) throw invalid('The specified BackendServers is invalid.')
  return sent.filter((server, index) => sent.findIndex(({ serverId }) => serverId === server.serverId) === index)
}

function addBackendServers(call: Call): Body {
  const loadBalancer = namedLoadBalancer(call)
  const sent = sentServers(call)
  const servers = loadBalancer.backendServers
  addServers(call, { loadBalancer, servers, elsewhere: serverCount(loadBalancer) - servers.length, kind: 'default' }, sent)
  return answer(call, loadBalancer.id, servers, sent, 'string')
}

function setBackendServers(call: Call): Body {
  const loadBalancer = namedLoadBalancer(call)
  const sent = sentServers(call)
  updateServers(call, loadBalancer.backendServers, sent)
  return answer(call, loadBalancer.id, loadBalancer.backendServers, sent, 'string')
}

function removeBackendServers(call: Call): Body {
  const loadBalancer = namedLoadBalancer(call)
  const sent = parseIds(call)
  loadBalancer.backendServers = without(loadBalancer.backendServers, sent)
  return answer(call, loadBalancer.id, loadBalancer.backendServers, [], 'number')
}

/** Old clients send bare ids: `["i-1","i-2"]`. */
function parseIds(call: Call): SentBackend[] {
  const json = text(call.params, 'BackendServers') ?? ''
  const ids = /^\s*\[\s*(?:["'][\w-]+["']\s*,?\s*)*\]\s*$/.test(json) ? [...json.matchAll(/[\w-]+/g)].map(([id]) => id) : undefined
  if (ids === undefined) return sentServers(call)
  if (ids.length > call.settings.quotas.backendBatch) throw new ApiError('TooManyBackendServers')
  return ids.map((serverId) => ({
    serverId,
    serverIp: undefined,
    port: 0,
    weight: undefined,
    type: undefined,
    description: undefined,
    serverType: undefined,
  }))
}

/** Weights are strings after add and set, numbers everywhere else. */
function answer(
  call: Call,
  loadBalancerId: string,
  servers: Parameters<typeof answered>[1],
  sent: readonly SentBackend[],
  weight: 'string' | 'number',
): Body {
  return {
    LoadBalancerId: loadBalancerId,
    BackendServers: { BackendServer: backendRows(answered(call, servers, sent), { weight, port: false }) },
  }
}

export const backendActions: Actions = {
  AddBackendServers: addBackendServers,
  SetBackendServers: setBackendServers,
  RemoveBackendServers: removeBackendServers,
}
