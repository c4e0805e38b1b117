import { execFile } from 'node:child_process'
import { createServer } from 'node:net'
import { promisify } from 'node:util'
import { describe, expect, test, vi } from 'vitest'
import { createDataPlane } from '../../../src/simulator/dataplane/index.ts'
import { check, freshAddress, group, listener } from './builders.ts'
import { ask, asked, dial, httpBackend, pause, serve, tcpBackend, testPlane, udpBackend } from './support.ts'

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }

describe('a port that cannot be bound', () => {
  test('is a problem and one line in the log, is tried again, and serves as soon as it can', async () => {
    const backend = await httpBackend('a')
    const occupied = await serve('occupier', createServer())
    const { plane, lines } = testPlane({ rebindMs: 20 })
    const web = listener('http', group([backend]), { address: occupied.address, port: occupied.port })
    plane.sync([web])
    await vi.waitFor(() =>
      expect(plane.problems()).toEqual([expect.stringContaining(`lb-1 http:${web.port} on ${web.address}: listen EADDRINUSE`)]),
    )
    await pause(100)
    expect(lines.filter(({ level }) => level === 'error')).toHaveLength(1)
    await occupied.close()
    await vi.waitFor(() => expect(plane.problems()).toEqual([]))
    expect((await asked(web)).body).toBe('a')
  })

  test('holds up no other port, and is no problem any more when its listener is gone', async () => {
    const backend = await tcpBackend('a')
    const { plane } = testPlane()
    const [bad, good] = [listener('tcp', group([backend]), { address: '192.0.2.1' }), listener('tcp', group([backend]))]
    plane.sync([bad, good, listener('udp', group([backend]), { address: '192.0.2.1' })])
    await vi.waitFor(() => expect(plane.problems()).toHaveLength(2))
    const client = dial(good)
    await vi.waitFor(() => expect(client.text()).toBe('a:'))
    plane.sync([good])
    expect(plane.problems()).toEqual([])
  })

  test('does not hold up the end', async () => {
    const plane = createDataPlane({ log: silent, rebindMs: 60_000 })
    plane.sync([listener('tcp', group([]), { address: '192.0.2.1' })])
    await pause(800)
    const began = performance.now()
    await plane.close()
    expect(performance.now() - began).toBeLessThan(400)
  })

  test('of udp is bound once it is free', async () => {
    const occupied = await udpBackend('occupier')
    const { plane } = testPlane({ rebindMs: 20 })
    plane.sync([listener('udp', group([await udpBackend('a')]), { address: occupied.address, port: occupied.port })])
    await vi.waitFor(() => expect(plane.problems()).toHaveLength(1))
    await occupied.close()
    await vi.waitFor(() => expect(plane.problems()).toEqual([]))
  })
})

describe('a port', () => {
  test('changes its protocol within one sync', async () => {
    const backend = await httpBackend('a')
    const { plane, lines } = testPlane()
    const web = listener('http', group([backend]))
    plane.sync([web])
    expect((await asked(web)).headers).toMatchObject({ connection: 'close' })
    for (const protocol of ['tcp', 'http', 'tcp', 'http'] as const) {
      plane.sync([{ ...web, protocol }])
      await pause(20)
      expect((await asked(web)).body).toBe('a')
    }
    expect(lines).toEqual([])
  })

  test('opens and closes faster than its socket can, and ends as last described', async () => {
    const backend = await httpBackend('a')
    const { plane } = testPlane()
    const web = listener('http', group([backend]))
    for (let i = 0; i < 10; i += 1) {
      plane.sync([web])
      plane.sync([])
    }
    plane.sync([web])
    await vi.waitFor(async () => expect((await asked(web)).body).toBe('a'))
    expect(plane.problems()).toEqual([])
    plane.sync([web])
    plane.sync([])
    await pause(20)
    await expect(dial(web).ended).resolves.toBe('ECONNREFUSED')
  })

  test('can have a tcp and a udp listener side by side', async () => {
    const { plane } = testPlane()
    const dns = listener('tcp', group([await tcpBackend('a')]))
    plane.sync([dns, { ...dns, protocol: 'udp' }])
    await pause(20)
    expect(plane.problems()).toEqual([])
  })
})

describe('a data plane', () => {
  test('keeps connections through many syncs of many listeners', async () => {
    const backend = await tcpBackend('a')
    const address = freshAddress()
    const { plane } = testPlane()
    const described = () =>
      Array.from({ length: 200 }, (_, i) =>
        listener('tcp', group([{ ...backend }], { check: check({ intervalMs: 60_000 }) }), { address, port: 10_000 + i }),
      )
    plane.sync(described())
    await pause(20)
    const client = dial({ address, port: 10_199 })
    await vi.waitFor(() => expect(client.text()).toBe('a:'))
    for (let i = 0; i < 20; i += 1) plane.sync(described())
    client.socket.write('still')
    await vi.waitFor(() => expect(client.text()).toBe('a:still'))
    await vi.waitFor(() => expect(plane.health('lb-1').filter(({ state }) => state === 'normal')).toHaveLength(200))
  })

  test('cuts everything when it closes', async () => {
    const plane = createDataPlane({ log: silent })
    const web = listener('http', group([await httpBackend('h', () => undefined)]))
    const raw = listener('tcp', group([await tcpBackend('t')]))
    plane.sync([web, raw])
    await pause(20)
    const waiting = ask(web).catch((err: NodeJS.ErrnoException) => err.code)
    const client = dial(raw)
    await vi.waitFor(() => expect(client.text()).toBe('t:'))
    await plane.close()
    expect([await waiting, await client.ended]).toEqual(['ECONNRESET', 'reset'])
    expect(plane.health('lb-1')).toEqual([])
  })

  test('leaves nothing behind that would keep a process alive', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [new URL('./close.ts', import.meta.url).pathname], { timeout: 8_000 })
    expect(stdout).toBe('served, closed\n')
  })

  test('can be closed in the turn in which it was opened, and twice', async () => {
    const plane = createDataPlane({ log: silent })
    const backend = await tcpBackend('a')
    const web = listener('tcp', group([backend], { check: check() }))
    plane.sync([web, { ...web, protocol: 'udp' }, { ...web, port: 8081, protocol: 'http' }])
    await Promise.all([plane.close(), plane.close()])
    await expect(dial(web).ended).resolves.toBe('ECONNREFUSED')
  })
})
