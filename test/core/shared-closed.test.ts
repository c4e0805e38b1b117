// Who is served on a shared listener whatever happens to it: strangers on node ports, people who stop it, policies, and a worker that asks for nothing.
import { describe, expect, test } from 'vitest'
import type { ListenerKey, LoadBalancer } from '../../src/core/model.ts'
import { allowedBy } from '../../src/core/policy.ts'
import { balancer, markOf, NOW, remembers, service } from '../support/build.ts'
import { type Guest, guest, passes, sharing } from '../support/guests.ts'
import { ground, pass as workerPass } from '../support/worker-ground.ts'

const plain = guest('plain', 30000, [])
const shop = guest('shop', 30001, ['shop.example.com'])
const api = guest('api', 30002, ['api.example.com'])
const at = (lb: LoadBalancer, key: ListenerKey = 'tcp:80') => lb.listeners.find((one) => one.key === key)
const frozen = (one: Guest, published = one.service.ports[0]?.published): Guest => ({
  ...one,
  service: {
    ...one.service,
    labels: { ...one.service.labels, 'slb.freeze': 'true' },
    ports: [{ target: 80, published, transport: 'tcp', mode: 'ingress' }],
  },
})

describe('a default backend that became a stranger', () => {
  const thief = { service: service('thief', 30000), rules: [], over: {} }

  test('is left at once for the sake of the guests, although its service is in grace', async () => {
    const its = passes()
    await its.settle(sharing([plain, shop]))
    const memory = remembers(['plain', 'shop', 'thief'], { plain: NOW })
    await its.settle(sharing([shop, thief], { memory }))
    expect(at(its.lb())).toMatchObject({ status: 'running', note: markOf('shop') })
    expect(its.lb().groups.find(({ ref }) => ref === (at(its.lb())?.target as { group?: string })?.group)?.members).toEqual([])
  })

  test('stops a listener without guests, as ever', async () => {
    const its = passes()
    await its.settle(sharing([plain]))
    const memory = remembers(['plain', 'thief'], { plain: NOW })
    await its.settle(sharing([thief], { memory }))
    expect(at(its.lb())).toMatchObject({ status: 'stopped', note: markOf('plain', '/stopped') })
  })
})

test('the rules of a frozen service that lead to a stranger are closed, too', async () => {
  const its = passes()
  await its.settle(sharing([shop, api]))
  const lines = await its.settle(sharing([frozen(shop, 30011), api, { service: service('thief', 30001), rules: [], over: {} }]))
  expect(lines).toEqual([`set weight of i-1:30001, i-2:30001, i-3:30001 to 0 (was 100) in group ${markOf('shop')}`])
})

test.each(['create-only', 'upsert-only'] as const)('closing is no matter of SLB_POLICY=%s', async (policy) => {
  const its = passes()
  await its.settle(sharing([shop, api]))
  const memory = remembers(['shop', 'api', 'thief'], { shop: NOW })
  await its.pass(sharing([api, { service: service('thief', 30001), rules: [], over: {} }], { memory }))
  const plan = its.look()?.diff.plan ?? []
  expect(allowedBy(policy, plan).flatMap(({ changes }) => changes.map(({ kind }) => kind))).toContain('setWeights')
})

test('upsert-only takes no rule away', async () => {
  const its = passes()
  await its.settle(sharing([shop, api]))
  await its.pass(sharing([shop, { ...api, service: { ...api.service, labels: { ...api.service.labels, 'slb.enable': 'false' } } }]))
  const plan = its.look()?.diff.plan ?? []
  expect(plan.flatMap(({ changes }) => changes.map(({ kind }) => kind))).toContain('deleteRules')
  expect(allowedBy('upsert-only', plan)).toEqual([])
})

test('a shared listener that a person stopped is closed for all guests', async () => {
  const its = passes()
  await its.settle(sharing([shop, api]))
  await its.pass(sharing([shop, api]))
  its.provider.edit((lb) => ({ ...lb, listeners: lb.listeners.map((one) => ({ ...one, status: 'stopped' as const })) }))
  await its.settle(sharing([shop, api]))
  expect(at(its.lb())).toMatchObject({ status: 'stopped', note: markOf('shop', '/closed') })
  expect(its.look()?.diff.verdicts.map(({ service: name, state }) => `${name} ${state}`)).toEqual(['shop closed', 'api closed'])
})

describe('the worker', () => {
  const wish = (...guests: readonly Guest[]) => ({ wanted: sharing(guests) })

  test('makes no call while nothing is due', async () => {
    const its = ground({ lb: balancer() })
    await workerPass(its, wish(shop, api))
    await workerPass(its, wish(shop, api))
    expect(its.provider.opened).toHaveLength(1)
  })

  test.each([
    ['a rule more', [shop, guest('api', 30002, ['api.example.com', 'new.example.com'])]],
    ['a guest that is gone', [shop]],
    ['a stranger on the port of a rule', [shop, guest('thief', 30002, [], { key: 'tcp:81', port: 81, loadBalancer: 'lb-2' })]],
  ] as const)('looks again for %s', async (_, guests) => {
    const its = ground({ lb: balancer() })
    await workerPass(its, wish(shop, api))
    await workerPass(its, wish(...guests))
    expect(its.provider.opened).toHaveLength(2)
  })
})
