import { setTimeout as sleep } from 'node:timers/promises'
import nock from 'nock'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Service } from '../../src/core/model.ts'
import { connectEngine, type Engine } from '../../src/swarm/client.ts'
import { checkWriter, createLease } from '../../src/swarm/leader.ts'
import { readSnapshot } from '../../src/swarm/read.ts'
import { type Watch, watchSwarm } from '../../src/swarm/watch.ts'
import { createTally } from '../../src/tally.ts'
import { startEngine, type TestEngine } from '../support/engine.ts'

nock.restore()

let docker: TestEngine
let engine: Engine
let watch: Watch
let running: Promise<void>
const stop = new AbortController()
const never = new AbortController().signal
const woken: string[] = []
let onEvent = () => {}

beforeAll(async () => {
  docker = await startEngine()
  engine = connectEngine({ host: `unix://${docker.socket}`, callTimeoutMs: 2000 })
  watch = watchSwarm({
    engine,
    onEvent: (kind) => {
      woken.push(kind)
      onEvent()
    },
    log: pino({ level: 'silent' }),
    tally: createTally(),
    now: () => performance.now(),
    backoff: { minMs: 50, maxMs: 500 },
  })
  running = watch.run(stop.signal)
})
afterAll(async () => {
  stop.abort()
  await running
  await docker.stop()
})

const read = () => readSnapshot(engine, never)
const find = async (name: string) => (await read()).services.find((service) => service.name === name)
const create = (name: string, ...args: readonly string[]) =>
  docker.docker('service', 'create', '--detach', '--no-resolve-image', '--replicas', '0', '--name', name, ...args, 'image')
const update = (name: string, ...args: readonly string[]) => docker.docker('service', 'update', '--detach', ...args, name)
const numbers = (service: Service | undefined) => service?.ports.map(({ target, published }) => `${published}->${target}`).sort()

/** Runs the command and waits until an event of that kind came in. */
async function wakes(kind: 'service' | 'node', command: () => Promise<unknown>) {
  woken.length = 0
  await command()
  await expect.poll(() => woken).toContain(kind)
}

describe('a real engine', () => {
  test('outside a swarm gives no snapshot, but a stream, which goes on when it becomes a manager', async () => {
    await watch.opened
    await expect(read()).rejects.toMatchObject({ reason: 'notInSwarm' })
    const { openedAt } = watch.state()
    await wakes('node', () => docker.swarmInit())
    expect(watch.state().openedAt).toBe(openedAt)
  })

  test('that leads alone gives a snapshot of itself', async () => {
    const { nodes, ...rest } = await read()
    expect(rest).toEqual({
      clusterId: expect.any(String),
      nodeId: nodes[0]?.id,
      isLeader: true,
      services: [],
      tasks: { status: 'notAsked' },
      own: { status: 'notAsked' },
    })
    expect(nodes).toEqual([
      expect.objectContaining({ address: docker.address, role: 'manager', leader: true, availability: 'active', state: 'ready' }),
    ])
  })

  test('allocates port 30000 for a port without a number', async () => {
    await wakes('service', () =>
      create('web', '--publish', '80', '--label', 'slb.port.80=http://:8080', '--container-label', 'slb.enable=false'),
    )
    await expect.poll(async () => (await find('web'))?.settled).toBe(true)
    expect(await find('web')).toMatchObject({
      labels: { 'slb.port.80': 'http://:8080' },
      containerLabels: { 'slb.enable': 'false' },
      ports: [{ target: 80, published: 30000, transport: 'tcp', mode: 'ingress' }],
    })
  })

  test('never shows old ports of a service as settled, read at the very moment of the event', async () => {
    const seen: Promise<Service | undefined>[] = []
    onEvent = () => void seen.push(find('web'))
    // Swarm gives the port without a number another one with each change of the list.
    const targets = (service: Service | undefined) => service?.ports.map(({ target }) => target).sort()
    const wanted = [80]
    for (let port = 9100; port < 9110; port += 1) {
      seen.length = 0
      wanted.push(port)
      await wakes('service', () => update('web', '--publish-add', `${port}:${port}`))
      for (const service of await Promise.all(seen)) {
        if (service?.settled) expect(targets(service)).toEqual(wanted.toSorted())
      }
      await expect.poll(async () => targets(await find('web'))).toEqual(wanted.toSorted())
    }
    onEvent = () => {}
    expect((await find('web'))?.settled).toBe(true)
  })

  test('shows every kind of port as the core expects it', async () => {
    const ports = ['53:53/udp', '99:99/sctp', 'mode=host,target=9,published=9009', 'mode=host,target=10']
    await wakes('service', () => create('odd', ...ports.flatMap((port) => ['--publish', port])))
    await expect.poll(async () => (await find('odd'))?.settled).toBe(true)
    expect((await find('odd'))?.ports).toEqual(
      expect.arrayContaining([
        { target: 53, published: 53, transport: 'udp', mode: 'ingress' },
        { target: 99, published: 99, transport: 'sctp', mode: 'ingress' },
        { target: 9, published: 9009, transport: 'tcp', mode: 'host' },
        { target: 10, published: undefined, transport: 'tcp', mode: 'host' },
      ]),
    )
  })

  test.each([
    ['whose last port is removed', ['--publish', '81:80'], ['--publish-rm', '80'], []],
    ['whose port changes its number', ['--publish', '82:80'], ['--publish-rm', '80', '--publish-add', '83:80'], ['83->80']],
    [
      'without a virtual address, with a host port',
      ['--endpoint-mode', 'dnsrr', '--publish', 'mode=host,target=7,published=70'],
      ['--label-add', 'a=b'],
      ['70->7'],
    ],
    ['without ports', [], ['--label-add', 'a=b'], []],
  ])('settles a service %s', async (name, first, then, expected) => {
    const service = name.replaceAll(/\W/g, '-')
    await create(service, ...first)
    await wakes('service', () => update(service, ...then))
    await expect.poll(async () => (await find(service))?.settled).toBe(true)
    expect(numbers(await find(service))).toEqual(expected)
  })

  test('tells of labels and of a drained node', async () => {
    const { nodeId } = await read()
    await wakes('service', () => update('web', '--label-add', 'slb.enable=false'))
    expect((await find('web'))?.labels).toMatchObject({ 'slb.enable': 'false' })
    await wakes('node', () => docker.docker('node', 'update', '--availability', 'drain', '--label-add', 'slb.weight=7', nodeId))
    expect((await read()).nodes).toEqual([expect.objectContaining({ availability: 'drain', labels: { 'slb.weight': '7' } })])
    await wakes('service', () => docker.docker('service', 'rm', 'web'))
    expect(await find('web')).toBeUndefined()
  })

  test('that is frozen runs into the deadline, and the lease is not held', async () => {
    const { nodeId } = await read()
    const lease = createLease({
      check: (signal) => checkWriter(engine, { mode: 'auto', own: undefined }, nodeId, signal),
      maxAgeMs: 100,
      timeoutMs: 300,
      now: () => performance.now(),
    })
    lease.grant()
    expect(await lease.held()).toBe(true)
    docker.freeze()
    await sleep(100)
    expect(await lease.held()).toBe(false)
    await expect(read()).rejects.toMatchObject({ reason: 'engine', cause: { kind: 'timeout' } })
    docker.thaw()
    await expect.poll(() => lease.held()).toBe(true)
  })

  test('that is restarted gets a new stream, which wakes and goes on', async () => {
    const { openedAt } = watch.state()
    const { services } = await read()
    woken.length = 0
    await docker.restart()
    await expect.poll(() => woken, { timeout: 20_000 }).toEqual(expect.arrayContaining(['service', 'node']))
    expect(watch.state().openedAt).toBeGreaterThan(openedAt ?? 0)
    await expect.poll(() => read().catch(String), { timeout: 20_000 }).toMatchObject({ services })
    await wakes('service', () => create('late'))
  })

  test('that leaves the swarm gives no snapshot any more', async () => {
    await docker.docker('swarm', 'leave', '--force')
    await expect(read()).rejects.toMatchObject({ reason: 'notInSwarm' })
  })
})
