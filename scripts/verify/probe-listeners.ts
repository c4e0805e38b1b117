// Listeners: starting what runs, what is shown of what was never set, two transports on one port, and groups that are empty.
import { type Bench, taken } from './bench.ts'
import type { Fact } from './facts.ts'
import { refusedOr } from './probe-groups.ts'
import { numberOf, rowsIn, textOf } from './reading.ts'
import { Undecided } from './refusal.ts'

const PORT = 31_200
const OWN = { BackendServerPort: PORT }
/** What is refused for the state that the listener is in: the same call was taken before. */
const BY_STATE = /^Operation\.NotAllowed\b|Status/

export const LISTENERS: readonly Fact[] = [
  {
    question: 'Deleting the last listener makes the load balancer inactive',
    settings: ['unsure.lastListenerInactivates'],
    async probe(bench) {
      await bench.standing('TCP', OWN)
      const [left] = await bench.undo()
      if (left !== undefined) throw new Undecided(left)
      const attribute = await bench.read('DescribeLoadBalancerAttribute', bench.on())
      if (rowsIn(attribute, 'ListenerPortsAndProtocol', 'ListenerPortAndProtocol').length > 0)
        throw new Undecided('it was not the last one')
      const status = textOf(attribute, 'LoadBalancerStatus')
      if (status !== 'active' && status !== 'inactive') throw new Undecided(`it is ${status}`)
      if (status === 'inactive') bench.later('SetLoadBalancerStatus', bench.on({ LoadBalancerStatus: 'active' }))
      return { values: { 'unsure.lastListenerInactivates': status === 'inactive' }, seen: status }
    },
  },
  {
    question: 'Start on a listener that runs',
    settings: ['unsure.startRunning'],
    async probe(bench) {
      const at = bench.on({ ListenerPort: await bench.standing('TCP', OWN), ListenerProtocol: 'tcp' })
      await bench.ok('StartLoadBalancerListener', at)
      return refusedOr('unsure.startRunning', 'ok', await bench.call('StartLoadBalancerListener', at), BY_STATE)
    },
  },
  {
    question: 'Stop on a listener that is stopped',
    settings: ['unsure.stopStopped'],
    async probe(bench) {
      const at = bench.on({ ListenerPort: await bench.standing('TCP', OWN), ListenerProtocol: 'tcp' })
      await bench.ok('StartLoadBalancerListener', at)
      await bench.ok('StopLoadBalancerListener', at)
      return refusedOr('unsure.stopStopped', 'ok', await bench.call('StopLoadBalancerListener', at), BY_STATE)
    },
  },
  {
    question: 'HealthCheckConnectPort in answers when it was never set',
    settings: ['unsure.unsetCheckPort'],
    async probe(bench) {
      const port = numberOf(await shown(bench, OWN), 'HealthCheckConnectPort')
      const word = port === undefined ? 'absent' : port === 0 ? 'zero' : port === -520 ? '-520' : undefined
      if (word === undefined) throw new Undecided(`it is ${port}`)
      return { values: { 'unsure.unsetCheckPort': word }, seen: word }
    },
  },
  {
    question: 'BackendServerPort in answers while a server group is bound',
    settings: ['unsure.backendPortWithGroup'],
    async probe(bench) {
      const port = numberOf(await shown(bench, { ...OWN, VServerGroupId: await someGroup(bench) }), 'BackendServerPort')
      const word = port === PORT ? 'shown' : port === undefined ? 'absent' : undefined
      if (word === undefined) throw new Undecided(`it is ${port}`)
      return { values: { 'unsure.backendPortWithGroup': word }, seen: word }
    },
  },
  {
    question: 'An empty server group on a listener',
    settings: ['unsure.emptyGroup'],
    async probe(bench) {
      const answer = await bench.listener('TCP', { VServerGroupId: await bench.group([]) })
      const accepted = taken(answer, /^VServerGroupEmpty\b/)
      return { values: { 'unsure.emptyGroup': accepted ? 'accept' : 'refuse' }, seen: `${answer.status} ${answer.code}` }
    },
  },
  {
    question: 'TCP and UDP listeners on one port',
    settings: ['unsure.tcpUdpSamePort'],
    async probe(bench) {
      const ListenerPort = await bench.standing('TCP', OWN)
      const answer = await bench.listener('UDP', { ...OWN, ListenerPort })
      const both = taken(answer, /^(InvalidParameter\.)?ListenerPortConflict\b|^ListenerAlreadyExists\b/)
      return { values: { 'unsure.tcpUdpSamePort': both }, seen: `${answer.status} ${answer.code}` }
    },
  },
  {
    question: '`HealthCheckInterval` with a capital on CreateLoadBalancerTCPListener',
    settings: ['unsure.capitalIntervalOnCreate'],
    async probe(bench) {
      const interval = numberOf(await shown(bench, { ...OWN, HealthCheckInterval: 7 }), 'HealthCheckInterval')
      if (interval === undefined) throw new Undecided('it is not shown')
      return { values: { 'unsure.capitalIntervalOnCreate': interval === 7 ? 'accept' : 'ignore' }, seen: `asked for 7, it is ${interval}` }
    },
  },
  {
    question: 'HealthCheckInterval of a TCP listener when it was never set',
    settings: [],
    async probe(bench) {
      const interval = textOf(await shown(bench, OWN), 'HealthCheckInterval')
      if (interval === '') throw new Undecided('it is not shown')
      return { seen: interval }
    },
  },
  {
    question: 'VServerGroupId on a Set call without VServerGroup=on',
    settings: ['unsure.groupIdAlone'],
    async probe(bench) {
      const ListenerPort = await bench.standing('TCP', OWN)
      const VServerGroupId = await someGroup(bench)
      await bench.ok('SetLoadBalancerTCPListenerAttribute', bench.on({ ListenerPort, VServerGroupId }))
      const now = textOf(await attributes(bench, ListenerPort), 'VServerGroupId')
      const bound = now === VServerGroupId
      if (!bound && now !== '') throw new Undecided(`it is bound to ${now}`)
      return { values: { 'unsure.groupIdAlone': bound ? 'apply' : 'ignore' }, seen: bound ? 'bound' : 'no group' }
    },
  },
]

/** A tcp listener with these parameters, as it is shown. */
const shown = async (bench: Bench, params: Readonly<Record<string, string | number>>) =>
  attributes(bench, await bench.standing('TCP', params))

const attributes = (bench: Bench, ListenerPort: number) =>
  bench.read('DescribeLoadBalancerTCPListenerAttribute', bench.on({ ListenerPort }))

const someGroup = (bench: Bench) => bench.group([{ ServerId: bench.first, Port: PORT }])
