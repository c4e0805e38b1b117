// What calls cannot find out, and why. SystemBusy is told where the cloud happened to give it.
import type { Fact } from './facts.ts'

export const UNASKED: readonly Fact[] = [
  {
    question: 'HTTP status of SystemBusy',
    ref: ['systemBusy'],
    settings: ['unsure.systemBusyStatus'],
    async probe({ ground }) {
      const status = ground.account.sent.find(({ code }) => code === 'SystemBusy')?.httpStatus
      if (status === undefined) return { seen: 'not asked: it cannot be provoked, and this run did not meet it' }
      return { values: { 'unsure.systemBusyStatus': status }, seen: `${status}, met by chance` }
    },
  },
  {
    question: 'API rates beside the published ones',
    ref: ['rates'],
    settings: ['rates.writesPerMinute', 'rates.readsPerMinute'],
    probe: 'not asked: using up the rates of an account stops everything else that uses it',
  },
  {
    question: 'How many server groups a load balancer may have',
    ref: ['groupQuota'],
    settings: ['quotas.groups'],
    probe: 'not asked: it would take more than a thousand calls',
  },
  {
    question: 'DeleteLoadBalancer takes groups and rules with it',
    ref: ['deletedWithLoadBalancer'],
    settings: [],
    probe: 'not asked: no load balancer is made or deleted here',
  },
  {
    question: 'A load balancer none of whose backends are healthy sends to all of them',
    ref: ['allUnhealthy'],
    settings: [],
    probe: 'not asked: it needs traffic and servers that answer',
  },
  {
    question: 'Paths of rules tell capitals from small letters',
    ref: ['pathCase'],
    settings: [],
    probe: 'not asked: it needs traffic and servers that answer',
  },
  {
    question: 'HTTP statuses of a disabled key, a wrong version and a wrong method',
    ref: ['gatewayStatuses'],
    settings: [],
    probe: 'not asked: bad requests lock accounts, and the daemon reads the code, not the status',
  },
  {
    question: 'Text of InstanceBackendServerNumberOverLimit',
    ref: ['backendQuotaText'],
    settings: [],
    probe: 'not asked: it takes two hundred servers, and the daemon reads the code',
  },
  {
    question: 'Which mistake gives which code',
    ref: ['codeTriggers'],
    settings: [],
    probe: 'not asked one by one: there are some three hundred; the statements about the API have those that are met here',
  },
  {
    question: 'Hosts such as slb.cn-beijing.aliyuncs.com resolve',
    ref: ['hosts'],
    settings: [],
    probe: 'not asked: the daemon uses the hosts of the published table; SLB_ENDPOINT names another',
  },
]
