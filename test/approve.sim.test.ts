// Deletes that the guard holds: over all load balancers together, shown to people, and released by them over the socket.
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Tuning } from '../src/app.ts'
import type { StatusPage } from '../src/board.ts'
import { ask } from '../src/http/client.ts'
import { run } from './commands/terminal.ts'
import { nodeJson } from './support/engine-json.ts'
import { type Stand, startStand, swarmNodes, swarmService, until } from './support/stand.ts'

let stand: Stand
let directory: string
const socket = () => join(directory, 'slb.sock')

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'swarm-slb-'))
  await begin()
})
afterEach(async () => {
  await stand.close()
  rmSync(directory, { recursive: true, force: true })
})

async function begin(env: Readonly<Record<string, string>> = {}): Promise<void> {
  stand = await startStand({
    env: { SLB_ID: 'lb-1,lb-2', SLB_SOCKET: socket(), ...env },
    state: {
      loadBalancers: [
        { id: 'lb-1', name: 'front', address: '127.0.0.1' },
        { id: 'lb-2', name: 'back', address: '127.0.0.2' },
      ],
    },
  })
}
const anew = async (env: Readonly<Record<string, string>>) => {
  await stand.close()
  await begin(env)
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const MANY = 12
/** Many: half of them on each load balancer. A few: all on the first. */
const services = (from: number, to: number, count = MANY) =>
  Array.from({ length: count }, (_, i) => {
    const lb = count === MANY && i >= count / 2 ? 'lb-2' : 'lb-1'
    return swarmService(`s${i}`, 31_000 + i, { 'slb.port.80': `tcp://${lb}:${9000 + i}` })
  }).slice(from, to)
const listeners = () => stand.simulator.state.loadBalancers.flatMap((lb) => lb.listeners.map(({ port }) => port)).sort()
const allRun = () => stand.simulator.state.loadBalancers.every((lb) => lb.listeners.every(({ status }) => status === 'running'))
const page = async (): Promise<StatusPage> =>
  JSON.parse((await ask({ socketPath: socket() }, { path: '/status.json', timeoutMs: 5000 })).text)
const post = async (body: object) => {
  const { status, text } = await ask({ socketPath: socket() }, { method: 'POST', path: '/approve', body, timeoutMs: 5000 })
  return { status, ...JSON.parse(text) }
}
const approve = (...args: string[]) => run(['approve', ...args], { env: { SLB_SOCKET: socket() } })
const heldCount = async () => (await page()).held.deletes.length
async function untilHeld(count: number): Promise<void> {
  for (let tries = 0; tries < 400; tries += 1) {
    if ((await heldCount()) === count) return
    await pause(10)
  }
  throw new Error(`not ${count} held deletes, but ${await heldCount()}`)
}

async function exposeAll(count = MANY, tuning: Tuning = {}): Promise<void> {
  stand.services(services(0, count, count))
  stand.start(tuning)
  await until('all run', () => listeners().length === count && allRun(), 10_000)
}

async function standBy(): Promise<void> {
  stand.nodes([
    nodeJson({ id: 'node-1', address: '10.9.0.1', managerAddress: '10.9.0.1:2377' }),
    nodeJson({ id: 'node-2', address: '10.9.0.2', managerAddress: '10.9.0.2:2377', leader: true }),
    nodeJson({ id: 'node-3', address: '10.9.0.3' }),
  ])
  await until('it is a standby', () => stand.logged.some((line) => line.includes('"role":"standby"')))
}

describe('the guard', () => {
  test('counts the deletes of both load balancers together', async () => {
    await exposeAll()
    stand.services([...services(0, 1), ...services(6, 7)])
    await until('the free ones are deleted', () => listeners().length === 7)
    await untilHeld(5)
    await pause(300)
    expect(listeners()).toHaveLength(7)
    const { held, ports } = await page()
    expect(held.reason).toBe('more deletes than are free at a time')
    expect(new Set(held.deletes.map(({ loadBalancer }) => loadBalancer)).size).toBeGreaterThan(0)
    expect(ports.filter(({ state }) => state === 'held')).toHaveLength(5)
  })

  test('lets go of the rest by itself after the release time, and holds nothing then', async () => {
    await anew({ SLB_GUARD_RELEASE: '700ms' })
    await exposeAll()
    stand.services([...services(0, 1), ...services(6, 7)])
    await untilHeld(5)
    await until('the held ones are released', () => listeners().length === 2, 8000)
    await untilHeld(0)
  })

  test('a wish that comes back is held no more', async () => {
    await exposeAll()
    stand.services([...services(0, 1), ...services(6, 7)])
    await untilHeld(5)
    const kept = listeners()
    stand.services(services(0, 12).filter((_, i) => kept.includes(9000 + i)))
    await untilHeld(0)
    expect(listeners()).toEqual(kept)
  })

  test('never lets the last ones go by themselves', async () => {
    await anew({ SLB_GUARD_RELEASE: '100ms' })
    await exposeAll(4)
    stand.services([])
    await untilHeld(4)
    await pause(500)
    expect(listeners()).toHaveLength(4)
    expect((await page()).held.reason).toBe('no service wants any of the 4 listeners any more')
  })
})

test('a swarm that lost all its services keeps its listeners on every load balancer', async () => {
  await exposeAll()
  stand.services([])
  await untilHeld(MANY)
  await pause(300)
  expect(listeners()).toHaveLength(MANY)
})

describe('approve', () => {
  test('without --yes shows what is held and releases nothing', async () => {
    await exposeAll(2)
    stand.services([])
    await untilHeld(2)
    const { code, out } = await approve()
    expect(code).toBe(0)
    expect(out).toContain('delete tcp:9000 on front, of service s0')
    expect(out).toContain('delete tcp:9001 on front, of service s1')
    expect(out).toContain('Nothing was released.')
    await pause(200)
    expect(listeners()).toEqual([9000, 9001])
  })

  test('with --yes releases exactly these, on all load balancers and at once', async () => {
    await exposeAll()
    stand.services([...services(0, 1), ...services(6, 7)])
    await untilHeld(5)
    expect(await approve('--yes')).toMatchObject({ code: 0, out: expect.stringContaining('Released: 5 of 5.') })
    await until('all five are gone', () => listeners().length === 2)
    await untilHeld(0)
    expect(stand.logged.filter((line) => line.includes('held deletes approved'))).toHaveLength(1)
  })

  test('releases even the last ones', async () => {
    await exposeAll(2)
    stand.services([])
    await untilHeld(2)
    const { hash } = (await page()).held
    expect(await post({ hash })).toMatchObject({ status: 200, error: '', approved: [{ service: 's0' }, { service: 's1' }] })
    await until('both are gone', () => listeners().length === 0)
  })

  test('of what was shown is refused once it has changed, and nothing goes', async () => {
    await exposeAll()
    stand.services([...services(0, 1), ...services(6, 7)])
    await untilHeld(5)
    const shown = (await page()).held
    const [first] = shown.deletes
    stand.services([...services(0, 1), ...services(6, 7), ...services(0, 12).filter((_, i) => first?.service === `s${i}`)])
    await untilHeld(4)
    expect(await post({ hash: shown.hash })).toMatchObject({
      status: 409,
      approved: [],
      error: 'what is held has changed since it was shown',
    })
    const { code, err } = await approve(shown.hash, '--yes')
    expect([code, err]).toEqual([1, expect.stringContaining('have changed since they were shown')])
    await pause(200)
    expect(listeners()).toHaveLength(7)
  })

  test('is for the service that was shown: the next one on that listener is held again', async () => {
    await exposeAll(2)
    stand.services([])
    await untilHeld(2)
    await post({})
    await until('both are gone', () => listeners().length === 0)
    stand.services([
      swarmService('other', 31_500, { 'slb.port.80': 'tcp://lb-1:9000' }),
      swarmService('more', 31_501, { 'slb.port.80': 'tcp://lb-1:9001' }),
    ])
    await until('others have the listeners', () => listeners().length === 2 && allRun())
    stand.services([])
    await untilHeld(2)
    await pause(200)
    expect(listeners()).toEqual([9000, 9001])
  })

  test('with nothing held says so', async () => {
    await exposeAll(2)
    expect(await approve('--yes')).toMatchObject({ code: 0, out: 'Nothing is held.\n' })
    expect(await post({})).toMatchObject({ status: 409, error: 'nothing is held' })
  })

  test('on a standby names the leader and ends with 1', async () => {
    await exposeAll(2)
    stand.services([])
    await untilHeld(2)
    await standBy()
    expect(await approve('--yes')).toMatchObject({ code: 1, err: expect.stringContaining('this node is a standby: run it on node-2') })
    expect(await post({})).toMatchObject({ status: 409, approved: [], error: 'this manager does not lead; ask node-2' })
    await pause(200)
    expect(listeners()).toHaveLength(2)
  })

  test('of a new leader is refused until it may write, and then releases what it says', async () => {
    await exposeAll(2, { leaderWaitMs: 2500 })
    stand.services([])
    await untilHeld(2)
    await standBy()
    stand.nodes(swarmNodes(3))
    await until('it leads again', () => stand.logged.filter((line) => line.includes('"role":"leader"')).length === 2)
    await untilHeld(2)
    const early = await approve('--yes')
    expect(early).toMatchObject({ code: 1, err: expect.stringMatching(/writes begin in \d+ s/) })
    expect(early.out).not.toContain('Released')
    expect(await post({})).toMatchObject({ status: 409, approved: [], error: expect.stringMatching(/^writes begin in \d+ s/) })
    while ((await page()).reason !== '') await pause(50)
    expect(listeners()).toHaveLength(2)
    expect(await approve('--yes')).toMatchObject({ code: 0, out: expect.stringContaining('Released: 2 of 2.') })
    await until('both are gone', () => listeners().length === 0)
  })

  test('of a dry run is refused: nothing would come of it', async () => {
    await exposeAll(2)
    await stand.stop()
    const env = { SLB_ID: 'lb-1,lb-2', SLB_SOCKET: socket(), SLB_DRY_RUN: 'true' }
    const dry = await startStand({ env, sharing: stand.simulator })
    try {
      dry.services(services(0, 2, 2))
      dry.start()
      await until('it listens', () => existsSync(socket()))
      while ((await page()).ports.filter(({ state }) => state === 'exposed').length < 2) await pause(20)
      dry.services([])
      await untilHeld(2)
      expect(await approve('--yes')).toMatchObject({ code: 1, err: expect.stringContaining('dry run') })
    } finally {
      await dry.close()
    }
  })

  test('where no daemon answers ends with 1', async () => {
    const { code, err } = await approve()
    expect(code).toBe(1)
    expect(err).toContain('no daemon answers')
  })
})
