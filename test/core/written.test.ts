// What our own changes make of a reading: as far as others go by it, the same that the next reading shows.
import { expect, test } from 'vitest'
import type { Change, LoadBalancer } from '../../src/core/model.ts'
import { servedOn } from '../../src/core/serving.ts'
import { afterWrite } from '../../src/core/written.ts'
import {
  balancer,
  defaults,
  group,
  listener,
  markOf,
  member,
  OWNER,
  threeMembers,
  toDefault,
  toGroup,
  webListener,
} from '../support/build.ts'
import { applied } from '../support/memory-load-balancer.ts'

const spec = (protocol: 'tcp' | 'http', port: number, name: string, ref: string) => ({
  key: `tcp:${port}` as const,
  port,
  protocol,
  note: markOf(name),
  target: toGroup(ref),
  settings: defaults(protocol),
})
const rule = (domain: string, ref: string) => ({ ref: `rule-${domain}`, name: '', domain, url: '', group: ref, settings: undefined })

const LB = balancer({
  members: threeMembers(),
  groups: [group('rsp-1', markOf('api'), [member('i-1', { port: 30001 })], { rules: 1 }), group('rsp-2', markOf('shop'), [])],
  listeners: [
    webListener(),
    listener('http', 80, toDefault(30000), markOf('site'), { rules: [rule('api.example.com', 'rsp-1')] }),
    listener('tcp', 9000, toGroup('rsp-2'), markOf('shop', '/stopped'), { status: 'stopped' }),
  ],
})

/** What others look at; keys of what we made are known only to the cloud. */
const seen = (lb: LoadBalancer) => {
  const nameOf = (ref: string) => lb.groups.find((one) => one.ref === ref)?.name ?? ref
  return {
    served: servedOn(lb, OWNER).toSorted(),
    members: lb.members.map(({ server }) => server).toSorted(),
    groups: lb.groups
      .map(({ name, members }) => `${name}: ${members.map(({ server, port }) => `${server}:${port}`).toSorted()}`)
      .toSorted(),
    listeners: lb.listeners
      .map(({ key, protocol, status, note, target, rules }) =>
        [
          ...[key, protocol, status, note, target?.kind === 'group' ? nameOf(target.group) : target?.port],
          ...rules.map(({ domain, group: ref }) => `${domain} -> ${nameOf(ref)}`),
        ].join(' '),
      )
      .toSorted(),
  }
}

const http80 = { key: 'tcp:80', protocol: 'http' } as const
const api = rule('api.example.com', 'rsp-1')

test.each<Change[]>([
  [{ kind: 'createListener', listener: spec('tcp', 7000, 'shop', 'rsp-2') }],
  [
    { kind: 'createGroup', name: markOf('new'), members: [member('i-2', { port: 30002 })] },
    { kind: 'createListener', listener: spec('tcp', 7000, 'new', markOf('new')) },
  ],
  [{ kind: 'replaceListener', was: 'tcp', listener: spec('http', 8080, 'web', 'rsp-2') }],
  [{ kind: 'deleteListener', key: 'tcp:8080', protocol: 'tcp' }],
  [{ kind: 'startListener', key: 'tcp:9000', protocol: 'tcp', note: markOf('shop') }],
  [{ kind: 'stopListener', key: 'tcp:8080', protocol: 'tcp', note: markOf('web', '/stopped') }],
  [
    {
      kind: 'updateListener',
      key: 'tcp:8080',
      protocol: 'tcp',
      set: {},
      was: {},
      settings: defaults('tcp'),
      note: markOf('shop'),
      target: toGroup('rsp-2'),
    },
  ],
  [{ kind: 'createRules', ...http80, rules: [{ domain: 'shop.example.com', url: '', name: '', group: 'rsp-2', settings: undefined }] }],
  [{ kind: 'updateRule', ...http80, rule: api, settings: undefined, group: 'rsp-2' }],
  [{ kind: 'deleteRules', ...http80, rules: [api] }],
  [
    { kind: 'deleteRules', ...http80, rules: [api] },
    { kind: 'deleteGroup', group: 'rsp-1', name: markOf('api') },
  ],
  [{ kind: 'renameGroup', group: 'rsp-2', name: markOf('store'), was: markOf('shop') }],
  [{ kind: 'addBackends', group: 'default', name: '', members: [member('i-4')] }],
  [{ kind: 'addBackends', group: 'rsp-1', name: '', members: [member('i-4', { port: 30001 })] }],
  [{ kind: 'removeBackends', group: 'rsp-1', name: '', members: [member('i-1', { port: 30001 })] }],
  [{ kind: 'tagLoadBalancer', tags: { a: 'b' } }],
])('%o', (...changes) => {
  expect(seen(changes.reduce(afterWrite, LB))).toEqual(seen(changes.reduce(applied, LB)))
})
