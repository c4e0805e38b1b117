// Who we are to the cloud, and when: sessions that end, keys that are replaced on disk, a metadata service that is away, clocks that are off.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, type TestContext, test } from 'vitest'
import { swarmService, until } from '../support/stand.ts'
import { expose, openScene, type Scene, wait } from './scene.ts'

const web = (name: string, port: number) => swarmService(name, port + 20_000, { 'slb.port.80': `http://:${port}` })
const NO_KEYS = { ALIBABA_CLOUD_ACCESS_KEY_ID: '', ALIBABA_CLOUD_ACCESS_KEY_SECRET: '' }

/** Keeps what is programmed while `reason` is told, then goes on by itself. */
async function outlives(scene: Scene, reason: RegExp, truth: () => Promise<void> | void): Promise<void> {
  const before = scene.programmed()
  scene.stand.services([web('web', 8080), web('late', 8090)])
  await scene.told(reason)
  expect(scene.programmed()).toBe(before)
  await truth()
  await until('it goes on', () => scene.running(8090), 30_000)
}

describe.concurrent('the session of the instance role', { timeout: 60_000 }, () => {
  test('that ends in the middle of a plan is renewed within the call, and nothing is done twice', async (context) => {
    const settings = { metadata: { credentialSeconds: 1 }, slowActions: { CreateLoadBalancerHTTPListener: 400 } }
    const scene = await openScene(context, { env: NO_KEYS, simulator: { settings } })
    const services = Array.from({ length: 8 }, (_, index) => web(`s${index}`, 8000 + index))
    const ports = services.map((_, index) => 8000 + index)
    await expose(scene, services, ports)
    const refused = scene.stand.simulator.requests.entries().filter(({ code }) => code === 'InvalidSecurityToken.Expired')
    expect(refused.length).toBeGreaterThan(0)
    expect(
      scene.stand
        .lb()
        .listeners.map(({ port }) => port)
        .toSorted(),
    ).toEqual(ports)
    expect(scene.stand.logged.filter((line) => line.includes('change failed'))).toEqual([])
  })

  test('that cannot be had any more, because the role was taken away, stops writing and says so', async (context) => {
    const scene = await openScene(context, { env: NO_KEYS, simulator: { settings: { metadata: { credentialSeconds: 1 } } } })
    await expose(scene, [web('web', 8080)], [8080])
    const { role } = scene.stand.simulator.settings.metadata
    scene.stand.simulator.settings.metadata.role = ''
    await wait(1100)
    await outlives(scene, /no credentials from instanceRole/, () => {
      scene.stand.simulator.settings.metadata.role = role
    })
  })
})

describe.concurrent('keys in files', { timeout: 60_000 }, () => {
  test('that are replaced on disk are used at the next call, and the old ones may be gone at once', async (context) => {
    const keys: Record<string, string> = { 'first-id': 'first-secret' }
    const files = { id: '', secret: '' }
    const scene = await openScene(context, {
      simulator: { accessKeys: keys },
      env: NO_KEYS,
      late: (directory) => {
        files.id = join(directory, 'id')
        files.secret = join(directory, 'secret')
        return { ALIBABA_CLOUD_ACCESS_KEY_ID_FILE: files.id, ALIBABA_CLOUD_ACCESS_KEY_SECRET_FILE: files.secret }
      },
    })
    const put = async (id: string, secret: string) => {
      await writeFile(files.secret, `${secret}\n`)
      await writeFile(files.id, `${id}\n`)
    }
    await put('first-id', 'first-secret')
    await expose(scene, [web('web', 8080)], [8080])
    delete keys['first-id']
    keys['second-id'] = 'second-secret'
    await outlives(scene, /InvalidAccessKeyId.NotFound/, () => put('second-id', 'second-secret'))
    expect(scene.stand.logged.join('')).not.toMatch(/first-secret|second-secret/)
  })
})

/** The metadata service with a door that can be shut. */
async function metadataDoor({ onTestFinished }: TestContext, truth: () => string) {
  let open = false
  const server = createServer((request, response) => {
    if (!open) return void request.socket.destroy()
    const { method = 'GET', headers } = request
    const passed = send(new URL(request.url ?? '/', truth()), { method, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 500)
      answer.pipe(response)
    })
    request.pipe(passed)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve()).closeAllConnections()))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    open() {
      open = true
    },
  }
}

test('a metadata service that is away at boot keeps nothing from starting: it is told, and asked again', {
  timeout: 60_000,
}, async (context) => {
  let truth = ''
  const door = await metadataDoor(context, () => truth)
  const scene = await openScene(context, { env: { ...NO_KEYS, METADATA_ENDPOINT: door.url } })
  truth = scene.stand.simulator.metadataUrl
  scene.stand.services([web('web', 8080)])
  // Waits of half a minute pass in three seconds.
  scene.stand.start({ speed: 10 })
  await scene.told(/no credentials from instanceRole: instance metadata/)
  expect((await scene.page()).role).toBe('leader')
  expect(scene.writes()).toBe(0)
  door.open()
  await until('the listener runs', () => scene.running(8080), 45_000)
})

/** The daemon in a process of its own, whose clock is off until it is told that it was set. */
async function startAside(scene: Scene, { onTestFinished }: TestContext, skewMs: number) {
  const run = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
  const clock = new URL('skewed-clock.ts', import.meta.url).href
  const child = spawn(process.execPath, ['--import', clock, run, 'run'], {
    env: { PATH: process.env['PATH'], ...scene.stand.env, SKEW_MS: String(skewMs), LOG_LEVEL: 'error' },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  onTestFinished(async () => {
    if (child.exitCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  return child
}

describe.concurrent('a clock that is off', { timeout: 60_000 }, () => {
  // The cloud's clock off by as much the other way looks the same: only the difference is ever seen.
  test.for([-10, 10])('by %i minutes against the cloud is no harm, with sessions that end and without', async (minutes, context) => {
    const scene = await openScene(context, { env: NO_KEYS, simulator: { settings: { metadata: { credentialSeconds: 2 } } } })
    scene.stand.services([web('web', 8080)])
    await startAside(scene, context, minutes * 60_000)
    await until('the listener runs', () => scene.running(8080), 30_000)
    await wait(2500)
    scene.stand.services([web('web', 8080), web('late', 8090)])
    await until('it goes on', () => scene.running(8090), 30_000)
  })

  test('by 20 minutes is told, nothing is written, and when it is set all goes on', async (context) => {
    const scene = await openScene(context)
    scene.stand.services([web('web', 8080)])
    const child = await startAside(scene, context, 20 * 60_000)
    await wait(1500)
    await scene.told(/clock is more than 15 minutes off/)
    expect(scene.writes()).toBe(0)
    child.kill('SIGUSR2')
    await until('the listener runs', () => scene.running(8080), 45_000)
  })
})
