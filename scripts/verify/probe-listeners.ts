// Listeners: starting what runs, what is shown of what was never set, two transports on one port, and groups that are empty.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Bench, rows } from './bench.ts'
import type { Fact, Finding } from './facts.ts'
import { refusedOr } from './probe-groups.ts'
import { numberOf, rowsIn, textOf } from './reading.ts'
import { Undecided } from './refusal.ts'

const PORT = 31_200
const OWN = { BackendServerPort: PORT }
const HEALTH_MS = 60_000

export const LISTENERS: readonly Fact[] = [
  {
    question: 'Deleting the last listener makes the load balancer inactive',
    settings: ['unsure.lastListenerInactivates'],
    async probe(bench) {
      await bench.standing('TCP', OWN)
      await bench.undo()
      const status = textOf(await bench.read('DescribeLoadBalancerAttribute', bench.on()), 'LoadBalancerStatus')
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
      const { status, code } = await bench.call('StartLoadBalancerListener', at)
      return refusedOr('unsure.startRunning', 'ok', status, code)
    },
  },
  {
    question: 'Stop on a listener that is stopped',
    settings: ['unsure.stopStopped'],
    async probe(bench) {
      const at = bench.on({ ListenerPort: await bench.standing('TCP', OWN), ListenerProtocol: 'tcp' })
      const { status, code } = await bench.call('StopLoadBalancerListener', at)
      return refusedOr('unsure.stopStopped', 'ok', status, code)
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
      return {
        values: { 'unsure.backendPortWithGroup': port === PORT ? 'shown' : 'absent' },
        seen: port === undefined ? 'absent' : `${port}`,
      }
    },
  },
  {
    question: 'An empty server group on a listener',
    settings: ['unsure.emptyGroup'],
    async probe(bench) {
      const { status, code } = await bench.listener('TCP', { VServerGroupId: await bench.group([]) })
      return { values: { 'unsure.emptyGroup': status === 200 ? 'accept' : 'refuse' }, seen: `${status} ${code}` }
    },
  },
  {
    question: 'TCP and UDP listeners on one port',
    settings: ['unsure.tcpUdpSamePort'],
    async probe(bench) {
      const ListenerPort = await bench.standing('TCP', OWN)
      const { status, code } = await bench.listener('UDP', { ...OWN, ListenerPort })
      return { values: { 'unsure.tcpUdpSamePort': status === 200 }, seen: `${status} ${code}` }
    },
  },
  {
    question: '`HealthCheckInterval` with a capital on CreateLoadBalancerTCPListener',
    settings: ['unsure.capitalIntervalOnCreate'],
    async probe(bench) {
      const interval = numberOf(await shown(bench, { ...OWN, HealthCheckInterval: 7 }), 'HealthCheckInterval')
      return { values: { 'unsure.capitalIntervalOnCreate': interval === 7 ? 'accept' : 'ignore' }, seen: `asked for 7, it is ${interval}` }
    },
  },
  {
    question: 'HealthCheckInterval of a TCP listener when it was never set',
    settings: [],
    probe: async (bench) => ({ seen: textOf(await shown(bench, OWN), 'HealthCheckInterval') }),
  },
  {
    question: 'VServerGroupId on a Set call without VServerGroup=on',
    settings: ['unsure.groupIdAlone'],
    async probe(bench) {
      const ListenerPort = await bench.standing('TCP', OWN)
      const VServerGroupId = await someGroup(bench)
      const { code } = await bench.call('SetLoadBalancerTCPListenerAttribute', bench.on({ ListenerPort, VServerGroupId }))
      const now = textOf(await attributes(bench, ListenerPort), 'VServerGroupId')
      return {
        values: { 'unsure.groupIdAlone': now === VServerGroupId ? 'apply' : 'ignore' },
        seen: `${code}; ${now === '' ? 'no group' : 'bound'}`,
      }
    },
  },
  {
    question: 'A server of weight 0 in DescribeHealthStatus',
    settings: ['unsure.weightZeroHealth'],
    probe: weightZero,
  },
]

/** A tcp listener with these parameters, as it is shown. */
const shown = async (bench: Bench, params: Readonly<Record<string, string | number>>) =>
  attributes(bench, await bench.standing('TCP', params))

const attributes = (bench: Bench, ListenerPort: number) =>
  bench.read('DescribeLoadBalancerTCPListenerAttribute', bench.on({ ListenerPort }))

const someGroup = (bench: Bench) => bench.group([{ ServerId: bench.first, Port: PORT }])

async function weightZero(bench: Bench): Promise<Finding> {
  const VServerGroupId = await bench.group([{ ServerId: bench.first, Port: PORT }])
  await bench.ok('AddVServerGroupBackendServers', {
    VServerGroupId,
    BackendServers: rows([{ ServerId: bench.second, Port: PORT, Weight: 0 }]),
  })
  const ListenerPort = await bench.standing('TCP', { VServerGroupId })
  const at = bench.on({ ListenerPort, ListenerProtocol: 'tcp' })
  await bench.ok('StartLoadBalancerListener', at)
  const began = performance.now()
  for (;;) {
    const found = rowsIn(await bench.read('DescribeHealthStatus', at), 'BackendServers', 'BackendServer')
    const zero = found.some((row) => textOf(row, 'ServerId') === bench.second)
    const full = found.some((row) => textOf(row, 'ServerId') === bench.first)
    if (full || zero) return { values: { 'unsure.weightZeroHealth': zero ? 'shown' : 'absent' }, seen: `${found.length} of 2 servers` }
    if (performance.now() - began > HEALTH_MS) throw new Undecided(`no row at all after ${HEALTH_MS / 1_000} s`)
    await sleep(100)
  }
}
