// Labels are input of whoever may deploy a stack, names of nodes and load balancers input of others: what they may reach, say and cost.
import { describe, expect, type TestContext, test } from 'vitest'
import { ask } from '../../src/http/client.ts'
import { expose, openScene, type Scene, wait } from '../lies/scene.ts'
import { swarmNodes, swarmService, until } from '../support/stand.ts'
import { freePort, sayings } from './program.ts'

const EVIL =
  '</script><script>alert(1)</script>"}\n# HELP evil x\nevil_total{a="b"} 1\u001b[2J\u001b]0;t\u0007\u009b31m\u202egnp.\u2028\u200f\\"\'%s$HOME`id`'
/** What steers a terminal, turns text around, or ends a line that is none. */
const UNSAFE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/

const FRONT = { id: 'lb-1', name: `front ${EVIL}`, address: '127.0.0.1' }

async function answers({ stand }: Scene, port: number) {
  const http = { host: '127.0.0.1', port }
  const [metrics, json, ready] = await Promise.all(
    ['/metrics', '/status.json', '/readyz'].map((path) => ask(http, { path, timeoutMs: 5000 })),
  )
  return { metrics: metrics?.text ?? '', json: json?.text ?? '', ready: ready?.text ?? '', log: stand.logged.join('') }
}

async function hostile(context: TestContext) {
  const port = await freePort()
  const listener = { protocol: 'tcp', port: 22, status: 'running', description: EVIL, backendServerPort: 22 } as const
  const scene = await openScene(context, {
    env: { SLB_HTTP_ADDR: `127.0.0.1:${port}` },
    state: { loadBalancers: [{ ...FRONT, listeners: [listener] }] },
  })
  const nodes = swarmNodes(3).map((node) => ({ ...node, Description: { Hostname: `node ${EVIL}` } }))
  const long = 'x'.repeat(10_000)
  scene.stand.engine.state.nodes = [
    ...nodes.slice(0, 2),
    { ...nodes[2], Spec: { Labels: { 'slb.weight': EVIL, 'slb.instance-id': EVIL }, Role: 'worker', Availability: 'active' } },
  ]
  scene.stand.services([
    swarmService('web', 30000, { 'slb.port.80': 'http://:8080' }),
    swarmService(`evil ${EVIL}`, 30001, { 'slb.port.80': 'tcp://:8081' }),
    swarmService('value', 30002, { 'slb.port.80': EVIL, 'slb.port.80.scheduler': long }),
    swarmService('key', 30003, { [`slb.port.80.${EVIL}`]: 'x', [`slb.${long}`]: EVIL, 'slb.port.80': 'tcp://:8083' }),
    swarmService('reach', 30004, { 'slb.port.80': 'tcp://lb-2:80;tcp://other:81' }),
    swarmService('foreign', 30005, { 'slb.port.80': 'tcp://:22' }),
    swarmService('look', 30006, { 'slb.pоrt.80': 'tcp://:8086', 'slb.port.80': 'httр://:8087' }),
    swarmService('pem', 30007, { 'slb.port.80': 'https://:8443', 'slb.port.80.cert-id': 'file:../../../etc/ssl/private/x' }),
  ])
  scene.stand.start()
  await until('the good one runs', () => scene.running(8080), 20_000)
  await scene.told(/is not an allowed|not allowed|unknown load balancer|SLB_ALLOW/)
  return { scene, port }
}

test('nothing hostile gets into log, metrics, json or a terminal, and nothing but what is allowed is reached', {
  timeout: 60_000,
}, async (context) => {
  const { scene, port } = await hostile(context)
  const { metrics, json, ready, log } = await answers(scene, port)
  for (const [what, text] of Object.entries({ metrics, json, ready, log })) expect(UNSAFE.exec(text)?.[0], what).toBeUndefined()
  for (const line of log.split('\n').filter((text) => text !== '')) JSON.parse(line)
  expect(metrics).not.toMatch(/^evil_total|^# HELP evil/m)
  for (const line of metrics.split('\n').filter((text) => text !== ''))
    expect(line).toMatch(/^(# (HELP|TYPE) \w+ .*|\w+(\{(\w+="([^"\\]|\\.)*",?)*\})? [-+.\deInfNa]+)$/)
  expect(Buffer.byteLength(json)).toBeLessThan(40_000)
  expect(JSON.parse(json).ports.length).toBeGreaterThan(5)
  const shown = await sayings(['status'], scene.stand.env, context)
  expect(UNSAFE.exec(shown)?.[0]).toBeUndefined()
  expect(shown).toContain('web')
  expect(shown).not.toMatch(/^evil_total/m)
  // Of eight services: the good one, one with a strange name, no stranger's listener, no foreign load balancer.
  const [, ...ours] = scene.stand.lb().listeners.toSorted((a, b) => a.port - b.port)
  expect(ours.map((one) => one.port)).toEqual([8080, 8081])
  expect(scene.stand.listener(22)).toMatchObject({ description: EVIL, backendServerPort: 22 })
  for (const { description } of ours) expect(description).toMatch(/^[ -~]{1,80}$/)
})

describe.concurrent('what one service can cost', { timeout: 60_000 }, () => {
  const quiet = async (scene: Scene) => {
    const before = scene.writes()
    await wait(2500)
    return scene.writes() - before
  }

  test('with 500 ports: as much as there is room for, the rest is told, and the others are served', async (context) => {
    const scene = await openScene(context)
    const ports = Array.from({ length: 500 }, (_, n) => ({ target: 1000 + n, published: 30_000 + n }))
    const labels = Object.fromEntries(ports.map(({ target }) => [`slb.port.${target}`, `tcp://:${target + 10_000}`]))
    await expose(scene, [swarmService('web', 29_999, { 'slb.port.80': 'http://:8080' })], [8080])
    const cpu = process.cpuUsage().user
    scene.stand.services([swarmService('web', 29_999, { 'slb.port.80': 'http://:8080' }), swarmService('greedy', 0, labels, ports)])
    await until('all places are taken', () => scene.stand.lb().listeners.length === 50, 30_000)
    await scene.told(/quota|no room/)
    expect(await quiet(scene)).toBe(0)
    expect(scene.writes()).toBeLessThan(50 * 3)
    expect((process.cpuUsage().user - cpu) / 1e6).toBeLessThan(20)
    expect(scene.running(8080)).toBe(true)
  })

  test('with 10 kB of rules: they are a problem, and nothing is written for them', async (context) => {
    const scene = await openScene(context)
    await expose(scene, [swarmService('web', 29_999, { 'slb.port.80': 'http://:8080' })], [8080])
    const rules = Array.from({ length: 800 }, (_, n) => `h${n}.x.com/`).join('; ')
    const greedy = swarmService('greedy', 30_000, { 'slb.port.80': 'http://:8080', 'slb.port.80.rules': rules })
    scene.stand.services([swarmService('web', 29_999, { 'slb.port.80': 'http://:8080' }), greedy])
    await scene.told(/greedy.*slb\.port\.80\.rules/)
    expect(await quiet(scene)).toBe(0)
    expect(scene.stand.listener(8080)?.rules).toEqual([])
  })

  test('with an allow list of its own for each of many ports: no more lists than there is room for, and quiet then', async (context) => {
    const scene = await openScene(context, { simulator: { settings: { quotas: { acls: 5 } } } })
    const count = 20
    const ports = Array.from({ length: count }, (_, n) => ({ target: 1000 + n, published: 30_000 + n }))
    const lists = ports.map(({ target }, n) => ({
      [`slb.port.${target}`]: `tcp://:${target}`,
      [`slb.port.${target}.allow`]: `10.0.${n}.0/24`,
    }))
    await expose(
      scene,
      [swarmService('web', 29_999, { 'slb.port.80': 'http://:8080' }), swarmService('greedy', 0, Object.assign({}, ...lists), ports)],
      [8080],
    )
    await until('the lists are made', () => scene.stand.simulator.state.acls.length === 5, 20_000)
    await scene.told(/create access control list .*[Qq]uota/)
    await until('those with a list run', () => scene.stand.lb().listeners.length === 6, 20_000)
    const before = scene.calls('CreateAccessControlList')
    await wait(4000)
    expect(scene.calls('CreateAccessControlList') - before).toBeLessThan(4 * (count - 5))
    for (const { port, aclStatus } of scene.stand.lb().listeners) expect([port, aclStatus]).toEqual([port, port === 8080 ? 'off' : 'on'])
  })
})

test('labels that change all the time count every 30 s, that is told, and others are served at once', {
  timeout: 60_000,
}, async (context) => {
  const scene = await openScene(context)
  const flip = (n: number) => swarmService('flip', 30_000, { 'slb.port.80': 'http://:8080', 'slb.port.80.bandwidth': String(n + 1) })
  await expose(scene, [flip(0)], [8080])
  const set = () => scene.calls('SetLoadBalancerHTTPListenerAttribute')
  const told = async () => JSON.stringify(await scene.page()).includes('its labels changed more than 10 times within 60 s')
  let flips = 0
  for (; flips < 200 && !(await told()); flips += 1) {
    scene.stand.services([flip(flips)])
    await wait(100)
  }
  expect(flips).toBeLessThan(200)
  expect(set()).toBeLessThanOrEqual(12)
  const before = set()
  for (let more = 1; more <= 10; more += 1) {
    scene.stand.services([flip(200 + more)])
    await wait(50)
  }
  scene.stand.services([flip(300), swarmService('calm', 30_001, { 'slb.port.80': 'tcp://:9090' })])
  await until('the other is served', () => scene.running(9090), 10_000)
  expect(set() - before).toBeLessThanOrEqual(1)
})
