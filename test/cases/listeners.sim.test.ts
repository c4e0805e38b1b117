// Cases about listeners, their certificates and redirects, on the whole daemon between an engine of paper and the simulated cloud.
import { afterEach, describe, expect, test } from 'vitest'
import type { StateFile } from '../../src/simulator/world.ts'
import { selfSigned } from '../simulator/dataplane/certificate.ts'
import { type Stand, type StandOptions, startStand, swarmService, until } from '../support/stand.ts'
import { calls, inSync, logged, pause, problem, runs, writes, writesOf } from './watching.ts'

let stand: Stand
afterEach(() => stand.close())

const CERTIFICATES = ['a', 'b', 'c'].map((name) => {
  const { cert, key } = selfSigned(`${name}.example.com`)
  return { id: `cert-${name}`, certificate: cert, privateKey: key }
})
const expired = selfSigned('old.example.com', { to: new Date('2021-01-01T00:00:00Z') })
const STATE: StateFile = {
  loadBalancers: [{ id: 'lb-1', name: 'front', address: '127.0.0.1' }],
  certificates: [...CERTIFICATES, { id: 'cert-old', certificate: expired.cert, privateKey: expired.key }],
}
type Labels = Readonly<Record<string, string>>

const begin = async (services: readonly object[], options: StandOptions = {}) => {
  stand = await startStand({ state: STATE, ...options })
  stand.services(services)
  stand.start()
}
const web = (labels: Labels = {}, published = 30_000) => swarmService('web', published, { 'slb.port.80': 'tcp://:80', ...labels })
const api = swarmService('api', 30_009, { 'slb.port.80': 'tcp://:9090' })
const shop = (labels: Labels = {}) =>
  swarmService('shop', 30_001, { 'slb.port.80': 'https://:443', 'slb.port.80.cert-id': 'cert-a', ...labels })
const keys = () =>
  stand
    .lb()
    .listeners.map(({ protocol, port, status }) => `${protocol}:${port}${status === 'running' ? '' : ` ${status}`}`)
    .sort()
const are = (...wanted: readonly string[]) =>
  until(wanted.join(), () => keys().join() === wanted.join()).catch((error: Error) => {
    throw new Error(`${error.message}; there were ${keys().join()}`)
  })
const setCalls = () => writes(stand).filter((line) => line.startsWith('Set '))

describe('ports', () => {
  test('E8 another published port: a group with both, the switch, and no moment without the listener', async () => {
    await begin([web()])
    await runs(stand, 80)
    stand.simulator.requests.reset()
    stand.services([web({}, 30_005)])
    const ports = () => new Set(stand.lb().groups[0]?.servers.map(({ port }) => port))
    await until('it is switched', () => stand.listener(80)?.vServerGroupId !== undefined)
    expect(writes(stand)).toEqual(['CreateVServerGroup', expect.stringMatching(/^Set VServerGroup=on/)])
    expect([...ports()].sort()).toEqual([30_000, 30_005])
    for (const server of ['i-1', 'i-2', 'i-3']) stand.simulator.health.set({ server }, 'normal')
    await until('the old port is gone', () => [...ports()].join() === '30005', 8000)
    expect(writes(stand).filter((line) => /(Delete|Stop|Create)LoadBalancer/.test(line))).toEqual([])
  })

  test('E13 http on a udp port is a problem of that label, and the other port is served', async () => {
    const ports = [
      { target: 53, published: 53, protocol: 'udp' },
      { target: 80, published: 30_000 },
    ]
    await begin([swarmService('dns', 0, { 'slb.port.53': 'http://:53', 'slb.port.80': 'tcp://:80' }, ports)])
    await problem(stand, 'slb.port.53')
    await are('tcp:80')
  })

  test('E13 a label for a port that is not published is told and passed over', async () => {
    await begin([web({ 'slb.port.81': 'tcp://:81' })])
    await problem(stand, 'slb.port.81')
    await are('tcp:80')
  })

  describe('E15: no more calls than needed', () => {
    const labels = (all: Readonly<Record<number, string>>) =>
      Object.fromEntries(Object.entries(all).map(([port, target]) => [`slb.port.${port}`, target]))
    const ports = [80, 81].map((target) => ({ target, published: 30_000 + target }))
    const both = (all: Readonly<Record<number, string>>) => swarmService('web', 0, labels(all), ports)

    test('E15 one more port is a listener and its start, one less is a delete', async () => {
      await begin([both({ 80: 'tcp://:80' })])
      await runs(stand, 80)
      expect(await writesOf(stand, () => stand.services([both({ 80: 'tcp://:80', 81: 'tcp://:81' })]), 2)).toEqual([
        'CreateLoadBalancerTCPListener',
        'StartLoadBalancerListener',
      ])
      expect(await writesOf(stand, () => stand.services([both({ 80: 'tcp://:80' })]), 1)).toEqual(['DeleteLoadBalancerListener'])
    })

    test('E15 from listener port 80 to 81: the new one is open before the old one goes', async () => {
      await begin([both({ 80: 'tcp://:80' })])
      await runs(stand, 80)
      expect(await writesOf(stand, () => stand.services([both({ 80: 'tcp://:81' })]), 3)).toEqual([
        'CreateLoadBalancerTCPListener',
        'StartLoadBalancerListener',
        'DeleteLoadBalancerListener',
      ])
    })

    test('E15 tcp and udp on one number are two listeners', async () => {
      const dns = [
        { target: 53, published: 53 },
        { target: 53, published: 53, protocol: 'udp' },
      ]
      await begin([swarmService('dns', 0, { 'slb.port.53/tcp': 'tcp://:53', 'slb.port.53/udp': 'udp://:53' }, dns)])
      await are('tcp:53', 'udp:53')
      expect(
        writes(stand)
          .filter((line) => line.startsWith('Create'))
          .sort(),
      ).toEqual(['CreateLoadBalancerTCPListener', 'CreateLoadBalancerUDPListener'])
    })
  })

  test('E16 a listener that somebody deleted by hand is there again after the next resync', async () => {
    await begin([web(), api], { env: { SLB_RESYNC_INTERVAL: '1s' } })
    await are('tcp:80', 'tcp:9090')
    stand.lb().listeners = stand.lb().listeners.filter(({ port }) => port !== 80)
    await are('tcp:80', 'tcp:9090')
    expect(stand.listener(80)?.description).toBe('swarm-slb/me/web/80-tcp')
  })

  test('E20 without its label a port gives listener and group back, and nothing else goes', async () => {
    await begin([web(), api], { env: { SLB_BACKENDS: 'vserver-group' } })
    await are('tcp:80', 'tcp:9090')
    stand.services([swarmService('web', 30_000), api])
    await are('tcp:9090')
    await until(
      'its group is gone',
      () =>
        stand
          .lb()
          .groups.map(({ name }) => name)
          .join() === 'swarm-slb/me/api/80-tcp',
    )
  })
})

describe('certificates', () => {
  test('E12 another certificate is one Set call', async () => {
    await begin([shop()])
    await runs(stand, 443)
    expect(await writesOf(stand, () => stand.services([shop({ 'slb.port.80.cert-id': 'cert-b' })]), 1)).toEqual([
      'Set ServerCertificateId=cert-b',
    ])
  })

  test.each([
    ['none', {}, 'cert-id'],
    ['one that the cloud does not know', { 'slb.port.80.cert-id': 'cert-none' }, 'cert-none'],
    ['one that has expired', { 'slb.port.80.cert-id': 'cert-old' }, 'expired'],
  ])('E12 %s is a problem before any write', async (_, labels, text) => {
    await begin([swarmService('shop', 30_001, { 'slb.port.80': 'https://:443', ...labels })])
    await problem(stand, text)
    await pause(100)
    expect(writes(stand)).toEqual([])
  })

  test.each([
    ['that the cloud does not know', 'cert-none'],
    ['that has expired', 'cert-old'],
  ])('E12 a new certificate %s leaves the old one in place', async (_, id) => {
    await begin([shop()])
    await runs(stand, 443)
    stand.services([shop({ 'slb.port.80.cert-id': id })])
    await problem(stand, id)
    expect(setCalls()).toEqual([])
    expect(stand.listener(443)?.config['ServerCertificateId']).toBe('cert-a')
  })

  test('E12 a further certificate by host: added, taken away, each by one call', async () => {
    await begin([shop()])
    await runs(stand, 443)
    const more = { 'slb.port.80.domain-extensions': 'b.example.com:cert-b' }
    expect(await writesOf(stand, () => stand.services([shop(more)]), 1)).toEqual(['CreateDomainExtension'])
    expect(await writesOf(stand, () => stand.services([shop()]), 1)).toEqual(['DeleteDomainExtension'])
  })

  test('B7 a further certificate that is renewed: the new certificate is sent with the id of the extension, once', async () => {
    const with_ = (id: string) => shop({ 'slb.port.80.domain-extensions': `b.example.com:${id}` })
    await begin([with_('cert-b')])
    await until('it is there', () => stand.listener(443)?.domainExtensions.length === 1)
    const id = stand.listener(443)?.domainExtensions[0]?.id
    expect(await writesOf(stand, () => stand.services([with_('cert-c')]), 1)).toEqual(['SetDomainExtensionAttribute'])
    const sent = stand.simulator.requests.entries().filter(({ action }) => action === 'SetDomainExtensionAttribute')
    expect(sent.map(({ params }) => params)).toMatchObject([{ DomainExtensionId: id, ServerCertificateId: 'cert-c' }])
  })
})

describe('E14: redirects', () => {
  const to = (port: string, labels: Labels = {}) =>
    swarmService('shop', 30_001, {
      'slb.port.80': 'https://:443;http://:80',
      'slb.port.80.cert-id': 'cert-a',
      'slb.port.80.forward-port': port,
      ...labels,
    })
  const plain = swarmService('shop', 30_001, { 'slb.port.80': 'https://:443;http://:80', 'slb.port.80.cert-id': 'cert-a' })
  const redirect = () => stand.listener(80)?.forwardPort

  test('E14 is made after the https listener that it leads to, and costs no group and no backend', async () => {
    await begin([to('443')])
    await are('http:80', 'https:443')
    expect(redirect()).toBe(443)
    const order = writes(stand).filter((line) => line.startsWith('Create'))
    expect(order).toEqual(['CreateLoadBalancerHTTPSListener', 'CreateLoadBalancerHTTPListener'])
    expect(stand.lb().groups).toEqual([])
    expect(await inSync(stand)).toBe(true)
  })

  test('E14 is put on a listener that was none, by making it anew', async () => {
    await begin([plain])
    await are('http:80', 'https:443')
    expect(await writesOf(stand, () => stand.services([to('443')]), 3)).toEqual([
      'DeleteLoadBalancerListener',
      'CreateLoadBalancerHTTPListener',
      'StartLoadBalancerListener',
    ])
    expect(redirect()).toBe(443)
  })

  test('E14 is taken off: the listener forwards to its service', async () => {
    await begin([to('443')])
    await are('http:80', 'https:443')
    stand.services([plain])
    await until('it forwards', () => redirect() === undefined && stand.listener(80)?.status === 'running')
    expect(stand.listener(80)?.forwardPort).toBeUndefined()
  })

  test('E14 leads to another port when the label says so', async () => {
    const other = swarmService('other', 30_002, { 'slb.port.80': 'https://:444', 'slb.port.80.cert-id': 'cert-b' })
    await begin([to('443'), other])
    await are('http:80', 'https:443', 'https:444')
    stand.services([to('444'), other])
    await until('it leads there', () => redirect() === 444 && stand.listener(80)?.status === 'running')
  })

  test('E14 goes with its service, before the listener that it leads to', async () => {
    await begin([to('443'), api])
    await are('http:80', 'https:443', 'tcp:9090')
    stand.simulator.requests.reset()
    stand.services([api])
    await are('tcp:9090')
    const deleted = stand.simulator.requests.entries().filter(({ action }) => action === 'DeleteLoadBalancerListener')
    expect(deleted.map(({ params, code }) => `${params['ListenerPort']} ${code}`)).toEqual(['80 OK', '443 OK'])
  })

  test('E14 to a port that has no https listener is a problem, and is not made', async () => {
    await begin([to('8443')])
    await problem(stand, 'forward-port 8443')
    await are('https:443')
  })

  test('E14 to a port that has another listener than https is one, too', async () => {
    await begin([to('9090'), api])
    await problem(stand, 'forward-port 9090')
    await are('https:443', 'tcp:9090')
  })

  test('E14 is no option of a tcp listener', async () => {
    await begin([web({ 'slb.port.80.forward-port': '443' }), api])
    await problem(stand, 'forward-port')
    await are('tcp:9090')
  })

  test('E14 that is made by hand to another port is repaired', async () => {
    await begin([to('443')], { env: { SLB_RESYNC_INTERVAL: '1s' } })
    await are('http:80', 'https:443')
    const listener = stand.listener(80)
    if (listener !== undefined) listener.forwardPort = 9443
    await until('it leads back', () => redirect() === 443 && stand.listener(80)?.status === 'running', 8000)
  })
})

describe('whose listener it is', () => {
  test('B3 of two services the older one has the port, the other is told, and no call is made for it', async () => {
    const young = { ...swarmService('young', 30_007, { 'slb.port.80': 'tcp://:80' }), CreatedAt: '2026-03-01T00:00:00Z' }
    await begin([young, web()])
    await runs(stand, 80)
    await problem(stand, 'goes to the older service web')
    expect(stand.listener(80)?.description).toBe('swarm-slb/me/web/80-tcp')
    expect(await inSync(stand)).toBe(true)
    expect(calls(stand, 'CreateLoadBalancerTCPListener')).toBe(1)
    expect(stand.simulator.requests.counts().byCode['ListenerAlreadyExists']).toBeUndefined()
  })

  test('B4 a stopped listener that somebody made is neither taken nor started, unless adopted', async () => {
    const byHand = { port: 80, protocol: 'tcp', description: 'by hand', backendServerPort: 22, status: 'stopped' } as const
    await begin([web(), api], { state: { loadBalancers: [{ id: 'lb-1', name: 'front', address: '127.0.0.1', listeners: [byHand] }] } })
    await problem(stand, 'slb.port.80.adopt')
    await until('the other one runs', () => stand.listener(9090)?.status === 'running')
    expect(stand.listener(80)).toMatchObject(byHand)
    stand.services([web({ 'slb.port.80.adopt': 'true' }), api])
    await until('it is ours', () => stand.listener(80)?.description.startsWith('swarm-slb/me/web') === true)
    await pause(100)
    expect(stand.listener(80)?.status).toBe('stopped')
    expect(logged(stand).some(({ change }) => String(change).startsWith('start listener tcp:80'))).toBe(false)
  })
})
