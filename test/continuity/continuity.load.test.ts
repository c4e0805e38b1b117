// What clients see while the swarm and its labels change: nothing. Real sockets from the client to the backend, at 500 requests a second and more.
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { serviceJson, taskJson } from '../support/engine-json.ts'
import { swarmService } from '../support/stand.ts'
import type { Seen } from './client.ts'
import type { Kind } from './mesh.ts'
import {
  addressOf,
  failuresOf,
  HTTP,
  openScene,
  openServing,
  PUBLISHED,
  publish,
  ready,
  type Scene,
  TCP,
  total,
  underLoad,
} from './scene.ts'

function expectNothingLost(seen: ReadonlyMap<Kind, Seen>): void {
  expect(failuresOf(seen)).toEqual([])
  // Where the machine does not manage 500 with nothing going on, half of what it does.
  const atRest = total(seen, (one) => one.atRest)
  expect(total(seen, ({ perSecond }) => perSecond)).toBeGreaterThanOrEqual(atRest >= 600 ? 500 : atRest / 2)
}

describe('no request fails while', () => {
  test('a service in host mode is scaled from 1 to 6 and back', async () => {
    const scene = await openScene()
    const { stand, mesh } = scene
    const ports = [
      { target: 80, published: PUBLISHED.http, mode: 'host' },
      { target: 81, published: PUBLISHED.tcp, mode: 'host' },
    ]
    const labels = { 'slb.port.80': `http://:${HTTP}`, 'slb.port.81': `tcp://:${TCP}` }
    const task = (node: number, desired = 'running') =>
      taskJson({ id: `t-${node}`, service: 'id-web', node: `node-${node}`, ports, desired })
    const all = [1, 2, 3, 4, 5, 6]
    const weights = (weight: number, nodes: readonly number[]) =>
      nodes.flatMap((node) => Object.values(PUBLISHED).map((port) => `i-${node}:${port}=${weight}`))
    const has = (wanted: readonly string[]) => scene.until(`members ${wanted}`, () => scene.members() === wanted.toSorted().join(' '))
    scene.nodes(all)
    await publish(scene, PUBLISHED, [1])
    stand.engine.state.tasks = [task(1)]
    stand.services([serviceJson({ name: 'web', labels, ports })])
    stand.start({ tasksMs: 100 })
    await ready(scene)
    const seen = await underLoad('host mode, 1 -> 6 -> 1', async () => {
      // As Swarm does: a task that runs is listed once its ports are open.
      await publish(scene, PUBLISHED, all.slice(1))
      stand.engine.state.tasks = all.map((node) => task(node))
      await has(weights(100, all))
      await sleep(1000)
      // Tasks that are to end serve on until their stop grace period is over; Docker's is 10 s.
      stand.engine.state.tasks = all.map((node) => task(node, node === 1 ? 'running' : 'shutdown'))
      await has([...weights(100, [1]), ...weights(0, all.slice(1))])
      await sleep(500)
      for (const port of Object.values(PUBLISHED)) mesh.withdraw(port, all.slice(1).map(addressOf))
      stand.engine.state.tasks = [task(1)]
      await has(weights(100, [1]))
    })
    expectNothingLost(seen)
  })

  test('a node joins', async () => {
    const scene = await openServing()
    const seen = await underLoad('a node joins', async () => {
      await publish(scene, PUBLISHED, [4])
      scene.nodes([1, 2, 3, 4])
      await scene.until('it is a backend', () => scene.members().includes('i-4=100'))
    })
    expectNothingLost(seen)
  })

  test('a node is drained, leaves and is switched off', async () => {
    const scene = await openServing()
    const seen = await underLoad('a node is drained and leaves', async () => {
      scene.nodes([1, 2, 3], { 'node-3': { availability: 'drain' } })
      await scene.until('it has weight 0', () => scene.members().includes('i-3=0'))
      await sleep(500)
      scene.nodes([1, 2])
      await scene.until('it is no backend any more', () => !scene.members().includes('i-3'))
      for (const port of Object.values(PUBLISHED)) scene.mesh.withdraw(port, [addressOf(3)])
    })
    expectNothingLost(seen)
  })

  test('published ports change', async () => {
    const scene = await openServing()
    const next = { http: 31_080, tcp: 31_081 }
    let took = 0
    const seen = await underLoad('published ports change', async () => {
      // The mesh has the new ports when the engine says so, and the old ones for as long as old tasks run.
      await publish(scene, next, [1, 2, 3])
      const began = performance.now()
      scene.web({}, next)
      await scene.until('no backend is on an old port', () => isOn(scene, next))
      took = performance.now() - began
      // What was on its way to an old port is answered.
      await sleep(500)
      for (const port of Object.values(PUBLISHED)) scene.mesh.withdraw(port)
    })
    process.stdout.write(`the old ports were needed for ${(took / 1000).toFixed(1)} s\n`)
    expectNothingLost(seen)
  })

  test.each([
    ['the health check is edited', { 'slb.port.80.health-check-uri': '/ready', 'slb.health-check-interval': '2' }],
    [
      'options of the protocols are edited',
      { 'slb.scheduler': 'rr', 'slb.port.80.idle-timeout': '20', 'slb.port.81.established-timeout': '300' },
    ],
  ])('%s, and back', async (what, labels) => {
    const scene = await openServing()
    const settings = () => JSON.stringify([HTTP, TCP].map((port) => scene.stand.listener(port)?.config))
    const before = settings()
    const seen = await underLoad(what, async () => {
      scene.web(labels)
      await scene.until('both are set', () =>
        [HTTP, TCP].every(
          (port, index) => JSON.stringify(scene.stand.listener(port)?.config) !== JSON.stringify(JSON.parse(before)[index]),
        ),
      )
      await sleep(1000)
      scene.web()
      await scene.until('all is as before', () => settings() === before)
    })
    expectNothingLost(seen)
  })

  test('the daemon is restarted', async () => {
    const scene = await openServing()
    const seen = await underLoad('the daemon is restarted', async () => {
      await scene.stand.stop()
      const calls = scene.stand.simulator.requests.counts().total
      scene.stand.start()
      await scene.until('it has looked', () => scene.stand.simulator.requests.counts().total > calls + 2)
    })
    expectNothingLost(seen)
  })

  test('50 other services are deployed', async () => {
    const scene = await openServing({ SLB_QUOTAS: 'listeners=200' })
    scene.stand.simulator.settings.quotas.listeners = 200
    const others = Array.from({ length: 50 }, (_, index) =>
      swarmService(`other-${index}`, 32_000 + index, { 'slb.port.80': `${index % 2 === 0 ? 'tcp' : 'http'}://:${9000 + index}` }),
    )
    const seen = await underLoad('50 other services are deployed', async () => {
      scene.web({}, PUBLISHED, others)
      await scene.until('all run', () => scene.stand.lb().listeners.filter(({ status }) => status === 'running').length === 52)
    })
    expectNothingLost(seen)
  })
})

const isOn = ({ stand }: Scene, { http, tcp }: typeof PUBLISHED) => {
  const { listeners, groups } = stand.lb()
  const wanted = new Map([
    [HTTP, http],
    [TCP, tcp],
  ])
  return listeners.every(({ port, vServerGroupId }) => {
    const servers = groups.find(({ id }) => id === vServerGroupId)?.servers ?? []
    return servers.length === 3 && servers.every((server) => server.port === wanted.get(port))
  })
}

describe('the cloud cannot change the protocol of a listener', () => {
  test('so it is deleted and made anew back to back, and nothing else has a gap', async () => {
    const scene = await openServing()
    const seen = await underLoad('tcp becomes http', async () => {
      const { requests } = scene.stand.simulator
      requests.reset()
      scene.mesh.withdraw(PUBLISHED.tcp)
      await scene.mesh.publish('http', PUBLISHED.tcp, [1, 2, 3].map(addressOf))
      scene.web({ 'slb.port.81': `http://:${TCP}` })
      await scene.until(
        'it is http',
        () => scene.stand.listener(TCP)?.protocol === 'http' && scene.stand.listener(TCP)?.status === 'running',
      )
      await scene.until('it is in the log', () => requests.entries().some(({ action }) => action.startsWith('StartLoadBalancer')))
      const writes = requests.entries().filter(({ action }) => !action.startsWith('Describe'))
      const at = (action: RegExp) => writes.find((entry) => action.test(entry.action))?.time ?? Number.NaN
      const ms = at(/^StartLoadBalancer/) - at(/^DeleteLoadBalancerListener/)
      process.stdout.write(`from the delete to the start ${ms} ms, with 50 ms a call: ${writes.map(({ action }) => action).join(', ')}\n`)
      expect(ms).toBeLessThan(1000)
    })
    expect(seen.get('http')?.failures).toEqual([])
    expect(seen.get('tcp')?.failures).not.toEqual([])
  })
})
