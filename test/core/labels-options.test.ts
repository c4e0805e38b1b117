import { describe, expect, test } from 'vitest'
import { readService } from '../../src/core/labels.ts'
import { settingsFor } from '../../src/core/settings.ts'
import { LABELLED, lines, PUBLISHED, problems, read, reasons, service } from '../support/labels.ts'

type Labels = Record<string, string>

/** The settings of every listener, in order. */
const settings = (ports: readonly string[], labels: Labels) =>
  read(ports, labels).ports.flatMap((one) => (one.status === 'wanted' ? one.targets.map((target) => target.settings) : []))

describe('options', () => {
  test('are complete and canonical without a label', () => {
    expect(settings(['80:30000'], { 'slb.port.80': 'http://' })).toEqual([settingsFor('http', {}, { defaultBandwidth: -1 }).settings])
  })

  test('of a port are for its listeners', () => {
    const labels = { 'slb.port.80': 'http://:8080', 'slb.port.80.health-check-uri': '/license.txt', 'slb.port.81': 'http://:81' }
    const [first, second] = settings(['80:30000', '81:30001'], labels)
    expect(first).toMatchObject({ 'health-check-uri': '/license.txt', 'health-check-httpcode': 'http_2xx,http_3xx' })
    expect(second).toMatchObject({ 'health-check-uri': '/' })
  })

  test('of the service are for all ports that know them', () => {
    const labels = { 'slb.port.80': 'http://', 'slb.port.81': 'tcp://', 'slb.health-check-interval': '9', 'slb.sticky-session': 'on' }
    const [http, tcp] = settings(['80:30000', '81:30001'], labels)
    expect(http).toMatchObject({ 'health-check-interval': 9, 'sticky-session': 'on' })
    expect(tcp).toMatchObject({ 'health-check-interval': 9 })
    expect(tcp).not.toHaveProperty('sticky-session')
  })

  test('closer to the listener win: service, port, transport, load balancer', () => {
    const labels: Labels = { 'slb.port.80': 'tcp://lb-a:1;tcp://lb-b:1', 'slb.bandwidth': '1' }
    expect(settings(['80:30000'], labels)).toMatchObject([{ bandwidth: 1 }, { bandwidth: 1 }])
    labels['slb.port.80.bandwidth'] = '2'
    expect(settings(['80:30000'], labels)).toMatchObject([{ bandwidth: 2 }, { bandwidth: 2 }])
    labels['slb.port.80/tcp.bandwidth'] = '3'
    expect(settings(['80:30000'], labels)).toMatchObject([{ bandwidth: 3 }, { bandwidth: 3 }])
    labels['slb.port.80.bandwidth@lb-b'] = '4'
    expect(settings(['80:30000'], labels)).toMatchObject([{ bandwidth: 3 }, { bandwidth: 4 }])
    expect(problems(read(['80:30000'], labels))).toEqual([])
  })

  test('go to those of the targets that know them', () => {
    const labels = { 'slb.port.80': 'http://lb-a:80;tcp://lb-b:80', 'slb.port.80.persistence-timeout': '60' }
    const reading = read(['80:30000'], labels)
    expect(problems(reading)).toEqual([])
    expect(settings(['80:30000'], labels)[1]).toMatchObject({ 'persistence-timeout': 60 })
  })

  test('without /tcp or /udp are for both where both are published', () => {
    const labels = { 'slb.port.53': 'tcp://;udp://', 'slb.port.53.scheduler': 'rr', 'slb.port.53.persistence-timeout': '60' }
    expect(settings(['53:53', '53:53/udp'], labels)).toMatchObject([{ scheduler: 'rr', 'persistence-timeout': 60 }, { scheduler: 'rr' }])
    expect(problems(read(['53:53', '53:53/udp'], labels))).toEqual([])
  })

  test.each<{ name: string; labels: Labels; problem: string }>([
    {
      name: 'that do not exist',
      labels: { 'slb.port.80.schedular': 'rr' },
      problem: 'slb.port.80.schedular is no known option; did you mean slb.port.80.scheduler?',
    },
    { name: 'far from any name', labels: { 'slb.port.80.constructor': 'x' }, problem: 'slb.port.80.constructor is no known option' },
    {
      name: 'out of range',
      labels: { 'slb.port.80.health-check-interval': '500' },
      problem: 'slb.port.80.health-check-interval: "500" is not a value for http; expected a whole number from 1 to 50',
    },
    {
      name: 'with a value of another protocol',
      labels: { 'slb.port.80.scheduler': 'sch' },
      problem: 'slb.port.80.scheduler: "sch" is not a value for http; expected wrr or rr',
    },
    {
      name: 'that no target of the port knows',
      labels: { 'slb.port.80.persistence-timeout': '60' },
      problem: 'slb.port.80.persistence-timeout is not for http listeners, only for tcp',
    },
    {
      name: 'that need another one',
      labels: { 'slb.port.80.cookie-timeout': '60' },
      problem: 'slb.port.80.cookie-timeout takes effect only with sticky-session-type insert',
    },
    {
      name: 'that lack their other half',
      labels: { 'slb.port.80.sticky-session': 'on', 'slb.port.80.sticky-session-type': 'server' },
      problem: 'slb.port.80.sticky-session-type server needs cookie, the name of the application cookie',
    },
    {
      name: 'for a load balancer that is no target',
      labels: { 'slb.port.80': 'http://web-lb', 'slb.port.80.scheduler@web-bl': 'rr' },
      problem: 'slb.port.80.scheduler@web-bl: no target of 80/tcp names web-bl; did you mean @web-lb?',
    },
    {
      name: 'adopt that is neither true nor false',
      labels: { 'slb.port.80.adopt': 'yes' },
      problem: 'slb.port.80.adopt: "yes" is neither true nor false',
    },
    {
      name: 'adopt for a load balancer that is no target',
      labels: { 'slb.port.80.adopt@lb-x': 'true' },
      problem: 'slb.port.80.adopt@lb-x: no target of 80/tcp names lb-x',
    },
    {
      name: 'of the service with a wrong value',
      labels: { 'slb.scheduler': 'fair' },
      problem: 'slb.scheduler: "fair" is not a value for http; expected wrr or rr',
    },
  ])('$name freeze their port', ({ labels, problem }) => {
    const reading = read(['80:30000', '81:30001'], { 'slb.port.80': 'http://', ...labels })
    expect(problems(reading)).toEqual([problem])
    expect(lines(reading)).toEqual(['80/tcp frozen', '81/tcp unexposed'])
    expect(reasons(reading)[0]).toBe(problem)
  })

  test('freeze one port and leave the other', () => {
    const reading = read(['80:30000', '81:30001'], {
      'slb.port.80': 'http://',
      'slb.port.81': 'http://:81',
      'slb.port.80.scheduler': 'fair',
    })
    expect(lines(reading)).toEqual(['80/tcp frozen', '81/tcp http://:81'])
  })

  test('of an http probe do not make the probe of a tcp listener http', () => {
    const labels = { 'slb.port.80': 'tcp://', 'slb.port.80.health-check-uri': '/up' }
    const reading = read(['80:30000'], labels)
    expect(problems(reading)).toEqual([
      'slb.port.80.health-check-uri takes effect only with health-check-switch on and health-check-type http',
    ])
    expect(problems(read(['80:30000'], { ...labels, 'slb.port.80.health-check-type': 'http' }))).toEqual([])
  })

  test.each<{ name: string; labels: Labels; problem: string }>([
    {
      name: 'that no listener knows',
      labels: { 'slb.persistence-timeout': '60' },
      problem: 'slb.persistence-timeout is not for http listeners, only for tcp',
    },
    {
      name: 'that no listener has a use for',
      labels: { 'slb.cookie': 'id' },
      problem: 'slb.cookie takes effect only with sticky-session-type server',
    },
    {
      name: 'that closer ones overrule, but which are wrong',
      labels: { 'slb.scheduler': 'fair', 'slb.port.80.scheduler': 'rr' },
      problem: 'slb.scheduler: "fair" is not a value; expected wrr, rr, sch, tch or qch',
    },
  ])('of the service $name are a problem and freeze nothing', ({ labels, problem }) => {
    const reading = read(['80:30000'], { 'slb.port.80': 'http://', ...labels })
    expect(problems(reading)).toEqual([problem])
    expect(lines(reading)).toEqual(['80/tcp http://:80'])
  })

  test('of a port that is not exposed, or not published, are a problem of that label', () => {
    const reading = read(['80:30000'], { 'slb.port.80.scheduler': 'rr', 'slb.port.81.scheduler': 'rr', 'slb.bandwidth': '5' })
    expect(lines(reading)).toEqual(['80/tcp unexposed'])
    expect(problems(reading)).toEqual([
      'slb.bandwidth has no effect: 80/tcp is not exposed; add the label slb.port.80: tcp://:80',
      'slb.port.80.scheduler has no effect: 80/tcp is not exposed; add the label slb.port.80: tcp://:80',
      'slb.port.81.scheduler: container port 81 is not published',
    ])
    expect(problems(read([], { 'slb.bandwidth': '5' }))).toEqual(['slb.bandwidth has no effect: the service publishes no port'])
  })
})

describe('adopt', () => {
  test('is for all targets of a port, or for the one on a load balancer', () => {
    const both = { 'slb.port.80': 'http://lb-a;http://lb-b', 'slb.port.80.adopt': 'true' }
    expect(lines(read(['80:80'], both))).toEqual(['80/tcp http://lb-a:80 adopt http://lb-b:80 adopt'])
    const one = { 'slb.port.80': 'http://lb-a;http://lb-b', 'slb.port.80.adopt@lb-b': 'TRUE' }
    expect(lines(read(['80:80'], one))).toEqual(['80/tcp http://lb-a:80 http://lb-b:80 adopt'])
  })

  test('is not for a whole service', () => {
    const reading = read(['80:80'], { 'slb.port.80': 'http://', 'slb.adopt': 'true' })
    expect(lines(reading)).toEqual(['80/tcp frozen'])
    expect(problems(reading)).toEqual(['adopt is for one port: slb.port.<container port>.adopt'])
  })
})

describe('a key of ours that says nothing known', () => {
  test.each([
    ['slb.prot.80', /^slb\.prot\.80 fits no form of label; expected slb\.port\.<container port>.*; did you mean slb\.port\.80\?$/],
    ['slb.port_80', /did you mean slb\.port\.80\?$/],
    ['slb.port.80.health_check_uri', /did you mean slb\.port\.80\.health-check-uri\?$/],
    ['slb.enabled', 'slb.enabled is no known option; did you mean slb.enable?'],
    ['slb.schedular', 'slb.schedular is no known option; did you mean slb.scheduler?'],
    ['slb.weight', 'slb.weight is a label of nodes, not of services'],
    ['slb.port.80\n', /^"slb\.port\.80\\u\{a\}" fits no form of label/],
    ['slb.pоrt.80', /^"slb\.p\\u\{43e\}rt\.80" fits no form of label.*did you mean slb\.port\.80\?$/],
  ])('%j freezes all ports of its service', (key, problem) => {
    const reading = read(['80:80', '81:81', '132:132/sctp'], { 'slb.port.81': 'http://', [key]: 'x' })
    expect(lines(reading)).toEqual(['80/tcp frozen', '81/tcp frozen', '132/sctp unexposed'])
    expect(problems(reading)).toEqual([expect.stringMatching(problem)])
  })

  test('does so without a port label and with SLB_EXPOSE=published too', () => {
    expect(lines(read(['80:80'], { 'slb.prot.80': 'http://' }, PUBLISHED))).toEqual(['80/tcp frozen'])
  })
})

describe('labels on the container', () => {
  test('are a problem with the place where they belong, and freeze nothing', () => {
    const containerLabels = { 'slb.port.80': 'http://', 'slb.freeze': 'true', 'aliyun.lb.port_80': 'http://a:80', other: 'x' }
    const reading = readService(service(['80:80'], { 'slb.port.80': 'http://' }, { containerLabels }), LABELLED)
    expect(lines(reading)).toEqual(['80/tcp http://:80'])
    expect(reading.frozen).toBe(false)
    expect(problems(reading)).toEqual([
      'aliyun.lb.port_80 and 1 more found on the container, where nothing reads it: put it under deploy.labels (docker service: --label)',
    ])
  })
})
