import { describe, expect, test } from 'vitest'
import { lines, PUBLISHED, problems, read, reasons } from '../support/labels.ts'

describe('a service without a label', () => {
  test('is not exposed, and the reason names the label to add', () => {
    const reading = read(['80:30000', '53:53', '53:53/udp'], {})
    expect(lines(reading)).toEqual(['80/tcp unexposed', '53/tcp unexposed', '53/udp unexposed'])
    expect(problems(reading)).toEqual([])
    expect(reasons(reading)).toEqual([
      'not labelled; add the label slb.port.80: tcp://:80',
      'not labelled; add the label slb.port.53/tcp: tcp://:53',
      'not labelled; add the label slb.port.53/udp: udp://:53',
    ])
  })

  test('is exposed port by port with SLB_EXPOSE=published', () => {
    const reading = read(['80:30000', '53:53/udp', '9000:', '9100:9100/tcp host', '132:132/sctp'], {}, PUBLISHED)
    expect(lines(reading)).toEqual([
      '80/tcp tcp://:30000 unlabelled',
      '53/udp udp://:53 unlabelled',
      '9000/tcp tcp://:pending unlabelled',
      '9100/tcp unexposed',
      '132/sctp unexposed',
    ])
    expect(problems(reading)).toEqual([])
  })

  test('is exposed within SLB_PORTS only', () => {
    const reading = read(
      ['80:80', '81:8081', '82:9000'],
      {},
      {
        ...PUBLISHED,
        ports: [
          [80, 80],
          [8000, 8999],
        ],
      },
    )
    expect(lines(reading)).toEqual(['80/tcp tcp://:80 unlabelled', '81/tcp tcp://:8081 unlabelled', '82/tcp unexposed'])
    expect(reasons(reading)[2]).toBe('published port 9000 is not in SLB_PORTS; add the label slb.port.82: tcp://:82')
  })

  test('does not get a udp listener on a port that the cloud keeps for itself', () => {
    const reading = read(['4789:4789/udp'], {}, PUBLISHED)
    expect(lines(reading)).toEqual(['4789/udp frozen'])
    expect(problems(reading)).toEqual(['published port 4789: the cloud reserves udp port 4789; choose another listener port'])
  })

  test('may still have options', () => {
    const reading = read(['80:80'], { 'slb.port.80.scheduler': 'rr' }, PUBLISHED)
    expect(lines(reading)).toEqual(['80/tcp tcp://:80 unlabelled'])
    expect(reading.ports[0]).toMatchObject({ targets: [{ settings: { scheduler: 'rr' } }] })
  })
})

describe('one port label', () => {
  test.each(['slb.port.80', 'aliyun.lb.port_80', 'slb.port.8080'])(
    '%s leaves the other ports unexposed, also with SLB_EXPOSE=published',
    (label) => {
      const reading = read(['80:80', '81:81'], { [label]: 'http://lb:80' }, PUBLISHED)
      expect(lines(reading)[1]).toBe('81/tcp unexposed')
      expect(reasons(reading)[1]).toBe('only labelled ports of this service are exposed; add the label slb.port.81: tcp://:81')
    },
  )
})
