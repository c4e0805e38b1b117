// What the documents of the API leave open, contradict one another in, or let be seen only in samples and other clients: one sentence each.
// A question names by `ref` which of them it is about; test/verify/open.test.ts holds that none of them is forgotten.

export const OPEN = {
  // Times and locks.
  readLag: 'a read may show what was before a write; nobody says for how long',
  locks: 'which calls are refused while a write is carried out, and with which of five codes',
  transitions: 'a listener is configuring, starting or stopping for something between less than a second and a few',
  rates: 'API rates are published for two actions only',
  // Answers.
  missingLoadBalancer: 'InvalidLoadBalancerId.NotFound is in no table: 404 is assumed',
  systemBusy: 'SystemBusy comes with 449 in the old tables and with 400 in the new ones',
  unknownAction: 'an action that is not known: 404 or 400',
  missingParameter: 'a parameter that is missing: MissingParameter, or a code made of its name as in old documents',
  gatewayStatuses: 'a disabled key, a wrong version, a wrong method: statuses differ between documents or are not given',
  pageSize: 'DescribeLoadBalancers shows 10 rows by the metadata and 50 in every sample when not told',
  noListeners: 'the key Listeners may be missing where there are none, by what another client expects',
  listenerFilter: 'the filter Description of DescribeLoadBalancerListeners: exact or a part',
  groupFilter: 'the filter Description of DescribeVServerGroups: exact or a part',
  nameFilter: 'LoadBalancerName of DescribeLoadBalancers: TooManyResult hints at a search for parts',
  tagOverwrite: 'TagResources with a key that is there: presumably it gets the new value',
  serversAnswer: 'BackendServers in the answers of add, set and remove: all servers after it, or those that were sent',
  backendQuotaText: 'the text of InstanceBackendServerNumberOverLimit, whose code only another client tells',
  codeTriggers: 'which mistake gives which code, for most of the codes that are listed with an action',
  hosts: 'hosts such as slb.cn-beijing.aliyuncs.com, beside a shared one, are in no table',
  // Servers and groups.
  presentServer: 'a server that is in the default group is added again',
  presentMember: 'a member that is in a server group is added again: no code is listed for it',
  serversGrammar: 'BackendServers with single quotes, small letters or numbers as words: other clients send them, no grammar is given',
  batch: 'servers in one call: 20 in every document, 40 from a client in production',
  atomicServers: 'AddVServerGroupBackendServers with one bad server among good ones',
  setDescription: 'SetVServerGroupAttribute changes weights; whether descriptions too is said in passing',
  serverAddress: 'ServerIp in answers is meant for interfaces, newer accounts have it for instances',
  groupQuota: 'how many server groups a load balancer may have is not published',
  // Listeners.
  lastListener: 'deleting the last listener makes the load balancer inactive, says the manual; no client expects it',
  startRunning: 'Start on a listener that runs: error or nothing',
  stopStopped: 'Stop on a listener that is stopped: error or nothing',
  unsetCheckPort: 'HealthCheckConnectPort that was never set: absent, 0 or -520',
  unsetBackendPort: 'BackendServerPort that was never set: absent, 0 or -520',
  portWithGroup: 'BackendServerPort while a server group is bound: absent by the manual, shown in some samples',
  emptyGroup: 'an empty server group on a listener: VServerGroupEmpty is still documented, another client relies on the contrary',
  twoTransports: 'TCP and UDP listeners on one port: in accounts that have the feature',
  capitalInterval: 'HealthCheckInterval is spelt with a small letter on two Create calls, with a capital everywhere else',
  checkIntervals: 'HealthCheckInterval has no default in the documents: 2 s in answers, 5 s from the console for UDP',
  httpChecks: 'the defaults of a health check on layer 7 come from answers and the console, not from the API',
  groupIdAlone: 'VServerGroupId on a Set call without VServerGroup=on',
  deletedWithListener: 'deleting a listener takes its rules and further certificates with it, and leaves the groups',
  deletedWithLoadBalancer: 'DeleteLoadBalancer takes groups and rules with it',
  // Health.
  weightZero: 'whether a server of weight 0 is checked, and in DescribeHealthStatus',
  ruleHealth: 'whether the groups of rules are in DescribeHealthStatus',
  allUnhealthy: 'where no backend is healthy all of them get traffic, for each protocol',
  // Rules and redirects.
  atomicRules: 'CreateRules with one bad rule among good ones: presumably all or nothing',
  domainLength: 'a Domain of a rule may have 1 to 80 characters, in one document',
  pathCase: 'whether the path of a rule tells capitals from small letters',
  forwardCodes: 'ForwardCode is not documented: 301 and 302 are known of, and that a wrong one is refused',
  forwardCodeLeftOut: 'a redirect without ForwardCode: presumably 301',
  bareRedirect: 'what the least is that a call for a redirect has to carry',
} as const satisfies Readonly<Record<string, string>>

export type Open = keyof typeof OPEN
