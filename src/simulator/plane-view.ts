// The account as its data plane sees it: every listener with its servers as addresses and its settings in milliseconds.
import { serversOf } from './actions/health.ts'
import { HTTP_CHECK_DEFAULTS } from './listener-fields.ts'
import type { PlaneAccess, PlaneBackend, PlaneGroup, PlaneHealthCheck, PlaneListener, PlaneRule, PlaneSticky } from './plane.ts'
import { addressOf } from './servers.ts'
import type { Backend, Listener, LoadBalancer, MasterSlaveGroup, Rule, Values, World } from './world.ts'

export const planeListeners = (world: World): PlaneListener[] =>
  world.loadBalancers.flatMap((loadBalancer) => loadBalancer.listeners.map((listener) => planeListener(world, loadBalancer, listener)))

function planeListener(world: World, loadBalancer: LoadBalancer, listener: Listener): PlaneListener {
  const { config, protocol } = listener
  const servers = serversOf(loadBalancer, listener)
  return {
    loadBalancerId: loadBalancer.id,
    address: loadBalancer.address ?? '127.0.0.1',
    port: listener.port,
    protocol,
    running: listener.status === 'running' && loadBalancer.status === 'active',
    group: planeGroup(listener, config, backends(world, servers, listener.backendServerPort ?? 0)),
    rules: listener.rules.map((rule) => planeRule(world, loadBalancer, listener, rule)),
    redirectTo: listener.forwardPort,
    persistenceMs: seconds(config['PersistenceTimeout']),
    idleTimeoutMs: seconds(config['IdleTimeout'] ?? config['EstablishedTimeout']),
    requestTimeoutMs: seconds(config['RequestTimeout']),
    headers: {
      for: config['XForwardedFor'] === 'on',
      proto: config['XForwardedFor_proto'] === 'on',
      slbId: config['XForwardedFor_SLBID'] === 'on',
      slbIp: config['XForwardedFor_SLBIP'] === 'on',
      slbPort: config['XForwardedFor_SLBPORT'] === 'on',
      clientPort: config['XForwardedFor_ClientSrcPort'] === 'on',
    },
    access: access(world, listener),
    clientAuthority: world.caCertificates.find(({ id }) => id === config['CACertificateId'])?.certificate,
    certificate: pem(world, config['ServerCertificateId']),
    extensions: listener.domainExtensions.flatMap(({ domain, certificateId }) => {
      const found = pem(world, certificateId)
      return found === undefined ? [] : [{ domain, ...found }]
    }),
  }
}

/** A list without entries lets everybody through, whichever kind it is; the older white list, when it is empty, nobody. */
function access({ acls }: World, { aclStatus, aclType, aclIds, whiteList }: Listener): PlaneAccess[] {
  const networks = acls.filter(({ id }) => aclIds.includes(id)).flatMap(({ entries }) => entries.map(({ entry }) => entry))
  const lists = aclStatus === 'on' && aclType !== undefined && networks.length > 0 ? [{ type: aclType, networks }] : []
  return whiteList?.status === 'open_white_list' ? [...lists, { type: 'white', networks: whiteList.items }] : lists
}

const seconds = (value: unknown): number => Number(value ?? 0) * 1000

function pem(world: World, id: unknown): { cert: string; key: string } | undefined {
  const found = world.certificates.find((certificate) => certificate.id === id)
  return found === undefined ? undefined : { cert: found.certificate, key: found.privateKey }
}

/** Servers that have left the account have no address and get no traffic. */
function backends(world: World, servers: readonly Backend[], listenerPort: number): PlaneBackend[] {
  return servers.flatMap((server) => {
    const address = addressOf(world, server)
    const weight = isSlave(server) ? 0 : server.weight
    return address === undefined ? [] : [{ server: server.serverId, address, port: server.port || listenerPort, weight }]
  })
}

/** The slave waits; taking over is not simulated. */
const isSlave = (server: Backend | MasterSlaveGroup['servers'][number]): boolean => 'serverType' in server && server.serverType === 'Slave'

const planeGroup = (listener: Listener, values: Values, found: readonly PlaneBackend[]): PlaneGroup => ({
  scheduler: String(values['Scheduler'] ?? 'wrr'),
  sticky: sticky(values),
  check: healthCheck(listener.protocol, values),
  backends: found,
})

/** A rule follows its listener in everything but the group, until its ListenerSync is off. */
function planeRule(world: World, loadBalancer: LoadBalancer, listener: Listener, rule: Rule): PlaneRule {
  const values = rule.listenerSync === 'on' ? listener.config : rule.config
  const servers = loadBalancer.groups.find(({ id }) => id === rule.vServerGroupId)?.servers ?? []
  return { id: rule.id, domain: rule.domain, url: rule.url, group: planeGroup(listener, values, backends(world, servers, 0)) }
}

function sticky(values: Values): PlaneSticky {
  if (values['StickySession'] !== 'on') return { kind: 'off' }
  if (values['StickySessionType'] === 'server') return { kind: 'server', cookie: String(values['Cookie'] ?? '') }
  return { kind: 'insert', timeoutS: Number(values['CookieTimeout'] ?? 0) }
}

function healthCheck(protocol: Listener['protocol'], values: Values): PlaneHealthCheck | undefined {
  if (values['HealthCheck'] !== 'on') return undefined
  const type = protocol === 'udp' ? 'udp' : protocol === 'tcp' && values['HealthCheckType'] !== 'http' ? 'tcp' : 'http'
  const interval = seconds(values['HealthCheckInterval'] ?? 2)
  const timeout = seconds(values['HealthCheckTimeout'] ?? values['HealthCheckConnectTimeout'] ?? 5)
  const port = Number(values['HealthCheckConnectPort'] ?? 0)
  return {
    type,
    intervalMs: interval,
    // A timeout below the interval is treated as the interval.
    timeoutMs: Math.max(timeout, interval),
    healthyThreshold: Number(values['HealthyThreshold'] ?? 3),
    unhealthyThreshold: Number(values['UnhealthyThreshold'] ?? 3),
    port: port > 0 ? port : undefined,
    uri: String(values['HealthCheckURI'] || HTTP_CHECK_DEFAULTS.HealthCheckURI),
    domain: String(values['HealthCheckDomain'] ?? ''),
    method: String(values['HealthCheckMethod']).toLowerCase() === 'get' ? 'GET' : 'HEAD',
    codes: String(values['HealthCheckHttpCode'] || HTTP_CHECK_DEFAULTS.HealthCheckHttpCode).split(','),
    request: String(values['HealthCheckReq'] ?? ''),
    expect: String(values['HealthCheckExp'] ?? ''),
  }
}
