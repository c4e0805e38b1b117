import { describe, expect, test } from 'vitest'
import { lines, problems, read, reasons } from '../support/labels.ts'

type Labels = Record<string, string>

const settings = (ports: readonly string[], labels: Labels) =>
  read(ports, labels).ports.flatMap((one) => (one.status === 'wanted' ? one.targets.map((target) => target.settings) : []))

describe('aliyun.lb.port_<n>', () => {
  test.each<{ name: string; ports: string[]; labels: Labels; expected: string[] }>([
    {
      name: 'works as it did',
      ports: ['80:7777'],
      labels: { 'aliyun.lb.port_80': 'http://slb_name:8080' },
      expected: ['80/tcp http://slb_name:8080'],
    },
    {
      name: 'works for udp',
      ports: ['53:53/udp'],
      labels: { 'aliyun.lb.port_53': 'udp://14a7ba06d3b-cn-hangzhou-dg-a01:53' },
      expected: ['53/udp udp://14a7ba06d3b-cn-hangzhou-dg-a01:53'],
    },
    {
      name: 'may have several targets',
      ports: ['80:80'],
      labels: { 'aliyun.lb.port_80': ' tcp://a:80; ;tcp://b:0080' },
      expected: ['80/tcp tcp://a:80 tcp://b:80'],
    },
    {
      name: 'combines with adopt',
      ports: ['80:80'],
      labels: { 'aliyun.lb.port_80': 'http://a:80', 'slb.port.80.adopt': 'true' },
      expected: ['80/tcp http://a:80 adopt'],
    },
    {
      name: 'agrees with a label of ours',
      ports: ['80:80'],
      labels: { 'aliyun.lb.port_80': 'http://a:80', 'slb.port.80': 'http://a' },
      expected: ['80/tcp http://a:80'],
    },
  ])('$name', ({ ports, labels, expected }) => {
    expect(lines(read(ports, labels))).toEqual(expected)
    expect(problems(read(ports, labels))).toEqual([])
  })

  test.each(['http://:80', 'http://a', 'a:80', 'HTTP://a:80', 'http://a:123456'])(
    'with %j freezes its port: load balancer and port are mandatory there',
    (text) => {
      const reading = read(['80:80'], { 'aliyun.lb.port_80': text })
      expect(lines(reading)).toEqual(['80/tcp frozen'])
      expect(problems(reading)).toEqual([
        `aliyun.lb.port_80: "${text}" is no target; expected <tcp|udp|http|https>://<load balancer>:<listener port>`,
      ])
    },
  )

  test.each(['ftp://a:80', 'http://a:0', 'http://a:65536'])('with %j freezes its port', (text) => {
    expect(lines(read(['80:80'], { 'aliyun.lb.port_80': text }))).toEqual(['80/tcp frozen'])
  })

  test('that differs from a label of ours freezes the port', () => {
    const reading = read(['80:80'], { 'aliyun.lb.port_80': 'http://a:80', 'slb.port.80': 'http://:80' })
    expect(lines(reading)).toEqual(['80/tcp frozen'])
    expect(problems(reading)).toEqual(['slb.port.80 and aliyun.lb.port_80 name different targets; keep one of them'])
  })

  test.each(['aliyun.lb.port_', 'aliyun.lb.port_8O', 'aliyun.lb.port_0', 'aliyun.lb.port_99999', 'aliyun.lb.prot_80'])(
    'misspelt as %s freezes the service',
    (key) => {
      const reading = read(['80:80', '81:81'], { 'aliyun.lb.port_81': 'http://a:80', [key]: 'http://a:80' })
      expect(lines(reading)).toEqual(['80/tcp frozen', '81/tcp frozen'])
      expect(problems(reading)).toEqual([`${key} fits no form of label; expected aliyun.lb.port_<container port>`])
    },
  )

  test('for a port that is not published is a problem of that label only', () => {
    expect(problems(read(['80:80'], { 'aliyun.lb.port_81': 'http://a:80' }))).toEqual([
      'aliyun.lb.port_81: container port 81 is not published (published: 80/tcp)',
    ])
  })
})

describe('aliyun.probe.url', () => {
  const lb = { 'aliyun.lb.port_80': 'http://a:80' }
  const tcp = { 'aliyun.lb.port_80': 'tcp://a:80' }

  test.each<{ name: string; labels: Labels; expected: Labels }>([
    {
      name: 'sets path and codes of an http listener',
      labels: { ...lb, 'aliyun.probe.url': 'http://container/health?a=1' },
      expected: { 'health-check-uri': '/health?a=1', 'health-check-httpcode': 'http_2xx,http_3xx' },
    },
    {
      name: 'without a path is held to 2xx and 3xx too',
      labels: { ...lb, 'aliyun.probe.url': 'http://container:80' },
      expected: { 'health-check-uri': '/', 'health-check-httpcode': 'http_2xx,http_3xx' },
    },
    {
      name: 'makes the probe of a tcp listener http',
      labels: { ...tcp, 'aliyun.probe.url': 'http://container:80/up' },
      expected: { 'health-check-type': 'http', 'health-check-uri': '/up', 'health-check-httpcode': 'http_2xx,http_3xx' },
    },
    { name: 'with tcp connects', labels: { ...tcp, 'aliyun.probe.url': 'tcp://container:80' }, expected: { 'health-check-type': 'tcp' } },
    {
      name: 'gives way to options of ours',
      labels: { ...lb, 'aliyun.probe.url': 'http://container/up', 'slb.health-check-uri': '/own' },
      expected: { 'health-check-uri': '/own' },
    },
    {
      name: 'gives way to a check that is switched off',
      labels: { ...tcp, 'aliyun.probe.url': 'http://container/up', 'slb.port.80.health-check-switch': 'off' },
      expected: { 'health-check-switch': 'off' },
    },
  ])('$name', ({ labels, expected }) => {
    expect(settings(['80:30000'], labels)).toEqual([expect.objectContaining(expected)])
    expect(problems(read(['80:30000'], labels))).toEqual([])
  })

  test('takes its timeout from the label beside it', () => {
    const labels = { ...lb, 'aliyun.probe.url': 'http://container', 'aliyun.probe.timeout_seconds': '7' }
    expect(settings(['80:80'], labels)).toMatchObject([{ 'health-check-timeout': 7 }])
    expect(settings(['80:80'], { ...labels, ...tcp })).toMatchObject([{ 'health-check-connect-timeout': 7 }])
    expect(problems(read(['80:80'], { ...labels, 'aliyun.probe.timeout_seconds': 'x' }))).toEqual([
      'aliyun.probe.timeout_seconds: health-check-timeout: "x" is not a value for http; expected a whole number from 1 to 300',
    ])
  })

  test('speaks of the one port it names', () => {
    const [first, second] = settings(['80:80', '81:81'], {
      ...lb,
      'aliyun.lb.port_81': 'http://a:81',
      'aliyun.probe.url': 'http://container:81/up',
    })
    expect(first).toMatchObject({ 'health-check-uri': '/' })
    expect(second).toMatchObject({ 'health-check-uri': '/up' })
  })

  test('for a port that is not published is a problem and leaves the check at its default', () => {
    const reading = read(['80:80'], { ...lb, 'aliyun.probe.url': 'http://container:8080/up' })
    expect(lines(reading)).toEqual(['80/tcp http://a:80'])
    expect(problems(reading)).toEqual([
      'aliyun.probe.url: container port 8080/tcp is not published (80/tcp), so the health check stays the default',
    ])
  })

  test.each(['http://localhost/up', 'tcp://container', 'https://container', 'http://container/a\nb'])(
    '%j is no probe and freezes the ports it may have been for',
    (url) => {
      const reading = read(['80:80', '53:53/udp'], { ...lb, 'aliyun.lb.port_53': 'udp://a:53', 'aliyun.probe.url': url })
      expect(lines(reading)).toEqual(['80/tcp frozen', '53/udp udp://a:53'])
      expect(reasons(reading)[0]).toContain('expected http://container[:port][/path] or tcp://container:port')
    },
  )
})

test.each([
  [
    'aliyun.probe.cmd',
    'aliyun.probe.cmd cannot run on a load balancer: its health check stays the default; use slb.health-check-* instead',
  ],
  [
    'aliyun.routing.port_80',
    'aliyun.routing.port_80 has no effect without SLB_ROUTING_LISTENERS, which names the listeners that its hosts go to, for example http:80',
  ],
  [
    'aliyun.routing.session_sticky',
    'aliyun.routing.session_sticky has no effect without SLB_ROUTING_LISTENERS, which names the listeners that its hosts go to, for example http:80',
  ],
])('%s is said to have no effect and freezes nothing', (key, problem) => {
  const reading = read(['80:80'], { 'slb.port.80': 'http://', [key]: 'x' })
  expect(lines(reading)).toEqual(['80/tcp http://:80'])
  expect(problems(reading)).toEqual([problem])
})

test.each(['aliyun.scale', 'aliyun.log_store_x', 'aliyun.depends', 'com.docker.stack.namespace', 'slbx.port.80'])(
  '%s is not ours to judge',
  (key) => {
    expect(problems(read(['80:80'], { 'slb.port.80': 'http://', [key]: 'x' }))).toEqual([])
  },
)
