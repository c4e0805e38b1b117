// Lists of the cloud that are empty although something is there, or that may not be read. Each time: what is programmed stays, the
// reason is told, and the truth mends it by itself.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, type TestContext, test } from 'vitest'
import { selfSigned } from '../simulator/dataplane/certificate.ts'
import { swarmNodes, swarmService, until } from '../support/stand.ts'
import { expose, openScene, type Scene, wait } from './scene.ts'

/** Every list in it empty, however deep, and every count 0: what "nothing there" looks like. */
function hollow(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return []
  if (/Count$/.test(name)) return 0
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, hollow(inner, key)]))
}
const hollowAnswer = (answer: Readonly<Record<string, unknown>>) => hollow(answer) as Readonly<Record<string, unknown>>

const SERVICES = [
  swarmService('web', 30000, { 'slb.port.80': 'http://:8080' }),
  swarmService('guest', 30001, { 'slb.port.80': 'http://:8080', 'slb.port.80.rules': 'guest.example.com' }),
  swarmService('fenced', 30002, { 'slb.port.80': 'tcp://:8081', 'slb.port.80.allow': '10.0.0.0/8' }),
  swarmService('shop', 30003, { 'slb.port.80': 'https://:8443', 'slb.port.80.cert-id': 'file:shop' }),
  swarmService('back', 30004, { 'slb.port.80': 'tcp://back:8082' }),
]
const LATE = swarmService('late', 30009, { 'slb.port.80': 'tcp://:8090' })

const LONG_MS = 1500

async function begin(context: TestContext): Promise<Scene> {
  const scene = await openScene(context, {
    lying: true,
    env: { SLB_ID: 'front', SLB_ALLOW: 'team=shop' },
    state: {
      loadBalancers: [
        { id: 'lb-1', name: 'front', address: '127.0.0.1' },
        { id: 'lb-2', name: 'back', address: '127.0.0.2', tags: [{ key: 'team', value: 'shop' }] },
      ],
    },
  })
  const { cert, key } = selfSigned('shop.example.com')
  await writeFile(join(scene.directory, 'shop.crt'), cert)
  await writeFile(join(scene.directory, 'shop.key'), key)
  await expose(scene, SERVICES, [8080, 8081, 8082, 8443], {
    sharing: { filesMs: 20, times: { lag: 3000 } },
  })
  await until('the rule is there', () => scene.stand.listener(8080)?.rules.length === 1)
  await wait(1200)
  return scene
}

const account = (scene: Scene) => {
  const { certificates, acls } = scene.stand.simulator.state
  return `${scene.programmed()}\n${JSON.stringify([certificates, acls], undefined, 1)}`
}

async function check(scene: Scene, before: string, reason: RegExp, truth: () => void): Promise<void> {
  await scene.told(reason)
  await wait(LONG_MS)
  expect(account(scene)).toBe(before)
  truth()
  await wait(1200)
  expect(account(scene)).toBe(before)
  scene.stand.services([...SERVICES, LATE])
  await until('it goes on', () => scene.running(8090), 20_000)
  await scene.told(/"problems":\[\]/)
}

describe.concurrent('an answer that says 200 and nothing is there', { timeout: 60_000 }, () => {
  test.for([
    ['DescribeLoadBalancerListeners', /is named but not listed/],
    ['DescribeVServerGroups', /which is not listed/],
    ['DescribeLoadBalancerAttribute', /is listed but not named/],
    ['DescribeRules', /is named by its group, but not listed/],
    ['DescribeServerCertificates', /the list of certificates lacks \S+, which a listener uses/],
    ['DescribeAccessControlLists', /the list of access control lists lacks \S+, which a listener uses/],
    ['DescribeAccessControlListAttribute', /access control lists could not be read: \S+ Malformed: 0 rows of 1/],
    ['DescribeLoadBalancers', /no longer carries the tag team=shop/],
    ['DescribeVServerGroupAttribute', /none of the 3 members of group swarm-slb.me.\S+ \(\S+\) are listed/],
  ] as const)('%s', async ([action, reason], context) => {
    const scene = await begin(context)
    const before = account(scene)
    scene.liar.lie(action, hollowAnswer)
    await check(scene, before, reason, () => scene.liar.lie(action, undefined))
  })

  test('DescribeHealthStatus: a lost node is not taken for unwell, but when the truth says so', async (context) => {
    const scene = await begin(context)
    scene.stand.simulator.health.set({ server: 'i-3' }, 'abnormal')
    const before = account(scene)
    scene.liar.lie('DescribeHealthStatus', hollowAnswer)
    scene.stand.nodes(swarmNodes(3, { 'node-3': { state: 'down' } }))
    await scene.told('i-3 keeps its weight although node-3 is down: its health is not known')
    await wait(LONG_MS)
    expect(account(scene)).toBe(before)
    scene.liar.lie('DescribeHealthStatus', undefined)
    await until(
      'it is out',
      () => scene.stand.lb().backendServers.some(({ serverId, weight }) => serverId === 'i-3' && weight === 0),
      20_000,
    )
    await scene.told(/"problems":\[\]/)
  })

  test.for([
    ['that it is paused', { key: 'swarm-slb:pause', value: 'true alice' }, /paused by alice/],
    ['that it is another cluster’s', { key: 'swarm-slb:me', value: 'othercluster56789' }, /nothing is written/],
  ] as const)('the tags of a load balancer, although they say %s: they are asked for once more', async ([, tag, reason], context) => {
    const scene = await begin(context)
    const lb = scene.stand.lb()
    const { tags } = lb
    lb.tags = [...tags.filter(({ key }) => key !== tag.key), tag]
    const before = account(scene)
    await scene.told(reason)
    scene.liar.lie('DescribeLoadBalancerAttribute', (answer) => ({ ...answer, Tags: { Tag: [] } }))
    scene.stand.services([...SERVICES, LATE])
    const lies = scene.liar.lies()
    await until('it has been told so', () => scene.liar.lies() > lies + 3)
    await scene.told(reason)
    expect(account(scene)).toBe(before)
    lb.tags = tags
    await until('it goes on, the lie notwithstanding', () => scene.running(8090), 20_000)
    scene.liar.lie('DescribeLoadBalancerAttribute', undefined)
    await scene.told(/"problems":\[\]/)
  })

  test('the load balancer itself, each list in step with the others: what is there already is not made again, nor lost', async (context) => {
    const scene = await begin(context)
    const before = account(scene)
    const actions = [
      'DescribeLoadBalancerAttribute',
      'DescribeLoadBalancerListeners',
      'DescribeRules',
      'DescribeAccessControlListAttribute',
    ]
    for (const action of actions) scene.liar.lie(action, hollowAnswer)
    await until('it has been told so', () => scene.liar.lies() > 6)
    await wait(LONG_MS)
    expect(scene.calls('DeleteLoadBalancerListener')).toBe(0)
    expect(scene.stand.lb().listeners).toHaveLength(JSON.parse(before.split('\n[')[0] ?? '')[0].listeners.length)
    for (const action of actions) scene.liar.lie(action, undefined)
    await scene.told(/"problems":\[\]/)
    await until('all serve', () => [8080, 8081, 8082, 8443].every(scene.running))
  })
})

describe.concurrent('DescribeInstances, which answers with an empty list although it may be called', { timeout: 60_000 }, () => {
  const gone = 'no instance with the private address 10.9.0.77 in vpc-bp1simulated0001; i-2, which it was before, stays'

  test('removes nobody and adds nobody, and the reason is told', async (context) => {
    const scene = await begin(context)
    const before = account(scene)
    scene.liar.lie('DescribeInstances', hollowAnswer)
    // Of a node that was never known it becomes a problem after 10 minutes; of one that was, at once.
    scene.stand.nodes(swarmNodes(4, { 'node-2': { address: '10.9.0.77' } }))
    await scene.told(gone)
    await wait(LONG_MS)
    expect(account(scene)).toBe(before)
    scene.liar.lie('DescribeInstances', undefined)
    scene.stand.nodes(swarmNodes(4))
    await until('the new node serves', () => scene.stand.lb().backendServers.some(({ serverId }) => serverId === 'i-4'), 20_000)
    await scene.told(/"problems":\[\]/)
  })

  test('at boot leaves all members as they are, and each node becomes a problem', async (context) => {
    const scene = await openScene(context, { lying: true })
    await expose(scene, [LATE], [8090])
    await scene.stand.stop()
    const before = account(scene)
    scene.liar.lie('DescribeInstances', hollowAnswer)
    // Ten minutes pass in six seconds.
    scene.stand.start({ speed: 100 })
    await scene.told(
      /"subject":"node-1","text":"no instance found for 10\.9\.0\.1: no instance with the private address.*"subject":"node-3"/,
    )
    expect(account(scene)).toBe(before)
    scene.liar.lie('DescribeInstances', undefined)
    await scene.told(/"problems":\[\]/)
    expect(account(scene)).toBe(before)
  })
})

describe.concurrent('a right that is missing', { timeout: 60_000 }, () => {
  test.for([
    ['DescribeServerCertificates', /slb:DescribeServerCertificates/],
    ['DescribeAccessControlLists', /slb:DescribeAccessControlLists/],
    ['DescribeLoadBalancerListeners', /Forbidden.RAM/],
    ['DescribeVServerGroups', /Forbidden.RAM/],
    ['DescribeLoadBalancers', /load balancers with the tag team=shop could not be looked up: .*Forbidden.RAM/],
  ] as const)('%s', async ([action, reason], context) => {
    const scene = await begin(context)
    const before = account(scene)
    scene.stand.simulator.settings.denied = [action]
    await check(scene, before, reason, () => {
      scene.stand.simulator.settings.denied = []
    })
  })

  test('DescribeInstances, which answers with an empty list: nobody is removed, a new node is not added, and the reason is told', async (context) => {
    const scene = await begin(context)
    const before = account(scene)
    scene.stand.simulator.settings.denied = ['DescribeInstances']
    scene.stand.nodes(swarmNodes(4))
    await until('it asked', () => scene.calls('DescribeInstances') > 1)
    await wait(LONG_MS)
    expect(account(scene)).toBe(before)
    // Of a node that was never known it becomes a problem after 10 minutes; of one that was, at once.
    scene.stand.nodes(swarmNodes(4, { 'node-2': { address: '10.9.0.77' } }))
    await scene.told('no permission for ecs:DescribeInstances; i-2, which it was before, stays')
    expect(account(scene)).toBe(before)
    scene.stand.nodes(swarmNodes(4))
    scene.stand.simulator.settings.denied = []
    await until('the new node serves', () => scene.stand.lb().backendServers.some(({ serverId }) => serverId === 'i-4'), 20_000)
  })
})
