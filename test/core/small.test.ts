// The smaller parts of the core: standing of a load balancer, quotas, policy, digest.
import { describe, expect, test } from 'vitest'
import { digest, serviceDigests } from '../../src/core/digest.ts'
import { fitQuotas } from '../../src/core/headroom.ts'
import type { Chain, Node, Service } from '../../src/core/model.ts'
import { allowedBy } from '../../src/core/policy.ts'
import { standingOf, untaggedNames } from '../../src/core/usable.ts'
import {
  backendsOf,
  balancer,
  diffOf,
  listener,
  member,
  NOTE,
  NOW,
  node,
  OWNER,
  remembers,
  service,
  THREE,
  text,
  threeMembers,
  toDefault,
  wantedBy,
  web,
  webListener,
} from '../support/build.ts'
import { PASS_RULES } from '../support/passes.ts'

describe('rule 10: an unusable load balancer is not written to', () => {
  test.each([
    ['missing', balancer({ status: 'missing' })],
    ['locked', balancer({ status: 'locked' })],
    ['expired', balancer({ status: 'expired' })],
    ['inactive with listeners', balancer({ status: 'inactive', listeners: [webListener()] })],
    ['made by Kubernetes', balancer({ tags: { 'kubernetes.do.not.delete': 'x' } })],
    ['of a managed cluster', balancer({ tags: { 'ack.aliyun.com': 'c1' } })],
  ])('%s', (_, lb) => {
    expect(standingOf(lb, OWNER, 'cluster-1').status).toBe('unusable')
  })

  test('an inactive one without listeners may be used', () => {
    expect(standingOf(balancer({ status: 'inactive' }), OWNER, 'cluster-1').status).toBe('ours')
  })
})

describe('the tag says whose load balancer it is', () => {
  test.each([
    ['none: it is written before the first write', {}, 'untagged'],
    ['ours', { 'swarm-slb:me': 'cluster-1' }, 'ours'],
    ['our owner with another cluster', { 'swarm-slb:me': 'cluster-2' }, 'readOnly'],
    ['another owner with our cluster: SLB_OWNER was changed', { 'swarm-slb:old': 'cluster-1' }, 'readOnly'],
    ['a neighbour', { 'swarm-slb:them': 'cluster-9' }, 'untagged'],
    ['a pause is no owner', { 'swarm-slb:pause': 'cluster-1', 'swarm-slb:me': 'cluster-1' }, 'ours'],
    ['a takeover is no owner', { 'swarm-slb:taken': 'cluster-1' }, 'untagged'],
    ['taken over from us, and nobody has it now', { 'swarm-slb:taken': 'me/cluster-1' }, 'readOnly'],
    ['taken over from us long ago, and ours again', { 'swarm-slb:taken': 'me/cluster-1', 'swarm-slb:me': 'cluster-1' }, 'ours'],
    ['a neighbour and ours', { 'swarm-slb:them': 'cluster-9', 'swarm-slb:me': 'cluster-1' }, 'ours'],
  ])('%s', (_, tags, status) => {
    expect(standingOf(balancer({ tags }), OWNER, 'cluster-1').status).toBe(status)
  })
})

describe('quotas', () => {
  const { quotaNames } = PASS_RULES
  const quotas = { quotas: { ...PASS_RULES.quotas, listeners: 2, backends: 10, attachments: 3 }, quotaNames }
  const create = (port: number): Chain => ({
    id: `listener tcp:${port}`,
    service: `s${port}`,
    after: [],
    changes: [
      { kind: 'createListener', listener: { key: `tcp:${port}`, port, protocol: 'tcp', note: '', target: toDefault(1), settings: {} } },
    ],
  })

  test('what does not fit is a problem with the name of the quota, the rest goes on', () => {
    const { plan, problems } = fitQuotas([create(1), create(2)], balancer({ listeners: [webListener()] }), quotas)
    expect(plan.map(({ id }) => id)).toEqual(['listener tcp:1'])
    expect(problems[0]).toMatchObject({ kind: 'quota', subject: 's2' })
    expect(problems[0]?.text).toContain('slb_quota_listeners_num')
  })

  test('a listener waits with the group that has no room', () => {
    const members = Array.from({ length: 11 }, (_, index) => member(`i-${index}`, { port: 1 }))
    const group: Chain = { id: 'group g', service: 's1', after: [], changes: [{ kind: 'createGroup', name: 'g', members }] }
    const { plan, problems } = fitQuotas([group, { ...create(1), after: ['group g'] }], balancer(), quotas)
    expect(plan).toEqual([])
    expect(problems.map(({ text: line }) => line)[0]).toContain('slb_quota_backendservers_num')
  })

  test('one server in too many groups is named too', () => {
    const lb = balancer({
      groups: [1, 2, 3].map((n) => ({ ref: `g${n}`, name: `g${n}`, members: [member('i-1', { port: n })], listeners: [], rules: 0 })),
    })
    const more: Chain = {
      id: 'group g',
      service: 's1',
      after: [],
      changes: [{ kind: 'createGroup', name: 'g', members: [member('i-1', { port: 9 })] }],
    }
    expect(fitQuotas([more], lb, quotas).problems[0]?.text).toContain('slb_quota_backendserver_attached_num')
  })

  test('a full group swaps: the removal goes first', () => {
    const swap: Chain = {
      id: 'group g',
      service: 's1',
      after: [],
      changes: [
        { kind: 'addBackends', group: 'g', name: 'g', members: [member('i-new')] },
        { kind: 'removeBackends', group: 'g', name: 'g', members: [member('i-old')] },
      ],
    }
    const lb = balancer({ members: Array.from({ length: 10 }, (_, index) => member(`i-${index}`)) })
    expect(fitQuotas([swap], lb, quotas).plan[0]?.changes.map(({ kind }) => kind)).toEqual(['removeBackends'])
  })
})

describe('SLB_POLICY', () => {
  const lb = balancer({
    members: threeMembers(),
    listeners: [webListener(), listener('tcp', 9000, toDefault(30009), `swarm-slb/${OWNER}/gone/80-tcp`)],
  })
  const changed = web({ 'slb.port.80.scheduler': 'rr' })
  const api = service('api', 30005, { 'slb.port.80': 'tcp://:7000' })
  const { plan } = diffOf({ lb, wanted: wantedBy([changed, api], { memory: remembers(['web', 'api', 'gone'], { gone: 0 }) }) })

  test('sync does everything', () => {
    expect(text(allowedBy('sync', plan))).toContain('delete listener tcp:9000')
  })
  test('upsert-only deletes nothing', () => {
    const lines = text(allowedBy('upsert-only', plan))
    expect(lines).not.toContain('delete listener tcp:9000')
    expect(lines).toContain('update listener tcp:8080: scheduler wrr -> rr')
  })
  test('create-only changes nothing that exists', () => {
    expect(text(allowedBy('create-only', plan))).toEqual(['create listener tcp:7000 -> default group on port 30005'])
  })
})

describe('digest: no cloud call while nothing changed that matters', () => {
  const lb = balancer({ members: threeMembers(), listeners: [webListener()] })
  const of = (services: readonly Service[], nodes: readonly Node[], before = backendsOf(THREE)) => {
    const wanted = wantedBy(services)
    return digest(serviceDigests(wanted, wanted.claims, lb, OWNER), wanted, backendsOf(nodes, { memory: before.memory }), lb, OWNER)
  }
  const same = of([web()], THREE)

  test.each([
    ['a label that is not ours', [web()], [node('n1', { labels: { zone: 'a' } }), node('n2'), node('n3')]],
    ['a node that Swarm does not know the state of', [web()], THREE.map((one) => ({ ...one, state: 'unknown' as const }))],
    ['a service that is not exposed', [web(), service('quiet', 30100)], THREE],
  ])('%s makes no difference', (_, services, nodes) => {
    expect(of(services, nodes)).toBe(same)
  })

  test.each([
    ['an option', [web({ 'slb.port.80.scheduler': 'rr' })], THREE],
    ['a drained node', [web()], [node('n1', { availability: 'drain' }), node('n2'), node('n3')]],
    ['a new node', [web()], [...THREE, node('n4')]],
    ['a service that is gone', [], THREE],
    ['a node port that another service has now', [web(), service('thief', 30000)], THREE],
  ])('%s does', (_, services, nodes) => {
    expect(of(services as readonly Service[], nodes as readonly Node[])).not.toBe(same)
  })
})

test('a node that returns gets its weight 15 seconds after it is ready', () => {
  const down = [node('n1', { state: 'down' }), node('n2'), node('n3')]
  const since = backendsOf(down, { memory: backendsOf(THREE, { now: 0 }).memory, now: 0 })
  const lowered = backendsOf(down, { memory: since.memory })
  const back = backendsOf(THREE, { memory: lowered.memory, now: NOW + 1 })
  const lb = balancer({
    members: [member('i-1', { weight: 0, note: `${NOTE}/0` }), member('i-2'), member('i-3')],
    listeners: [webListener()],
  })
  expect(diffOf({ lb, services: [web()], backends: back }).plan).toEqual([])
  expect(back.recheckAt).toBe(NOW + 15_001)
  const later = backendsOf(THREE, { memory: back.memory, now: NOW + 15_001 })
  expect(text(diffOf({ lb, services: [web()], backends: later }).plan)).toEqual(['set weight of i-1 to 100 (was 0) in default group'])
})

test('a service whose port is not allocated for 30 s is a problem', () => {
  const pending = web({}, { settled: false, ports: [] })
  const open = web({}, { ports: [{ target: 80, published: undefined, transport: 'tcp', mode: 'ingress' }] })
  for (const one of [pending, open]) {
    const memory = { ...remembers(['web']), pendingSince: new Map([['id-web', NOW - 30_000]]) }
    const texts = wantedBy([one], { memory }).problems.map((problem) => problem.text)
    expect(texts).toContain('port allocation pending; ingress network full?')
  }
  const early = wantedBy([open], { memory: { ...remembers(['web']), pendingSince: new Map([['id-web', NOW - 29_000]]) } })
  expect(early.problems).toEqual([])
  expect(early.recheckAt).toBe(NOW + 1000)
})

test('a name that leads to a load balancer without our tag, while another one carries it, is a problem', () => {
  const tagged = balancer({ id: 'lb-1' })
  const other = balancer({ id: 'lb-2', name: 'moved', tags: {} })
  expect(untaggedNames([tagged, other], new Set(['lb-2']), OWNER)[0]?.text).toContain('lb-2')
  expect(untaggedNames([tagged, other], new Set(), OWNER)).toEqual([])
  expect(untaggedNames([{ ...tagged, tags: {} }, other], new Set(['lb-2']), OWNER)).toEqual([])
})
