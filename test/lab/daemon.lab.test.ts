// The whole: a real swarm, the daemon from its image, the simulated cloud with its data plane. What an operator does, and what comes of it.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { instanceId } from './cloud.ts'
import { getText } from './http.ts'
import type { LabNode } from './lab.ts'
import {
  BALANCER_ID,
  createService,
  deployExample,
  FIRST_MS,
  findListener,
  HAND_MADE_PORT,
  listenerGone,
  pageAnswers,
  type Stage,
  setStage,
  weightsAre,
} from './stage.ts'
import { found, notYet, until } from './wait.ts'

const CHANGE_MS = 20_000
/** A resync (5 s) that finds it, one that confirms it, and time for a busy machine. */
const RESYNC_MS = 30_000
/** A node that left is taken out only when the health check says so too: three failed probes, 5 s apart, 3 s each. */
const LEAVE_MS = 60_000
/** After a change among managers the leader may have to wait 15 s before it writes. */
const LEADER_MS = 60_000

describe('swarm-slb on a swarm of three managers', () => {
  let stage: Stage
  let handMade: unknown
  beforeAll(async () => {
    stage = await setStage({ SLB_REMOVAL_GRACE: '10s', SLB_RESYNC_INTERVAL: '5s' })
    handMade = await findListener(stage, HAND_MADE_PORT)
  }, 600_000)
  afterAll(() => stage?.site.down())
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') process.stderr.write(`swarm-slb, last lines:\n${await stage.daemon.logTail(40)}\n`)
  })

  const scale = (count: number) => stage.site.docker(['service', 'scale', '--detach', `site_web=${count}`])
  const call = (action: string, params: Readonly<Record<string, string | number>>) =>
    stage.cloud.call(action, { LoadBalancerId: BALANCER_ID, ...params })
  /** A manager that does not lead. */
  const leaver = async (): Promise<LabNode> => {
    const leader = await stage.lab.leader()
    const node = stage.lab
      .nodes()
      .slice(0, 3)
      .find((each) => each !== leader)
    if (node === undefined) throw new Error('only one node')
    return node
  }
  const allNodes = (): Record<string, number> => Object.fromEntries(stage.lab.nodes().map(({ name }) => [name, 100]))

  test('makes an http listener on 8080 with its own check out of an automatic port and two labels', async () => {
    await deployExample(stage)
    await pageAnswers(stage, 8080, FIRST_MS)
    const listener = await findListener(stage, 8080)
    expect(listener).toMatchObject({ protocol: 'http', status: 'running', backendServerPort: 30000 })
    expect(listener?.config).toMatchObject({ HealthCheckURI: '/license.txt', HealthCheck: 'on' })
    expect(listener?.description).toMatch(/^swarm-slb\/[^/]+\/site_web\/80-tcp$/)
  })

  test('reaches tasks on all nodes through the load balancer, which names the client', async () => {
    await scale(6)
    const seen = new Set<string>()
    await until('six tasks answer', CHANGE_MS, async () => {
      const { body, status } = await getText(`http://${stage.cloud.address}:8080/`)
      if (status === 200) seen.add(body)
      return seen.size >= 6 ? found(true) : notYet([...seen].join(' '))
    })
    for (const { engine } of stage.lab.nodes()) {
      const here = (await engine.docker(['ps', '--quiet', '--filter', 'label=com.docker.swarm.service.name=site_web'])).split('\n')
      expect(here.filter((id) => seen.has(id))).not.toEqual([])
    }
    const { body } = await getText(`http://${stage.cloud.address}:8080/cgi-bin/request`)
    expect(body).toMatch(/^HTTP_X_FORWARDED_FOR=10\.77\.\d+\.\d+$/m)
  })

  test('follows a published port that is added and removed', async () => {
    await createService(stage, 'plain', '--publish', '9000:80')
    await pageAnswers(stage, 9000, CHANGE_MS)
    await stage.site.docker(['service', 'update', '--detach', '--publish-add', '9001:7', 'plain'])
    await until('listener 9001 runs', CHANGE_MS, async () => {
      const listener = await findListener(stage, 9001)
      return listener?.status === 'running' ? found(true) : notYet(listener?.status)
    })
    await stage.site.docker(['service', 'update', '--detach', '--publish-rm', '7', 'plain'])
    await listenerGone(stage, 9001, CHANGE_MS)
    await pageAnswers(stage, 9000, CHANGE_MS)
  })

  test('removes the listener of a removed service after its grace, and no other', async () => {
    await stage.site.docker(['service', 'rm', 'plain'])
    await listenerGone(stage, 9000, CHANGE_MS + 10_000)
    expect(await findListener(stage, 8080)).toMatchObject({ status: 'running' })
  })

  test('takes a drained node out of the traffic and back', async () => {
    const { name } = await leaver()
    await weightsAre(stage, allNodes(), CHANGE_MS)
    await stage.site.docker(['node', 'update', '--availability', 'drain', name])
    await weightsAre(stage, { ...allNodes(), [name]: 0 }, CHANGE_MS)
    await stage.site.docker(['node', 'update', '--availability', 'active', name])
    await weightsAre(stage, allNodes(), CHANGE_MS)
  })

  test('repairs a listener, a setting and a backend that somebody changed or removed', async () => {
    const [node] = stage.lab.nodes()
    if (node === undefined) throw new Error('no node')
    await call('DeleteLoadBalancerListener', { ListenerPort: 8080, ListenerProtocol: 'http' })
    await pageAnswers(stage, 8080, RESYNC_MS)
    await call('SetLoadBalancerHTTPListenerAttribute', { ListenerPort: 8080, HealthCheckURI: '/elsewhere' })
    await until('the check is /license.txt again', RESYNC_MS, async () => {
      const uri = (await findListener(stage, 8080))?.config['HealthCheckURI']
      return uri === '/license.txt' ? found(true) : notYet(uri)
    })
    await call('SetBackendServers', { BackendServers: JSON.stringify([{ ServerId: instanceId(node), Weight: '7' }]) })
    await weightsAre(stage, allNodes(), RESYNC_MS)
    await call('RemoveBackendServers', { BackendServers: JSON.stringify([{ ServerId: instanceId(node) }]) })
    await weightsAre(stage, allNodes(), RESYNC_MS)
  })

  test('leaves a backend that somebody closed closed, until it is opened by hand', async () => {
    const [node] = stage.lab.nodes()
    if (node === undefined) throw new Error('no node')
    const weigh = (weight: number) =>
      call('SetBackendServers', { BackendServers: JSON.stringify([{ ServerId: instanceId(node), Weight: String(weight) }]) })
    await weigh(0)
    await stays('closed', 12_000, () => weightsAre(stage, { ...allNodes(), [node.name]: 0 }, 500))
    await weigh(100)
    await weightsAre(stage, allNodes(), CHANGE_MS)
  })

  test('leaves a listener that somebody stopped stopped, until it is started by hand', async () => {
    await call('StopLoadBalancerListener', { ListenerPort: 8080, ListenerProtocol: 'http' })
    await until('the stop is noted on the listener', RESYNC_MS, async () => {
      const listener = await findListener(stage, 8080)
      return listener?.description.endsWith('/closed') === true ? found(true) : notYet(listener?.description)
    })
    expect(await findListener(stage, 8080)).toMatchObject({ status: 'stopped' })
    await call('StartLoadBalancerListener', { ListenerPort: 8080, ListenerProtocol: 'http' })
    await pageAnswers(stage, 8080, CHANGE_MS)
  })

  test('follows a node that joins, leaves and joins again', async () => {
    const before = allNodes()
    const node = await stage.lab.add('worker')
    await weightsAre(stage, allNodes(), CHANGE_MS)
    await stage.lab.leave(node)
    await weightsAre(stage, before, LEAVE_MS)
    await stage.lab.join(node, 'worker')
    await weightsAre(stage, allNodes(), CHANGE_MS)
    await pageAnswers(stage, 8080, CHANGE_MS)
  })

  test('follows a manager that leaves, once the leader is certain again', async () => {
    const node = await leaver()
    await stage.lab.leave(node)
    const { [node.name]: _gone, ...left } = allNodes()
    await weightsAre(stage, left, LEAVE_MS)
    await stage.lab.join(node, 'manager')
    await weightsAre(stage, allNodes(), LEADER_MS)
  })

  test('keeps the listener of a stack that is removed and deployed again', async () => {
    await stage.site.docker(['stack', 'rm', 'site'])
    await until('the stack is gone', CHANGE_MS, async () => {
      const services = await stage.site.docker(['service', 'ls', '--quiet', '--filter', 'name=site_web'])
      return services === '' ? found(true) : notYet(services)
    })
    const absent: string[] = []
    const watching = new AbortController()
    const watch = until('a watch that was ended', 120_000, async () => {
      if ((await findListener(stage, 8080)) === undefined) absent.push(new Date().toISOString())
      return watching.signal.aborted ? found(true) : notYet('')
    })
    try {
      await until('the stack can be deployed', CHANGE_MS, () => deployExample(stage).then(() => found(true)))
      await pageAnswers(stage, 8080, FIRST_MS)
    } finally {
      watching.abort()
      await watch
    }
    expect(absent).toEqual([])
  })

  test('goes on under a new leader when the old one hangs', async () => {
    const old = await stage.lab.leader()
    stage.lab.freeze(old)
    try {
      await until('another leader', 60_000, async () => {
        const leader = await stage.lab.leader()
        return leader === old ? notYet(leader.name) : found(leader)
      })
      await createService(stage, 'later', '--publish', '9002:80')
      await pageAnswers(stage, 9002, 90_000)
    } finally {
      stage.lab.thaw(old)
    }
  })

  test('says in status where everything is exposed, whichever node is asked', async () => {
    const status = await stage.daemon.command(['status'])
    expect(status).toMatch(/site_web\s+80\/tcp.*8080/)
  })

  test('has never touched the listener that somebody made', async () => {
    expect(await findListener(stage, HAND_MADE_PORT)).toEqual(handMade)
  })
})

/** Looks again and again for this long, and fails at the first look that does. */
async function stays(what: string, forMs: number, look: () => Promise<unknown>): Promise<void> {
  const end = Date.now() + forMs
  while (Date.now() < end) {
    await sleep(250)
    await look().catch((error: unknown) => Promise.reject(new Error(`did not stay ${what}: ${String(error)}`)))
  }
}
