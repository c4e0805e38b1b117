// Services that share a listener, with the daemon whole and the simulated cloud.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Stand, startStand, swarmService, until } from './support/stand.ts'

let stand: Stand
beforeEach(async () => {
  stand = await startStand({ env: { SLB_RESYNC_INTERVAL: '1s' } })
})
afterEach(() => stand.close())

const guest = (name: string, published: number, rules: string, over: Readonly<Record<string, string>> = {}) =>
  swarmService(name, published, { 'slb.port.80': 'http://:80', 'slb.port.80.rules': rules, ...over })
const shop = guest('shop', 30001, 'shop.example.com; www.example.com', { 'slb.port.80.sticky-session': 'on' })
const api = guest('api', 30002, 'api.example.com; /static')
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const hosts = () =>
  stand
    .listener(80)
    ?.rules.map(({ domain, url }) => `${domain ?? ''}${url ?? ''}`)
    .sort()
const writes = () => stand.simulator.requests.counts().writes

test('they have rules and groups of their own, nothing is repeated, and the mark passes on when the holder goes', async () => {
  stand.services([shop, api])
  stand.start()
  await until('all rules are there', () => hosts()?.length === 4 && stand.listener(80)?.status === 'running')
  expect(hosts()).toEqual(['/static', 'api.example.com', 'shop.example.com', 'www.example.com'])
  expect(
    stand
      .lb()
      .groups.map(({ name, servers }) => `${name} ${servers.length}`)
      .sort(),
  ).toEqual(['swarm-slb/me/-/80-tcp 0', 'swarm-slb/me/api/80-tcp 3', 'swarm-slb/me/shop/80-tcp 3'])
  await until(
    'the shop has stickiness of its own',
    () => stand.listener(80)?.rules.filter(({ listenerSync }) => listenerSync === 'off').length === 2,
  )
  await pause(200)
  const before = writes()
  await pause(1300)
  expect(writes()).toBe(before)
  const holder = stand.listener(80)?.description ?? ''
  const [stays, name] = holder.includes('/shop/') ? [api, 'api'] : [shop, 'shop']
  stand.services([stays])
  await until('the mark has passed', () => stand.listener(80)?.description === `swarm-slb/me/${name}/80-tcp`)
  await until('two rules and two groups are left', () => hosts()?.length === 2 && stand.lb().groups.length === 2)
  stand.services([swarmService('other', 30003, { 'slb.port.80': 'tcp://:81' })])
  await until('nothing is left of it', () => stand.listener(80) === undefined && stand.lb().groups.length === 0)
})
