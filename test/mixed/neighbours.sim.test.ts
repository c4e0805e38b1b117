// Mixed worlds: two swarms on one load balancer, two services on one number, many on 80 and 443, and a listener that changes its protocol.
import { createServer, get, type Server } from 'node:http'
import { get as getSecure } from 'node:https'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { inSync, logged, pause, problem, runs, writes, writesOf } from '../cases/watching.ts'
import { selfSigned } from '../simulator/dataplane/certificate.ts'
import { nodeJson } from '../support/engine-json.ts'
import { type Stand, startStand, swarmNodes, swarmService, until } from '../support/stand.ts'

const { cert, key } = selfSigned('shop.example.com')
const CERTIFICATES = [{ id: 'cert-1', certificate: cert, privateKey: key }]
type Labels = Readonly<Record<string, string>>

let stand: Stand
afterEach(() => stand.close())

const keys = () =>
  stand
    .lb()
    .listeners.filter(({ status }) => status === 'running')
    .map(({ protocol, port }) => `${protocol}:${port}`)
    .sort()
const are = (...wanted: readonly string[]) =>
  until(wanted.join(), () => keys().join() === wanted.join(), 8000).catch((error: Error) => {
    throw new Error(`${error.message}; there were ${keys().join()}`)
  })

describe('two swarms with owners of their own on one load balancer', () => {
  let other: Stand
  beforeEach(async () => {
    const machines = (prefix: string, net: number) =>
      Array.from({ length: 4 }, (_, i) => ({ id: `${prefix}${i + 1}`, privateIp: `10.${net}.0.${i + 1}` }))
    stand = await startStand({
      env: { SLB_RESYNC_INTERVAL: '1s' },
      state: {
        loadBalancers: [{ id: 'lb-1', name: 'front', address: '127.0.0.1' }],
        instances: [...machines('i-', 9), ...machines('i-b', 8)],
      },
    })
    other = await startStand({ cluster: 'clusterB', sharing: stand.simulator, env: { SLB_OWNER: 'them', SLB_RESYNC_INTERVAL: '1s' } })
    other.engine.state.nodes = [1, 2].map((n) =>
      nodeJson({ id: `node-${n}`, address: `10.8.0.${n}`, ...(n === 1 && { managerAddress: '10.8.0.1:2377', leader: true }) }),
    )
  })
  afterEach(() => other.close())

  const web = (name: string, published: number, port: number) => swarmService(name, published, { 'slb.port.80': `tcp://:${port}` })
  const serversOf = (port: number) => {
    const { vServerGroupId: id } = stand.listener(port) ?? {}
    const servers = id === undefined ? stand.lb().backendServers : (stand.lb().groups.find((one) => one.id === id)?.servers ?? [])
    return servers.map(({ serverId }) => serverId).sort()
  }

  test('are neighbours: each has its listeners and its backends, and takes back only its own', async () => {
    stand.services([web('a', 30_001, 8001), web('both', 30_003, 8003)])
    stand.start()
    await are('tcp:8001', 'tcp:8003')
    other.services([web('b', 30_002, 8002), web('both', 30_004, 8003)])
    other.start()
    await are('tcp:8001', 'tcp:8002', 'tcp:8003')
    await problem(other, 'belongs to owner me')
    expect([serversOf(8001), serversOf(8002)]).toEqual([
      ['i-1', 'i-2', 'i-3'],
      ['i-b1', 'i-b2'],
    ])
    expect(
      stand
        .lb()
        .tags.map(({ key: name }) => name)
        .sort(),
    ).toEqual(['swarm-slb:me', 'swarm-slb:them'])
    stand.simulator.health.set({ server: 'i-3' }, 'abnormal')
    stand.nodes(swarmNodes(2))
    await until('the node of one is out', () => serversOf(8001).join() === 'i-1,i-2', 8000)
    expect(serversOf(8002)).toEqual(['i-b1', 'i-b2'])
    stand.services([web('a', 30_001, 8001)])
    // What the one gives back the other may have.
    await until('it goes over', () => stand.listener(8003)?.description === 'swarm-slb/them/both/80-tcp', 8000)
    await are('tcp:8001', 'tcp:8002', 'tcp:8003')
    await pause(200)
    stand.simulator.requests.reset()
    await pause(1300)
    expect(writes(stand)).toEqual([])
  })
})

describe('two services on one number', () => {
  test('one on tcp and one on udp do not meet', async () => {
    stand = await startStand()
    const udp = swarmService('dns', 0, { 'slb.port.53/udp': 'udp://:53' }, [{ target: 53, published: 53, protocol: 'udp' }])
    const tcp = swarmService('proxy', 0, { 'slb.port.53': 'tcp://:53' }, [{ target: 53, published: 30_053 }])
    const else_ = swarmService('else', 30_001, { 'slb.port.80': 'tcp://:80' })
    stand.services([udp, tcp, else_])
    stand.start()
    await are('tcp:53', 'tcp:80', 'udp:53')
    expect(logged(stand).filter(({ message }) => message === 'problem')).toEqual([])
    stand.services([tcp, else_])
    await are('tcp:53', 'tcp:80')
  })
})

describe('many services on 80 and 443', () => {
  const guest = (name: string, index: number, rules: string | undefined, labels: Labels = {}) => ({
    ...swarmService(name, 30_000 + index, {
      'slb.port.80': 'http://:80;https://:443',
      ...(rules !== undefined && { 'slb.port.80.rules': rules }),
      ...labels,
    }),
    CreatedAt: `2026-01-01T00:00:${String(index).padStart(2, '0')}Z`,
  })
  const secured = { 'slb.port.80.cert-id': 'cert-1' }

  test('share both by rules; of two without rules the older one has the rest, and the other is told on both', async () => {
    stand = await startStand({
      state: { loadBalancers: [{ id: 'lb-1', name: 'front', address: '127.0.0.1' }], certificates: CERTIFICATES },
    })
    const guests = Array.from({ length: 8 }, (_, i) => guest(`g${i}`, i, `g${i}.example.com`))
    const first = guest('first', 20, undefined, secured)
    const second = guest('second', 21, undefined, secured)
    stand.services([...guests, second, first])
    stand.start()
    await are('http:80', 'https:443')
    const domains = (port: number) =>
      stand
        .listener(port)
        ?.rules.map(({ domain }) => domain)
        .sort()
    const wanted = guests.map((_, i) => `g${i}.example.com`)
    await until('all rules are there', () => [80, 443].every((port) => domains(port)?.join() === wanted.join()), 8000)
    expect([80, 443].map((port) => stand.listener(port)?.description)).toEqual(['swarm-slb/me/first/80-tcp', 'swarm-slb/me/first/80-tcp'])
    // Which of the two words it is depends on whether the listener was there when it was asked for.
    const told = (port: number) => new RegExp(`listener port ${port}/tcp (goes to|is held by) (the older )?service first`)
    await until('the other one is told on both', () =>
      [80, 443].every((port) => logged(stand).some(({ message, problem: text }) => message === 'problem' && told(port).test(String(text)))),
    )
    expect(await inSync(stand)).toBe(true)
    stand.services([...guests, second])
    await until(
      'the rest goes over',
      () => [80, 443].every((port) => stand.listener(port)?.description === 'swarm-slb/me/second/80-tcp'),
      8000,
    )
    stand.services(guests)
    await until('a guest holds them', () => [80, 443].every((port) => stand.listener(port)?.description === 'swarm-slb/me/g0/80-tcp'), 8000)
    expect(domains(80)).toEqual(wanted)
    expect(keys()).toEqual(['http:80', 'https:443'])
  })
})

test('a service with ten ports has ten listeners for two writes each, and gives them back', async () => {
  stand = await startStand({ env: { SLB_MAX_DELETES: '20' } })
  const ports = Array.from({ length: 10 }, (_, i) => ({ target: 8000 + i, published: 30_000 + i }))
  const labels = Object.fromEntries(ports.map(({ target }) => [`slb.port.${target}`, `tcp://:${target}`]))
  const stays = swarmService('stays', 30_099, { 'slb.port.80': 'tcp://:80' })
  stand.services([stays])
  stand.start()
  await runs(stand, 80)
  const ten = swarmService('ten', 0, labels, ports)
  const lines = await writesOf(stand, () => stand.services([ten, stays]), 20)
  expect(lines.toSorted()).toEqual([
    ...Array.from({ length: 10 }, () => 'CreateLoadBalancerTCPListener'),
    ...Array.from({ length: 10 }, () => 'StartLoadBalancerListener'),
  ])
  stand.services([stays])
  await are('tcp:80')
})

describe('a listener that changes its protocol', () => {
  /** Long enough that a busy machine adds little to it. */
  const LATENCY_MS = 200
  let server: Server
  afterEach(() => new Promise((resolve) => server.close(resolve)))

  /** One request on a connection of its own, in either protocol. */
  const answers = (port: number, secure: boolean) =>
    new Promise<boolean>((resolve) => {
      const options = { host: '127.0.0.1', port, agent: false, rejectUnauthorized: false, timeout: 500 } as const
      const call = secure ? getSecure(options) : get(options)
      call.once('response', (response) => {
        response.resume()
        resolve(response.statusCode === 200)
      })
      call.once('timeout', () => call.destroy(new Error('timeout'))).once('error', () => resolve(false))
    })
  const serves = async (port: number) => (await answers(port, false)) || (await answers(port, true))

  test('is away from its delete to its start, which is the time of two calls, and for nothing else', async () => {
    server = createServer((_, response) => response.end('ok')).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const address = server.address()
    const published = typeof address === 'object' && address !== null ? address.port : 0
    stand = await startStand({
      nodes: 1,
      state: {
        loadBalancers: [{ id: 'lb-1', name: 'front', address: '127.0.0.1' }],
        instances: [{ id: 'i-1', privateIp: '127.0.0.1' }],
        certificates: CERTIFICATES,
      },
      simulator: { dataPlane: true, settings: { latencyMs: LATENCY_MS } },
    })
    stand.nodes(swarmNodes(1, { 'node-1': { labels: { 'slb.instance-id': 'i-1' } } }))
    const port = 18_443
    const web = (target: string, labels: Labels = {}) =>
      swarmService('web', published, { 'slb.port.80': target, 'slb.port.80.health-check-flag': 'off', ...labels })
    stand.services([web(`http://:${port}`)])
    stand.start()
    await runs(stand, port)
    while (!(await serves(port))) await pause(5)
    await pause(3 * LATENCY_MS)
    let [longest, since] = [0, performance.now()]
    let probing = true
    const probe = (async () => {
      while (probing) {
        if (await serves(port)) since = performance.now()
        else longest = Math.max(longest, performance.now() - since)
        await pause(2)
      }
    })()
    stand.simulator.requests.reset()
    stand.services([web(`https://:${port}`, { 'slb.port.80.cert-id': 'cert-1' })])
    await until('it is https', () => stand.listener(port)?.protocol === 'https' && stand.listener(port)?.status === 'running')
    await until('it serves again', () => performance.now() - since < 20 && longest > 0)
    probing = false
    await probe
    await until('all are answered', () => writes(stand).length >= 3)
    expect(writes(stand)).toEqual(['DeleteLoadBalancerListener', 'CreateLoadBalancerHTTPSListener', 'StartLoadBalancerListener'])
    const at = stand.simulator.requests.entries().filter(({ action }) => /^(Delete|Create|Start)\w+Listener$/.test(action))
    const between = (at.at(-1)?.time ?? 0) - (at[0]?.time ?? 0)
    // It is gone when the delete arrives and serves when the start arrives: two calls, and what we take between them.
    expect(between).toBeGreaterThanOrEqual(2 * LATENCY_MS)
    expect(between).toBeLessThan(6 * LATENCY_MS)
    expect(longest).toBeGreaterThan(LATENCY_MS)
    expect(longest).toBeLessThan(between + LATENCY_MS)
  })
})
