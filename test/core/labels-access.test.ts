import { describe, expect, test } from 'vitest'
import type { WantedTarget } from '../../src/core/labels.ts'
import { lines, problems, read } from '../support/labels.ts'

type Labels = Readonly<Record<string, string>>

const targets = (labels: Labels, ports: readonly string[] = ['80:80']): WantedTarget[] =>
  read(ports, labels).ports.flatMap((one) => (one.status === 'wanted' ? one.targets : []))
const HTTP = { 'slb.port.80': 'http://' }
const FORM = 'expected addresses and networks, comma separated, such as 10.0.0.0/8, 203.0.113.7'

describe('who may connect', () => {
  test('is everybody without a label', () => {
    expect(targets(HTTP)).toMatchObject([{ access: undefined, settings: { 'acl-status': 'off' } }])
  })

  test.each<[string, Labels, WantedTarget['access']]>([
    [
      'is a sorted list, each once',
      { 'slb.port.80.allow': '203.0.113.7, 10.0.0.0/8,\n203.0.113.7/32,' },
      { kind: 'allow', entries: ['10.0.0.0/8', '203.0.113.7/32'] },
    ],
    ['may be all but some', { 'slb.port.80.deny': '2001:DB8:0::/48' }, { kind: 'deny', entries: ['2001:db8::/48'] }],
    ['may be said for the whole service', { 'slb.allow': '10.0.0.0/8' }, { kind: 'allow', entries: ['10.0.0.0/8'] }],
    ['may be said closer', { 'slb.allow': '10.0.0.0/8', 'slb.port.80.allow': '10.1.0.0/16' }, { kind: 'allow', entries: ['10.1.0.0/16'] }],
    ['may be everybody', { 'slb.allow': '0.0.0.0/0' }, { kind: 'allow', entries: ['0.0.0.0/0'] }],
  ])('%s', (_, labels, access) => {
    expect(problems(read(['80:80'], { ...HTTP, ...labels }))).toEqual([])
    expect(targets({ ...HTTP, ...labels }).map((target) => target.access)).toEqual([access])
  })

  test('may differ by target', () => {
    const labels = {
      'slb.port.80': 'http://lb-a;http://lb-b',
      'slb.port.80.allow@lb-a': '10.0.0.0/8',
      'slb.port.80.deny@lb-b': '10.0.0.0/8',
    }
    expect(targets(labels).map(({ access }) => access?.kind)).toEqual(['allow', 'deny'])
  })

  test('leaves a listener that cannot be made before its list is known', () => {
    const [allow] = targets({ ...HTTP, 'slb.allow': '10.0.0.0/8' })
    expect(allow?.settings).toMatchObject({ 'acl-status': 'on', 'acl-type': 'white' })
    expect(allow?.settings).not.toHaveProperty('acl-id')
    expect(allow?.given).toEqual({})
    expect(targets({ ...HTTP, 'slb.deny': '10.0.0.0/8' })[0]?.settings).toMatchObject({ 'acl-status': 'on', 'acl-type': 'black' })
  })

  test.each<[string, Labels, string]>([
    [
      'an empty allow',
      { 'slb.port.80.allow': '' },
      `slb.port.80.allow: an empty list would let everybody in; ${FORM}, or slb.enable=false to let nobody in`,
    ],
    [
      'an allow of nothing but commas',
      { 'slb.allow': ' , ,' },
      `slb.allow: an empty list would let everybody in; ${FORM}, or slb.enable=false to let nobody in`,
    ],
    ['an empty deny', { 'slb.port.80.deny': '' }, `slb.port.80.deny: an empty list denies nobody; ${FORM}`],
    [
      'denying everybody',
      { 'slb.deny': '10.0.0.0/8,0.0.0.0/0' },
      'slb.deny: 0.0.0.0/0 is everybody; slb.enable=false withdraws the service',
    ],
    ['denying everybody of IPv6', { 'slb.deny': '::/0' }, 'slb.deny: ::/0 is everybody; slb.enable=false withdraws the service'],
    ['a host name', { 'slb.allow': 'office.example.com' }, `slb.allow: "office.example.com" is no address or network; ${FORM}`],
    ['spaces instead of commas', { 'slb.allow': '10.0.0.1 10.0.0.2' }, `slb.allow: "10.0.0.1 10.0.0.2" is no address or network; ${FORM}`],
    [
      'host bits',
      { 'slb.allow': '10.0.0.7/8' },
      `slb.allow: "10.0.0.7/8" has bits behind its prefix; write 10.0.0.0/8 or 10.0.0.7/32; ${FORM}`,
    ],
    [
      'both versions',
      { 'slb.allow': '10.0.0.1,::1' },
      'slb.allow: IPv4 and IPv6 in one list, but a load balancer has one of them: keep those of its own version',
    ],
    [
      'more than a list takes',
      { 'slb.allow': Array.from({ length: 301 }, (_, i) => `10.0.${i >> 8}.${i & 255}`).join() },
      'slb.allow: 301 entries, but an access control list takes at most 300',
    ],
    [
      'allow and deny',
      { 'slb.allow': '10.0.0.1', 'slb.port.80.deny': '10.0.0.2' },
      'slb.allow and slb.port.80.deny do not go together; keep one of them',
    ],
    [
      'allow and a list of the cloud',
      { 'slb.allow': '10.0.0.1', 'slb.acl-status': 'on', 'slb.acl-type': 'white', 'slb.acl-id': 'acl-1' },
      'slb.allow makes a list of its own; leave out slb.acl-status',
    ],
    [
      'deny and access control that is off',
      { 'slb.port.80.deny': '10.0.0.1', 'slb.port.80.acl-status': 'off' },
      'slb.port.80.deny makes a list of its own; leave out slb.port.80.acl-status',
    ],
    [
      'a list of the cloud that is not switched on',
      { 'slb.port.80.acl-id': 'acl-1' },
      'slb.port.80.acl-id takes effect only with acl-status on',
    ],
    [
      'access control without a list',
      { 'slb.port.80.acl-status': 'on', 'slb.port.80.acl-type': 'white' },
      'slb.port.80.acl-status on needs acl-id, ids of access control lists, comma separated',
    ],
  ])('%s freezes the port: nothing is opened', (_, labels, problem) => {
    const reading = read(['80:80'], { ...HTTP, ...labels })
    expect(problems(reading)).toEqual([problem])
    expect(lines(reading)).toEqual(['80/tcp frozen'])
  })
})
