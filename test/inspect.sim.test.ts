// One look without a daemon: it writes nothing, and shows what a daemon then does.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { planOnce, readStatus } from '../src/app.ts'
import { readConfig } from '../src/config.ts'
import { silent } from './support/board.ts'
import { type Stand, startStand, swarmNodes, swarmService, until } from './support/stand.ts'

let stand: Stand
let env: Record<string, string>
beforeEach(() => begin())
afterEach(() => stand.close())

async function begin(over: Readonly<Record<string, string>> = {}): Promise<void> {
  stand = await startStand({ env: over })
  env = {
    DOCKER_HOST: stand.engine.host,
    SLB_ID: 'lb-1',
    SLB_OWNER: 'me',
    SLB_ENDPOINT: stand.simulator.apiUrl,
    ECS_ENDPOINT: stand.simulator.apiUrl,
    METADATA_ENDPOINT: stand.simulator.metadataUrl,
    ALIBABA_CLOUD_REGION_ID: 'cn-hangzhou',
    ALIBABA_CLOUD_ACCESS_KEY_ID: 'testid',
    ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'testsecret',
    ...over,
  }
}

const config = () => readConfig({ env, flags: {} })
const plan = () => planOnce(config(), silent, AbortSignal.timeout(10_000))
const status = () => readStatus(config(), silent, AbortSignal.timeout(10_000))
const web = (labels: Readonly<Record<string, string>> = {}) => swarmService('web', 30000, { 'slb.port.80': 'http://:8080', ...labels })
const api = () => swarmService('api', 30001, { 'slb.port.80': 'tcp://:9090' })
const running = (port: number) => stand.listener(port)?.status === 'running'
const writes = () => stand.simulator.requests.counts().writes
/** What the daemon said that it did, in order of names: chains run side by side. */
const done = () =>
  stand.logged.flatMap((line) => {
    const { message, change } = JSON.parse(line)
    return message === 'change applied' ? [String(change)] : []
  })
const sorted = (lines: readonly string[] = []) => [...lines].sort()

/** What a plan says, then what a daemon does; both must be the same. */
async function planAndRun(finished: () => boolean): Promise<readonly string[]> {
  const before = writes()
  const report = await plan()
  expect(writes()).toBe(before)
  expect(report.inSync).toBe(false)
  const told = done().length
  stand.start()
  await until('the daemon has done it', finished)
  await stand.stop()
  const changes = report.loadBalancers[0]?.changes ?? []
  expect(sorted(done().slice(told))).toEqual(sorted(changes))
  expect(await plan()).toMatchObject({ inSync: true, loadBalancers: [{ changes: [], held: [], error: '' }] })
  return changes
}

describe('a plan', () => {
  test('of a first start is what the daemon then does', async () => {
    stand.services([web(), api()])
    const changes = await planAndRun(() => running(8080) && running(9090))
    expect(sorted(changes)).toEqual([
      'add i-1, i-2, i-3 to default group',
      'create listener http:8080 -> default group on port 30000',
      'create listener tcp:9090 -> default group on port 30001',
      'tag load balancer swarm-slb:me=cluster0123456789',
    ])
  })

  test('of a changed label, a drained node and drift is what the daemon then does', async () => {
    stand.services([web(), api()])
    await planAndRun(() => running(8080) && running(9090))
    stand.services([web({ 'slb.port.80.health-check-interval': '10' }), api()])
    stand.nodes(swarmNodes(3, { 'node-2': { availability: 'drain' } }))
    const listener = stand.listener(9090)
    if (listener !== undefined) listener.config['Scheduler'] = 'rr'
    const changes = await planAndRun(() => stand.listener(9090)?.config['Scheduler'] === 'wrr' && done().length === 7)
    expect(sorted(changes)).toEqual([
      'set weight of i-2 to 0 (was 100) in default group',
      'update listener http:8080: health-check-interval 5 -> 10',
      'update listener tcp:9090: scheduler rr -> wrr',
    ])
  })

  test('of a listener to be made anew names the one step', async () => {
    stand.services([web()])
    await planAndRun(() => running(8080))
    stand.services([web({ 'slb.port.80': 'tcp://:8080' })])
    const changes = await planAndRun(() => stand.listener(8080)?.protocol === 'tcp' && running(8080))
    expect(changes).toEqual(['replace listener http:8080 by tcp:8080 -> default group on port 30000'])
  })

  test('deletes no listener of a service that it never saw alive, as a daemon would wait with it', async () => {
    stand.services([web()])
    await planAndRun(() => running(8080))
    stand.services([])
    const report = await plan()
    expect(report).toMatchObject({ inSync: true, loadBalancers: [{ changes: [], held: [] }] })
    expect(report.ports).toMatchObject([{ service: 'web', state: 'removing', reason: expect.stringContaining('service web is gone') }])
  })

  test('shows deletes that would be held, apart from those that would run', async () => {
    const labels = (port: number): Record<string, string> => ({ 'slb.port.80': `tcp://:${port}` })
    const many = (count: number, labelled: boolean) =>
      Array.from({ length: count }, (_, i) => swarmService(`s${i}`, 31_000 + i, labelled ? labels(9000 + i) : {}))
    stand.services(many(8, true))
    await planAndRun(() => stand.lb().listeners.length === 8 && stand.lb().listeners.every(({ status }) => status === 'running'))
    stand.services([...many(8, true).slice(0, 1), ...many(8, false).slice(1)])
    const report = await plan()
    const [lb] = report.loadBalancers
    expect(lb?.changes.filter((line) => line.startsWith('delete listener'))).toHaveLength(5)
    expect(lb?.held).toHaveLength(2)
    expect(report.ports.filter(({ state }) => state === 'held')).toHaveLength(2)
    expect(stand.lb().listeners).toHaveLength(8)
  })

  test('says of each load balancer that could not be read why', async () => {
    stand.simulator.settings.denied.push('DescribeLoadBalancerAttribute')
    stand.services([web()])
    const report = await plan()
    expect(report.inSync).toBe(false)
    expect(report.loadBalancers[0]?.error).toContain('Forbidden')
  })

  test('of a label that names the load balancer, where the configuration has its id', async () => {
    stand.lb().name = 'front'
    stand.services([web({ 'slb.port.80': 'http://front:8080' })])
    const report = await plan()
    expect(report).toMatchObject({ inSync: false, problems: [], ports: [{ service: 'web', state: 'pending', listener: 'http:8080' }] })
    expect(sorted(await planAndRun(() => running(8080)))).toContain('create listener http:8080 -> default group on port 30000')
  })

  test.each([
    ['no load balancer of that name', { SLB_ID: 'lb-1,elsewhere' }, 'elsewhere'],
    ['no load balancer of that id', { SLB_ID: 'lb-1,lb-gone' }, 'lb-gone'],
    ['a tag that says another owner', { SLB_OWNER: 'new' }, 'me'],
  ])('with %s is an error and not in sync', async (_, over, text) => {
    stand.services([web()])
    await planAndRun(() => running(8080))
    Object.assign(env, over)
    const report = await plan()
    expect(report.inSync).toBe(false)
    expect(report.loadBalancers.map(({ error }) => error).join()).toContain(text)
  })

  test('says at once which nodes have no instance', async () => {
    stand.services([web()])
    env['SLB_VPC_ID'] = 'vpc-elsewhere'
    const { problems } = await plan()
    expect(problems.map(({ kind, subject }) => `${kind} ${subject}`)).toEqual(['node node-1', 'node node-2', 'node node-3'])
    expect(problems[0]?.text).toMatch(/^no instance found for 10\.\S+: ./)
  })

  test('fails where the engine is no manager: an empty swarm is not assumed', async () => {
    stand.services([web()])
    await planAndRun(() => running(8080))
    stand.engine.answer('/services', (_, response) => void response.writeHead(503).end('{"message":"no leader"}'))
    await expect(plan()).rejects.toThrow()
    expect(running(8080)).toBe(true)
  })
})

describe('a status without a daemon', () => {
  test('is a fresh reading that says so, with a reason for every port', async () => {
    stand.services([web(), swarmService('db', 30002, {})])
    const page = await status()
    expect(page).toMatchObject({ role: 'leader', leader: 'node-1', owner: 'me', reason: 'a fresh reading; no daemon was asked' })
    expect(page.ports).toMatchObject([
      { service: 'db', state: 'unexposed', reason: expect.stringContaining('add the label slb.port.80') },
      { service: 'web', state: 'pending', listener: 'http:8080', address: '127.0.0.1:8080' },
    ])
    expect(writes()).toBe(0)
  })
})
