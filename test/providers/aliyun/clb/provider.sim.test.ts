import { X509Certificate } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { type Change, DEFAULT_GROUP, type ListenerSpec, type Member } from '../../../../src/core/model.ts'
import type { OpenOptions, Turn } from '../../../../src/providers/provider.ts'
import { selfSigned } from '../../../simulator/dataplane/certificate.ts'
import { providerContract } from '../../../support/provider-contract.ts'
import { onSimulator, SERVERS } from './on-simulator.ts'
import { failureOf } from './support.ts'

const numbers = (count: number) => Array.from({ length: count }, (_, n) => n)

/** A load balancer that other people use too. */
const shared = () => ({
  id: 'lb-bp1contract',
  name: 'front',
  tags: [{ key: 'team', value: 'shop' }],
  backendServers: [{ serverId: 'i-25' }],
  groups: [{ id: 'rsp-theirs', name: 'k8s/80/nginx/default/c1', servers: [{ serverId: 'i-24', port: 80 }] }],
  listeners: [
    { port: 80, protocol: 'http' as const, status: 'running' as const, vServerGroupId: 'rsp-theirs', description: 'theirs' },
    { port: 81, protocol: 'http' as const, status: 'running' as const, forwardPort: 443 },
    { port: 22, protocol: 'tcp' as const, backendServerPort: 22 },
  ],
})

/** What other people have in the region: more lists than one page shows. */
const pair = (name: string) => {
  const { cert, key } = selfSigned(name)
  return { id: `cert-${name}`, name, certificate: cert, privateKey: key }
}
const UPLOADED = selfSigned('shop.example.com')
const CERTIFICATE = { file: 'shop', fingerprint: new X509Certificate(UPLOADED.cert).fingerprint.replaceAll(':', '').toLowerCase() }
const readPem = async () => ({ certificate: UPLOADED.cert, privateKey: UPLOADED.key })
const region = () => ({
  certificates: [pair('a'), pair('b')],
  caCertificates: [{ id: 'ca-1', name: 'ours', certificate: selfSigned('ca').cert }],
  acls: numbers(53).map((n) => ({ id: `acl-${n}`, name: 'theirs', entries: [{ entry: '10.0.0.0/8' }] })),
})

const CLOUDS = {
  'as we take it to be': {},
  'that does otherwise wherever the manual is silent': {
    unsure: {
      unsetCheckPort: '-520',
      backendPortWithGroup: 'shown',
      unsetBackendPort: '-520',
      udpCheckInterval: 5,
      backendServersAnswer: 'echo',
      emptyListeners: 'absent',
      groupIdAlone: 'apply',
      ecsServerIp: 'absent',
    },
  },
  'that locks the whole load balancer and takes its time': {
    busy: { scope: 'instance', durationMs: 3 },
    transitionMs: 5,
  },
} as const

for (const [name, settings] of Object.entries(CLOUDS)) {
  const world = name.includes('silent') ? { ...shared(), groups: [], listeners: [] } : shared()
  providerContract(`CLB on a cloud ${name}`, async () => ({
    ...(await onSimulator({ loadBalancers: [world], state: region(), settings, clb: { readPem } })),
    id: world.id,
    name: world.name,
    servers: SERVERS,
    certificates: ['cert-a', 'cert-b'],
    certificate: CERTIFICATE,
  }))
}

// ---- what it costs ----------------------------------------------------------------------------------------------

const signal = new AbortController().signal
const turn: Turn = { begin: signal, wait: signal, priority: 0 }
const how = (members: OpenOptions['members']): OpenOptions => ({ members, owned: (name) => name.startsWith('swarm-slb/me/') })
const mark = (n: number) => `swarm-slb/me/web-${n}/80-tcp`
const member = (server: string, port?: number): Member => ({ server, port, weight: 100, note: 'swarm-slb/me' })
const settings = { scheduler: 'wrr', bandwidth: -1, 'persistence-timeout': 0, 'health-check-switch': 'off' } as const
const tcp = (n: number, target: ListenerSpec['target']): ListenerSpec => ({
  key: `tcp:${30_000 + n}`,
  ...{ port: 30_000 + n, protocol: 'tcp', note: mark(n), target, settings },
})

type Kind = 'default' | 'own'

/** A load balancer that has so many services already. */
function serving(count: number, kind: Kind) {
  const listener = (n: number) => ({
    ...{ port: 30_000 + n, protocol: 'tcp' as const, status: 'running' as const, description: mark(n) },
    ...(kind === 'own' ? { vServerGroupId: `rsp-${n}` } : { backendServerPort: 30_000 + n }),
  })
  const servers = (port?: number) => SERVERS.slice(0, 20).map((serverId) => ({ serverId, ...(port === undefined ? {} : { port }) }))
  return {
    id: 'lb-bp1bench',
    // Without one, tags are asked for once more.
    tags: [{ key: 'swarm-slb:me', value: 'cluster-1' }],
    listeners: numbers(count).map(listener),
    backendServers: kind === 'default' ? servers() : [],
    groups: kind === 'own' ? numbers(count).map((n) => ({ id: `rsp-${n}`, name: mark(n), servers: servers(30_000 + n) })) : [],
  }
}

/** On a busy machine a call that takes long is no call that is repeated. */
const PATIENT = { timeouts: { requestMs: 20_000, idleMs: 10_000 } }

async function bench(count: number, kind: Kind) {
  const its = await onSimulator({ loadBalancers: [serving(count, kind)], rpc: PATIENT })
  const open = (members: OpenOptions['members'] = 'cached') => its.provider.open('lb-bp1bench', how(members), signal)
  const calls = async (work: () => Promise<unknown>) => {
    its.simulator.requests.reset()
    await work()
    const { reads, writes } = its.simulator.requests.counts()
    return { reads, writes }
  }
  return { ...its, open, calls, [Symbol.asyncDispose]: its.close }
}

/** The changes of one new service, as the plan has them. */
const newService = (n: number, kind: Kind): readonly Change[] =>
  kind === 'default'
    ? [{ kind: 'createListener', listener: tcp(n, { kind: 'default', port: 30_000 + n }) }]
    : [
        { kind: 'createGroup', name: mark(n), members: SERVERS.slice(0, 20).map((server) => member(server, 30_000 + n)) },
        { kind: 'createListener', listener: tcp(n, { kind: 'group', group: mark(n) }) },
      ]

describe.each<{ kind: Kind; fresh: number; audit: number; each: number }>([
  { kind: 'default', fresh: 4, audit: 4, each: 2 },
  { kind: 'own', fresh: 204, audit: 24, each: 3 },
])('with services on $kind groups', ({ kind, fresh, audit, each }) => {
  test(`200 listeners are read in ${fresh} calls at the start, 4 after that, ${audit} with an audit`, async () => {
    await using its = await bench(200, kind)
    expect(await its.calls(() => its.open('fresh'))).toEqual({ reads: fresh, writes: 0 })
    expect(await its.calls(() => its.open())).toEqual({ reads: 4, writes: 0 })
    expect(await its.calls(() => its.open('audit'))).toEqual({ reads: audit, writes: 0 })
  })

  test(`a new service with one tcp port takes ${each} writes, and what it made is known`, async () => {
    await using its = await bench(3, kind)
    const handle = await its.open('fresh')
    const work = async () => {
      for (const change of newService(50, kind)) await handle.apply(change, turn)
    }
    expect(await its.calls(work)).toEqual({ reads: 0, writes: each })
    expect(await its.calls(() => its.open())).toEqual({ reads: 3, writes: 0 })
  })

  test(`a cold start of 30 services side by side takes ${each} writes for each`, async () => {
    await using its = await bench(0, kind)
    const handle = await its.open('fresh')
    const chain = async (n: number) => {
      for (const change of newService(n, kind)) await handle.apply(change, turn)
    }
    expect(await its.calls(() => Promise.all(numbers(30).map(chain)))).toEqual({ reads: 0, writes: 30 * each })
    const { actual } = await its.open('fresh')
    expect(actual.listeners.filter(({ status }) => status === 'running')).toHaveLength(30)
  })
})

test('a node that joins takes one write on the default group, and one for each group of our own', async () => {
  await using its = await bench(30, 'own')
  const handle = await its.open('fresh')
  const join = ({ ref, name }: { ref: string; name: string }, n: number) =>
    handle.apply({ kind: 'addBackends', group: ref, name, members: [member('i-21', 30_000 + n)] }, turn)
  expect(await its.calls(() => Promise.all(handle.actual.groups.map(join)))).toEqual({ reads: 0, writes: 30 })
  const all = { group: DEFAULT_GROUP, name: DEFAULT_GROUP, members: SERVERS.slice(0, 5).map((server) => member(server)) }
  expect(await its.calls(() => handle.apply({ kind: 'addBackends', ...all }, turn))).toEqual({ reads: 0, writes: 1 })
  expect(await its.calls(() => its.open())).toEqual({ reads: 3, writes: 0 })
})

test('load balancers that are opened together share the list of listeners', async () => {
  const loadBalancers = numbers(12).map((n) => ({ ...serving(3, 'default'), id: `lb-bp1n${n}` }))
  const { provider, simulator, close } = await onSimulator({ loadBalancers, rpc: PATIENT })
  const handles = await Promise.all(loadBalancers.map(({ id }) => provider.open(id, how('fresh'), signal)))
  expect(handles.map(({ actual }) => actual.listeners.length)).toEqual(loadBalancers.map(() => 3))
  expect(simulator.requests.counts().byAction).toMatchObject({ DescribeLoadBalancerListeners: 2, DescribeLoadBalancerAttribute: 12 })
  await close()
})

// ---- what goes wrong --------------------------------------------------------------------------------------------

describe('when the cloud fails', () => {
  const LISTENER: Change = { kind: 'createListener', listener: tcp(50, { kind: 'default', port: 30_050 }) }

  test.each(['reset', 'html', '5xx', 'malformed-json'] as const)(
    'a listener whose answer is lost (%s) is not made twice, and is found',
    async (as) => {
      await using its = await bench(0, 'default')
      const handle = await its.open()
      its.simulator.faults.add({ action: 'CreateLoadBalancerTCPListener', when: 'after', as })
      expect(await failureOf(handle.apply(LISTENER, turn))).toMatchObject({ status: 'unknown' })
      expect(its.simulator.requests.counts().byAction['CreateLoadBalancerTCPListener']).toBe(1)
      expect((await its.open()).actual.listeners).toMatchObject([{ key: 'tcp:30050', status: 'stopped', note: mark(50) }])
    },
  )

  test('a group whose answer is lost is not made twice', async () => {
    await using its = await bench(0, 'own')
    const handle = await its.open()
    its.simulator.faults.add({ action: 'CreateVServerGroup', when: 'after', as: 'reset' })
    expect(await failureOf(handle.apply({ kind: 'createGroup', name: mark(1), members: [member('i-01', 30_001)] }, turn))).toMatchObject({
      status: 'unknown',
    })
    expect((await its.open()).actual.groups).toMatchObject([{ name: mark(1), members: [{ server: 'i-01' }] }])
  })

  test.each(['DescribeLoadBalancerAttribute', 'DescribeLoadBalancerListeners', 'DescribeVServerGroups', 'DescribeVServerGroupAttribute'])(
    'an answer of another shape to %s is not taken for an empty load balancer',
    async (action) => {
      await using its = await bench(3, 'own')
      its.simulator.faults.add({ action, times: 20, as: 'wrong-shape' })
      expect(await failureOf(its.open('fresh'))).toMatchObject({ status: 'unknown' })
    },
  )

  test('one server that does not run keeps nobody else out', async () => {
    await using its = await bench(1, 'own')
    const stopped = its.simulator.state.instances.find(({ id }) => id === 'i-22')
    if (stopped !== undefined) stopped.status = 'Stopped'
    const handle = await its.open('fresh')
    const members = ['i-21', 'i-22', 'i-23'].map((server) => member(server, 30_000))
    const error = await failureOf(handle.apply({ kind: 'addBackends', group: 'rsp-0', name: mark(0), members }, turn))
    expect(error).toMatchObject({ status: 'failed', servers: ['i-22'] })
    const inside = (await its.open()).actual.groups[0]?.members.map(({ server }) => server) ?? []
    expect(['i-21', 'i-22', 'i-23'].map((server) => inside.includes(server))).toEqual([true, false, true])
  })

  test('a busy answer and a throttled one are waited for in place', async () => {
    await using its = await bench(0, 'default')
    const handle = await its.open()
    its.simulator.faults.add({ action: 'CreateLoadBalancerTCPListener', as: { code: 'ServiceIsConfiguring' } })
    its.simulator.faults.add({ action: 'StartLoadBalancerListener', times: 2, as: { code: 'Throttling.User' } })
    expect(await handle.apply(LISTENER, turn)).toHaveLength(2)
    expect((await its.open()).actual.listeners).toMatchObject([{ status: 'running' }])
  })

  test('a group that was just let go is deleted in the end', async () => {
    await using its = await bench(1, 'own')
    const handle = await its.open('fresh')
    its.simulator.faults.add({ action: 'DeleteVServerGroup', times: 2, as: { code: 'RspoolVipExist' } })
    await handle.apply({ kind: 'deleteListener', key: 'tcp:30000', protocol: 'tcp' }, turn)
    await handle.apply({ kind: 'deleteGroup', group: 'rsp-0', name: mark(0) }, turn)
    expect((await its.open()).actual.groups).toEqual([])
  })
})

test('a locked load balancer says so, and two of one name demand an id', async () => {
  const twins = ['lb-bp1a', 'lb-bp1b'].map((id) => ({ id, name: 'twin', status: 'locked' as const }))
  const { provider, close } = await onSimulator({ loadBalancers: twins })
  expect((await provider.open('lb-bp1a', how('cached'), signal)).actual.status).toBe('locked')
  const answers = await provider.resolve(['twin', 'lb-bp1b', 'nobody'], signal)
  expect([...answers.values()].map(({ status }) => status)).toEqual(['problem', 'found', 'problem'])
  await close()
})
