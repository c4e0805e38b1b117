// Who writes, on a real swarm of three managers: daemons with the ids of real tasks, while the leader is drained and comes back. The
// daemons outlive their tasks here, so that none stops writing only because it was stopped.
import nock from 'nock'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runDaemon } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { createLog } from '../../src/log.ts'
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts'
import { type Lab, type LabNode, startLab } from './lab.ts'
import { found, notYet, until } from './wait.ts'
import { buildWebImage, WEB_IMAGE } from './web-image.ts'

nock.restore()

const WAIT_MS = 15_000
const TEMPLATES = ['SLB_SERVICE_ID={{.Service.ID}}', 'SLB_TASK_ID={{.Task.ID}}', 'SLB_NODE_ID={{.Node.ID}}']
const FILTER = ['--filter', 'label=com.docker.swarm.service.name=slb']

type Process = {
  readonly node: LabNode
  readonly nodeId: string
  readonly writes: number[]
  readonly logged: string[]
  end(): Promise<void>
}

describe('of three daemons on three managers', () => {
  let lab: Lab
  let simulator: Simulator
  const processes: Process[] = []
  let ports = 8000

  beforeAll(async () => {
    lab = await startLab({ managers: 3, alone: true })
    await Promise.all(lab.nodes().map((node) => buildWebImage((args) => lab.docker(node, args))))
    const instances = lab.nodes().map(({ address }, index) => ({ id: `i-${index + 1}`, privateIp: address }))
    simulator = await startSimulator({ state: { loadBalancers: [{ id: 'lb-1', name: 'front', address: '127.0.0.1' }], instances } })
    const env = TEMPLATES.flatMap((one) => ['--env', one])
    await lab.docker('manager', [
      'service',
      'create',
      '--detach',
      '--no-resolve-image',
      '--mode',
      'global',
      '--name',
      'slb',
      ...env,
      WEB_IMAGE,
    ])
    for (const node of lab.nodes()) await runOn(node)
  }, 240_000)
  afterAll(async () => {
    await Promise.all(processes.map(({ end }) => end()))
    await simulator?.close()
    await lab?.down()
  }, 60_000)

  const idsOn = (node: LabNode) =>
    until(`a task on ${node.name}`, 90_000, async () => {
      const [container = ''] = (await lab.docker(node, ['ps', '--quiet', ...FILTER])).split('\n')
      if (container === '') return notYet('no container')
      const env: readonly string[] = JSON.parse(await lab.docker(node, ['inspect', '--format', '{{json .Config.Env}}', container]))
      return found(
        Object.fromEntries(env.flatMap((line) => (line.startsWith('SLB_') ? [line.split('=', 2)] : []))) as Record<string, string>,
      )
    })

  /** A daemon that takes itself for the newest task on this node. */
  async function runOn(node: LabNode): Promise<Process> {
    const ids = await idsOn(node)
    const logged: string[] = []
    const writes: number[] = []
    const log = await createLog({
      level: 'debug',
      format: 'json',
      colour: false,
      secrets: [],
      write: (line) => {
        logged.push(line)
        if (line.includes('"change applied"')) writes.push(Date.now())
      },
    })
    const env = {
      ...ids,
      DOCKER_HOST: `unix://${node.engine.socket}`,
      SLB_ID: 'lb-1',
      SLB_OWNER: 'me',
      SLB_ENDPOINT: simulator.apiUrl,
      ECS_ENDPOINT: simulator.apiUrl,
      METADATA_ENDPOINT: simulator.metadataUrl,
      ALIBABA_CLOUD_REGION_ID: 'cn-hangzhou',
      ALIBABA_CLOUD_ACCESS_KEY_ID: 'testid',
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'testsecret',
      SLB_HTTP_ADDR: 'off',
      SLB_SOCKET: 'off',
    }
    const stop = new AbortController()
    const done = runDaemon(readConfig({ env, flags: {} }), log, stop.signal)
    const end = () => {
      stop.abort()
      return done
    }
    const process = { node, nodeId: ids['SLB_NODE_ID'] ?? '', writes, logged, end }
    processes.push(process)
    return process
  }

  /** A new service, and who made its listener. */
  async function served(ms: number): Promise<Process> {
    ports += 1
    const port = ports
    for (const { writes } of processes) writes.length = 0
    const labels = ['--label', `slb.port.80=tcp://:${port}`]
    const more = ['--replicas', '0', '--publish', '80', ...labels, '--name', `web-${port}`, WEB_IMAGE]
    await lab.docker('manager', ['service', 'create', '--detach', '--no-resolve-image', ...more])
    await until(`listener ${port}`, ms, async () => {
      const listener = simulator.state.loadBalancers[0]?.listeners.find((one) => one.port === port)
      return listener?.status === 'running' ? found(true) : notYet(listener?.status ?? 'not there')
    })
    return until('the log of it', 5000, async () => {
      const writers = processes.filter(({ writes }) => writes.length > 0)
      expect(writers.length).toBeLessThanOrEqual(1)
      return writers[0] === undefined ? notYet('nobody') : found(writers[0])
    })
  }

  test('the one on the leader writes', async () => {
    const leader = await lab.leader()
    // All of them have just started, and each has to wait for the others.
    expect((await served(60_000)).node.name).toBe(leader.name)
  })

  test('the first other one by node id writes while the leader is drained, after its wait, and the leader again with a new task', async () => {
    const leader = await lab.leader()
    const before = processes.find(({ node }) => node === leader)
    const drainedAt = Date.now()
    await lab.docker('manager', ['node', 'update', '--availability', 'drain', before?.nodeId ?? ''])
    const instead = await served(90_000)
    const [first] = processes.filter(({ node }) => node !== leader).toSorted((a, b) => (a.nodeId < b.nodeId ? -1 : 1))
    expect(instead.node.name).toBe(first?.node.name)
    expect((instead.writes[0] ?? 0) - drainedAt).toBeGreaterThanOrEqual(WAIT_MS)

    await lab.docker('manager', ['node', 'update', '--availability', 'active', before?.nodeId ?? ''])
    const anew = await runOn(leader)
    await until('the new task leads', 90_000, async () =>
      anew.logged.some((line) => line.includes('"role":"leader"')) ? found(true) : notYet('not yet'),
    )
    const writer = await served(60_000)
    expect(writer === anew).toBe(true)
  })
})
