// Listeners as the Describe calls show them: one at a time, or many rows with the protocol's own settings in a `…ListenerConfig`.
import { ApiError } from '../gateway/api-error.ts'
import { int, list, type Params, tags, text } from '../gateway/params.ts'
import { fieldsOf, HTTP_CHECK_DEFAULTS } from '../listener-fields.ts'
import type { Settings } from '../settings.ts'
import type { Listener, LoadBalancer, Protocol, Values } from '../world.ts'
import { type Actions, type Body, type Call, namedLoadBalancer } from './call.ts'
import { expectListener } from './find-listener.ts'
import { statusOf } from './listener-states.ts'
import { hasTags, tagRows, wrappedTags } from './tag-values.ts'

function describeListener(protocol: Protocol): (call: Call) => Body {
  return (call) => {
    const loadBalancer = namedLoadBalancer(call)
    const listener = expectListener(loadBalancer, call.params, protocol)
    const status = statusOf(listener, call.now)
    // A redirect has no servers and no checks; the cloud answers with little more than where it leads.
    if (listener.forwardPort !== undefined) {
      const { port, description, forwardPort } = listener
      return { ListenerPort: port, Status: status, Description: description, ListenerForward: 'on', ForwardPort: forwardPort }
    }
    return {
      ...common(loadBalancer, listener, status, call.settings),
      AclIds: { AclId: listener.aclIds },
      Tags: wrappedTags(listener.tags),
      ...shownValues(listener, call.settings),
      ...(protocol === 'http' ? { ListenerForward: 'off' } : {}),
      ...(protocol === 'http' || protocol === 'https' ? { SecurityStatus: 'on', Rules: { Rule: ruleRows(listener) } } : {}),
      ...(protocol === 'https' ? { DomainExtensions: { DomainExtension: extensionRows(listener) } } : {}),
    }
  }
}

function common(loadBalancer: LoadBalancer, listener: Listener, status: string, { unsure }: Settings) {
  const { port, vServerGroupId, masterSlaveServerGroupId, aclType, aclIds } = listener
  const backendServerPort = shownPort(listener, unsure)
  return {
    LoadBalancerId: loadBalancer.id,
    ListenerPort: port,
    Status: status,
    Description: listener.description,
    AclStatus: listener.aclStatus,
    ...(aclType === undefined ? {} : { AclType: aclType }),
    ...(aclIds[0] === undefined ? {} : { AclId: aclIds.join(',') }),
    ...(backendServerPort === undefined ? {} : { BackendServerPort: backendServerPort }),
    ...(vServerGroupId === undefined ? {} : { VServerGroupId: vServerGroupId }),
    ...(masterSlaveServerGroupId === undefined ? {} : { MasterSlaveServerGroupId: masterSlaveServerGroupId }),
  }
}

/** How a port is shown that does not count: while a group is bound, or where it was never set. */
const NO_PORT = { absent: undefined, zero: 0, '-520': -520 } as const

function shownPort({ backendServerPort: port, vServerGroupId, masterSlaveServerGroupId }: Listener, unsure: Settings['unsure']) {
  if (port === undefined) return NO_PORT[unsure.unsetBackendPort]
  if (vServerGroupId === undefined && masterSlaveServerGroupId === undefined) return port
  return unsure.backendPortWithGroup === 'shown' ? port : NO_PORT[unsure.backendPortWithGroup]
}

/** What applies now: stickiness details only while it is on, an HTTP check's details filled in where they were left out. */
function shownValues({ protocol, config }: Listener, { unsure }: Settings): Values {
  const shown: Values = {}
  for (const { name } of fieldsOf(protocol)) {
    const value = config[name]
    if (value !== undefined) shown[name] = value
  }
  if (shown['StickySession'] === 'off') for (const name of ['StickySessionType', 'Cookie', 'CookieTimeout']) delete shown[name]
  if (shown['HealthCheckType'] === 'http') for (const [name, value] of Object.entries(HTTP_CHECK_DEFAULTS)) shown[name] ||= value
  const noPort = NO_PORT[unsure.unsetCheckPort]
  if (noPort !== undefined) shown['HealthCheckConnectPort'] ??= noPort
  return shown
}

const ruleRows = ({ rules }: Listener) =>
  rules.map(({ id, name, domain, url, vServerGroupId }) => ({
    RuleId: id,
    RuleName: name,
    ...(domain === '' ? {} : { Domain: domain }),
    ...(url === '' ? {} : { Url: url }),
    VServerGroupId: vServerGroupId,
  }))

const extensionRows = ({ domainExtensions }: Listener) =>
  domainExtensions.map(({ id, domain, certificateId }) => ({ DomainExtensionId: id, Domain: domain, ServerCertificateId: certificateId }))

const CONFIG_KEY = { tcp: 'TCPListenerConfig', udp: 'UDPListenerConfig', http: 'HTTPListenerConfig', https: 'HTTPSListenerConfig' } as const

function row(loadBalancer: LoadBalancer, listener: Listener, { now, settings }: Call) {
  const { protocol, config, forwardPort } = listener
  const { MasterSlaveServerGroupId: masterSlave, ...top } = common(loadBalancer, listener, statusOf(listener, now), settings)
  const inner: Record<string, unknown> = {}
  if (forwardPort === undefined) Object.assign(inner, shownValues(listener, settings))
  const { Bandwidth: _bandwidth, Scheduler: _scheduler, ...own } = inner
  // A boolean in the single Describe calls, a word here.
  if ('ProxyProtocolV2Enabled' in own) own['ProxyProtocolV2Enabled'] = String(own['ProxyProtocolV2Enabled'])
  if (protocol === 'http')
    Object.assign(own, forwardPort === undefined ? { ListenerForward: 'off' } : { ListenerForward: 'on', ForwardPort: forwardPort })
  if (masterSlave !== undefined) own['MasterSlaveServerGroupId'] = masterSlave
  return {
    ...top,
    ListenerProtocol: protocol,
    Bandwidth: config['Bandwidth'],
    Scheduler: config['Scheduler'],
    AclIds: listener.aclIds,
    Tags: tagRows(listener.tags),
    [CONFIG_KEY[protocol]]: own,
  }
}

function describeListeners(call: Call): Body {
  const { params, world, settings } = call
  const size = int(params, 'MaxResults') ?? 20
  if (size < 1 || size > 100) throw new ApiError('IllegalParam.MaxResults')
  const ids = list(params, 'LoadBalancerId')
  if (ids.length > 10) throw new ApiError('IllegalParamSize.LoadBalancerId')
  const matches = rowFilter(params, settings)
  const found = world.loadBalancers
    .filter(({ id }) => ids.length === 0 || ids.includes(id))
    .flatMap((loadBalancer) =>
      loadBalancer.listeners.filter(matches).map((listener) => ({ loadBalancer, listener, key: keyOf(loadBalancer, listener) })),
    )
    .sort((a, b) => (a.key < b.key ? -1 : 1))
  const after = readToken(text(params, 'NextToken'))
  const rest = after === undefined ? found : found.filter(({ key }) => key > after)
  const page = rest.slice(0, size)
  const last = page.at(-1)
  const listeners = page.map(({ loadBalancer, listener }) => row(loadBalancer, listener, call))
  return {
    ...(listeners.length === 0 && settings.unsure.emptyListeners === 'absent' ? {} : { Listeners: listeners }),
    MaxResults: size,
    NextToken: rest.length > size && last !== undefined ? Buffer.from(last.key).toString('base64url') : '',
    TotalCount: found.length,
  }
}

function rowFilter(params: Params, { unsure }: Settings): (listener: Listener) => boolean {
  const protocol = text(params, 'ListenerProtocol')?.toLowerCase()
  if (protocol !== undefined && !(protocol in CONFIG_KEY)) throw new ApiError('IllegalParam.ListenerProtocol')
  const [port, description, filters] = [int(params, 'ListenerPort'), text(params, 'Description'), tags(params)]
  return (listener) =>
    (protocol === undefined || listener.protocol === protocol) &&
    (port === undefined || listener.port === port) &&
    (description === undefined || matchesText(listener.description, description, unsure.descriptionFilter)) &&
    hasTags(listener.tags, filters)
}

export const matchesText = (value: string, filter: string, how: 'exact' | 'contains'): boolean =>
  how === 'exact' ? value === filter : value.includes(filter)

/** Pages follow the key, not a position: a listener that goes or comes between two pages hides no other. */
const keyOf = (loadBalancer: LoadBalancer, { port, protocol }: Listener): string =>
  `${loadBalancer.id} ${String(port).padStart(5, '0')} ${protocol}`

function readToken(token: string | undefined): string | undefined {
  if (token === undefined) return undefined
  const key = Buffer.from(token, 'base64url').toString()
  if (!/^\S+ \d{5} [a-z]+$/.test(key)) throw new ApiError('IllegalParam.NextToken')
  return key
}

export const listenerViewActions: Actions = {
  DescribeLoadBalancerTCPListenerAttribute: describeListener('tcp'),
  DescribeLoadBalancerUDPListenerAttribute: describeListener('udp'),
  DescribeLoadBalancerHTTPListenerAttribute: describeListener('http'),
  DescribeLoadBalancerHTTPSListenerAttribute: describeListener('https'),
  DescribeLoadBalancerListeners: describeListeners,
}
