// DescribeHealthStatus: one row per listener, server and port, from the data plane, or from the health table where none runs.
import { ApiError } from '../gateway/api-error.ts'
import { int, text } from '../gateway/params.ts'
import type { HealthState } from '../health-table.ts'
import { addressOf } from '../servers.ts'
import type { Backend, Listener, LoadBalancer } from '../world.ts'
import { type Actions, type Body, type Call, namedLoadBalancer } from './call.ts'

type Probe = { readonly listener: Listener; readonly server: Backend; readonly port: number; readonly checked: boolean }

function describeHealth(call: Call): Body {
  const loadBalancer = namedLoadBalancer(call)
  const stateOf = healthOf(call, loadBalancer)
  const rows = chosenListeners(call, loadBalancer)
    .flatMap((listener) => probes(loadBalancer, listener))
    .filter(({ server }) => server.weight > 0 || call.settings.unsure.weightZeroHealth === 'shown')
    .map((probe) => ({
      ListenerPort: probe.listener.port,
      Protocol: probe.listener.protocol,
      ServerId: probe.server.serverId,
      ServerIp: addressOf(call.world, probe.server) ?? '',
      Port: probe.port,
      Type: probe.server.type,
      ServerHealthStatus: stateOf(probe),
    }))
  return { BackendServers: { BackendServer: rows } }
}

function chosenListeners({ params }: Call, { listeners }: LoadBalancer): Listener[] {
  const port = int(params, 'ListenerPort')
  if (port === undefined) return listeners
  const protocol = text(params, 'ListenerProtocol')?.toLowerCase()
  const found = listeners.filter((each) => each.port === port && (protocol === undefined || each.protocol === protocol))
  if (found.length > 1) throw new ApiError('TooManyListeners')
  if (found.length === 0) throw new ApiError('ListenerNotFound')
  return found
}

/** The listener's own group and the groups of its rules, each server and port once. */
function probes(loadBalancer: LoadBalancer, listener: Listener): Probe[] {
  if (listener.forwardPort !== undefined) return []
  const checked = listener.config['HealthCheck'] === 'on'
  const seen = new Map<string, Probe>()
  const put = (servers: readonly Backend[], on: boolean) => {
    for (const server of servers) {
      const port = server.port || (listener.backendServerPort ?? 0)
      const key = `${server.serverId} ${server.serverIp ?? ''} ${port}`
      if (!seen.has(key)) seen.set(key, { listener, server, port, checked: on })
    }
  }
  put(serversOf(loadBalancer, listener), checked)
  for (const rule of listener.rules) {
    const on = rule.listenerSync === 'on' ? checked : rule.config['HealthCheck'] === 'on'
    put(loadBalancer.groups.find(({ id }) => id === rule.vServerGroupId)?.servers ?? [], on)
  }
  return [...seen.values()]
}

export function serversOf(loadBalancer: LoadBalancer, { vServerGroupId, masterSlaveServerGroupId }: Listener): readonly Backend[] {
  if (vServerGroupId !== undefined) return loadBalancer.groups.find(({ id }) => id === vServerGroupId)?.servers ?? []
  if (masterSlaveServerGroupId === undefined) return loadBalancer.backendServers
  return loadBalancer.masterSlaveGroups.find(({ id }) => id === masterSlaveServerGroupId)?.servers ?? []
}

function healthOf({ health, planeHealth }: Call, { id: loadBalancerId, status }: LoadBalancer): (probe: Probe) => HealthState {
  if (planeHealth === undefined) {
    return ({ listener, server, port, checked }) =>
      checked && listener.status === 'running' && status === 'active'
        ? health.get({ server: server.serverId, loadBalancerId, listenerPort: listener.port, port })
        : 'unavailable'
  }
  const seen = new Map<string, HealthState>()
  for (const { listenerPort, protocol, server, port, state } of planeHealth(loadBalancerId)) {
    seen.set(`${listenerPort} ${protocol} ${server} ${port}`, state)
  }
  return ({ listener, server, port }) => seen.get(`${listener.port} ${listener.protocol} ${server.serverId} ${port}`) ?? 'unavailable'
}

export const healthActions: Actions = { DescribeHealthStatus: describeHealth }
