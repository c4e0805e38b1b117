// Passes of the daemon that end badly: what is told, and that everything stays as it is.
import { afterEach, describe, expect, test } from 'vitest'
import { createBoard } from '../src/board.ts'
import { readConfig } from '../src/config.ts'
import { createDaemon } from '../src/daemon.ts'
import { createLog } from '../src/log.ts'
import type { Loop } from '../src/loop.ts'
import type { Instances } from '../src/providers/aliyun/instances.ts'
import type { Provider } from '../src/providers/provider.ts'
import { connectEngine } from '../src/swarm/client.ts'
import { createLease } from '../src/swarm/leader.ts'
import { balancer, listener, toDefault } from './support/build.ts'
import { infoJson, serviceJson } from './support/engine-json.ts'
import { type EngineState, type FakeEngine, fixture, startFakeEngine } from './support/fake-engine.ts'
import { managerNodes, slbTask } from './support/managers.ts'
import { callError, memoryProvider } from './support/memory-provider.ts'
import { NO_CERTIFICATES } from './support/region.ts'

const ENV = {
  ALIBABA_CLOUD_ACCESS_KEY_ID: 'testid',
  ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'testsecret',
  ALIBABA_CLOUD_REGION_ID: 'cn-hangzhou',
  SLB_ID: 'lb-1',
}

let engine: FakeEngine | undefined
afterEach(() => engine?.close())

type Options = {
  readonly provider?: Provider
  readonly env?: Readonly<Record<string, string>>
  readonly swarm?: Partial<EngineState>
}

async function daemonOf(lookup: Instances['lookup'], { provider = memoryProvider([]), env = {}, swarm = {} }: Options = {}) {
  engine = await startFakeEngine(swarm)
  const clock = { now: Date.now() }
  const now = () => clock.now
  const logged: { level: string; message: string; err?: string }[] = []
  const log = await createLog({
    level: 'debug',
    format: 'json',
    colour: false,
    secrets: [],
    write: (line) => logged.push(JSON.parse(line)),
  })
  const never = new AbortController().signal
  const board = createBoard({ version: '0', now, aliveMs: 1000 })
  const at: number[] = []
  const loop: Loop = { wake: () => {}, at: (time) => void (time === undefined || at.push(time)), run: async () => {} }
  const daemon = createDaemon({
    config: readConfig({ env: { ...ENV, ...env, DOCKER_HOST: engine.host }, flags: {} }),
    engine: connectEngine({ host: engine.host }),
    cloud: { provider, instances: { lookup, forget: () => {} }, certificates: NO_CERTIFICATES, close: () => {} },
    lease: createLease({ check: async () => true, now: Date.now }),
    watch: {
      opened: Promise.resolve(),
      run: async () => {},
      state: () => ({ openSince: undefined, events: [] }),
      missed: () => {},
    } as never,
    board,
    log,
    now,
    stop: never,
    giveUp: never,
    leaderWaitMs: 0,
  })
  const pass = async (resync = true) => {
    await daemon.pass(loop, { resync })
    await daemon.idle()
  }
  return { daemon, pass, clock, logged, board, at, engine }
}

test('a fault of ours is told once, with the place where it happened, and tried again', async () => {
  const { pass, logged, board, at } = await daemonOf(() => Promise.reject(new TypeError('no such thing')))
  await pass()
  await pass()
  const told = logged.filter(({ message }) => message.startsWith('unexpected error'))
  expect(told).toMatchObject([{ level: 'error', err: expect.stringMatching(/TypeError: no such thing\n\s+at .*daemon\.test/) }])
  expect(board.page()).toMatchObject({ role: 'unready', reason: 'no such thing' })
  expect(at.length).toBeGreaterThan(0)
})

test('a swarm that cannot be read is told in one line', async () => {
  const { pass, logged, engine: swarm } = await daemonOf(() => Promise.reject(new Error('not reached')))
  swarm.answer('/services', (_, response) => void response.writeHead(500).end('{"message":"no"}'))
  await pass()
  expect(logged.filter(({ level }) => level === 'error')).toEqual([])
  expect(logged.find(({ message }) => message.startsWith('swarm is not ready'))?.err).not.toContain('\n')
})

test('an approval right after leadership was lost is refused: the next look would forget it', async () => {
  const owner = fixture<{ Swarm: { Cluster: { ID: string } } }>('info').Swarm.Cluster.ID
  const name = owner.slice(0, 10)
  const listeners = [8080, 8081].map((port) => listener('tcp', port, toDefault(port), `swarm-slb/${name}/gone/${port}-tcp`))
  const provider = memoryProvider([balancer({ tags: { [`swarm-slb:${name}`]: owner }, listeners })])
  const { daemon, pass, clock, engine: swarm } = await daemonOf(async () => new Map(), { provider })
  swarm.state.services = []
  const begun = clock.now
  for (const ahead of [0, 11 * 60_000, 11 * 60_000]) {
    clock.now = begun + ahead
    await pass()
  }
  daemon.lost(false)
  expect(daemon.approve(undefined)).toMatchObject({ approved: [], error: expect.stringContaining('may not write at the moment') })
  await pass()
  expect(daemon.approve(undefined)).toMatchObject({ approved: [{ key: 'tcp:8080' }, { key: 'tcp:8081' }], error: '' })
})

test('a name that leads to a load balancer without our tag, while another one carries it, is a problem', async () => {
  const owner = fixture<{ Swarm: { Cluster: { ID: string } } }>('info').Swarm.Cluster.ID
  const tags = { [`swarm-slb:${owner.slice(0, 10)}`]: owner }
  const memory = memoryProvider([balancer({ id: 'lb-old', name: 'old', tags }), balancer({ id: 'lb-new', name: 'front', tags: {} })])
  const provider: Provider = {
    ...memory,
    resolve: async (refs) => new Map(refs.map((ref) => [ref, { status: 'found', id: ref === 'front' ? 'lb-new' : ref, name: ref }])),
  }
  const { pass, board } = await daemonOf(async () => new Map(), { provider, env: { SLB_ID: 'front,lb-old' } })
  const told = () => board.page().problems.filter(({ text }) => text.includes('is it still the right one'))
  for (let tries = 0; tries < 50 && told().length === 0; tries++) {
    await pass()
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  expect(told()).toMatchObject([{ kind: 'loadBalancer', subject: 'front', text: expect.stringContaining('lb-new') }])
})

describe('a load balancer that is named, and cannot be looked up,', () => {
  const deaf: Provider = { ...memoryProvider([]), resolve: () => Promise.reject(callError('unknown', 'NoEgress')) }
  const own = { SLB_ID: 'front', SLB_SERVICE_ID: 'slb', SLB_TASK_ID: 'taska', SLB_NODE_ID: 'a' }
  const managers = (state: 'running' | 'starting' = 'running') => ({
    info: infoJson({ nodeId: 'a' }),
    nodes: managerNodes(['a', 'b'], 'a'),
    services: [serviceJson({ id: 'slb', name: 'slb' })],
    tasks: [slbTask('a', { state }), slbTask('b')],
  })

  test('makes no pass a success, and the writer of no use: it makes way after a minute', async () => {
    const { pass, board, clock } = await daemonOf(async () => new Map(), { provider: deaf, env: own, swarm: managers() })
    await pass()
    expect(board.page()).toMatchObject({ role: 'leader', lastPass: { ok: false } })
    expect(board.page().lastSuccess).toBeUndefined()
    expect(board.page().readyToLead).toEqual({ ok: false, reason: expect.stringContaining('NoEgress') })
    await pass()
    expect(board.page().makesWay).toBe('')
    clock.now += 60_000
    await pass()
    expect(board.page().makesWay).toContain('NoEgress')
  })

  test('keeps a task that starts from being healthy, and one that is not there does not: the cloud has answered', async () => {
    const start = { env: own, swarm: managers('starting') }
    const blind = await daemonOf(async () => new Map(), { provider: deaf, ...start })
    expect(blind.board.page().makesWay).toBeUndefined()
    await blind.pass()
    await blind.pass()
    expect(blind.board.page().makesWay).toContain('NoEgress')
    await engine?.close()
    const nowhere: Provider = { ...deaf, resolve: async () => new Map([['front', { status: 'problem', text: 'no such name' }]]) }
    const sees = await daemonOf(async () => new Map(), { provider: nowhere, ...start })
    await sees.pass()
    await sees.pass()
    expect(sees.board.page()).toMatchObject({ makesWay: '', lastPass: { ok: true }, readyToLead: { ok: true } })
    expect(sees.board.page().problems.map(({ text }) => text)).toContain('no such name')
  })
})

test('no pass counts as a success before its load balancers were read', async () => {
  const gate = Promise.withResolvers<void>()
  const { pass, board } = await daemonOf(async () => new Map(), { provider: memoryProvider([balancer()], { opens: () => gate.promise }) })
  const passed = pass()
  await expect.poll(() => board.page().role).toBe('leader')
  await expect.poll(() => board.page().readyToLead).toEqual({ ok: false, reason: 'no load balancer has been read yet' })
  expect(board.page().lastPass).toBeUndefined()
  gate.resolve()
  await passed
  expect(board.page()).toMatchObject({ lastPass: { ok: true }, readyToLead: { ok: true } })
})

test('a load balancer that failed and then lost the tag that allows it is no failure any more', async () => {
  const opens = (id: string) => {
    if (id === 'lb-2') throw callError('failed', 'Forbidden')
  }
  const provider = memoryProvider([balancer(), balancer({ id: 'lb-2', name: 'back', tags: { team: 'web' } })], { opens })
  const { pass, board, clock } = await daemonOf(async () => new Map(), { provider, env: { SLB_ALLOW: 'team=web' } })
  await pass()
  expect(board.page()).toMatchObject({ lastPass: { ok: false }, readyToLead: { ok: false } })
  provider.edit((lb) => ({ ...lb, tags: {} }), 'lb-2')
  clock.now += 60_000
  await pass()
  expect(board.page()).toMatchObject({ lastPass: { ok: true }, readyToLead: { ok: true } })
})

test('a standby whose load balancers cannot be read looks again every minute, and no more seldom the longer that lasts', async () => {
  const looks: number[] = []
  const opens = () => {
    looks.push(clock.now)
    throw callError('failed', 'Forbidden.RAM')
  }
  const swarm = { info: infoJson({ nodeId: 'a' }), nodes: managerNodes(['a', 'b'], 'b'), services: [] }
  const { pass, clock } = await daemonOf(async () => new Map(), { provider: memoryProvider([balancer()], { opens }), swarm })
  await pass()
  for (const end = clock.now + 8 * 60_000; clock.now < end; clock.now += 10_000) await pass(false)
  const gaps = looks.slice(1).map((at, index) => at - (looks[index] ?? 0))
  expect(Math.max(...gaps)).toBe(60_000)
})
