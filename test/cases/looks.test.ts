// Cases about when the cloud is asked at all, and how often.
import { describe, expect, test } from 'vitest'
import type { Node, Service } from '../../src/core/model.ts'
import { digestOf } from '../../src/offer.ts'
import { sendInBatches } from '../../src/providers/aliyun/clb/batches.ts'
import { members } from '../providers/aliyun/clb/support.ts'
import { failureOf, ok, refuse, serve, testRpc, writing } from '../providers/aliyun/support.ts'
import { backendsOf, balancer, node, port, service, THREE, threeMembers, web, webListener } from '../support/build.ts'
import { offerOf, type Wish } from '../support/passes.ts'
import { ground, pass } from '../support/worker-ground.ts'

/** How many readings of the cloud follow when this comes after that. */
async function looks(before: Wish, after: Wish): Promise<number> {
  const its = ground()
  await pass(its, before)
  const first = its.provider.opened.length
  await pass(its, after)
  return its.provider.opened.length - first
}

const services = (...all: readonly Service[]): Wish => ({ services: all })

describe('U11: what of a service brings a look at the cloud', () => {
  test.each([
    ['its target', services(web()), services(web({ 'slb.port.80': 'http://:8080' }))],
    ['an option', services(web()), services(web({ 'slb.port.80.scheduler': 'rr' }))],
    ['a published port', services(web()), services(web({}, { ports: [port(30_005)] }))],
    ['another service in its place', services(web()), services(web({}, { id: 'id-new', createdAt: '2026-02-01T00:00:00Z' }))],
    ['its end', services(web()), services()],
    ['a new one', services(), services(web())],
  ])('U11 %s does', async (_, before, after) => {
    expect(await looks(before, after)).toBe(1)
  })

  test.each([
    ['a label that is not ours', services(web()), services(web({ 'com.example.team': 'a' }))],
    ['a label of its container', services(web()), services(web({}, { containerLabels: { a: 'b' } }))],
    ['a service without labels', services(web()), services(web(), service('db', 30_009))],
  ])('U11 %s does not', async (_, before, after) => {
    expect(await looks(before, after)).toBe(0)
  })
})

describe('U13: what of a node brings a look at the cloud', () => {
  const { memory } = backendsOf(THREE)
  const steady: Wish = { services: [web()], backends: backendsOf(THREE) }
  const among = (...all: readonly Node[]): Wish => ({ services: [web()], backends: backendsOf(all, { memory }) })
  const nodes = (over: Partial<Node>): Wish => among(node('n1', over), ...THREE.slice(1))

  test.each([
    ['that it drains', nodes({ availability: 'drain' })],
    ['that it is paused, and joins no new group', nodes({ availability: 'pause' })],
    ['its weight', nodes({ labels: { 'slb.weight': '50' } })],
    ['that it is excluded', nodes({ labels: { 'slb.exclude': 'true' } })],
    ['that it left', among(...THREE.slice(1))],
    ['that another one came', among(...THREE, node('n4'))],
  ] as const)('U13 %s does', async (_, after) => {
    expect(await looks(steady, after)).toBe(1)
  })

  test.each([
    ['another label', nodes({ labels: { zone: 'a' } })],
    ['that Swarm has not heard of it for a moment', nodes({ state: 'unknown' })],
    ['its role', nodes({ role: 'manager', leader: true })],
  ])('U13 %s does not', async (_, after) => {
    expect(await looks(steady, after)).toBe(0)
  })
})

describe('U16: a wish is told from another by what it asks for', () => {
  const lb = balancer({ members: threeMembers(), listeners: [webListener()] })
  const text = (wish: Wish) => digestOf(offerOf(wish), lb).text

  test.each([
    ['an option', services(web({ 'slb.port.80.bandwidth': '10' }))],
    ['who may connect', services(web({ 'slb.port.80.acl-status': 'on', 'slb.port.80.acl-type': 'white', 'slb.port.80.acl-id': 'acl-1' }))],
    ['the nodes it wants', services(web({ 'slb.nodes': 'managers' }))],
    ['host mode', services(web({}, { ports: [port(30_000, { mode: 'host' })] }))],
    ['a freeze', services(web({ 'slb.freeze': 'true' }))],
  ])('U16 %s makes it another one', (_, wish) => {
    expect(text(wish)).not.toBe(text(services(web())))
  })

  test.each([
    ['a label that is not ours', services(web({ 'com.example': 'x' }))],
    ['the order of labels', services(service('web', 30_000, Object.fromEntries(Object.entries(web().labels).reverse())))],
    ['the order of nodes', { services: [web()], nodes: THREE.toReversed() }],
  ])('U16 %s does not', (_, wish) => {
    expect(text(wish)).toBe(text(services(web())))
  })
})

test.each([
  [0, []],
  [20, [20]],
  [21, [20, 1]],
  [40, [20, 20]],
  [41, [20, 20, 1]],
  [100, [20, 20, 20, 20, 20]],
])('U18 %i backends go in batches of twenty', async (count, expected) => {
  const sizes: number[] = []
  await sendInBatches(members(count), async (batch) => void sizes.push(batch.length))
  expect(sizes).toEqual(expected)
})

describe('U19: the account’s rate is used up', () => {
  test.each([0, 1, 3])('U19 %i times, and the call is made once more', async (times) => {
    await using cloud = await serve((_, response, number) => (number <= times ? refuse(response, 400, 'Throttling.User') : ok(response)))
    const rpc = testRpc(cloud.url, { waits: { firstMs: 4, maxMs: 20, totalMs: 5000 } })
    await rpc('AddBackendServers', {}, writing())
    rpc.close()
    expect(cloud.asked).toHaveLength(times + 1)
  })

  test('U19 for longer than a call may wait: the error says so', async () => {
    await using cloud = await serve((_, response) => refuse(response, 400, 'Throttling.User'))
    const rpc = testRpc(cloud.url, { waits: { firstMs: 5, maxMs: 10, totalMs: 40 } })
    const failure = await failureOf(rpc('AddBackendServers', {}, writing()))
    rpc.close()
    expect(failure).toMatchObject({ status: 'refused', code: 'Throttling.User' })
  })
})
