// Stack files as docker reads them: ports in both forms, labels in both forms, variables, several files.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of stack files look like that
import { describe, expect, test } from 'vitest'
import { fillIn } from '../../src/stack/interpolate.ts'
import { readPorts } from '../../src/stack/ports.ts'
import { readStack } from '../../src/stack-file.ts'

const short = (entry: unknown) => {
  const read = readPorts(entry)
  if ('problem' in read) return read.problem
  return read.ports.map(({ target, published = 'allocated', transport, mode }) => `${published}:${target}/${transport} ${mode}`).join(', ')
}

test.each<[entry: unknown, ports: string]>([
  ['80', 'allocated:80/tcp ingress'],
  [80, 'allocated:80/tcp ingress'],
  ['8080:80', '8080:80/tcp ingress'],
  ['53:53/udp', '53:53/udp ingress'],
  ['127.0.0.1:8080:80', '8080:80/tcp ingress'],
  ['[::1]:8080:80/TCP', '8080:80/tcp ingress'],
  ['127.0.0.1::80', 'allocated:80/tcp ingress'],
  ['3000-3001', 'allocated:3000/tcp ingress, allocated:3001/tcp ingress'],
  ['9090-9091:8080-8081', '9090:8080/tcp ingress, 9091:8081/tcp ingress'],
  ['9090-9091:80', '9090:80/tcp ingress, 9091:80/tcp ingress'],
  [{ target: 80 }, 'allocated:80/tcp ingress'],
  [{ target: 80, published: '8080', protocol: 'udp', mode: 'host' }, '8080:80/udp host'],
  [{ target: 80, published: 0 }, 'allocated:80/tcp ingress'],
])('the port %j is %s', (entry, ports) => {
  expect(short(entry)).toBe(ports)
})

test.each<[entry: unknown, text: string]>([
  ['', 'is no port'],
  ['80:', 'is no port'],
  ['web:80', 'is no port'],
  ['70000:80', 'is no port'],
  ['1-3:1-2', 'different lengths'],
  [null, 'is no port'],
  [{ published: 80 }, 'target undefined is no port'],
  [{ target: 80, published: 'x' }, 'published "x" is no port'],
  [{ target: 80, mode: 'bridge' }, 'neither ingress nor host'],
])('the port %j is refused', (entry, text) => {
  expect(short(entry)).toContain(text)
})

const ENV = { SET: 'value', EMPTY: '' }
test.each<[text: string, filled: string]>([
  ['a $SET b', 'a value b'],
  ['${SET}', 'value'],
  ['${NONE:-x}', 'x'],
  ['${EMPTY:-x}', 'x'],
  ['${EMPTY-x}', ''],
  ['${SET:-x}', 'value'],
  ['${SET:+x}${EMPTY:+y}${EMPTY+z}', 'xz'],
  ['$$SET ${NONE-}', '$SET '],
  ['${SET?needed}', 'value'],
])('%s becomes "%s"', (text, filled) => {
  expect(fillIn(text, ENV)).toEqual({ text: filled, unset: [] })
})

test('a variable that is missing is empty, or a problem where it is needed', () => {
  expect(fillIn('a${NONE}b$NONE2', ENV)).toEqual({ text: 'ab', unset: ['NONE', 'NONE2'] })
  expect(fillIn('${NONE:?set it}', ENV)).toEqual({ problem: 'variable NONE is needed: set it' })
  expect(fillIn('50$', ENV)).toEqual({ problem: '"$" is no variable: write $$ for a dollar sign' })
  expect(fillIn('${a b}', ENV)).toEqual({ problem: '"${" is no variable: write $$ for a dollar sign' })
})

const stack = (...texts: readonly string[]) =>
  readStack(
    texts.map((text, i) => ({ path: `${i}.yml`, text })),
    ENV,
    'shop',
  )

describe('a stack file', () => {
  test('has services with the name of the stack in front, and labels as a map or a list', () => {
    const { services, problems } = stack(`
      services:
        web: { ports: ["80"], labels: { a: b }, deploy: { labels: { slb.port.80: "http://:80", slb.x: 5, slb.y: true, slb.z: } } }
        api: { deploy: { labels: ["slb.port.80=http://:80?a=b", plain] } }
    `)
    expect(problems).toEqual([])
    expect(services.map(({ name, labels, containerLabels }) => [name, labels, containerLabels])).toEqual([
      ['shop_web', { 'slb.port.80': 'http://:80', 'slb.x': '5', 'slb.y': 'true', 'slb.z': '' }, { a: 'b' }],
      ['shop_api', { 'slb.port.80': 'http://:80?a=b', plain: '' }, {}],
    ])
  })

  test('takes anchors and merged maps, and variables only where they matter', () => {
    const { services, unset } = stack(`
      x-labels: &base { slb.scheduler: rr, slb.gzip: "$SET" }
      services:
        web: { image: "x:$TAG", ports: ["$\{PORT:-8080}:80"], deploy: { labels: { <<: *base, slb.gzip: "off" } } }
    `)
    expect(unset).toEqual([])
    expect(services[0]).toMatchObject({ labels: { 'slb.scheduler': 'rr', 'slb.gzip': 'off' }, ports: [{ target: 80, published: 8080 }] })
  })

  test('is added to by a later one', () => {
    const { services } = stack(
      'services: { web: { ports: ["8080:80", "443"], deploy: { labels: { a: "1", b: "1" } } } }',
      'services: { web: { ports: ["8080:81"], deploy: { labels: { b: "2" } } }, new: {} }',
    )
    expect(services.map(({ name }) => name)).toEqual(['shop_web', 'shop_new'])
    expect(services[0]).toMatchObject({ labels: { a: '1', b: '2' }, ports: [{ target: 443 }, { target: 81, published: 8080 }] })
  })

  test.each([
    ['a: [', '0.yml: '],
    ['services: 5', '0.yml: no services'],
    ['services: { web: 5 }', '0.yml: services.web: expected a map'],
    ['services: { web: { ports: 80 } }', '0.yml: services.web.ports: expected a list'],
    ['services: { web: { ports: [x] } }', '0.yml: services.web.ports[0]: "x" is no port'],
    ['services: { web: { deploy: { labels: 5 } } }', '0.yml: services.web.deploy.labels: expected a map or a list'],
    ['services: { web: { ports: ["80"], deploy: { endpoint_mode: dnsrr } } }', '0.yml: services.web: endpoint_mode dnsrr'],
    ['services: { web: { ports: ["$"] } }', '0.yml: services.web.ports[0]: "$" is no variable'],
  ])('%s is said to be wrong, with its place', (text, problem) => {
    expect(stack(text).problems[0]).toContain(problem)
  })
})

test.each(['<<: *a', 'a: &a [*a]\nservices: *a', 'services: *nowhere'])(
  'aliases that lead nowhere, or round in circles, are a problem: %j',
  (text) => {
    const { services, problems } = readStack([{ path: 'stack.yml', text }], {}, '')
    expect(services).toEqual([])
    expect(problems).toHaveLength(1)
  },
)

test('brackets that nest without end are a problem at once, not after seconds', () => {
  const begun = performance.now()
  const { problems } = readStack([{ path: 'stack.yml', text: `services: ${'{a: '.repeat(20_000)}` }], {}, '')
  expect(problems).toEqual(['stack.yml: brackets nest more than 100 deep'])
  expect(performance.now() - begun).toBeLessThan(1000)
})

test('of thousands of mistakes the first is told, with its place, and none takes time', () => {
  const { stackTraceLimit } = Error
  const begun = performance.now()
  const { problems } = readStack([{ path: 'stack.yml', text: `services:\n  web: [${','.repeat(30_000)}` }], {}, '')
  expect(problems).toEqual(['stack.yml: Unexpected , in flow sequence at line 2, column 10'])
  expect(performance.now() - begun).toBeLessThan(1000)
  expect(Error.stackTraceLimit).toBe(stackTraceLimit)
})
