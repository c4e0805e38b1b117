// The guard against a whole daemon: what is held stays held, whoever leads and however often the daemon is started.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { StatusPage } from '../src/board.ts'
import { type Managers, managerNodes, startManagers } from './support/managers.ts'
import { type Stand, startStand, swarmNodes, swarmService, until } from './support/stand.ts'

let stand: Stand
beforeEach(async () => {
  stand = await startStand({ env: { SLB_RESYNC_INTERVAL: '1s', SLB_GUARD_RELEASE: '300ms' } })
})
afterEach(() => stand.close())

/** Ten minutes pass in 1.5 s. */
const FAST = { speed: 400 }
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const COUNT = 12
const services = (from: number, to = COUNT) =>
  Array.from({ length: COUNT }, (_, i) => swarmService(`s${i}`, 31_000 + i, { 'slb.port.80': `tcp://:${9000 + i}` })).slice(from, to)
const listeners = () => stand.lb().listeners.length
const logged = (text: string) => stand.logged.filter((line) => line.includes(text))
const deletes = () => stand.simulator.requests.counts().byAction['DeleteLoadBalancerListener'] ?? 0

async function exposeAll(): Promise<void> {
  stand.services(services(0))
  stand.start()
  await until('all run', () => listeners() === COUNT && stand.lb().listeners.every(({ status }) => status === 'running'), 10_000)
}

describe('a script that removes all stacks one by one', () => {
  test('gets a few deletes through, and the others are held', async () => {
    await stand.close()
    stand = await startStand()
    await exposeAll()
    for (let gone = 1; gone <= COUNT; gone += 1) {
      stand.services(services(gone))
      await wait(120)
    }
    await until('the rest is held', () => logged('delete is held').length >= 7)
    await wait(400)
    expect(listeners()).toBe(7)
  })

  test('never gets the last ones through by itself, however short the release time is', async () => {
    await exposeAll()
    for (let gone = 1; gone <= COUNT; gone += 1) {
      stand.services(services(gone))
      await wait(60)
    }
    await until('it is held for good', () => logged('no service wants any').length > 0)
    const left = listeners()
    await wait(1000)
    expect(listeners()).toBe(left)
    expect(left).toBeGreaterThan(1)
  })
})

describe('a change of the writer', () => {
  const IDS = ['m1', 'm2'] as const
  let managers: Managers
  const left = () => managers.simulator.state.loadBalancers[0]?.listeners.length ?? 0
  const status = async (id: string): Promise<StatusPage> => JSON.parse(await managers.of(id).page('/status.json'))
  const eventually = <T>(look: () => Promise<T>) => expect.poll(() => look().catch(() => undefined), { timeout: 10_000 })
  const exposed = async (id: string) => (await status(id)).ports.filter(({ state }) => state === 'exposed').length
  const held = async (id: string) => (await status(id)).held.deletes.length

  beforeEach(async () => {
    managers = await startManagers(IDS)
    managers.show({ services: services(0) })
    await managers.start('m1')
    await until('all are there', () => left() === COUNT, 10_000)
    await managers.start('m2')
    await eventually(() => exposed('m2')).toBe(COUNT)
  })
  afterEach(() => managers.close())

  async function handTo(id: string): Promise<void> {
    managers.show({ nodes: managerNodes(IDS, id) })
    await eventually(async () => [(await status(id)).role, (await status(id)).reason]).toEqual(['leader', ''])
  }

  test('gives no more free deletes: those of the one before count', async () => {
    managers.show({ services: services(COUNT - 1) })
    await until('a few are gone', () => left() === 7)
    await handTo('m2')
    await eventually(() => held('m2')).toBe(6)
    await wait(500)
    expect(left()).toBe(7)
  })

  test('counts what was deleted once, also where the first one leads again', async () => {
    managers.show({ services: services(3) })
    await until('three are gone', () => left() === COUNT - 3)
    await handTo('m2')
    await handTo('m1')
    managers.show({ services: services(5) })
    await until('two more are free', () => left() === COUNT - 5)
    expect(await held('m1')).toBe(0)
  })
})

describe('an engine that lost all its services', () => {
  test('keeps every listener across restarts of the daemon, although each waits for services that it never saw and no longer', async () => {
    await stand.close()
    stand = await startStand({ env: { SLB_RESYNC_INTERVAL: '60s', SLB_GUARD_RELEASE: '1m' } })
    await exposeAll()
    stand.services([])
    await until('all are held', () => logged('delete is held').length === COUNT)
    for (const times of [2, 3]) {
      await stand.stop()
      stand.start(FAST)
      await until('all are held again', () => logged('delete is held').length === times * COUNT)
      await wait(1000)
    }
    expect([listeners(), deletes()]).toEqual([COUNT, 0])
  })

  test('keeps every listener when another manager leads for a while', async () => {
    await exposeAll()
    stand.services([])
    await until('all are held', () => logged('delete is held').length === COUNT)
    stand.nodes(swarmNodes(3, { 'node-1': { leader: false }, 'node-2': { managerAddress: '10.9.0.2:2377', leader: true } }))
    await until('it is a standby', () => logged('"role":"standby"').length === 1)
    await wait(300)
    stand.nodes(swarmNodes(3))
    await until('it leads again', () => logged('"role":"leader"').length === 2)
    await wait(1000)
    expect([listeners(), deletes()]).toEqual([COUNT, 0])
  })
})

test('a swarm restored from a backup loses listeners of services that are younger a few at a time, and none in the first ten minutes', async () => {
  await stand.close()
  stand = await startStand({ env: { SLB_RESYNC_INTERVAL: '60s' } })
  await exposeAll()
  await stand.stop()
  stand.services(services(0, 4))
  // Ten minutes pass in 3 s.
  stand.start({ speed: 200 })
  await wait(1800)
  expect(deletes()).toBe(0)
  await until('the rest is held', () => logged('delete is held').length === 3)
  await wait(1200)
  expect([listeners(), deletes()]).toEqual([7, 5])
  await until('the next ten minutes are over', () => listeners() === 4)
})

test('deletes on purpose, a few at a time, are not held', async () => {
  await exposeAll()
  stand.services(services(3))
  await until('they are gone', () => listeners() === COUNT - 3)
  stand.services(services(5))
  await until('these too', () => listeners() === COUNT - 5)
  expect(logged('delete is held')).toEqual([])
})
