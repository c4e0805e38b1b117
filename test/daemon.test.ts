// Passes of the daemon that end badly: what is told, and that everything stays as it is.
import { afterEach, expect, test } from 'vitest'
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
import { type FakeEngine, fixture, startFakeEngine } from './support/fake-engine.ts'
import { memoryProvider } from './support/memory-provider.ts'
import { NO_CERTIFICATES } from './support/region.ts'

const ENV = {
  ALIBABA_CLOUD_ACCESS_KEY_ID: 'testid',
  ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'testsecret',
  ALIBABA_CLOUD_REGION_ID: 'cn-hangzhou',
  SLB_ID: 'lb-1',
}

let engine: FakeEngine | undefined
afterEach(() => engine?.close())

type Options = { readonly provider?: Provider; readonly env?: Readonly<Record<string, string>> }

async function daemonOf(lookup: Instances['lookup'], { provider = memoryProvider([]), env = {} }: Options = {}) {
  engine = await startFakeEngine()
  const logged: { level: string; message: string; err?: string }[] = []
  const log = await createLog({
    level: 'debug',
    format: 'json',
    colour: false,
    secrets: [],
    write: (line) => logged.push(JSON.parse(line)),
  })
  const never = new AbortController().signal
  const board = createBoard({ version: '0', now: Date.now, aliveMs: 1000 })
  const at: number[] = []
  const clock = { ahead: 0 }
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
    now: () => Date.now() + clock.ahead,
    stop: never,
    giveUp: never,
    leaderWaitMs: 0,
  })
  return { daemon, pass: () => daemon.pass(loop, { resync: true }), logged, board, at, engine, clock }
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
  for (const ahead of [0, 11 * 60_000, 11 * 60_000]) {
    clock.ahead = ahead
    await pass()
    await daemon.idle()
  }
  daemon.lost()
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
