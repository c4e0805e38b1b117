import { describe, expect, test, vi } from 'vitest'
import { freshAddress, group, listener, weigh } from './builders.ts'
import { deadBackend, dial, pause, tcpBackend, testPlane } from './support.ts'

const named = async (at: { readonly address: string; readonly port: number }, from?: string) => {
  const client = dial(at, from)
  await vi.waitFor(() => expect(client.text()).toMatch(/:$/))
  client.socket.destroy()
  return client.text().slice(0, -1)
}

const bound = () => pause(20)

describe('a tcp listener', () => {
  test('spreads connections by weight', async () => {
    const [a, b] = [await tcpBackend('a'), await tcpBackend('b')]
    const { plane } = testPlane()
    const web = listener('tcp', group([weigh(a, 100), weigh(b, 50)]))
    plane.sync([web])
    await bound()
    const names: string[] = []
    for (let i = 0; i < 6; i += 1) names.push(await named(web))
    expect(names.join('')).toBe('abaaba')
  })

  test('passes bytes both ways and keeps a half-closed connection open for the answer', async () => {
    const late = await tcpBackend('late', (socket) => {
      let text = ''
      socket.on('data', (bytes) => {
        text += bytes.toString()
      })
      socket.on('end', () => setTimeout(() => socket.end(`got ${text.length}`), 30))
    })
    const { plane } = testPlane()
    const web = listener('tcp', group([late]))
    plane.sync([web])
    await bound()
    const client = dial(web)
    client.socket.end('x'.repeat(300_000))
    expect(await client.ended).toBe('end')
    expect(client.text()).toBe('got 300000')
  })

  test('delivers what the backend sent before it closed, however slowly the client reads', async () => {
    const backend = await tcpBackend('a', (socket) => socket.resume().once('end', () => socket.end('x'.repeat(9_000_000))))
    const { plane } = testPlane()
    const web = listener('tcp', group([backend]))
    plane.sync([web])
    await bound()
    const client = dial(web)
    client.socket.on('data', () => {
      client.socket.pause()
      setTimeout(() => client.socket.resume(), 2)
    })
    client.socket.end()
    expect(await client.ended).toBe('end')
    expect(client.text()).toHaveLength(9_000_000)
  })

  test('resets the client when the backend refuses, and does not try another', async () => {
    const alive = await tcpBackend('alive')
    const { plane } = testPlane()
    const web = listener('tcp', group([await deadBackend(), alive], { scheduler: 'rr' }))
    plane.sync([web])
    await bound()
    expect(await dial(web).ended).toBe('reset')
    expect(await named(web)).toBe('alive')
  })

  test('resets the client when no backend has a weight', async () => {
    const { plane } = testPlane()
    const web = listener('tcp', group([weigh(await tcpBackend('a'), 0)]))
    plane.sync([web])
    await bound()
    expect(await dial(web).ended).toBe('reset')
  })

  test('passes a reset of the backend on', async () => {
    const rude = await tcpBackend('rude', (socket) => {
      socket.write('hello:')
      socket.once('data', () => socket.resetAndDestroy())
    })
    const { plane } = testPlane()
    const web = listener('tcp', group([rude]))
    plane.sync([web])
    await bound()
    const client = dial(web)
    await vi.waitFor(() => expect(client.text()).toBe('hello:'))
    client.socket.write('x')
    expect(await client.ended).toBe('reset')
  })

  test('passes a reset of the client on', async () => {
    let failure: string | undefined
    const backend = await tcpBackend('a', (socket) => {
      socket.write('a:')
      socket.on('error', (err: NodeJS.ErrnoException) => {
        failure = err.code
      })
    })
    const { plane } = testPlane()
    const web = listener('tcp', group([backend]))
    plane.sync([web])
    await bound()
    const client = dial(web)
    await vi.waitFor(() => expect(client.text()).toBe('a:'))
    client.socket.resetAndDestroy()
    await vi.waitFor(() => expect(failure).toBe('ECONNRESET'))
  })

  test('ends a connection that was silent for too long', async () => {
    const { plane } = testPlane()
    const web = listener('tcp', group([await tcpBackend('a')]), { idleTimeoutMs: 300 })
    plane.sync([web])
    await bound()
    const client = dial(web)
    for (let i = 0; i < 5; i += 1) {
      await pause(100)
      client.socket.write('.')
    }
    await vi.waitFor(() => expect(client.text()).toBe('a:.....'))
    expect(await client.ended).toBe('reset')
  })

  test('calls its backends from the given address', async () => {
    let from: string | undefined
    const backend = await tcpBackend('a', (socket) => {
      from = socket.remoteAddress
      socket.end()
    })
    const source = freshAddress()
    const { plane } = testPlane({ source })
    const web = listener('tcp', group([backend]))
    plane.sync([web])
    await bound()
    expect(await dial(web).ended).toBe('end')
    expect(from).toBe(source)
  })
})

describe('a connection', () => {
  test('survives weight 0, removal and every other change of its listener', async () => {
    const [a, b] = [await tcpBackend('a'), await tcpBackend('b')]
    const { plane } = testPlane()
    const web = listener('tcp', group([a]))
    plane.sync([web])
    await bound()
    const client = dial(web)
    await vi.waitFor(() => expect(client.text()).toBe('a:'))
    plane.sync([{ ...web, group: group([weigh(a, 0), b]) }])
    expect(await named(web)).toBe('b')
    plane.sync([{ ...web, group: group([b], { scheduler: 'rr' }), persistenceMs: 1_000 }])
    client.socket.write('still here')
    await vi.waitFor(() => expect(client.text()).toBe('a:still here'))
  })

  test('is cut when its listener is stopped or removed, and new ones are refused', async () => {
    const a = await tcpBackend('a')
    const { plane } = testPlane()
    const [stopped, removed] = [listener('tcp', group([a])), listener('tcp', group([a]))]
    plane.sync([stopped, removed])
    await bound()
    const clients = [dial(stopped), dial(removed)]
    for (const client of clients) await vi.waitFor(() => expect(client.text()).toBe('a:'))
    plane.sync([{ ...stopped, running: false }])
    for (const client of clients) expect(await client.ended).toBe('reset')
    expect(await dial(stopped).ended).toBe('ECONNREFUSED')
    expect(await dial(removed).ended).toBe('ECONNREFUSED')
    plane.sync([stopped])
    await bound()
    expect(await named(stopped)).toBe('a')
  })
})

describe('source-address persistence', () => {
  test('keeps an address on its backend while others take their turns', async () => {
    const { plane } = testPlane()
    const web = listener('tcp', group([await tcpBackend('a'), await tcpBackend('b')]), { persistenceMs: 60_000 })
    plane.sync([web])
    await bound()
    const [one, two] = [freshAddress(), freshAddress()]
    const names = [await named(web, one), await named(web, two), await named(web, one), await named(web, one), await named(web, two)]
    expect(names.join('')).toBe('abaab')
  })

  test('survives a sync, gives way to weight 0, and ends with its time', async () => {
    const [a, b] = [await tcpBackend('a'), await tcpBackend('b')]
    const { plane } = testPlane()
    const web = listener('tcp', group([a, b]), { persistenceMs: 60_000 })
    plane.sync([web])
    await bound()
    expect(await named(web)).toBe('a')
    plane.sync([{ ...web, idleTimeoutMs: 60_000 }])
    expect(await named(web)).toBe('a')
    plane.sync([{ ...web, group: group([weigh(a, 0), b]) }])
    expect(await named(web)).toBe('b')
    plane.sync([{ ...web, persistenceMs: 30, group: group([a, b], { scheduler: 'rr' }) }])
    await pause(40)
    const names = [await named(web)]
    await pause(40)
    names.push(await named(web))
    expect(names).toEqual(['a', 'b'])
  })
})
