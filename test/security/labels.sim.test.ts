// Labels are input of whoever may deploy a stack: what they may cost.
import { describe, expect, test } from 'vitest'
import { expose, openScene, type Scene, wait } from '../lies/scene.ts'
import { swarmService, until } from '../support/stand.ts'

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
    // One of them is tried, after 0.2, 1, 2, 5 … s, a minute at last.
    expect(scene.calls('CreateAccessControlList') - before).toBeLessThanOrEqual(3)
    for (const { port, aclStatus } of scene.stand.lb().listeners) expect([port, aclStatus]).toEqual([port, port === 8080 ? 'off' : 'on'])
  })
})

test('labels that changed too often count in the end, as they are then, and nothing is told any more', {
  timeout: 60_000,
}, async (context) => {
  const scene = await openScene(context)
  const flip = (n: number) => swarmService('flip', 30_000, { 'slb.port.80': 'http://:8080', 'slb.port.80.bandwidth': String(n + 1) })
  const bandwidth = () => Number(scene.stand.listener(8080)?.config['Bandwidth'])
  await expose(scene, [flip(0)], [8080], { steadyRules: { changes: 3, window: 3000, every: 2000 } })
  for (let n = 1; n <= 8; n += 1) {
    scene.stand.services([flip(n)])
    await wait(100)
  }
  await scene.told('its labels changed more than 3 times within 3 s: while that goes on they count only every 2 s')
  // Held ones are what was there at some time, and not the last.
  expect(bandwidth()).toBeGreaterThan(0)
  expect(bandwidth()).toBeLessThan(9)
  await until('the last ones count', () => bandwidth() === 9, 5000)
  await scene.told(/"problems":\[\]/)
  expect(bandwidth()).toBe(9)
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

test('a published port that changes all the time costs no more calls than the rate allows, others are served, and the last one counts', {
  timeout: 60_000,
}, async (context) => {
  const scene = await openScene(context, { env: { SLB_API_SHARE: '1' } })
  const flip = (n: number) => swarmService('flip', 30_000 + n, { 'slb.port.80': 'http://:8080' })
  const rates = { write: { tokens: 5, perMs: 2500 }, read: { tokens: 1000, perMs: 1000 } }
  await expose(scene, [flip(0)], [8080], { buckets: { unlimited: false, rates } })
  const begun = Date.now()
  let flips = 0
  for (; flips < 60; flips += 1) {
    scene.stand.services([flip(flips), ...(flips > 20 ? [swarmService('calm', 31_000, { 'slb.port.80': 'tcp://:9090' })] : [])])
    if (flips === 21) await until('the other is served', () => scene.running(9090), 5000)
    await wait(60)
  }
  const allowed = rates.write.tokens + ((Date.now() - begun) * rates.write.tokens) / rates.write.perMs
  const made = scene.calls('AddVServerGroupBackendServers')
  expect(made).toBeGreaterThan(3)
  expect(made).toBeLessThanOrEqual(allowed + 1)
  const ports = () => scene.stand.lb().groups.flatMap(({ servers }) => servers.map(({ port }) => port))
  await until('the last port is there alone', () => [...new Set(ports())].join() === String(30_000 + flips - 1), 15_000)
  expect(scene.running(8080)).toBe(true)
})
