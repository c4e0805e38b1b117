// Quotas that are used up in the middle: what fits is there, what does not is told by the quota's name, and comes when there is room.
import { afterEach, describe, expect, test } from 'vitest'
import { isWrite } from '../../src/simulator/actions/call.ts'
import type { SettingsPatch } from '../../src/simulator/settings.ts'
import { logged, pause, problem } from '../cases/watching.ts'
import { type Stand, startStand, swarmNodes, swarmService, until } from '../support/stand.ts'

let stand: Stand
afterEach(() => stand.close())

type Where = { readonly ours?: string; readonly cloud?: SettingsPatch['quotas'] }

const begin = async (services: readonly object[], { ours, cloud }: Where, env: Readonly<Record<string, string>> = {}) => {
  stand = await startStand({
    env: { SLB_RESYNC_INTERVAL: '1s', ...(ours !== undefined && { SLB_QUOTAS: ours }), ...env },
    ...(cloud !== undefined && { simulator: { settings: { quotas: cloud } } }),
  })
  stand.services(services)
  stand.start()
}
const service = (n: number) => swarmService(`s${n}`, 30_000 + n, { 'slb.port.80': `tcp://:${8000 + n}` })
const running = () =>
  stand
    .lb()
    .listeners.filter(({ status }) => status === 'running')
    .map(({ port }) => port)
    .sort()
const serves = (...ports: readonly number[]) =>
  until(ports.join(), () => running().join() === ports.join(), 8000).catch((error: Error) => {
    throw new Error(`${error.message}; there were ${running().join()}`)
  })
const rules = () =>
  stand
    .lb()
    .listeners.flatMap((listener) => listener.rules.map(({ domain }) => domain))
    .sort()
const solved = (text: string) =>
  until(
    `no problem that says ${text}`,
    () => {
      const told = logged(stand).filter((line) => String(line['problem']).includes(text))
      return told.at(-1)?.['message'] !== 'problem'
    },
    8000,
  )

const FULL = {
  listeners: [
    ['that SLB_QUOTAS says', { ours: 'listeners=2' }],
    ['of the cloud, where SLB_QUOTAS says more', { cloud: { listeners: 2 } }],
  ],
  backends: [
    ['that SLB_QUOTAS says', { ours: 'backends=3' }],
    ['of the cloud, where SLB_QUOTAS says more', { cloud: { backendServers: 3 } }],
  ],
  rules: [
    ['that SLB_QUOTAS says', { ours: 'rules=2' }],
    ['of the cloud, where SLB_QUOTAS says more', { cloud: { rules: 2 } }],
  ],
} as const satisfies Record<string, readonly (readonly [string, Where])[]>

describe('listeners', () => {
  test.each<[string, Where]>(FULL.listeners.map(([name, where]) => [name, where]))(
    'beyond the quota %s are told by its name, the others are there, and one more comes when one goes',
    async (_, where) => {
      await begin([1, 2, 3].map(service), where)
      await until('two are there', () => running().length === 2)
      await problem(stand, 'slb_quota_listeners_num')
      const [first, second] = running()
      const left = [1, 2, 3].filter((n) => 8000 + n !== first)
      stand.services(left.map(service))
      await serves(...left.map((n) => 8000 + n))
      expect(running()).toContain(second)
      await solved('slb_quota_listeners_num')
    },
  )

  test('beyond the quota of the cloud are made once the cloud has more room, without a restart and without anything else changing', async () => {
    await begin([1, 2, 3].map(service), { cloud: { listeners: 2 } })
    await problem(stand, 'slb_quota_listeners_num')
    stand.simulator.settings.quotas.listeners = 50
    await serves(8001, 8002, 8003)
    await solved('slb_quota_listeners_num')
  })

  test('beyond the quota of the cloud are tried ever more rarely, and nothing else is repeated', async () => {
    await begin([1, 2, 3].map(service), { cloud: { listeners: 2 } })
    await problem(stand, 'slb_quota_listeners_num')
    stand.simulator.requests.reset()
    await pause(2500)
    const tried = stand.simulator.requests.entries().filter(({ action }) => isWrite(action))
    expect(tried.length).toBeLessThanOrEqual(3)
    expect(new Set(tried.map(({ action, code }) => `${action} ${code}`))).toEqual(
      new Set(['CreateLoadBalancerTCPListener ListenerNumberOverLimit']),
    )
  })
})

describe('backends', () => {
  test.each<[string, Where]>(FULL.backends.map(([name, where]) => [name, where]))(
    'beyond the quota %s are told by its name, what there is serves, and the rest comes when there is room',
    async (_, where) => {
      await begin([service(1)], where)
      await serves(8001)
      stand.nodes(swarmNodes(4))
      await problem(stand, 'slb_quota_backendservers_num')
      stand.services([service(1), service(2)])
      await serves(8001, 8002)
      expect(stand.lb().backendServers).toHaveLength(3)
      stand.nodes(swarmNodes(3))
      await solved('slb_quota_backendservers_num')
      if (where.cloud === undefined) return
      stand.nodes(swarmNodes(4))
      await until('it is told again', () => logged(stand).filter((line) => String(line['problem']).includes('backendservers')).length > 2)
      stand.simulator.settings.quotas.backendServers = 200
      await until('all are in', () => stand.lb().backendServers.length === 4, 8000)
    },
  )
})

describe('rules', () => {
  const guest = (name: string, published: number) =>
    swarmService(name, published, { 'slb.port.80': 'http://:80', 'slb.port.80.rules': `${name}.example.com` })
  const guests = (...names: readonly string[]) => [...names.map((name) => guest(name, 30_000 + name.charCodeAt(0))), service(1)]

  test.each<[string, Where]>(FULL.rules.map(([name, where]) => [name, where]))(
    'beyond the quota %s are told by its name, the others route, and the rest comes when there is room',
    async (_, where) => {
      await begin(guests('a', 'b', 'c'), where)
      await problem(stand, 'slb_quota_rules_num')
      await until('two rules', () => rules().length === 2)
      await until('all else runs', () => running().join() === '80,8001')
      const gone = rules()[0]?.slice(0, 1) ?? ''
      const left = ['a', 'b', 'c'].filter((name) => name !== gone)
      stand.services(guests(...left))
      await until('the others have theirs', () => rules().join() === left.map((name) => `${name}.example.com`).join(), 10_000)
      await solved('slb_quota_rules_num')
    },
  )
})
