// What somebody made by hand, as labels and as Terraform; the labels lead back to exactly what was read.
import { afterEach, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { connectCloud } from '../src/cloud.ts'
import { readConfig } from '../src/config.ts'
import { readService } from '../src/core/labels.ts'
import type { LoadBalancer, Service } from '../src/core/model.ts'
import { exportBalancer } from '../src/export.ts'
import type { StateFile } from '../src/simulator/world.ts'
import { connectEngine } from '../src/swarm/client.ts'
import { silent } from './support/board.ts'
import { type Stand, startStand, swarmService } from './support/stand.ts'

let stand: Stand
afterEach(() => stand.close())

const servers = (port: number) => ['i-1', 'i-2', 'i-3'].map((serverId) => ({ serverId, port }))
const HAND_MADE: StateFile = {
  loadBalancers: [
    {
      id: 'lb-1',
      name: 'front',
      address: '127.0.0.1',
      backendServers: servers(0),
      groups: [
        { id: 'rsp-api', name: 'api', servers: servers(30001) },
        { id: 'rsp-shop', name: `shop $${'{x}'}`, servers: [...servers(30002).slice(0, 2), { serverId: 'i-9', port: 30002, weight: 50 }] },
      ],
      listeners: [
        {
          port: 443,
          protocol: 'https',
          status: 'running',
          description: 'the "site"\nmain',
          backendServerPort: 30000,
          config: { ServerCertificateId: 'cert-1', EnableHttp2: 'off', Gzip: 'off' },
          domainExtensions: [{ id: 'de-1', domain: 'shop.example.com', certificateId: 'cert-2' }],
        },
        { port: 80, protocol: 'http', status: 'running', forwardPort: 443 },
        {
          port: 8080,
          protocol: 'http',
          status: 'stopped',
          backendServerPort: 30003,
          config: {
            HealthCheck: 'on',
            HealthCheckURI: '/license.txt',
            HealthCheckHttpCode: 'http_2xx',
            HealthCheckInterval: 7,
            StickySession: 'on',
            StickySessionType: 'insert',
            CookieTimeout: 60,
          },
          rules: [
            { id: 'rule-1', name: 'shop', domain: 'shop.example.com', url: '', vServerGroupId: 'rsp-shop' },
            { id: 'rule-2', name: 'shop-api', domain: '', url: '/api', vServerGroupId: 'rsp-shop' },
          ],
        },
        {
          port: 53,
          protocol: 'udp',
          status: 'running',
          vServerGroupId: 'rsp-api',
          aclStatus: 'on',
          aclType: 'white',
          aclIds: ['acl-1'],
          config: { Scheduler: 'qch' },
        },
        {
          port: 9000,
          protocol: 'tcp',
          status: 'running',
          vServerGroupId: 'rsp-api',
          config: { Bandwidth: 20, HealthCheckType: 'http', HealthCheckURI: '/ok', PersistenceTimeout: 300 },
        },
      ],
    },
  ],
  acls: [{ id: 'acl-1', name: 'office', entries: [{ entry: '10.0.0.0/8' }] }],
  certificates: [
    { id: 'cert-1', name: 'site', certificate: 'c', privateKey: 'k' },
    { id: 'cert-2', name: 'shop', certificate: 'c', privateKey: 'k' },
  ],
}

const SERVICES = [
  swarmService('site', 30000),
  swarmService('api', 30001, {}, [
    { target: 53, published: 30001, protocol: 'udp' },
    { target: 53, published: 30001 },
  ]),
  swarmService('shop', 30002),
  swarmService('old', 30003),
]

async function begin(state = HAND_MADE, services: readonly object[] = SERVICES) {
  stand = await startStand({ state })
  stand.services(services)
  const config = readConfig({ env: stand.env, flags: {} })
  const cloud = connectCloud(config, { log: silent, userAgent: 'test', mayWrite: async () => false, buckets: { unlimited: true } })
  const engine = connectEngine({ host: config.dockerHost, tlsVerify: config.dockerTlsVerify, certPath: config.dockerCertPath })
  const signal = AbortSignal.timeout(10_000)
  const print = (format: 'labels' | 'terraform', ref = 'front') => exportBalancer({ config, cloud, engine, ref, format }, signal)
  const lb = async (): Promise<LoadBalancer> => (await cloud.provider.open('lb-1', { members: 'fresh', owned: () => true }, signal)).actual
  return { print, lb, close: () => cloud.close() }
}

type Stack = { readonly services: Readonly<Record<string, { readonly deploy: { readonly labels: Readonly<Record<string, string>> } }>> }
const labelsIn = (text: string, name: string) => (parse(text) as Stack).services[name]?.deploy.labels ?? {}

/** As the daemon reads it. */
function read(name: string, labels: Readonly<Record<string, string>>, ports: Service['ports']) {
  const service: Service = { id: name, name, createdAt: '', labels, containerLabels: {}, ports, settled: true }
  return readService(service, { expose: 'labelled', ports: [], defaultBandwidth: -1 })
}
const port = (target: number, published: number, transport: 'tcp' | 'udp' = 'tcp') => ({
  target,
  published,
  transport,
  mode: 'ingress' as const,
})

describe('an export as labels', () => {
  test('leads back to the settings that were read', async () => {
    const { print, lb, close } = await begin()
    const { text, warning } = await print('labels')
    const listeners = (await lb()).listeners
    close()
    expect(warning).toBe('')
    const readings = [
      read('site', labelsIn(text, 'site'), [port(80, 30000)]),
      read('old', labelsIn(text, 'old'), [port(80, 30003)]),
      read('api', labelsIn(text, 'api'), [port(53, 30001, 'udp'), port(53, 30001)]),
    ]
    expect(readings.flatMap(({ problems }) => problems)).toEqual([])
    const targets = readings.flatMap(({ ports }) => ports.flatMap((one) => (one.status === 'wanted' ? one.targets : [])))
    expect(targets.map(({ protocol, listenerPort }) => `${protocol}:${listenerPort}`).toSorted()).toEqual(
      listeners.map(({ protocol, port }) => `${protocol}:${port}`).toSorted(),
    )
    for (const { protocol, listenerPort, settings, adopt } of targets) {
      const further = protocol === 'https' ? { 'domain-extensions': 'shop.example.com:cert-2' } : {}
      expect(settings).toEqual({ ...listeners.find(({ port }) => port === listenerPort)?.settings, ...further })
      expect(adopt).toBe(true)
    }
  })

  test('has the rules of guests, and says what it leaves out and why', async () => {
    const { print, close } = await begin()
    const { text } = await print('labels')
    close()
    expect(labelsIn(text, 'shop')).toEqual({
      'slb.port.80': 'http://front:8080',
      'slb.port.80.rules': '/api; shop.example.com/',
    })
    expect(text).toContain('# servers that are no nodes of this swarm are left out: i-9')
    expect(text).toContain('# weights other than 100 in group')
    expect(text).toContain('# rules made by hand on http:8080 cannot be adopted')
    expect(text).toContain('# http:8080 is stopped')
    expect(text).toContain('# http:80 is a redirect, which cannot be adopted')
    expect(text).toContain('# https:443 is described as "the \\"site\\"\\u{a}main"')
  })

  test('has names that stand for services where no swarm answers', async () => {
    const { print, close } = await begin()
    stand.engine.answer('/info', (_, response) => void response.writeHead(500).end('{"message":"no"}'))
    const { text, warning } = await print('labels', 'lb-1')
    close()
    expect(warning).toContain('no swarm was read')
    expect(Object.keys((parse(text) as Stack).services).toSorted()).toEqual([
      'port-30000',
      'port-30001',
      'port-30001-udp',
      'port-30002',
      'port-30003',
    ])
    expect(text).toContain('# node port 30000; the container port behind it is not known')
  })

  test('of an empty load balancer is a stack file without services', async () => {
    const { print, close } = await begin({ loadBalancers: [{ id: 'lb-1', name: 'front' }] })
    const { text } = await print('labels')
    close()
    expect(parse(text)).toEqual({ services: {} })
  })

  test('of an unknown load balancer says so', async () => {
    const { print, close } = await begin()
    await expect(print('labels', 'nobody')).rejects.toThrow('no load balancer has the name or id "nobody"')
    await expect(print('labels', 'lb-nobody')).rejects.toThrow('"lb-nobody"')
    close()
  })
})

describe('an export as Terraform', () => {
  test('has every listener, group, server, rule, certificate and list, each with what it is imported from', async () => {
    const { print, close } = await begin()
    const { text } = await print('terraform')
    close()
    const ids = [...text.matchAll(/^ {2}id = "(.*)"$/gm)].map(([, id]) => id)
    expect(ids).toEqual(
      expect.arrayContaining([
        'lb-1',
        'lb-1:https:443',
        'lb-1:http:80',
        'lb-1:http:8080',
        'lb-1:udp:53',
        'lb-1:tcp:9000',
        'rsp-api',
        'rsp-shop',
        'rsp-shop:i-9:30002',
        'rule-1',
        'de-1',
        'acl-1',
      ]),
    )
    const addresses = [...text.matchAll(/^resource "(\S+)" "(\S+)" \{$/gm)].map(([, type, name]) => `${type}.${name}`)
    expect(new Set(addresses).size).toBe(addresses.length)
    expect([...text.matchAll(/^ {2}to = (\S+)$/gm)].map(([, to]) => to).toSorted()).toEqual(addresses.toSorted())
    expect(text).toContain('name             = "shop $$' + '{x}"')
    expect(text).toMatch(/description +=\s+"the \\"site\\"\\nmain"/)
    expect(text).toMatch(/acl_id +=\s+alicloud_slb_acl\.acl_office\.id/)
    expect(text).toContain('forward_port     = 443')
  })
})
