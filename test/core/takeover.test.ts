// What goes over to this swarm, in which order, and what speaks against it.
import { describe, expect, test } from 'vitest'
import { describeChange } from '../../src/core/describe.ts'
import { othersAlive, signsOfLife } from '../../src/core/life.ts'
import { formatMark, markService } from '../../src/core/marks.ts'
import type { Chain, LoadBalancer } from '../../src/core/model.ts'
import { planTakeover, type TakeoverRules } from '../../src/core/takeover.ts'
import { lostTo, standingOf, UNKNOWN } from '../../src/core/usable.ts'
import { balancer, group, listener, markOf, member, toDefault, toGroup, webListener } from '../support/build.ts'
import { applied } from '../support/memory-load-balancer.ts'

const SAME: TakeoverRules = { from: 'me', owner: 'me', clusterId: 'new', services: ['web'] }
const OTHER: TakeoverRules = { from: 'old', owner: 'me', clusterId: 'cluster-1', services: ['web', 'api'] }
const old = (service: string, suffix = '') => `swarm-slb/old/${service}/80-tcp${suffix}`

/** Of an owner before, with something of everything, and a neighbour's and a person's things beside it. */
const olden = (tags: LoadBalancer['tags'] = { 'swarm-slb:old': 'cluster-0' }) =>
  balancer({
    tags,
    members: [
      member('i-1', { note: 'swarm-slb/old' }),
      member('i-2', { weight: 0, note: 'swarm-slb/old/0' }),
      member('i-3', { note: 'by hand' }),
    ],
    groups: [
      group('rsp-1', old('api'), [member('i-1', { port: 31000, note: 'swarm-slb/old' })], { listeners: ['tcp:9090'] }),
      group('rsp-2', 'swarm-slb/them/x/80-tcp', [member('i-1', { port: 1, note: 'swarm-slb/them' })]),
    ],
    listeners: [
      webListener({ note: old('web', '/closed'), status: 'stopped' }),
      listener('tcp', 9090, toGroup('rsp-1'), old('api')),
      listener('tcp', 22, toDefault(22), 'ssh'),
    ],
  })

const chainsOf = (lb: LoadBalancer, rules: TakeoverRules): readonly Chain[] => {
  const takeover = planTakeover(lb, rules)
  if (takeover.status !== 'plan') throw new Error(`${takeover.status}: ${takeover.text}`)
  return takeover.plan
}
const changesOf = (lb: LoadBalancer, rules: TakeoverRules) => chainsOf(lb, rules).flatMap(({ changes }) => changes)
const carriedOut = (lb: LoadBalancer, rules: TakeoverRules, steps = Infinity) => changesOf(lb, rules).slice(0, steps).reduce(applied, lb)

describe('the same owner under another cluster id', () => {
  const lb = balancer({ tags: { 'swarm-slb:me': 'gone' }, listeners: [webListener()] })

  test('takes the tag alone, and writes down whom it was taken from', () => {
    expect(changesOf(lb, SAME).map((change) => describeChange(change))).toEqual([
      'tag load balancer swarm-slb:me=new, swarm-slb:taken=me/gone',
    ])
    expect(planTakeover(lb, SAME)).toMatchObject({ text: '1 listener, 0 groups, 0 backends of cluster gone count as ours' })
    const after = carriedOut(lb, SAME)
    expect(standingOf(after, 'me', 'new').status).toBe('ours')
    expect(standingOf(after, 'me', 'gone').status).toBe('readOnly')
  })

  test('without a tag takes over what has our mark', () => {
    const bare = { ...lb, tags: {} }
    expect(planTakeover(bare, SAME)).toMatchObject({ text: '1 listener, 0 groups, 0 backends of an unknown cluster count as ours' })
    expect(carriedOut(bare, SAME).tags).toEqual({ 'swarm-slb:me': 'new', 'swarm-slb:taken': 'me/unknown' })
  })

  test.each([
    ['there is no tag and no mark', balancer({ tags: {} })],
    ['it is ours', balancer({ tags: { 'swarm-slb:me': 'new' } })],
  ])('is nothing where %s', (_, there) => {
    expect(planTakeover(there, SAME).status).toBe('nothing')
  })
})

describe('another owner', () => {
  test('hands its marks over in place, with the signs behind them, and its tag goes last', () => {
    const after = carriedOut(olden(), OTHER)
    expect(after.listeners.map(({ note }) => note)).toEqual([markOf('web', '/closed'), markOf('api'), 'ssh'])
    expect(after.groups.map(({ name }) => name)).toEqual([markOf('api'), 'swarm-slb/them/x/80-tcp'])
    expect(after.groups[0]?.members).toMatchObject([{ weight: 100, note: 'swarm-slb/me' }])
    expect(after.members.map(({ weight, note }) => [weight, note])).toEqual([
      [100, 'swarm-slb/me'],
      [0, 'swarm-slb/me/0'],
      [100, 'by hand'],
    ])
    expect(after.tags).toEqual({ 'swarm-slb:me': 'cluster-1', 'swarm-slb:taken': 'old/cluster-0' })
    const kinds = changesOf(olden(), OTHER).map(({ kind }) => kind)
    expect(kinds[0]).toBe('tagLoadBalancer')
    expect(kinds.at(-1)).toBe('untagLoadBalancer')
    expect(kinds).not.toContain('deleteListener')
  })

  test('of this very cluster needs no approval afterwards: SLB_OWNER was changed', () => {
    const lb = olden({ 'swarm-slb:old': 'cluster-1' })
    expect(standingOf(lb, 'me', 'cluster-1').status).toBe('readOnly')
    const after = carriedOut(lb, OTHER)
    expect(after.tags).toEqual({ 'swarm-slb:me': 'cluster-1' })
    expect(standingOf(after, 'me', 'cluster-1').status).toBe('ours')
  })

  test('cut at any step is finished by the next try, and nothing is done twice', () => {
    const whole = carriedOut(olden(), OTHER)
    const count = changesOf(olden(), OTHER).length
    for (let steps = 0; steps < count; steps += 1) {
      const half = carriedOut(olden(), OTHER, steps)
      expect(carriedOut(half, OTHER)).toEqual(whole)
    }
    expect(planTakeover(whole, OTHER).status).toBe('nothing')
  })

  test('with a name that was cut for its mark gives the mark that the service has with us', () => {
    const name = `${'long-'.repeat(10)}name`
    const [from, owner] = ['a', 'sixteen-letters1']
    expect(markService(name, from)).not.toBe(markService(name, owner))
    const note = formatMark({ owner: from, service: name, port: 80, transport: 'tcp', suffix: '' })
    const lb = balancer({ tags: { 'swarm-slb:a': 'cluster-0' }, listeners: [webListener({ note })] })
    const after = carriedOut(lb, { from, owner, clusterId: 'c', services: [name] })
    expect(after.listeners[0]?.note).toBe(formatMark({ owner, service: name, port: 80, transport: 'tcp', suffix: '' }))
  })

  test('renames a group before the listener that uses it', () => {
    const chain = chainsOf(olden(), OTHER).find(({ id }) => id === 'listener tcp:9090')
    expect(chain?.after).toContain('group rsp-1')
  })

  test('that left nothing here is nothing', () => {
    expect(planTakeover(balancer(), OTHER).status).toBe('nothing')
  })

  test.each([
    ['our own tag names another cluster', olden({ 'swarm-slb:old': 'cluster-0', 'swarm-slb:me': 'cluster-9' }), 'comes first'],
    ['it is locked', { ...olden(), status: 'locked' as const }, 'is locked'],
    ['it belongs to Kubernetes', olden({ 'ack.aliyun.com': 'c1', 'swarm-slb:old': 'cluster-0' }), 'Kubernetes'],
  ])('is refused where %s', (_, lb, text) => {
    expect(planTakeover(lb, OTHER)).toMatchObject({ status: 'refused', text: expect.stringContaining(text) })
  })
})

test('a healthy server that is no node of this swarm is a sign of life, but not behind listeners of others', () => {
  const rows = [
    { listener: 'tcp:9090', server: 'i-1' },
    { listener: 'tcp:9090', server: 'i-7' },
    { listener: 'tcp:22', server: 'i-8' },
  ]
  expect(signsOfLife(olden(), 'old', rows, new Set(['i-1']))).toEqual(['i-7'])
})

test('a sign of life of another swarm is a healthy server with our mark that is no node of ours, and no server of other people', () => {
  const rows = (...servers: readonly string[]) => servers.map((server) => ({ listener: 'tcp:8080', server }))
  const lb = balancer({
    members: [member('i-1'), member('i-2'), member('i-3', { note: 'by hand' })],
    groups: [group('rsp-1', markOf('web'), [member('i-4', { port: 1 })])],
    listeners: [webListener(), listener('tcp', 22, toDefault(22), 'ssh')],
  })
  expect(othersAlive(lb, 'me', rows('i-1', 'i-2', 'i-3', 'i-4'), new Set(['i-1']))).toEqual(['i-2', 'i-4'])
  expect(othersAlive(lb, 'me', rows('i-1'), new Set(['i-1']))).toEqual([])
  expect(othersAlive(lb, 'me', [{ listener: 'tcp:22', server: 'i-2' }], new Set(['i-1']))).toEqual([])
})

describe('a tag of ours that is gone', () => {
  const ours = balancer({ listeners: [webListener()] })
  const bare = { ...ours, tags: {} }

  test('is written again where our marks still stand: a tool stripped it', () => {
    expect(lostTo(ours, bare, 'me', undefined)).toBeUndefined()
    expect(standingOf(bare, 'me', 'cluster-1').status).toBe('untagged')
    expect(standingOf(bare, 'me', 'cluster-1', { cluster: 'cluster-1' }).status).toBe('untagged')
  })

  test('is left where a listener of ours has another owner now, at that look and at all that follow', () => {
    const taken = { ...bare, listeners: [webListener({ note: 'swarm-slb/new/web/80-tcp' })] }
    expect(lostTo(ours, taken, 'me', undefined)).toBe('new')
    expect(lostTo(taken, taken, 'me', 'new')).toBe('new')
    expect(standingOf(taken, 'me', 'cluster-1', { lostTo: 'new' })).toMatchObject({
      status: 'readOnly',
      text: expect.stringContaining('new took'),
    })
    expect(lostTo(taken, ours, 'me', 'new')).toBeUndefined()
  })

  test('is left where it named another cluster when it was last there, for as long as anything has our mark', () => {
    const standing = standingOf(bare, 'me', 'cluster-1', { cluster: 'cluster-2' })
    expect(standing).toMatchObject({ status: 'readOnly', text: expect.stringMatching(/named cluster cluster-2 .*takeover --from me/) })
    const members = { ...bare, listeners: [], members: [member('i-1', { note: 'swarm-slb/me/0' })] }
    expect(standingOf(members, 'me', 'cluster-1', { cluster: 'cluster-2' }).status).toBe('readOnly')
    expect(standingOf({ ...bare, listeners: [] }, 'me', 'cluster-1', { cluster: 'cluster-2' }).status).toBe('untagged')
  })

  test('is left where servers of another swarm answer behind our listeners', () => {
    const standing = standingOf(bare, 'me', 'cluster-1', { cluster: UNKNOWN })
    expect(standing).toMatchObject({ status: 'readOnly', text: expect.stringMatching(/answer health checks .*takeover --from me/) })
  })
})
