// https listeners and the http listeners that redirect to them.
import { describe, expect, test } from 'vitest'
import { lines, problems, read } from '../support/labels.ts'

type Labels = Readonly<Record<string, string>>

const targets = (labels: Labels, ports: readonly string[] = ['80:80']) =>
  read(ports, labels).ports.flatMap((one) => (one.status === 'wanted' ? one.targets : []))
const BOTH = { 'slb.port.80': 'http://;https://', 'slb.port.80.forward-port': '443', 'slb.port.80.cert-id': 'file:shop' }
const CERTIFICATE = 'the id of a certificate, or file:<name> with a name of 1-64 letters, digits and ._-'

describe('an https listener', () => {
  test('has its certificates as they are written, and the defaults of TLS', () => {
    const labels = {
      'slb.port.80': 'https://:8443',
      'slb.port.80.cert-id': 'file:shop',
      'slb.port.80.domain-extensions': 'B.example.com:cert-2,a.example.com:file:a',
    }
    expect(problems(read(['80:80'], labels))).toEqual([])
    expect(targets(labels)).toMatchObject([
      {
        listenerPort: 8443,
        settings: {
          'cert-id': 'file:shop',
          'domain-extensions': 'a.example.com:file:a,b.example.com:cert-2',
          'ca-cert-id': '',
          'http2-enabled': 'on',
          'tls-cipher-policy': 'tls_cipher_policy_1_0',
        },
        given: { 'cert-id': 'file:shop', 'domain-extensions': 'a.example.com:file:a,b.example.com:cert-2' },
      },
    ])
  })

  test('may have the certificate of its service', () => {
    const [http, https] = targets({ 'slb.port.80': 'http://lb-a;https://lb-a', 'slb.cert-id': 'cert-1' })
    expect(http?.settings).not.toHaveProperty('cert-id')
    expect(https?.settings['cert-id']).toBe('cert-1')
  })

  test.each<[string, Labels, string]>([
    [
      'without a certificate',
      { 'slb.port.80': 'https://my-slb' },
      `https://my-slb:443 needs a certificate; add slb.port.80.cert-id: ${CERTIFICATE}`,
    ],
    [
      'with a certificate that can be none',
      { 'slb.port.80': 'https://', 'slb.port.80.cert-id': 'file:../shop' },
      `slb.port.80.cert-id: "file:../shop" is no certificate; expected ${CERTIFICATE}`,
    ],
    [
      'whose certificate is misspelt',
      { 'slb.port.80': 'https://', 'slb.port.80.certid': 'cert-1', 'slb.port.80.cert-id': 'cert-1' },
      'slb.port.80.certid is no known option; did you mean slb.port.80.cert-id?',
    ],
    [
      'with a host twice',
      { 'slb.port.80': 'https://', 'slb.cert-id': 'c', 'slb.port.80.domain-extensions': 'a.example.com:c,A.example.com:d' },
      'slb.port.80.domain-extensions: a.example.com is there with two certificates',
    ],
    [
      'with a host of other letters',
      { 'slb.port.80': 'https://', 'slb.cert-id': 'c', 'slb.port.80.domain-extensions': 'bücher.example:c' },
      'slb.port.80.domain-extensions: "b\\u{fc}cher.example" has letters that are not ASCII; write xn--bcher-kva.example; expected <host>:<certificate>, comma separated, such as shop.example.com:file:shop,*.example.com:<id>',
    ],
  ])('%s freezes its port', (_, labels, problem) => {
    expect(problems(read(['80:80'], labels))).toEqual([problem])
    expect(lines(read(['80:80'], labels))).toEqual(['80/tcp frozen'])
  })
})

describe('a redirect', () => {
  test.each(['slb.port.80.allow', 'slb.allow'])('has no list of who may connect: %s is for the https listener beside it', (label) => {
    expect(problems(read(['80:80'], { ...BOTH, [label]: '10.0.0.0/8' }))).toEqual([])
    const [http, https] = targets({ ...BOTH, [label]: '10.0.0.0/8' })
    expect(http).toMatchObject({ settings: { 'forward-port': 443 }, access: undefined })
    expect(https?.access).toEqual({ kind: 'allow', entries: ['10.0.0.0/8'] })
  })

  test('with a list and nothing beside it that takes it is told', () => {
    const labels = { 'slb.port.80': 'http://', 'slb.port.80.forward-port': '443' }
    const expected = 'has no use on a redirect, which has only its forward-port'
    expect(problems(read(['80:80'], { ...labels, 'slb.port.80.deny': '10.0.0.0/8' }))).toEqual([`slb.port.80.deny ${expected}`])
    expect(problems(read(['80:80'], { ...labels, 'slb.allow': '10.0.0.0/8' }))).toEqual([`slb.allow ${expected}`])
  })

  test('has its port and nothing else, and leaves the other options to the https listener', () => {
    const labels = {
      ...BOTH,
      'slb.port.80.health-check-uri': '/up',
      'slb.gzip': 'off',
      'slb.allow': '10.0.0.0/8',
      'slb.port.80.nodes': 'workers',
      'slb.port.80.rules': '/a',
    }
    expect(problems(read(['80:80'], labels))).toEqual([])
    const [http, https] = targets(labels)
    expect(http).toEqual({
      loadBalancer: undefined,
      protocol: 'http',
      listenerPort: 80,
      settings: { 'forward-port': 443 },
      given: { 'forward-port': 443 },
      rules: [],
      nodes: [],
      weights: 'managed',
      access: undefined,
      adopt: false,
      labelled: true,
    })
    expect(https).toMatchObject({
      settings: { 'health-check-uri': '/up', gzip: 'off' },
      access: { kind: 'allow' },
      nodes: [{ value: 'worker' }],
      rules: [{ url: '/a' }],
    })
  })

  test('may be adopted', () => {
    expect(lines(read(['80:80'], { ...BOTH, 'slb.port.80.adopt': 'true' }))).toEqual(['80/tcp http://:80 adopt https://:443 adopt'])
  })

  test('does not mind options of its service, which are for other ports', () => {
    const labels = {
      'slb.port.80': 'http://',
      'slb.port.80.forward-port': '443',
      'slb.port.81': 'https://',
      'slb.cert-id': 'c',
      'slb.gzip': 'off',
      'slb.rules': '/a',
    }
    const reading = read(['80:80', '81:81'], labels)
    expect(problems(reading)).toEqual([])
    expect(lines(reading)).toEqual(['80/tcp http://:80', '81/tcp https://:443'])
  })

  test('of one load balancer leaves the port of the other as it is', () => {
    const labels = { 'slb.port.80': 'http://lb-a;http://lb-b', 'slb.port.80.forward-port@lb-a': '443', 'slb.port.80.gzip': 'off' }
    expect(problems(read(['80:80'], labels))).toEqual([])
    expect(targets(labels).map(({ settings }) => settings.gzip)).toEqual([undefined, 'off'])
  })

  const ALONE = { 'slb.port.80': 'http://', 'slb.port.80.forward-port': '443' }
  test.each<[string, Labels]>([
    ['health-check-uri', { 'slb.port.80.health-check-uri': '/up' }],
    ['acl-status', { 'slb.port.80.acl-status': 'off' }],
    ['rules', { 'slb.port.80.rules': 'shop.example.com' }],
    ['allow', { 'slb.port.80.allow': '10.0.0.0/8' }],
    ['nodes', { 'slb.port.80.nodes': 'workers' }],
    ['weights', { 'slb.port.80.weights': 'ignore' }],
  ])('with %s of its own port is a mistake', (option, labels) => {
    const reading = read(['80:80'], { ...ALONE, ...labels })
    expect(problems(reading)).toEqual([`slb.port.80.${option} has no use on a redirect, which has only its forward-port`])
    expect(lines(reading)).toEqual(['80/tcp frozen'])
  })

  test('is the only listener of a service whose options have no use then, which is said and freezes nothing', () => {
    const reading = read(['80:80'], { ...ALONE, 'slb.gzip': 'off' })
    expect(problems(reading)).toEqual(['slb.gzip has no use on a redirect, which has only its forward-port'])
    expect(lines(reading)).toEqual(['80/tcp http://:80'])
  })

  test.each<[string, Labels, string]>([
    [
      'to itself',
      { 'slb.port.80': 'http://:443', 'slb.port.80.forward-port': '443' },
      'slb.port.80.forward-port: http://:443 would lead to itself; expected the port of an https listener',
    ],
    [
      'to no port',
      { ...ALONE, 'slb.port.80.forward-port': '0' },
      'slb.port.80.forward-port: "0" is not a value for http; expected a whole number from 1 to 65535',
    ],
    ['of a tcp listener', { ...ALONE, 'slb.port.80': 'tcp://' }, 'slb.port.80.forward-port is not for tcp listeners, only for http'],
    [
      'of an https listener',
      { ...ALONE, 'slb.port.80': 'https://', 'slb.port.80.cert-id': 'c' },
      'slb.port.80.forward-port is not for https listeners, only for http',
    ],
  ])('%s freezes its port', (_, labels, problem) => {
    expect(problems(read(['80:80'], labels))).toEqual([problem])
    expect(lines(read(['80:80'], labels))).toEqual(['80/tcp frozen'])
  })
})

describe('which nodes, and whose weights', () => {
  const HTTP = { 'slb.port.80': 'http://lb-a;http://lb-b' }

  test('are said for a port, or for a service, and are the same for all its targets', () => {
    const both = targets({ ...HTTP, 'slb.nodes': 'managers', 'slb.port.80.nodes': 'node.labels.zone==a', 'slb.weights': 'Ignore' })
    expect(both.map(({ nodes, weights }) => ({ nodes, weights }))).toEqual(
      Array.from({ length: 2 }, () => ({ nodes: [{ field: 'label', label: 'zone', equal: true, value: 'a' }], weights: 'kept' })),
    )
    expect(targets({ ...HTTP, 'slb.weights': 'ignore', 'slb.port.80.weights': 'managed' }).map(({ weights }) => weights)).toEqual([
      'managed',
      'managed',
    ])
  })

  test.each<[Labels, string]>([
    [{ 'slb.port.80.nodes@lb-a': 'all' }, 'nodes is for a whole port, not for one of its targets: slb.port.80.nodes'],
    [{ 'slb.port.80.weights@lb-a': 'ignore' }, 'weights is for a whole port, not for one of its targets: slb.port.80.weights'],
    [{ 'slb.port.80.weights': 'keep' }, 'slb.port.80.weights: "keep" is neither managed nor ignore'],
    [{ 'slb.port.80.weights': '' }, 'slb.port.80.weights: "" is neither managed nor ignore'],
    [{ 'slb.port.80.nodes': 'node.role==boss' }, 'slb.port.80.nodes: "boss" is no role; expected manager or worker'],
    [{ 'slb.port.80.node': 'all' }, 'slb.port.80.node is no known option; did you mean slb.port.80.nodes?'],
    [
      { 'slb.nodes': '' },
      'slb.nodes: no nodes; expected all, managers, workers, or constraints such as node.labels.zone==a, node.role!=manager, joined by comma or &&',
    ],
  ])('%j freezes the port', (labels, problem) => {
    const reading = read(['80:80'], { ...HTTP, ...labels })
    expect(problems(reading)).toEqual([problem])
    expect(lines(reading)).toEqual(['80/tcp frozen'])
  })
})
