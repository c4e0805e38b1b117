import { describe, expect, test } from 'vitest'
import { readService } from '../../src/core/labels.ts'
import { LABELLED, lines, port, problems, read, reasons, service } from '../support/labels.ts'

describe('a port label', () => {
  test.each<{ name: string; ports: string[]; labels: Record<string, string>; expected: string[] }>([
    {
      name: 'names protocol, load balancer and listener port',
      ports: ['80:30000'],
      labels: { 'slb.port.80': 'http://my-slb:8080' },
      expected: ['80/tcp http://my-slb:8080'],
    },
    {
      name: 'may leave the load balancer to the default',
      ports: ['80:30000'],
      labels: { 'slb.port.80': 'http://:8080' },
      expected: ['80/tcp http://:8080'],
    },
    { name: 'may leave http to port 80', ports: ['8080:30000'], labels: { 'slb.port.8080': 'http://' }, expected: ['8080/tcp http://:80'] },
    {
      name: 'may leave tcp to the published port',
      ports: ['80:30000'],
      labels: { 'slb.port.80': 'tcp://my-slb' },
      expected: ['80/tcp tcp://my-slb:30000'],
    },
    {
      name: 'may leave udp to the published port',
      ports: ['53:30053/udp'],
      labels: { 'slb.port.53': 'udp://' },
      expected: ['53/udp udp://:30053'],
    },
    {
      name: 'waits for a published port that is not allocated',
      ports: ['80:'],
      labels: { 'slb.port.80': 'tcp://' },
      expected: ['80/tcp tcp://:pending'],
    },
    {
      name: 'with a number of its own does not wait',
      ports: ['80:'],
      labels: { 'slb.port.80': 'http://' },
      expected: ['80/tcp http://:80'],
    },
    {
      name: 'may have several targets',
      ports: ['80:30000'],
      labels: { 'slb.port.80': 'tcp://lb-a:80; tcp://lb-b:80;' },
      expected: ['80/tcp tcp://lb-a:80 tcp://lb-b:80'],
    },
    {
      name: 'takes the same target once',
      ports: ['80:30000'],
      labels: { 'slb.port.80': 'tcp://;tcp://:30000' },
      expected: ['80/tcp tcp://:30000'],
    },
    {
      name: 'leaves it to the scheme where tcp and udp are published',
      ports: ['53:53', '53:53/udp'],
      labels: { 'slb.port.53': 'udp://:53;tcp://:5353' },
      expected: ['53/tcp tcp://:5353', '53/udp udp://:53'],
    },
    {
      name: 'with /udp is for udp alone',
      ports: ['53:53', '53:53/udp'],
      labels: { 'slb.port.53/udp': 'udp://:53' },
      expected: ['53/tcp unexposed', '53/udp udp://:53'],
    },
    {
      name: 'may be there twice when both say the same',
      ports: ['80:30000'],
      labels: { 'slb.port.80': 'http://', 'slb.port.80/tcp': 'http://:80' },
      expected: ['80/tcp http://:80'],
    },
    {
      name: 'may be for https, with a certificate',
      ports: ['80:30000'],
      labels: { 'slb.port.80': 'https://', 'slb.port.80.cert-id': '123_cn-hangzhou' },
      expected: ['80/tcp https://:443'],
    },
    {
      name: 'may be for a host-mode port, whose number is the default of its listener',
      ports: ['53:53/udp host'],
      labels: { 'slb.port.53': 'udp://' },
      expected: ['53/udp udp://:53'],
    },
    {
      name: 'may be for a host-mode port whose number every task chooses',
      ports: ['80:/tcp host', '81:/tcp host'],
      labels: { 'slb.port.80': 'tcp://:80', 'slb.port.81': 'http://' },
      expected: ['80/tcp tcp://:80', '81/tcp http://:80'],
    },
    {
      name: 'prefers the ingress port where one of two is host mode',
      ports: ['80:80/tcp host', '80:30000'],
      labels: { 'slb.port.80': 'tcp://' },
      expected: ['80/tcp unexposed', '80/tcp tcp://:30000'],
    },
  ])('$name', ({ ports, labels, expected }) => {
    const reading = read(ports, labels)
    expect(lines(reading)).toEqual(expected)
    expect(problems(reading)).toEqual([])
  })

  test.each<{ name: string; ports: string[]; labels: Record<string, string>; expected: string[]; problem: string | RegExp }>([
    {
      name: 'with a target that is none',
      ports: ['80:30000', '81:30001'],
      labels: { 'slb.port.80': 'my-slb:8080', 'slb.port.81': 'http://:81' },
      expected: ['80/tcp frozen', '81/tcp http://:81'],
      problem:
        'slb.port.80: "my-slb:8080" is no target; expected tcp|udp|http|https://[load balancer][:listener port], for example http://:8080',
    },
    {
      name: 'with a scheme whose transport is not published',
      ports: ['80:30000'],
      labels: { 'slb.port.80': 'udp://:80' },
      expected: ['80/tcp frozen'],
      problem: 'slb.port.80: udp://:80 needs 80/udp, but published is only 80/tcp',
    },
    {
      name: 'with two protocols on one listener',
      ports: ['80:30000'],
      labels: { 'slb.port.80': 'tcp://lb-a:80;http://lb-a' },
      expected: ['80/tcp frozen'],
      problem: 'slb.port.80: http://lb-a:80 clashes with another target on the same listener',
    },
    {
      name: 'that another one contradicts',
      ports: ['80:30000'],
      labels: { 'slb.port.80': 'http://:80', 'slb.port.80/tcp': 'http://:81' },
      expected: ['80/tcp frozen'],
      problem: 'slb.port.80 and slb.port.80/tcp name different targets; keep one of them',
    },
    {
      name: 'for https without a certificate',
      ports: ['80:30000'],
      labels: { 'slb.port.80': 'https://' },
      expected: ['80/tcp frozen'],
      problem:
        'https://:443 needs a certificate; add slb.port.80.cert-id: the id of a certificate, or file:<name> with a name of 1-64 letters, digits and ._-',
    },
    {
      name: 'for a host-mode port without a fixed number that names no listener port',
      ports: ['80:/tcp host'],
      labels: { 'slb.port.80': 'tcp://my-slb' },
      expected: ['80/tcp frozen'],
      problem: "slb.port.80: the tasks choose the node port of 80/tcp, so name the listener's: tcp://my-slb:80",
    },
    {
      name: 'for a udp port that the cloud keeps for itself',
      ports: ['53:53/udp'],
      labels: { 'slb.port.53': 'udp://:4789' },
      expected: ['53/udp frozen'],
      problem: 'slb.port.53: the cloud reserves udp port 4789; choose another listener port',
    },
  ])('$name freezes its port', ({ ports, labels, expected, problem }) => {
    const reading = read(ports, labels)
    expect(lines(reading)).toEqual(expected)
    expect(problems(reading)).toEqual([problem])
    expect(reasons(reading)).toContain(problem)
    expect(reading.problems[0]).toMatchObject({
      subject: 'web',
      port: reading.ports[0] === undefined ? '' : `${reading.ports[0].port.target}/${reading.ports[0].port.transport}`,
    })
  })

  test('for a port that is not published is a problem of that label only', () => {
    const reading = read(['80:30000', '443:30001'], { 'slb.port.80': 'http://', 'slb.port.8080': 'http://:8080' })
    expect(lines(reading)).toEqual(['80/tcp http://:80', '443/tcp unexposed'])
    expect(problems(reading)).toEqual(['slb.port.8080: container port 8080 is not published (published: 80/tcp, 443/tcp)'])
  })

  test('for a host-mode port is no problem while Swarm settles the service: its number may only not be known yet', () => {
    const unsettled = service(['80:/tcp host'], { 'slb.port.80': 'tcp://' }, { settled: false })
    expect(lines(readService(unsettled, LABELLED))).toEqual(['80/tcp tcp://:pending'])
  })

  test('for a port that may still come is no problem while Swarm settles the service', () => {
    expect(
      problems(readService(service([], { 'slb.port.80': 'http://', 'slb.port.80.scheduler': 'rr' }, { settled: false }), LABELLED)),
    ).toEqual([])
  })

  test('for a port that is published twice goes to the first, and says so', () => {
    const reading = read(['80:30000', '80:30001'], { 'slb.port.80': 'tcp://' })
    expect(lines(reading)).toEqual(['80/tcp tcp://:30000', '80/tcp unexposed'])
    expect(problems(reading)).toEqual(['slb.port.80: 80/tcp is published 2 times; 30000 is used'])
    expect(reasons(reading)[1]).toBe('container port 80/tcp is published more than once; its listener uses 30000')
  })

  test('for a host-mode port that is published twice goes to the one with a number', () => {
    const reading = read(['80:/tcp host', '80:8080/tcp host'], { 'slb.port.80': 'http://' })
    expect(lines(reading)).toEqual(['80/tcp unexposed', '80/tcp http://:80'])
    expect(problems(reading)).toEqual(['slb.port.80: 80/tcp is published 2 times; 8080 is used'])
  })

  test('for sctp is a problem, and the port is never exposed', () => {
    const reading = read(['132:30000/sctp'], { 'slb.port.132': 'tcp://' })
    expect(lines(reading)).toEqual(['132/sctp unexposed'])
    expect(problems(reading)).toEqual(['slb.port.132: tcp:// needs 132/tcp, but published is only 132/sctp'])
  })
})

describe('the switches of a service', () => {
  test('slb.enable=false withdraws every port', () => {
    const reading = read(['80:80', '81:81'], { 'slb.port.80': 'http://', 'slb.port.81': 'nonsense', 'slb.enable': 'False' })
    expect(reading).toMatchObject({ enabled: false, frozen: false })
    expect(reasons(reading)).toEqual(['slb.enable is false', 'slb.enable is false'])
    expect(lines(reading)).toEqual(['80/tcp unexposed', '81/tcp unexposed'])
  })

  test('slb.freeze=true leaves every port as it is, even one that slb.enable withdraws', () => {
    const reading = read(['80:80'], { 'slb.port.80': 'http://', 'slb.freeze': 'true', 'slb.enable': 'false' })
    expect(reading).toMatchObject({ enabled: false, frozen: true })
    expect(lines(reading)).toEqual(['80/tcp frozen'])
    expect(problems(reading)).toEqual(['slb.enable=false waits: slb.freeze leaves the service as it is'])
  })

  test.each(['slb.enable', 'slb.freeze'])('%s that is neither true nor false freezes every port', (label) => {
    const reading = read(['80:80', '81:81'], { 'slb.port.80': 'http://', [label]: 'no' })
    expect(reading).toMatchObject({ enabled: true, frozen: false })
    expect(lines(reading)).toEqual(['80/tcp frozen', '81/tcp frozen'])
    expect(problems(reading)).toEqual([`${label}: "no" is neither true nor false`])
  })

  test('are on and off without a label', () => {
    expect(read(['80:80'], {})).toMatchObject({ enabled: true, frozen: false })
    expect(port('80:80')).toEqual({ target: 80, published: 80, transport: 'tcp', mode: 'ingress' })
  })
})
