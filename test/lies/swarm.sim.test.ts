// What the swarm may say that is not so. Each time: what is programmed stays, the reason is told, and the truth mends it by itself.
import { describe, expect, type TestContext, test } from 'vitest'
import { taskJson } from '../support/engine-json.ts'
import { json } from '../support/fake-engine.ts'
import { engineInfo, swarmNodes, swarmService, until } from '../support/stand.ts'
import { expose, openScene, type Scene, wait } from './scene.ts'

const web = (name: string, index: number) => swarmService(name, 30_000 + index, { 'slb.port.80': `http://:${8000 + index}` })
const COUNT = 12
const all = () => Array.from({ length: COUNT }, (_, index) => web(`s${index}`, index))
const ports = all().map((_, index) => 8000 + index)

/** The first two run on one load balancer; long enough for graces, drains and two resyncs. */
const LONG_MS = 1300
const begin = async (context: TestContext, services = all()): Promise<Scene> => {
  const scene = await openScene(context)
  await expose(
    scene,
    services,
    services.map((_, index) => 8000 + index),
  )
  await until('the pass is over', () => scene.stand.logged.filter((line) => line.includes('change applied')).length >= services.length)
  return scene
}

/** Nothing changed while it lied; then a service that is new shows that everything goes on. */
async function staysAndRecovers(scene: Scene, { lie, reason, truth }: { lie: () => void; reason: string | RegExp; truth: () => void }) {
  const before = scene.programmed()
  lie()
  scene.stand.engine.emit('node', 'update')
  await scene.told(reason)
  await wait(LONG_MS)
  expect(scene.programmed()).toBe(before)
  truth()
  scene.stand.services([...all(), web('late', 99)])
  scene.stand.engine.emit('node', 'update')
  await until('it goes on', () => scene.running(8099), 20_000)
  expect(ports.every(scene.running)).toBe(true)
}

describe.concurrent('a list of services', { timeout: 60_000 }, () => {
  test('that is empty deletes nothing: all of it is held until somebody approves, and forgotten when the services are back', async (context) => {
    const scene = await begin(context)
    const lie = () => scene.stand.services([])
    await staysAndRecovers(scene, { lie, reason: `no service wants any of the ${COUNT} listeners any more`, truth: () => {} })
    expect((await scene.page()).held.deletes).toEqual([])
    expect(scene.calls('DeleteLoadBalancerListener')).toBe(0)
  })

  test('that lacks some within the grace deletes nothing, and says which are missing', async (context) => {
    const scene = await openScene(context, { env: { SLB_REMOVAL_GRACE: '30s' } })
    await expose(scene, all(), ports)
    const lie = () => scene.stand.services(all().slice(0, 4))
    await staysAndRecovers(scene, { lie, reason: 'service s4 is gone; the listener goes too unless it returns', truth: () => {} })
    expect(scene.calls('DeleteLoadBalancerListener')).toBe(0)
  })

  test('that lacks many for longer loses no more than the free number of deletes; the others are held, and all come back', async (context) => {
    const scene = await begin(context)
    scene.stand.services(all().slice(0, 2))
    await scene.told('more deletes than are free at a time')
    await wait(LONG_MS)
    expect(scene.calls('DeleteLoadBalancerListener')).toBe(5)
    scene.stand.services(all())
    await until('all run again', () => ports.every(scene.running))
    expect((await scene.page()).held.deletes).toEqual([])
  })
})

describe.concurrent('a list of nodes', { timeout: 60_000 }, () => {
  test('that is empty is no reading at all', async (context) => {
    const scene = await begin(context)
    const lie = () => scene.stand.nodes([])
    const truth = () => scene.stand.nodes(swarmNodes(3))
    scene.stand.engine.answer('/nodes/node-1', json(200, swarmNodes(1)[0]))
    await staysAndRecovers(scene, { lie, reason: 'the list of nodes lacks the node that gave it', truth })
  })

  const weights = (scene: Scene) =>
    scene.stand
      .lb()
      .backendServers.map(({ serverId, weight }) => `${serverId}=${weight}`)
      .toSorted()
      .join()
  /** What the weights were, one after the other, for as long as this waits. */
  async function watched(scene: Scene, waits: () => Promise<unknown>): Promise<readonly string[]> {
    const seen = [weights(scene)]
    const look = () => void (weights(scene) !== seen.at(-1) && seen.push(weights(scene)))
    const timer = setInterval(look, 2)
    await waits().finally(() => clearInterval(timer))
    look()
    return seen
  }
  const unwell = (scene: Scene, ...servers: readonly string[]) => {
    for (const server of servers) scene.stand.simulator.health.set({ server }, 'abnormal')
  }
  const allServe = 'i-1=100,i-2=100,i-3=100'

  test('that has only the manager changes nothing while checks find the missing ones well, and says who is missing', async (context) => {
    const scene = await begin(context)
    const lie = () => scene.stand.nodes(swarmNodes(1))
    const truth = () => scene.stand.nodes(swarmNodes(3))
    const reason = /i-2 keeps its weight although node-2 left the swarm: a health check finds it well.*i-3 keeps .* node-3 left/
    await staysAndRecovers(scene, { lie, reason, truth })
    await scene.told(/"problems":\[\]/)
  })

  test('that has only the manager takes out the missing ones one at a time where no check finds them well, and says which is next', async (context) => {
    const scene = await openScene(context, { env: { SLB_DRAIN: '1s' } })
    await expose(scene, all(), ports)
    unwell(scene, 'i-2', 'i-3')
    scene.stand.nodes(swarmNodes(1))
    const seen = await watched(scene, async () => {
      await scene.told('i-3 keeps its weight although node-3 left the swarm: a third of its group is out already')
      await until('both are out', () => weights(scene) === 'i-1=100')
    })
    expect(seen).toEqual([allServe, 'i-1=100,i-2=0,i-3=100', 'i-1=100,i-3=100', 'i-1=100,i-3=0', 'i-1=100'])
    expect(ports.every(scene.running)).toBe(true)
    scene.stand.simulator.health.clear()
    scene.stand.nodes(swarmNodes(3))
    await until('all serve again', () => weights(scene) === allServe)
    await scene.told(/"problems":\[\]/)
  })

  const lost = (state: string) => swarmNodes(3, { 'node-1': { state }, 'node-2': { state }, 'node-3': { state } })

  test.for(['unknown', 'down', 'disconnected'])('of which all are %s changes nothing, and says so', async (state, context) => {
    const scene = await begin(context)
    const lie = () => scene.stand.nodes(lost(state))
    const truth = () => scene.stand.nodes(swarmNodes(3))
    const well = state === 'unknown' ? '' : '.*i-1 keeps its weight although node-1 is down: a health check finds it well'
    await staysAndRecovers(scene, { lie, reason: new RegExp(`none of the 3 nodes is ready \\(3 ${state}\\)${well}`), truth })
    await scene.told(/"problems":\[\]/)
  })

  test('of which all are unknown changes nothing although no check finds them well', async (context) => {
    const scene = await begin(context)
    unwell(scene, 'i-1', 'i-2', 'i-3')
    const lie = () => scene.stand.nodes(lost('unknown'))
    await staysAndRecovers(scene, { lie, reason: /none of the 3 nodes is ready/, truth: () => scene.stand.nodes(swarmNodes(3)) })
  })

  test.for(['down', 'disconnected'])(
    'of which all are %s closes one third where no check finds them well, and says why no more',
    async (state, context) => {
      const scene = await begin(context)
      unwell(scene, 'i-1', 'i-2', 'i-3')
      scene.stand.nodes(lost(state))
      const seen = await watched(scene, async () => {
        await scene.told('i-3 keeps its weight although node-3 is down: a third of its group is out already')
        await wait(LONG_MS)
      })
      expect(seen).toEqual([allServe, 'i-1=0,i-2=100,i-3=100'])
      expect(ports.every(scene.running)).toBe(true)
      scene.stand.simulator.health.clear()
      scene.stand.nodes(swarmNodes(3))
      await until('all serve again', () => weights(scene) === allServe, 20_000)
      await scene.told(/"problems":\[\]/)
    },
  )

  test('with a wrong address keeps the instance that the node is known by, and says so', async (context) => {
    const scene = await begin(context)
    const [, second] = scene.stand.lb().backendServers
    expect(second?.weight).toBe(100)
    const before = scene.programmed()
    const wrong = swarmNodes(3, { 'node-2': { address: '10.9.0.250' } })
    scene.stand.nodes(wrong)
    await scene.told('no instance with the private address 10.9.0.250 in vpc-bp1simulated0001; i-2, which it was before, stays')
    await wait(LONG_MS)
    expect(scene.programmed()).toBe(before)
    scene.stand.nodes(swarmNodes(3))
    await wait(300)
    expect(scene.programmed()).toBe(before)
  })

  test('with the address of another machine takes no node away, says what is what, and that machine goes once no check finds it well', async (context) => {
    const scene = await begin(context)
    // i-8 is an instance of the account, and no node: nothing listens on its node port.
    unwell(scene, 'i-8')
    scene.stand.nodes(swarmNodes(3, { 'node-2': { address: '10.9.0.8' } }))
    await scene.told('was i-2 and is i-8 now, by its address 10.9.0.8')
    await scene.told('i-2 keeps its weight although node-2 is i-8 now: a health check finds it well')
    await wait(LONG_MS)
    expect(weights(scene)).toBe(`${allServe},i-8=100`)
    scene.stand.nodes(swarmNodes(3))
    await until('only the nodes are left', () => weights(scene) === allServe)
    await scene.told(/"problems":\[\]/)
  })

  test('with the address of another machine that answers keeps that one, and says so until a person takes it out', async (context) => {
    const scene = await begin(context)
    scene.stand.nodes(swarmNodes(3, { 'node-2': { address: '10.9.0.8' } }))
    await scene.told('was i-2 and is i-8 now')
    scene.stand.nodes(swarmNodes(3))
    await scene.told('i-8 keeps its weight although node-2 is i-2 now: a health check finds it well')
    expect(weights(scene)).toBe(`${allServe},i-8=100`)
    for (const server of scene.stand.lb().backendServers) if (server.serverId === 'i-8') server.weight = 0
    await until('only the nodes are left', () => weights(scene) === allServe)
    await scene.told(/"problems":\[\]/)
  })
})

describe.concurrent('tasks', { timeout: 60_000 }, () => {
  test('that are refused or an empty list leave a port in host mode as it is', async (context) => {
    const scene = await openScene(context)
    const hosted = swarmService('hosted', 8088, { 'slb.port.80': 'tcp://:8088' }, [{ target: 80, published: 8088, mode: 'host' }])
    const tasks = ['node-1', 'node-2', 'node-3'].map((node) =>
      taskJson({ id: `task-${node}`, service: 'id-hosted', node, ports: [{ target: 80, published: 8088, mode: 'host' }] }),
    )
    scene.stand.engine.state.tasks = tasks
    await expose(scene, [hosted], [8088], { tasksMs: 50 })
    await until('all nodes serve', () => scene.stand.lb().groups[0]?.servers.length === 3)
    const weights = () => scene.stand.lb().groups[0]?.servers.map(({ serverId, weight }) => `${serverId}=${weight}`)
    const before = weights()
    scene.stand.engine.answer('/tasks', json(403, { message: 'not allowed' }))
    await scene.told('TASKS')
    await wait(LONG_MS)
    expect(weights()).toEqual(before)
    scene.stand.engine.answer('/tasks', undefined)
    scene.stand.engine.state.tasks = []
    await wait(LONG_MS)
    expect(scene.running(8088)).toBe(true)
    expect(scene.stand.lb().groups[0]?.servers.some(({ weight }) => weight > 0)).toBe(true)
    scene.stand.engine.state.tasks = tasks
    await until('it serves as before', () => weights()?.toSorted().join() === before?.toSorted().join())
  })
})

describe.concurrent('another swarm', { timeout: 60_000 }, () => {
  test('behind the same engine is read-only until somebody takes over: nothing is written, and the reason is told', async (context) => {
    const scene = await begin(context)
    const lie = () => {
      scene.stand.engine.state.info = engineInfo('othercluster56789')
      scene.stand.services([web('stranger', 50)])
    }
    const truth = () => {
      scene.stand.engine.state.info = engineInfo()
    }
    await staysAndRecovers(scene, { lie, reason: /is of another cluster|another cluster|takeover/, truth })
    expect(scene.running(8050)).toBe(false)
  })
})
