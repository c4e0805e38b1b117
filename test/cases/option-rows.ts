// For each option a label, and the writes that set it and take it back.
import type { LabelName } from '../../src/core/options.ts'

export type Labels = Readonly<Partial<Record<LabelName, string>>>
export type Row = {
  readonly on: 'tcp' | 'udp' | 'http' | 'https'
  /** What the labels say before and afterwards. */
  readonly base?: Labels
  /** What they say in between, besides. */
  readonly labels: Labels
  readonly set: readonly string[]
  readonly back: readonly string[]
}

const one = (on: Row['on'], labels: Labels, set: string, back: string, base?: Labels): Row => ({
  on,
  labels,
  ...(base !== undefined && { base }),
  set: [`Set ${set}`],
  back: [`Set ${back}`],
})
const header = (name: LabelName, param: string): Row => one('http', { [name]: 'on' }, `${param}=on`, `${param}=off`)

/** There is no call that changes it: the listener is made anew. */
const anew = (on: Row['on']) => ['DeleteLoadBalancerListener', `CreateLoadBalancer${on.toUpperCase()}Listener`, 'StartLoadBalancerListener']

const TO_GROUP = 'Set VServerGroup=on VServerGroupId=rsp'

/** The https listener that the redirect leads to. */
const CERT_PORT = 1022
const STICKY: Labels = { 'sticky-session': 'on' }
const LISTS: Labels = { 'acl-status': 'on', 'acl-type': 'black', 'acl-id': 'acl-1' }
const PROBE = 'HealthyThreshold=2 UnhealthyThreshold=3'
const L4_CHECK = `HealthCheckConnectTimeout=3 HealthCheckInterval=5 HealthCheckSwitch=on HealthCheckType=tcp ${PROBE}`
const L7_CHECK = `HealthCheck=on HealthCheckConnectPort=-520 HealthCheckDomain=$_ip HealthCheckHttpCode=http_2xx,http_3xx,http_4xx HealthCheckInterval=5 HealthCheckMethod=head HealthCheckTimeout=3 HealthCheckURI=/ ${PROBE}`
const HTTP_PROBE = `HealthCheckConnectTimeout=3 HealthCheckDomain=$_ip HealthCheckHttpCode=http_2xx,http_3xx HealthCheckInterval=5 HealthCheckSwitch=on HealthCheckType=http HealthCheckURI=/ ${PROBE}`

export const E10: Readonly<Partial<Record<LabelName, Row>>> = {
  scheduler: one('tcp', { scheduler: 'rr' }, 'Scheduler=rr', 'Scheduler=wrr'),
  bandwidth: one('udp', { bandwidth: '20' }, 'Bandwidth=20', 'Bandwidth=-1'),
  'persistence-timeout': one('tcp', { 'persistence-timeout': '600' }, 'PersistenceTimeout=600', 'PersistenceTimeout=0'),
  'established-timeout': one('tcp', { 'established-timeout': '100' }, 'EstablishedTimeout=100', 'EstablishedTimeout=900'),
  'connection-drain': one('tcp', { 'connection-drain': 'on' }, 'ConnectionDrain=on ConnectionDrainTimeout=300', 'ConnectionDrain=off'),
  'connection-drain-timeout': one(
    'tcp',
    { 'connection-drain-timeout': '60' },
    'ConnectionDrain=on ConnectionDrainTimeout=60',
    'ConnectionDrain=on ConnectionDrainTimeout=300',
    { 'connection-drain': 'on' },
  ),
  'proxy-protocol': one('udp', { 'proxy-protocol': 'on' }, 'ProxyProtocolV2Enabled=true', 'ProxyProtocolV2Enabled=false'),
  'idle-timeout': one('http', { 'idle-timeout': '30' }, 'IdleTimeout=30', 'IdleTimeout=15'),
  'request-timeout': one('https', { 'request-timeout': '10' }, 'RequestTimeout=10', 'RequestTimeout=60'),
  'sticky-session': one('http', STICKY, 'CookieTimeout=1800 StickySession=on StickySessionType=insert', 'StickySession=off'),
  'sticky-session-type': one(
    'http',
    { 'sticky-session-type': 'server', cookie: 'id' },
    'Cookie=id StickySession=on StickySessionType=server',
    'CookieTimeout=1800 StickySession=on StickySessionType=insert',
    STICKY,
  ),
  'cookie-timeout': one(
    'http',
    { 'cookie-timeout': '60' },
    'CookieTimeout=60 StickySession=on StickySessionType=insert',
    'CookieTimeout=1800 StickySession=on StickySessionType=insert',
    STICKY,
  ),
  cookie: one(
    'http',
    { cookie: 'JSESSIONID' },
    'Cookie=JSESSIONID StickySession=on StickySessionType=server',
    'Cookie=id StickySession=on StickySessionType=server',
    { ...STICKY, 'sticky-session-type': 'server', cookie: 'id' },
  ),
  gzip: one('http', { gzip: 'off' }, 'Gzip=off', 'Gzip=on'),
  xforwardedfor: one('http', { xforwardedfor: 'off' }, 'XForwardedFor=off', 'XForwardedFor=on'),
  'xforwardedfor-proto': header('xforwardedfor-proto', 'XForwardedFor_proto'),
  'xforwardedfor-slbport': header('xforwardedfor-slbport', 'XForwardedFor_SLBPORT'),
  'xforwardedfor-clientsrcport': header('xforwardedfor-clientsrcport', 'XForwardedFor_ClientSrcPort'),
  'xforwardedfor-slbid': header('xforwardedfor-slbid', 'XForwardedFor_SLBID'),
  'xforwardedfor-slbip': header('xforwardedfor-slbip', 'XForwardedFor_SLBIP'),
  'forward-port': {
    on: 'http',
    labels: { 'forward-port': `${CERT_PORT}` },
    set: anew('http'),
    // A redirect has no backends; what it becomes gets a group of its own first.
    back: ['CreateVServerGroup', ...anew('http')],
  },
  'cert-id': one('https', { 'cert-id': 'cert-2' }, 'ServerCertificateId=cert-2', 'ServerCertificateId=cert-1', { 'cert-id': 'cert-1' }),
  'ca-cert-id': { on: 'https', labels: { 'ca-cert-id': 'ca-1' }, set: ['Set CACertificateId=ca-1'], back: anew('https') },
  'domain-extensions': {
    on: 'https',
    labels: { 'domain-extensions': 'www.example.com:cert-2' },
    set: ['CreateDomainExtension'],
    back: [],
  },
  'tls-cipher-policy': one(
    'https',
    { 'tls-cipher-policy': 'tls_cipher_policy_1_2' },
    'TLSCipherPolicy=tls_cipher_policy_1_2',
    'TLSCipherPolicy=tls_cipher_policy_1_0',
  ),
  'http2-enabled': one('https', { 'http2-enabled': 'off' }, 'EnableHttp2=off', 'EnableHttp2=on'),
  'acl-status': one('tcp', LISTS, 'AclId=acl-1 AclStatus=on AclType=black', 'AclStatus=off'),
  'acl-type': one(
    'http',
    { 'acl-type': 'white' },
    'AclId=acl-1 AclStatus=on AclType=white',
    'AclId=acl-1 AclStatus=on AclType=black',
    LISTS,
  ),
  'acl-id': one(
    'udp',
    { 'acl-id': 'acl-2,acl-1' },
    'AclId=acl-1,acl-2 AclStatus=on AclType=black',
    'AclId=acl-1 AclStatus=on AclType=black',
    LISTS,
  ),
  allow: {
    on: 'tcp',
    labels: { allow: '10.0.0.0/8' },
    set: ['Set AclId=acl AclStatus=on AclType=white'],
    back: ['Set AclStatus=off'],
  },
  deny: {
    on: 'http',
    labels: { deny: '192.0.2.0/24' },
    set: ['Set AclId=acl AclStatus=on AclType=black'],
    back: ['Set AclStatus=off'],
  },
  adopt: { on: 'tcp', labels: { adopt: 'true' }, set: [], back: [] },
  // These need a group of their own, and keep it.
  weights: { on: 'tcp', labels: { weights: 'ignore' }, set: ['CreateVServerGroup', TO_GROUP], back: [] },
  nodes: {
    on: 'udp',
    labels: { nodes: 'node.hostname==node-1' },
    set: ['CreateVServerGroup', TO_GROUP],
    back: ['AddVServerGroupBackendServers'],
  },
  rules: {
    on: 'https',
    labels: { rules: 'shop.example.com' },
    set: ['CreateVServerGroup', 'CreateRules', TO_GROUP],
    back: [TO_GROUP],
  },
}

export const E11: Readonly<Partial<Record<LabelName, Row>>> = {
  'health-check-switch': one('tcp', { 'health-check-switch': 'off' }, 'HealthCheckSwitch=off', L4_CHECK),
  'health-check-flag': one('http', { 'health-check-flag': 'off' }, 'HealthCheck=off', L7_CHECK),
  'health-check-type': one('tcp', { 'health-check-type': 'http' }, HTTP_PROBE, L4_CHECK),
  'health-check-uri': one(
    'http',
    { 'health-check-uri': '/up' },
    'HealthCheckHttpCode=http_2xx,http_3xx HealthCheckURI=/up',
    'HealthCheckHttpCode=http_2xx,http_3xx,http_4xx HealthCheckURI=/',
  ),
  'health-check-domain': one(
    'http',
    { 'health-check-domain': 'a.example.com' },
    'HealthCheckDomain=a.example.com',
    'HealthCheckDomain=$_ip',
  ),
  'health-check-httpcode': one(
    'https',
    { 'health-check-httpcode': 'http_2xx' },
    'HealthCheckHttpCode=http_2xx',
    'HealthCheckHttpCode=http_2xx,http_3xx,http_4xx',
  ),
  'health-check-method': one('http', { 'health-check-method': 'get' }, 'HealthCheckMethod=get', 'HealthCheckMethod=head'),
  'health-check-req': {
    on: 'udp',
    labels: { 'health-check-req': 'ping', 'health-check-exp': 'pong' },
    set: ['Set healthCheckExp=pong healthCheckReq=ping'],
    back: anew('udp'),
  },
  'health-check-exp': one(
    'udp',
    { 'health-check-exp': 'pang' },
    'healthCheckExp=pang healthCheckReq=ping',
    'healthCheckExp=pong healthCheckReq=ping',
    { 'health-check-req': 'ping', 'health-check-exp': 'pong' },
  ),
  'health-check-connect-port': one(
    'http',
    { 'health-check-connect-port': '81' },
    'HealthCheckConnectPort=81',
    'HealthCheckConnectPort=-520',
  ),
  'health-check-interval': one('tcp', { 'health-check-interval': '10' }, 'HealthCheckInterval=10', 'HealthCheckInterval=5'),
  'health-check-connect-timeout': one(
    'udp',
    { 'health-check-connect-timeout': '9' },
    'HealthCheckConnectTimeout=9',
    'HealthCheckConnectTimeout=3',
  ),
  'health-check-timeout': one('https', { 'health-check-timeout': '9' }, 'HealthCheckTimeout=9', 'HealthCheckTimeout=3'),
  'healthy-threshold': one('tcp', { 'healthy-threshold': '4' }, 'HealthyThreshold=4', 'HealthyThreshold=2'),
  'unhealthy-threshold': one('http', { 'unhealthy-threshold': '4' }, 'UnhealthyThreshold=4', 'UnhealthyThreshold=3'),
}
