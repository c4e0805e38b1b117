import { request } from 'node:https'
import { connect, type TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import type { PlaneListener } from '../../../src/simulator/plane.ts'
import { group, listener } from './builders.ts'
import { selfSigned } from './certificate.ts'
import { dial, httpBackend, pause, testPlane } from './support.ts'

type At = { readonly address: string; readonly port: number }

/** A TLS connection that accepts any certificate; resolves after the handshake. */
const handshake = ({ address, port }: At, servername = '') =>
  new Promise<TLSSocket>((resolve, reject) => {
    const socket = connect({ host: address, port, rejectUnauthorized: false, ...(servername && { servername }) }, () => resolve(socket))
    socket.on('error', reject)
    onTestFinished(() => void socket.destroy())
  })

const nameOn = async (at: At, servername?: string) => {
  const socket = await handshake(at, servername)
  const { subject } = socket.getPeerCertificate()
  socket.destroy()
  return subject.CN
}

const get = ({ address, port }: At, client: { readonly cert?: string; readonly key?: string } = {}) =>
  new Promise<string>((resolve, reject) => {
    const asking = request({ host: address, port, rejectUnauthorized: false, agent: false, ...client }, async (incoming) => {
      let text = ''
      for await (const bytes of incoming) text += String(bytes)
      resolve(text)
    })
    asking.on('error', reject).end()
  })

const open = async (...listeners: PlaneListener[]) => {
  const opened = testPlane()
  opened.plane.sync(listeners)
  await pause(20)
  return opened
}

const secure = async (more: Partial<PlaneListener> = {}) =>
  listener(
    'https',
    group([await httpBackend('a', (incoming, response) => void response.end(`${incoming.headers['x-forwarded-proto']}`))]),
    {
      headers: { for: true, proto: true, slbId: false, slbIp: false, slbPort: false, clientPort: false },
      certificate: selfSigned('own.example.com'),
      ...more,
    },
  )

describe('an https listener', () => {
  test('ends TLS and speaks plain HTTP to its backends', async () => {
    const web = await secure()
    await open(web)
    expect(await get(web)).toBe('https')
  })

  test('chooses the certificate by name: exact, narrower wildcard, wider wildcard, its own', async () => {
    const extensions = ['*.example.net', 'www.example.net', '*.eu.example.net'].map((domain) => ({ domain, ...selfSigned(domain) }))
    const web = await secure({ extensions })
    await open(web)
    const names = ['www.example.net', 'a.eu.example.net', 'b.example.net', 'other.org', undefined].map((name) => nameOn(web, name))
    expect(await Promise.all(names)).toEqual(['www.example.net', '*.eu.example.net', '*.example.net', 'own.example.com', 'own.example.com'])
  })

  test('serves a changed certificate to new connections and keeps the open ones', async () => {
    const web = await secure()
    const { plane } = await open(web)
    const socket = await handshake(web)
    let text = ''
    socket.on('data', (bytes) => {
      text += String(bytes)
    })
    const extensions = [{ domain: 'new.net', ...selfSigned('new.net') }]
    plane.sync([{ ...web, certificate: selfSigned('renewed.example.com'), extensions }])
    expect([await nameOn(web), await nameOn(web, 'new.net')]).toEqual(['renewed.example.com', 'new.net'])
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await vi.waitFor(() => expect(text).toMatch(/^HTTP\/1.1 200/))
    plane.sync([])
    await new Promise((resolve) => socket.once('close', resolve))
  })

  test('goes on with the old certificate when the new one is broken, and says so until it is mended', async () => {
    const web = await secure()
    const { plane, lines } = await open(web)
    const broken = { ...web, certificate: { cert: 'no PEM', key: selfSigned('x').key } }
    for (let i = 0; i < 3; i += 1) plane.sync([{ ...broken }])
    expect(await nameOn(web)).toBe('own.example.com')
    expect(plane.problems()).toEqual([expect.stringContaining(`lb-1 https:8080 on ${web.address}: certificate of the listener:`)])
    expect(lines.filter(({ level }) => level === 'error')).toHaveLength(1)
    plane.sync([web])
    expect(plane.problems()).toEqual([])
  })

  test('without a certificate is a problem, and answers once it has one', async () => {
    const web = await secure({ certificate: undefined })
    const { plane } = await open(web)
    expect(plane.problems()).toEqual([expect.stringContaining('no certificate')])
    await expect(get(web)).rejects.toThrow()
    plane.sync([{ ...web, certificate: selfSigned('late.example.com') }])
    expect(await get(web)).toBe('https')
  })

  test('with an authority for clients serves those whom it signed, and nobody else', async () => {
    const [friend, stranger] = [selfSigned('friend'), selfSigned('stranger')]
    const web = await secure()
    const mutual = { ...web, clientAuthority: friend.cert }
    const { plane } = await open(mutual)
    expect(await get(web, friend)).toBe('https')
    await expect(get(web, stranger)).rejects.toThrow()
    await expect(get(web)).rejects.toThrow()
    plane.sync([{ ...mutual, clientAuthority: stranger.cert }])
    await expect(get(web, friend)).rejects.toThrow()
    expect(await get(web, stranger)).toBe('https')
    plane.sync([web])
    await vi.waitFor(async () => expect(await get(web)).toBe('https'))
  })

  test('disconnects a client that speaks no TLS and goes on', async () => {
    const web = await secure()
    await open(web)
    const client = dial(web)
    client.socket.write('GET / HTTP/1.1\r\n\r\n')
    await client.ended
    expect(await get(web)).toBe('https')
  })
})
