// Taking the product off a load balancer: what carries our mark goes, everything else stays as it is.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cleanLoadBalancers, cleanupPlan } from '../src/cleanup.ts'
import { readConfig } from '../src/config.ts'
import type { LoadBalancer } from '../src/core/model.ts'
import { connectEngine } from '../src/swarm/client.ts'
import {
  balancer,
  group,
  listener,
  markOf,
  member,
  NOTE,
  OWNER,
  text,
  threeMembers,
  toDefault,
  toGroup,
  webListener,
} from './support/build.ts'
import { type FakeEngine, fixture, startFakeEngine } from './support/fake-engine.ts'
import { callError, type MemoryOptions, memoryProvider } from './support/memory-provider.ts'
import { NO_CERTIFICATES } from './support/region.ts'

const theirs = 'swarm-slb/them/web/80-tcp'
const plan = (over: Partial<LoadBalancer>) => text(cleanupPlan(balancer({ tags: {}, ...over }), OWNER))

describe('what is removed', () => {
  test('listeners with our mark, whoever closed them', () => {
    const listeners = [
      webListener(),
      listener('udp', 53, toDefault(30053), 'swarm-slb/me/dns/53-udp'),
      listener('http', 81, toDefault(30081), markOf('api', '/closed'), { status: 'stopped' }),
      listener('tcp', 82, toDefault(30082), markOf('old', '/stopped'), { status: 'stopped' }),
    ]
    expect(plan({ listeners })).toEqual([
      'delete listener tcp:8080',
      'delete listener udp:53',
      'delete listener http:81',
      'delete listener tcp:82',
    ])
  })

  test('groups of rules after the shared listener, and a redirect before the listener that it leads to', () => {
    const rule = { ref: 'r1', name: 'a', domain: 'a.example.com', url: '', group: 'rsp-1', settings: undefined }
    const redirect = { ...listener('http', 80, toDefault(1), markOf('old'), { settings: { 'forward-port': 443 } }), target: undefined }
    const lb = balancer({
      tags: {},
      listeners: [listener('https', 443, toGroup('rsp-2'), markOf('web'), { rules: [rule] }), redirect],
      groups: [
        group('rsp-1', markOf('web'), threeMembers({ port: 30000 }), { rules: 1 }),
        group('rsp-2', 'swarm-slb/me/-/443-tcp', [], { listeners: ['tcp:443'] }),
      ],
    })
    const chains = cleanupPlan(lb, OWNER)
    const waits = (id: string) => chains.find((chain) => chain.id === id)?.after
    expect(waits('delete tcp:443')).toEqual(['delete tcp:80'])
    expect([waits('remove group rsp-1'), waits('remove group rsp-2')]).toEqual([['delete tcp:443'], ['delete tcp:443']])
  })

  test('our groups after the listeners that use them', () => {
    const lb = balancer({
      tags: {},
      listeners: [webListener({ target: toGroup('rsp-1') })],
      groups: [
        group('rsp-1', markOf('web'), threeMembers({ port: 30000 }), { listeners: ['tcp:8080'] }),
        group('rsp-2', markOf('old'), []),
      ],
    })
    const chains = cleanupPlan(lb, OWNER)
    expect(text(chains)).toEqual(['delete listener tcp:8080', `delete group ${markOf('web')}`, `delete group ${markOf('old')}`])
    expect(chains[1]?.after).toEqual([chains[0]?.id])
  })

  test('our servers in the default group, also those that we set to 0, and after the listeners', () => {
    const lb = balancer({ tags: {}, listeners: [webListener()], members: [member('i-1'), member('i-2', { weight: 0, note: `${NOTE}/0` })] })
    const chains = cleanupPlan(lb, OWNER)
    expect(text(chains)).toEqual(['delete listener tcp:8080', 'remove i-1, i-2 from default group'])
    expect(chains.at(-1)?.after).toEqual([chains[0]?.id])
  })
})

describe('the tag', () => {
  test('goes last, and only when all else is gone', () => {
    const chains = cleanupPlan(balancer({ listeners: [webListener()] }), OWNER)
    expect(text(chains).at(-1)).toBe('take the tag swarm-slb:me off the load balancer')
    expect(chains.at(-1)?.after).toEqual(['delete tcp:8080'])
  })

  test('takes the sign of a takeover with it', () => {
    const tags = { 'swarm-slb:me': 'cluster-1', 'swarm-slb:taken': 'me/cluster-0', team: 'web' }
    expect(plan({ tags })).toEqual(['take the tag swarm-slb:me, swarm-slb:taken off the load balancer'])
  })

  test('of somebody else stays', () => {
    expect(plan({ tags: { 'swarm-slb:them': 'cluster-9' } })).toEqual([])
  })
})

describe('what stays', () => {
  test.each<[string, Partial<LoadBalancer>]>([
    ['nothing there', {}],
    ['a listener made by hand', { listeners: [listener('tcp', 22, toDefault(22), 'ssh')] }],
    ["another owner's listener", { listeners: [listener('tcp', 8080, toDefault(30000), theirs)] }],
    ['a listener whose mark was edited', { listeners: [webListener({ note: `${markOf('web')} (keep)` })] }],
    ["another owner's group", { groups: [group('rsp-1', theirs, [member('i-1', { port: 30000, note: 'swarm-slb/them' })])] }],
    ['a group made by hand, with our servers in it', { groups: [group('rsp-1', 'by hand', [member('i-1', { port: 22 })])] }],
    ['our group that a rule uses', { groups: [group('rsp-1', markOf('web'), [], { rules: 1 })] }],
    [
      'our group that a foreign listener uses',
      {
        groups: [group('rsp-1', markOf('web'), threeMembers({ port: 30000 }), { listeners: ['tcp:22'] })],
        listeners: [listener('tcp', 22, toGroup('rsp-1'), 'ssh')],
      },
    ],
    [
      'servers that were in the default group before us',
      { members: [member('i-1', { note: '' }), member('i-2', { note: 'node/0', weight: 0 })] },
    ],
    ['servers of a longer owner', { members: [member('i-1', { note: 'swarm-slb/me2' })] }],
    [
      'our servers while a foreign listener forwards to them',
      { members: threeMembers(), listeners: [listener('tcp', 22, toDefault(22), 'ssh')] },
    ],
  ])('%s', (_, over) => {
    expect(plan(over)).toEqual([])
  })
})

const CLUSTER = 'cluster-1'
const SECRETS = {
  ALIBABA_CLOUD_ACCESS_KEY_ID: 'testid',
  ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'testsecret',
  ALIBABA_CLOUD_REGION_ID: 'cn-hangzhou',
}

/** The swarm whose cluster id the load balancers' tags are compared with. */
let swarm: FakeEngine
beforeAll(async () => {
  const info = fixture<{ Swarm: object }>('info')
  swarm = await startFakeEngine({ info: { ...info, Swarm: { ...info.Swarm, Cluster: { ID: CLUSTER } } } })
})
afterAll(() => swarm.close())

async function clean(lb: LoadBalancer, { dryRun = false, ...options }: MemoryOptions & { readonly dryRun?: boolean } = {}) {
  const provider = memoryProvider([lb], options)
  const config = readConfig({ env: { ...SECRETS, SLB_ID: 'lb-1', SLB_OWNER: OWNER }, flags: {} })
  const engine = connectEngine({ host: swarm.host })
  const progress: string[] = []
  const cloud = { provider, instances: { lookup: async () => new Map(), forget: () => {} }, certificates: NO_CERTIFICATES, close: () => {} }
  const task = { config, cloud, engine, dryRun, onProgress: (line: string) => void progress.push(line) }
  return { ...(await cleanLoadBalancers(task, new AbortController().signal)), progress, provider }
}

const mixed = balancer({
  listeners: [webListener({ target: toGroup('rsp-1') }), listener('tcp', 22, toGroup('rsp-9'), 'ssh')],
  groups: [
    group('rsp-1', markOf('web'), threeMembers({ port: 30000 }), { listeners: ['tcp:8080'] }),
    group('rsp-9', 'by hand', [member('i-9', { port: 22, note: 'db' })], { listeners: ['tcp:22'] }),
  ],
  members: [...threeMembers(), member('i-9', { note: 'db' })],
})

describe('carried out', () => {
  test('leaves exactly what is not ours', async () => {
    const { provider, removed, failed, progress } = await clean(mixed)
    const left = provider.lb()
    expect(left.listeners).toEqual(mixed.listeners.slice(1))
    expect(left.groups).toEqual(mixed.groups.slice(1))
    expect(left.members).toEqual(mixed.members.slice(3))
    expect(left.tags).toEqual({})
    expect(failed).toEqual([])
    expect([...removed].sort()).toEqual([
      `front: delete group ${markOf('web')}`,
      'front: delete listener tcp:8080',
      'front: remove i-1, i-2, i-3 from default group',
      'front: take the tag swarm-slb:me off the load balancer',
    ])
    expect(progress).toEqual(removed)
  })

  test('a second time finds nothing', async () => {
    const { provider } = await clean(mixed)
    expect(await clean(provider.lb())).toMatchObject({ removed: [], failed: [] })
  })

  test.each<[string, Partial<LoadBalancer>, string]>([
    ['whose tag names another cluster', { tags: { [`swarm-slb:${OWNER}`]: 'another' } }, 'names cluster another'],
    ['whose tag says that SLB_OWNER was another', { tags: { 'swarm-slb:before': CLUSTER } }, 'SLB_OWNER was before'],
    ['that is locked', { status: 'locked' }, 'is locked'],
    ['of a Kubernetes cluster', { tags: { 'ack.aliyun.com': 'c1' } }, 'Kubernetes'],
  ])('writes nothing to a load balancer %s, and says so', async (_, over, text) => {
    for (const dryRun of [false, true]) {
      const { provider, removed, failed } = await clean({ ...mixed, ...over }, { dryRun })
      expect(failed).toEqual([expect.stringContaining(text)])
      expect(removed).toEqual([])
      expect(provider.written).toEqual([])
    }
  })

  test('also cleans one that carries no tag yet', async () => {
    expect((await clean({ ...mixed, tags: {} })).removed).toHaveLength(3)
  })

  test('as a dry run says the same and writes nothing', async () => {
    const { provider, removed } = await clean(mixed, { dryRun: true })
    expect(provider.written).toEqual([])
    expect([...removed].sort()).toEqual([...(await clean(mixed)).removed].sort())
  })

  test('what fails is told, and what hangs on it stays; the rest goes', async () => {
    const { provider, failed, removed } = await clean(
      { ...mixed, listeners: [...mixed.listeners, listener('tcp', 81, toDefault(30081), markOf('api'))] },
      {
        around: (change, effect) => {
          if (change.kind === 'deleteListener' && change.key === 'tcp:8080') throw callError('failed')
          effect()
        },
      },
    )
    expect(failed).toEqual(['front: delete listener tcp:8080: Test: Test: as told'])
    expect(removed).toEqual(['front: delete listener tcp:81'])
    expect(provider.lb().groups).toHaveLength(2)
  })
})

test('a paused load balancer is left as it is', async () => {
  const { removed, failed, provider } = await clean(balancer({ ...mixed, tags: { ...mixed.tags, 'swarm-slb:pause': 'true alice' } }))
  expect(removed).toEqual([])
  expect(failed).toEqual([expect.stringContaining('paused by alice')])
  expect(provider.written).toEqual([])
})
