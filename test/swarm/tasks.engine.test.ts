// Tasks of a real engine, and all of our reading through a proxy that lets through what it has to and no more.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import nock from 'nock'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { runDaemon } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import type { Task } from '../../src/core/model.ts'
import { startSimulator } from '../../src/simulator/simulator.ts'
import { connectEngine } from '../../src/swarm/client.ts'
import { checkWriter } from '../../src/swarm/leader.ts'
import { readSnapshot } from '../../src/swarm/read.ts'
import { watchSwarm } from '../../src/swarm/watch.ts'
import { type OwnIds, partOf, type WriterRule } from '../../src/swarm/writer.ts'
import { createTally } from '../../src/tally.ts'
import { buildWebImage, WEB_IMAGE } from '../lab/web-image.ts'
import { startEngine, type TestEngine } from '../support/engine.ts'

nock.restore()

const never = new AbortController().signal
const silent = pino({ level: 'silent' })
let docker: TestEngine
let nodeId: string

const create = (name: string, ...args: readonly string[]) =>
  docker.docker('service', 'create', '--detach', '--no-resolve-image', '--name', name, ...args, WEB_IMAGE)
const idOf = (name: string) => docker.docker('service', 'inspect', '--format', '{{.ID}}', name)

beforeAll(async () => {
  docker = await startEngine()
  nodeId = await docker.swarmInit()
  await buildWebImage((args) => docker.docker(...args))
  await create('fixed', '--mode', 'global', '--publish', 'mode=host,target=80,published=8088', '--publish', 'mode=host,target=7')
})
afterAll(() => docker.stop())

/** Reads until the tasks are as the test wants them: no event tells of their progress. */
const tasksOf = async (name: string) => {
  const { tasks, services } = await readSnapshot(connectEngine({ host: `unix://${docker.socket}` }), never)
  const id = services.find((service) => service.name === name)?.id
  return tasks.status === 'read' ? tasks.tasks.filter(({ serviceId }) => serviceId === id) : tasks
}

const listed = (tasks: Awaited<ReturnType<typeof tasksOf>>): readonly Task[] => (Array.isArray(tasks) ? tasks : [])

describe('tasks of a real engine', () => {
  test('of a global service run on each node and have the ports they really got', async () => {
    await expect
      .poll(() => tasksOf('fixed'), { timeout: 20_000 })
      .toEqual([
        {
          id: expect.any(String),
          serviceId: await idOf('fixed'),
          nodeId,
          running: true,
          leaving: false,
          ports: expect.arrayContaining([{ target: 80, published: 8088, transport: 'tcp', mode: 'host' }]),
        },
      ])
    const [task] = listed(await tasksOf('fixed'))
    expect(task?.ports).toHaveLength(2)
    expect(task?.ports.find(({ target }) => target === 7)?.published).toBeGreaterThanOrEqual(30_000)
  })

  test('that are replaced are seen to leave before they are gone', async () => {
    const ports = ['--publish', 'mode=host,target=80,published=8089']
    // As process 1 `sleep` does not hear TERM, so that it is there until it is killed.
    const more = ['--mode', 'global', '--stop-grace-period', '3s', ...ports, WEB_IMAGE, 'sleep', '1000']
    await docker.docker('service', 'create', '--detach', '--no-resolve-image', '--name', 'slow', ...more)
    const running = async () => listed(await tasksOf('slow')).flatMap((task) => (task.running ? [task.leaving] : []))
    await expect.poll(running, { timeout: 20_000 }).toEqual([false])
    await docker.docker('service', 'update', '--detach', '--force', 'slow')
    await expect.poll(running, { timeout: 20_000 }).toEqual([true])
    await docker.docker('service', 'rm', 'slow')
  })

  test('know their service, node and own id from the templates of the stack file, and so who writes', async () => {
    const templates = ['SLB_SERVICE_ID={{.Service.ID}}', 'SLB_TASK_ID={{.Task.ID}}', 'SLB_NODE_ID={{.Node.ID}}']
    await create('slb', '--mode', 'global', ...templates.flatMap((one) => ['--env', one]))
    const container = () => docker.docker('ps', '--quiet', '--filter', 'label=com.docker.swarm.service.name=slb')
    await expect.poll(container, { timeout: 20_000 }).not.toBe('')
    const env = JSON.parse(await docker.docker('inspect', '--format', '{{json .Config.Env}}', await container()))
    const value = (name: string): string => env.find((line: string) => line.startsWith(`${name}=`)).slice(name.length + 1)
    const own: OwnIds = { serviceId: value('SLB_SERVICE_ID'), taskId: value('SLB_TASK_ID'), nodeId: value('SLB_NODE_ID') }
    expect(own).toMatchObject({ serviceId: await idOf('slb'), nodeId })
    const rule: WriterRule = { mode: 'auto', own }
    const engine = connectEngine({ host: `unix://${docker.socket}` })
    const part = async () => partOf(rule, await readSnapshot(engine, never, own.serviceId))
    await expect.poll(part, { timeout: 20_000 }).toMatchObject({ writes: true, writer: nodeId, elsewhere: false, why: '' })
    expect(await checkWriter(engine, rule, nodeId, never)).toBe(true)
    await docker.docker('service', 'rm', 'slb')
    await expect.poll(async () => (await part()).writes).toBe(false)
    await expect(checkWriter(engine, rule, nodeId, never)).rejects.toThrow('404')
  })
})

describe('through the proxy of deploy/proxy', () => {
  const proxies: ChildProcess[] = []
  let started = 0
  /** `idle`: after so long without an event a stream is cut; 10 minutes as it is deployed. */
  async function startProxy(env: { readonly TASKS?: string; readonly IDLE?: string }): Promise<string> {
    started += 1
    const socket = join(docker.folder, `proxy-${started}.sock`)
    const config = join(import.meta.dirname, '../../deploy/proxy/haproxy.cfg')
    const proxy = spawn('haproxy', ['-db', '-f', config], {
      env: { PATH: process.env['PATH'], ENGINE_SOCKET: docker.socket, PROXY_SOCKET: socket, ...env },
      stdio: 'ignore',
    })
    proxies.push(proxy)
    await expect.poll(() => existsSync(socket), { timeout: 5000 }).toBe(true)
    return socket
  }
  afterEach(async () => {
    for (const proxy of proxies.splice(0)) {
      const ended = once(proxy, 'exit')
      proxy.kill('SIGKILL')
      await ended
    }
  })
  const statusOf = (socketPath: string, method: string, path: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      const sent = request({ socketPath, method, path }, (response) => resolve(response.resume().statusCode))
      sent.on('error', reject).end()
    })

  test('a reading is the same as without it', async () => {
    const direct = await readSnapshot(connectEngine({ host: `unix://${docker.socket}` }), never)
    const engine = connectEngine({ host: `unix://${await startProxy({})}` })
    expect(await readSnapshot(engine, never)).toEqual(direct)
    expect(direct.tasks.status).toBe('read')
  })

  test('nothing else is read and nothing is written', async () => {
    const socket = await startProxy({})
    const refused = [
      '/containers/json',
      '/images/json',
      '/secrets',
      '/configs',
      '/services/../containers/json',
      '/services/fixed/logs?stdout=1',
      '/swarm',
    ]
    for (const path of refused) expect(await statusOf(socket, 'GET', path), path).toBe(403)
    for (const path of ['/services/create', '/swarm/leave?force=1', '/containers/create', '/info'])
      expect(await statusOf(socket, 'POST', path), path).toBe(403)
    for (const path of ['/info', '/services', '/nodes', '/tasks', '/version', '/_ping', '/v1.41/info'])
      expect(await statusOf(socket, 'GET', path), path).toBe(200)
  })

  test('an event stream that is cut for being idle is opened again, and events come', async () => {
    const tally = createTally()
    const woken: string[] = []
    const engine = connectEngine({ host: `unix://${await startProxy({ IDLE: '700ms' })}` })
    const backoff = { minMs: 20, maxMs: 100 }
    const stop = new AbortController()
    const watch = watchSwarm({ engine, onEvent: (kind) => woken.push(kind), log: silent, tally, now: () => performance.now(), backoff })
    const running = watch.run(stop.signal)
    const cuts = () => tally.read().counts.reconnects[0]?.value ?? 0
    await expect.poll(cuts, { timeout: 10_000 }).toBeGreaterThanOrEqual(2)
    await expect.poll(() => watch.state().openedAt).toBeDefined()
    woken.length = 0
    await docker.docker('service', 'update', '--detach', '--label-add', 'a=b', 'fixed')
    await expect.poll(() => watch.state().lastEventAt.service).toBeDefined()
    expect(woken).toContain('service')
    stop.abort()
    await running
  })

  test('without TASKS the reading goes on, says what is refused, and the Raft leader is the writer', async () => {
    const engine = connectEngine({ host: `unix://${await startProxy({ TASKS: '0' })}` })
    const refused = { status: 'refused', reason: expect.stringContaining('TASKS') }
    const own: OwnIds = { serviceId: await idOf('fixed'), taskId: 'whatever', nodeId }
    const snapshot = await readSnapshot(engine, never, own.serviceId)
    expect(snapshot).toMatchObject({ services: [{ name: 'fixed' }], tasks: refused, own: refused })
    for (const [self, writes] of [
      [nodeId, true],
      ['another', false],
    ] as const) {
      const rule: WriterRule = { mode: 'auto', own: { ...own, nodeId: self } }
      expect(partOf(rule, snapshot)).toMatchObject({ writes, writer: nodeId })
      expect(await checkWriter(engine, rule, nodeId, never)).toBe(writes)
    }
  })

  test('the whole daemon does its work, and outlives a cut stream', async () => {
    const instances = [{ id: 'i-1', privateIp: docker.address }]
    const simulator = await startSimulator({ state: { loadBalancers: [{ id: 'lb-1', name: 'front', address: '127.0.0.1' }], instances } })
    const env = {
      DOCKER_HOST: `unix://${await startProxy({ IDLE: '1s' })}`,
      SLB_ID: 'lb-1',
      SLB_ENDPOINT: simulator.apiUrl,
      ECS_ENDPOINT: simulator.apiUrl,
      METADATA_ENDPOINT: simulator.metadataUrl,
      ALIBABA_CLOUD_REGION_ID: 'cn-hangzhou',
      ALIBABA_CLOUD_ACCESS_KEY_ID: 'testid',
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'testsecret',
      SLB_HTTP_ADDR: 'off',
      SLB_SOCKET: 'off',
      SLB_RESYNC_INTERVAL: '1h',
    }
    const stop = new AbortController()
    const done = runDaemon(readConfig({ env, flags: {} }), silent, stop.signal, { buckets: { unlimited: true } })
    const ports = () => simulator.state.loadBalancers[0]?.listeners.filter(({ status }) => status === 'running').map(({ port }) => port)
    await create('web', '--replicas', '0', '--publish', '80', '--label', 'slb.port.80=tcp://:18080')
    await expect.poll(ports, { timeout: 10_000 }).toEqual([18080])
    await new Promise((resolve) => setTimeout(resolve, 1500))
    await docker.docker('service', 'update', '--detach', '--label-add', 'slb.port.80=tcp://:18081', 'web')
    await expect.poll(ports, { timeout: 10_000 }).toContain(18081)
    stop.abort()
    await done
    await simulator.close()
    await docker.docker('service', 'rm', 'web')
  })
})
