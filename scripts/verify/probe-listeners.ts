// Listeners: what is shown of what was never set, what is made of names and groups, and two transports on one port.
import type { JsonObject } from '../../src/providers/aliyun/rpc.ts'
import { type Bench, taken } from './bench.ts'
import type { Fact, Finding } from './facts.ts'
import { numberOf, textOf } from './reading.ts'
import { Undecided } from './refusal.ts'

const PORT = 31_200
const OWN = { BackendServerPort: PORT }
const HTTP_CHECK = [
  ...['HealthCheckInterval', 'HealthCheckTimeout', 'HealthyThreshold', 'UnhealthyThreshold'],
  ...['HealthCheckURI', 'HealthCheckDomain', 'HealthCheckHttpCode', 'HealthCheckMethod'],
]

export const LISTENERS: readonly Fact[] = [
  {
    question: 'HealthCheckConnectPort in answers when it was never set',
    ref: ['unsetCheckPort'],
    settings: ['unsure.unsetCheckPort'],
    async probe(bench) {
      const port = numberOf(await shown(bench, 'TCP', OWN), 'HealthCheckConnectPort')
      return noPort('unsure.unsetCheckPort', port)
    },
  },
  {
    question: 'BackendServerPort in answers when it was never set',
    ref: ['unsetBackendPort'],
    settings: ['unsure.unsetBackendPort'],
    async probe(bench) {
      const port = numberOf(await shown(bench, 'TCP', { VServerGroupId: await someGroup(bench) }), 'BackendServerPort')
      return noPort('unsure.unsetBackendPort', port)
    },
  },
  {
    question: 'BackendServerPort in answers while a server group is bound',
    ref: ['portWithGroup'],
    settings: ['unsure.backendPortWithGroup'],
    async probe(bench) {
      const port = numberOf(await shown(bench, 'TCP', { ...OWN, VServerGroupId: await someGroup(bench) }), 'BackendServerPort')
      if (port === PORT) return { values: { 'unsure.backendPortWithGroup': 'shown' }, seen: 'shown' }
      return noPort('unsure.backendPortWithGroup', port)
    },
  },
  {
    question: 'An empty server group on a listener',
    ref: ['emptyGroup'],
    settings: ['unsure.emptyGroup'],
    async probe(bench) {
      const answer = await bench.listener('TCP', { VServerGroupId: await bench.group([]) })
      const accepted = taken(answer, /^VServerGroupEmpty\b/)
      return { values: { 'unsure.emptyGroup': accepted ? 'accept' : 'refuse' }, seen: `${answer.status} ${answer.code}` }
    },
  },
  {
    question: 'TCP and UDP listeners on one port',
    ref: ['twoTransports'],
    settings: ['unsure.tcpUdpSamePort'],
    async probe(bench) {
      const ListenerPort = await bench.standing('TCP', OWN)
      const answer = await bench.listener('UDP', { ...OWN, ListenerPort })
      const both = taken(answer, /^(InvalidParameter\.)?ListenerPortConflict\b|^ListenerAlreadyExists\b/)
      return { values: { 'unsure.tcpUdpSamePort': both }, seen: `${answer.status} ${answer.code}` }
    },
  },
  ...(['TCP', 'UDP'] as const).flatMap(ofLayer4),
  {
    question: 'The health check of an http listener where only HealthCheck=on was sent',
    ref: ['httpChecks', 'checkIntervals'],
    settings: ['unsure.httpCheckInterval'],
    async probe(bench) {
      const listener = await shown(bench, 'HTTP', { ...OWN, HealthCheck: 'on' })
      const rest = HTTP_CHECK.map((name) => `${name} ${textOf(listener, name) || 'not shown'}`)
      return { ...interval('unsure.httpCheckInterval', listener), seen: rest.join(', ') }
    },
  },
  {
    question: 'VServerGroupId on a Set call without VServerGroup=on',
    ref: ['groupIdAlone'],
    settings: ['unsure.groupIdAlone'],
    async probe(bench) {
      const ListenerPort = await bench.standing('TCP', OWN)
      const VServerGroupId = await someGroup(bench)
      await bench.ok('SetLoadBalancerTCPListenerAttribute', bench.on({ ListenerPort, VServerGroupId }))
      const now = textOf(await attributes(bench, 'TCP', ListenerPort), 'VServerGroupId')
      const bound = now === VServerGroupId
      if (!bound && now !== '') throw new Undecided(`it is bound to ${now}`)
      return { values: { 'unsure.groupIdAlone': bound ? 'apply' : 'ignore' }, seen: bound ? 'bound' : 'no group' }
    },
  },
]

/** What can be asked of both protocols of layer 4. */
function ofLayer4(kind: 'TCP' | 'UDP'): readonly Fact[] {
  const path = kind === 'TCP' ? 'unsure.tcpCheckInterval' : 'unsure.udpCheckInterval'
  return [
    {
      question: `\`HealthCheckInterval\` with a capital on CreateLoadBalancer${kind}Listener`,
      ref: ['capitalInterval'],
      settings: ['unsure.capitalIntervalOnCreate'],
      async probe(bench) {
        const seconds = numberOf(await shown(bench, kind, { ...OWN, HealthCheckInterval: 7 }), 'HealthCheckInterval')
        if (seconds === undefined) throw new Undecided('it is not shown')
        return { values: { 'unsure.capitalIntervalOnCreate': seconds === 7 ? 'accept' : 'ignore' }, seen: `asked for 7, it is ${seconds}` }
      },
    },
    {
      question: `HealthCheckInterval of a ${kind} listener when it was never set`,
      ref: ['checkIntervals'],
      settings: [path],
      probe: async (bench) => interval(path, await shown(bench, kind, OWN)),
    },
  ]
}

function interval(path: string, listener: JsonObject): Finding {
  const seconds = numberOf(listener, 'HealthCheckInterval')
  if (seconds === undefined) throw new Undecided('it is not shown')
  return { values: { [path]: seconds }, seen: `${seconds} s` }
}

/** How a port is shown that is none. */
function noPort(path: string, port: number | undefined): Finding {
  const word = port === undefined ? 'absent' : port === 0 ? 'zero' : port === -520 ? '-520' : undefined
  if (word === undefined) throw new Undecided(`it is ${port}`)
  return { values: { [path]: word }, seen: word }
}

/** A listener of this kind with these parameters, as it is shown. */
const shown = async (bench: Bench, kind: 'TCP' | 'UDP' | 'HTTP', params: Readonly<Record<string, string | number>>) =>
  attributes(bench, kind, await bench.standing(kind, params))

const attributes = (bench: Bench, kind: 'TCP' | 'UDP' | 'HTTP', ListenerPort: number) =>
  bench.read(`DescribeLoadBalancer${kind}ListenerAttribute`, bench.on({ ListenerPort }))

const someGroup = (bench: Bench) => bench.group([{ ServerId: bench.first, Port: PORT }])
