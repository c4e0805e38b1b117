import { describe, expect, test } from 'vitest'
import { toNode, toService } from '../../src/swarm/convert.ts'
import { wire } from '../../src/swarm/wire.ts'
import { nodeJson, type PortJson, serviceJson } from '../support/engine-json.ts'
import { fixture } from '../support/fake-engine.ts'

const service = (fields: Parameters<typeof serviceJson>[0]) => wire.services.parse([serviceJson(fields)]).map(toService)[0]
const node = (fields: Parameters<typeof nodeJson>[0]) => toNode(wire.node.parse(nodeJson(fields)))

describe('a service', () => {
  test('captured from an engine', () => {
    const services = wire.services.parse(fixture('services')).map(toService)
    expect(services.find(({ name }) => name === 'web')).toEqual({
      id: '0rto4rb2lt7fqb7zldjeuue75',
      name: 'web',
      createdAt: '2026-11-22T23:40:09.084151177Z',
      labels: { 'slb.port.80': 'http://my-slb:8080' },
      containerLabels: { oops: '1' },
      ports: [{ target: 80, published: 30000, transport: 'tcp', mode: 'ingress' }],
      settled: true,
    })
    expect(services.find(({ name }) => name === 'dns')?.ports).toEqual([
      { target: 53, published: 53, transport: 'udp', mode: 'ingress' },
      { target: 9, published: 9009, transport: 'tcp', mode: 'host' },
    ])
    expect(services.find(({ name }) => name === 'plain')).toMatchObject({ ports: [], settled: true })
  })

  const web: PortJson = { target: 80, published: 8080 }
  const ssl: PortJson = { target: 443 }
  const line = (s: ReturnType<typeof service>) =>
    `${s?.settled ? 'settled' : 'pending'}: ${s?.ports.map((port) => `${port.published ?? '?'}->${port.target}/${port.transport}`).join(' ')}`

  test.each<[string, readonly PortJson[], readonly PortJson[], string]>([
    ['is settled once the allocator has the ports of the spec', [web, ssl], [web, ssl], 'settled: 8080->80/tcp 30001->443/tcp'],
    ['in whatever order', [web, ssl], [ssl, web], 'settled: 30000->443/tcp 8080->80/tcp'],
    ['is pending before the allocator has seen it', [web, ssl], [], 'pending: ?->80/tcp ?->443/tcp'],
    ['is pending while a port that was added is not there, with the ports it still has', [web, ssl], [web], 'pending: 8080->80/tcp'],
    ['is pending while its old ports look perfectly valid', [{ ...web, published: 8081 }], [web], 'pending: 8080->80/tcp'],
    ['is pending while a port that was removed is still there', [], [web], 'pending: 8080->80/tcp'],
    ['is pending when only the mode of a port differs', [{ ...web, mode: 'host' }], [web], 'pending: 8080->80/tcp'],
    ['is settled without ports', [], [], 'settled: '],
    [
      'may publish one container port twice',
      [web, { ...web, published: 81 }],
      [web, { ...web, published: 81 }],
      'settled: 8080->80/tcp 81->80/tcp',
    ],
    ['may publish sctp', [{ ...web, protocol: 'sctp' }], [{ ...web, protocol: 'sctp' }], 'settled: 8080->80/sctp'],
  ])('%s', (_, ports, allocated, expected) => {
    expect(line(service({ name: 'web', ports, allocated }))).toBe(expected)
  })

  test.each([{}, { PublishMode: '' }])('a port whose mode is %j is an ingress port, and equal to one that says so', (mode) => {
    const port = { Protocol: 'tcp', TargetPort: 80, PublishedPort: 80 }
    const [old] = wire.services.parse([
      {
        ID: 'a',
        CreatedAt: '',
        Spec: { Name: 'a', Labels: null, EndpointSpec: { Ports: [{ ...port, ...mode }] } },
        Endpoint: { Spec: { Ports: [{ ...port, PublishMode: 'ingress' }] }, Ports: [{ ...port, ...mode }] },
      },
    ])
    expect(old && toService(old)).toMatchObject({ settled: true, labels: {}, ports: [{ mode: 'ingress' }] })
  })
})

describe('a node', () => {
  test('captured from an engine', () => {
    expect(wire.nodes.parse(fixture('nodes')).map(toNode)).toEqual([
      {
        id: 's5kj3zo88f8eiv7cfccuubih1',
        hostname: 'node-1',
        address: '10.98.0.2',
        role: 'worker',
        leader: false,
        availability: 'drain',
        state: 'ready',
        labels: { 'slb.weight': '50' },
      },
      expect.objectContaining({
        hostname: 'node-0',
        address: '10.99.0.1',
        role: 'manager',
        leader: true,
        availability: 'active',
        labels: {},
      }),
    ])
  })

  test.each([
    ['10.0.0.1', '10.0.0.9:2377', '10.0.0.1'],
    ['0.0.0.0', '10.0.0.9:2377', '10.0.0.9'],
    ['127.0.0.1', '10.0.0.9:2377', '10.0.0.9'],
    ['', '10.0.0.9:2377', '10.0.0.9'],
    ['::', '[fd00::9]:2377', 'fd00::9'],
    ['::1', '[fd00::9]:2377', 'fd00::9'],
    ['::1234', undefined, '::1234'],
    ['0.0.0.0', '0.0.0.0:2377', undefined],
    ['0.0.0.0', undefined, undefined],
    ['', undefined, undefined],
  ])('that reports address %j and manager address %j is reached at %j', (address, managerAddress, expected) => {
    expect(node({ id: 'n', address, ...(managerAddress && { managerAddress }) }).address).toBe(expected)
  })

  test('that uses words of a newer engine keeps what it has', () => {
    expect(node({ id: 'n', address: '', availability: 'resting', state: 'dreaming' })).toMatchObject({
      availability: 'pause',
      state: 'unknown',
    })
  })

  test('that has just joined has no name yet', () => {
    const { Description: _, ...rest } = nodeJson({ id: 'n', address: '10.0.0.1' }) as { readonly Description: object }
    expect(toNode(wire.node.parse(rest)).hostname).toBe('')
  })
})
