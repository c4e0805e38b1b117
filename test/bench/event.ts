// With a real Docker Engine: from a service event, by the engine's own clock, to the arrival of the first call it leads to.
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { addSystemPaths } from '../../scripts/packages.ts'
import { connectEngine } from '../../src/swarm/client.ts'
import { startEngine, type TestEngine } from '../support/engine.ts'
import { type Figure, quantile, seconds } from './figures.ts'
import { openWorld, quiet, type World } from './world.ts'

export const EVENT_FIGURE = 'event to first API call'
const EVENTS = 30
const LISTENER = 8080
/** Labels of one service that change more than 10 times a minute count only now and then: the events are those of several. */
const SERVICES = 5
const nameOf = (index: number) => `web-${index}`

/** Epoch milliseconds of each event, as they come. */
async function follow(stream: Readable, times: number[]): Promise<void> {
  let rest = ''
  for await (const chunk of stream) {
    const lines = `${rest}${chunk}`.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines.filter((text) => text !== '')) times.push((JSON.parse(line) as { timeNano: number }).timeNano / 1e6)
  }
}

async function runAgainst(docker: TestEngine, world: World, stream: Readable): Promise<readonly number[]> {
  const { requests } = world.stand.simulator
  const events: number[] = []
  const following = follow(stream, events).catch(() => {})
  for (let index = 0; index < SERVICES; index += 1) {
    const labels = ['--label', `slb.port.80=tcp://:${LISTENER + index}`]
    const ports = ['--publish', `published=${30080 + index},target=80`]
    const create = ['service', 'create', '--detach', '--no-resolve-image', '--replicas', '0']
    await docker.docker(...create, '--name', nameOf(index), ...labels, ...ports, 'image')
  }
  world.start()
  for (let index = 0; index < SERVICES; index += 1) {
    while (world.stand.listener(LISTENER + index)?.status !== 'running') await sleep(20)
  }
  const waits: number[] = []
  for (let n = 0; n < EVENTS; n += 1) {
    await quiet(world.stand, 500)
    events.length = 0
    requests.reset()
    await docker.docker('service', 'update', '--detach', '--label-add', `slb.port.80.health-check-interval=${6 + n}`, nameOf(n % SERVICES))
    while (requests.counts().total === 0 || events.length === 0) await sleep(5)
    waits.push(Math.min(...requests.entries().map(({ time }) => time)) - Math.min(...events))
  }
  stream.destroy()
  await following
  return waits
}

async function withEngine(docker: TestEngine): Promise<readonly number[]> {
  await docker.swarmInit()
  const stop = new AbortController()
  const host = `unix://${docker.socket}`
  const state = { loadBalancers: [{ id: 'lb-1', address: '127.0.0.1' }], instances: [{ id: 'i-1', privateIp: docker.address }] }
  const world = await openWorld({ mode: { backends: 'default group', rates: 'off' }, state, env: { DOCKER_HOST: host } })
  try {
    return await runAgainst(docker, world, await connectEngine({ host }).events(stop.signal))
  } finally {
    stop.abort()
    await world.close()
  }
}

export async function measureEvents(): Promise<readonly Figure[]> {
  addSystemPaths()
  let docker: TestEngine
  try {
    docker = await startEngine()
  } catch (error) {
    const [why] = String(error instanceof Error ? error.message : error).split('\n')
    return [{ name: EVENT_FIGURE, value: `not measured, needs root and dockerd: ${why}`, aim: '' }]
  }
  try {
    const waits = await withEngine(docker)
    const value = `p50 ${seconds(quantile(waits, 0.5))}, p95 ${seconds(quantile(waits, 0.95))} (${EVENTS} events, real engine)`
    return [{ name: EVENT_FIGURE, value, aim: 'p95 <= 150 ms' }]
  } finally {
    await docker.stop()
  }
}
