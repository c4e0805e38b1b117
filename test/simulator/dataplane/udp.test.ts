import { createSocket } from 'node:dgram'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { group, listener, weigh } from './builders.ts'
import { pause, testPlane, udpBackend } from './support.ts'

/** A udp client with one port for its life. */
function client(to: { readonly address: string; readonly port: number }) {
  const socket = createSocket('udp4')
  const heard: string[] = []
  socket.on('message', (bytes, from) => heard.push(`${bytes.toString()} from ${from.address}:${from.port}`))
  socket.on('error', () => undefined)
  onTestFinished(() => void socket.close())
  return { heard, say: (text: string) => socket.send(text, to.port, to.address) }
}

const names = (clients: readonly { readonly heard: readonly string[] }[]) => clients.map(({ heard }) => heard.at(-1)?.[0])

describe('a udp listener', () => {
  test('returns the answers from its own address, and keeps a client on its backend', async () => {
    const { plane } = testPlane()
    const dns = listener('udp', group([await udpBackend('a'), await udpBackend('b')]), { port: 5353 })
    plane.sync([dns])
    await pause(20)
    const clients = [client(dns), client(dns), client(dns)]
    for (let round = 1; round <= 3; round += 1) {
      for (const one of clients) {
        one.say(`q${round}`)
        await vi.waitFor(() => expect(one.heard).toHaveLength(round))
      }
    }
    expect(clients[0]?.heard).toEqual([1, 2, 3].map((round) => `a:q${round} from ${dns.address}:5353`))
    expect(names(clients)).toEqual(['a', 'b', 'a'])
  })

  test('loses nothing of a burst that begins a session', async () => {
    const { plane } = testPlane()
    const dns = listener('udp', group([await udpBackend('a')]))
    plane.sync([dns])
    await pause(20)
    const one = client(dns)
    for (let i = 0; i < 20; i += 1) one.say(String(i))
    await vi.waitFor(() => expect(one.heard).toHaveLength(20))
  })

  test('chooses again after the idle time', async () => {
    const { plane } = testPlane({ udpIdleMs: 40 })
    const dns = listener('udp', group([await udpBackend('a'), await udpBackend('b')]))
    plane.sync([dns])
    await pause(20)
    const one = client(dns)
    one.say('q')
    await vi.waitFor(() => expect(names([one])).toEqual(['a']))
    await pause(80)
    one.say('q')
    await vi.waitFor(() => expect(names([one])).toEqual(['b']))
  })

  test('keeps a session as long as the backend talks', async () => {
    const talker = await udpBackend('a', () => undefined)
    const { plane } = testPlane({ udpIdleMs: 200 })
    const dns = listener('udp', group([talker]))
    plane.sync([dns])
    await pause(20)
    const one = client(dns)
    one.say('q')
    await vi.waitFor(() => expect(talker.heard).toHaveLength(1))
    for (let i = 0; i < 6; i += 1) {
      await pause(60)
      talker.talk(String(i))
    }
    await vi.waitFor(() => expect(one.heard).toHaveLength(6))
  })

  test('keeps a session through weight 0, but not through the removal of its backend', async () => {
    const [a, b] = [await udpBackend('a'), await udpBackend('b')]
    const { plane } = testPlane()
    const dns = listener('udp', group([a]))
    plane.sync([dns])
    await pause(20)
    const one = client(dns)
    const hear = async (name: string) => {
      const before = one.heard.length
      one.say('q')
      await vi.waitFor(() => expect(one.heard.length).toBeGreaterThan(before))
      expect(names([one])).toEqual([name])
    }
    await hear('a')
    plane.sync([{ ...dns, group: group([weigh(a, 0), b]) }])
    await hear('a')
    plane.sync([{ ...dns, group: group([b]) }])
    await hear('b')
  })

  test('gives a client another turn when its backend refuses', async () => {
    const [a, b] = [await udpBackend('a'), await udpBackend('b')]
    await a.close()
    const { plane } = testPlane()
    const dns = listener('udp', group([a, b]))
    plane.sync([dns])
    await pause(20)
    const one = client(dns)
    await vi.waitFor(() => {
      one.say('q')
      expect(names([one])).toEqual(['b'])
    })
  })

  test('is silent when stopped, or without a backend that has a weight', async () => {
    const a = await udpBackend('a')
    const { plane } = testPlane()
    const [stopped, zero] = [listener('udp', group([a])), listener('udp', group([weigh(a, 0)]))]
    plane.sync([stopped, zero])
    await pause(20)
    const [one, two] = [client(stopped), client(zero)]
    one.say('q')
    await vi.waitFor(() => expect(one.heard).toHaveLength(1))
    plane.sync([{ ...stopped, running: false }, zero])
    one.say('q')
    two.say('q')
    await pause(50)
    expect([one.heard.length, two.heard.length, a.heard.length]).toEqual([1, 0, 1])
  })
})
