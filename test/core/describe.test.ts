import { describe, expect, test } from 'vitest'
import { describeChange } from '../../src/core/describe.ts'
import { type Change, DEFAULT_GROUP, type ListenerSpec, type Member } from '../../src/core/model.ts'

const MARK = 'swarm-slb/abc/web/80-tcp'
const member = (server: string, port: number | undefined = 30000, weight = 100): Member => ({ server, port, weight, note: 'swarm-slb/abc' })
const inDefault = (server: string, weight = 100): Member => ({ server, port: undefined, weight, note: 'swarm-slb/abc' })
const servers = (count: number) => Array.from({ length: count }, (_, i) => inDefault(`i-${count - i}`))
const http: ListenerSpec = {
  key: 'tcp:8080',
  port: 8080,
  protocol: 'http',
  note: MARK,
  target: { kind: 'default', port: 30000 },
  settings: {},
}
const toDefault = { group: DEFAULT_GROUP, name: 'default' }
const toOwn = { group: 'rsp-1', name: MARK }

describe('a change is one line', () => {
  test.each<[string, Change]>([
    ['tag load balancer swarm-slb:abc=cluster-1', { kind: 'tagLoadBalancer', tags: { 'swarm-slb:abc': 'cluster-1' } }],
    [`create group ${MARK} with i-1:30000, i-2:30000`, { kind: 'createGroup', name: MARK, members: [member('i-2'), member('i-1')] }],
    [`create group ${MARK} with no backends`, { kind: 'createGroup', name: MARK, members: [] }],
    ['add i-1, i-2 to default group', { kind: 'addBackends', ...toDefault, members: [inDefault('i-1'), inDefault('i-2')] }],
    [
      `add i-1:30000, i-2:30000 (weight 0) to group ${MARK}`,
      { kind: 'addBackends', ...toOwn, members: [member('i-1'), member('i-2', 30000, 0)] },
    ],
    ['add 3 of 20 (i-1, i-2, i-3 ...) to default group', { kind: 'addBackends', ...toDefault, members: servers(20) }],
    ['add i-1, i-2, i-3, i-4, i-5, i-6 to default group', { kind: 'addBackends', ...toDefault, members: servers(6) }],
    [
      'set weight of i-1 to 0 (was 100) in default group',
      { kind: 'setWeights', ...toDefault, members: [inDefault('i-1', 0)], was: [inDefault('i-1')] },
    ],
    [
      `set weight of i-2:30000, i-3:30000 to 0 (was 100), set weight of i-1:30000 to 100 (was 0) in group ${MARK}`,
      {
        kind: 'setWeights',
        ...toOwn,
        members: [member('i-1'), member('i-2', 30000, 0), member('i-3', 30000, 0)],
        was: [member('i-1', 30000, 0), member('i-2'), member('i-3')],
      },
    ],
    [
      'set note of i-1 to "swarm-slb/abc" (was "by hand\\u{a}") in default group',
      { kind: 'setWeights', ...toDefault, members: [inDefault('i-1')], was: [{ ...inDefault('i-1'), note: 'by hand\n' }] },
    ],
    [`remove i-1:30000 from group ${MARK}`, { kind: 'removeBackends', ...toOwn, members: [member('i-1')] }],
    [`delete group ${MARK}`, { kind: 'deleteGroup', ...toOwn }],
    [`rename group ${MARK} to new`, { kind: 'renameGroup', group: 'rsp-1', name: 'new', was: MARK }],
    ['create listener http:8080 -> default group on port 30000', { kind: 'createListener', listener: http }],
    [
      `create listener http:8080 -> group ${MARK}`,
      { kind: 'createListener', listener: { ...http, target: { kind: 'group', group: MARK } } },
    ],
    [
      'update listener http:8080: health-check-uri / -> /license.txt',
      {
        kind: 'updateListener',
        key: 'tcp:8080',
        protocol: 'http',
        set: { 'health-check-uri': '/license.txt' },
        was: { 'health-check-uri': '/' },
        settings: {},
      },
    ],
    [
      `update listener udp:53: scheduler unset -> rr, bandwidth 5 -> -1, health-check-req none -> ping, target default group on port 1 -> group ${MARK}, note -> ${MARK}`,
      {
        kind: 'updateListener',
        key: 'udp:53',
        protocol: 'udp',
        set: { 'health-check-req': 'ping', bandwidth: -1, scheduler: 'rr' },
        was: { 'health-check-req': '', bandwidth: 5 },
        settings: {},
        note: MARK,
        target: { kind: 'group', group: MARK },
        wasTarget: { kind: 'default', port: 1 },
      },
    ],
    ['start listener http:8080', { kind: 'startListener', key: 'tcp:8080', protocol: 'http' }],
    [`stop listener tcp:80, note -> ${MARK}/stopped`, { kind: 'stopListener', key: 'tcp:80', protocol: 'tcp', note: `${MARK}/stopped` }],
    ['delete listener https:443', { kind: 'deleteListener', key: 'tcp:443', protocol: 'https' }],
    ['replace listener tcp:8080 by http:8080 -> default group on port 30000', { kind: 'replaceListener', was: 'tcp', listener: http }],
  ])('%s', (line, change) => {
    expect(describeChange(change)).toBe(line.replace(' ...)', ' …)'))
  })

  test('with the names of nodes where they are known', () => {
    const names = new Map([['i-1', 'node-1']])
    const change: Change = { kind: 'addBackends', ...toOwn, members: [member('i-2'), member('i-1')] }
    expect(describeChange(change, names)).toBe(`add i-2:30000, node-1 (i-1):30000 to group ${MARK}`)
  })

  test('also when the cloud holds control characters', () => {
    const change: Change = { kind: 'deleteGroup', group: 'rsp-1', name: 'a\nb' }
    expect(describeChange(change)).toBe('delete group "a\\u{a}b"')
  })
})
