// Who may connect: real sockets from different loopback addresses.
import { createSocket } from 'node:dgram'
import { request } from 'node:https'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { PlaneAccess, PlaneListener } from '../../../src/simulator/plane.ts'
import { group, listener } from './builders.ts'
import { selfSigned } from './certificate.ts'
import { asked, dial, httpBackend, open, pause, tcpBackend, udpBackend } from './support.ts'

const INSIDE = '127.0.0.5'
const OUTSIDE = '127.0.1.5'
const white: PlaneAccess = { type: 'white', networks: ['127.0.0.0/24'] }
const black: PlaneAccess = { type: 'black', networks: [`${OUTSIDE}/32`] }
const LISTS = [
  { name: 'no list', access: [], inside: true, outside: true },
  { name: 'a white list', access: [white], inside: true, outside: false },
  { name: 'a black list', access: [black], inside: true, outside: false },
  {
    name: 'a white list without the network',
    access: [{ type: 'white', networks: ['10.0.0.0/8', '::1/128'] }],
    inside: false,
    outside: false,
  },
  { name: 'a single address', access: [{ type: 'white', networks: [OUTSIDE] }], inside: false, outside: true },
  { name: 'the whole world in black', access: [{ type: 'black', networks: ['0.0.0.0/0'] }], inside: false, outside: false },
  { name: 'two lists that differ', access: [white, { type: 'black', networks: [INSIDE] }], inside: false, outside: false },
  { name: 'an older white list that is empty', access: [{ type: 'white', networks: [] }], inside: false, outside: false },
  {
    name: 'entries that are no networks',
    access: [{ type: 'black', networks: ['nowhere', '127.0.0.0/99', ''] }],
    inside: true,
    outside: true,
  },
] as const satisfies readonly { name: string; access: readonly PlaneAccess[]; inside: boolean; outside: boolean }[]

type At = { readonly address: string; readonly port: number }

const bytesFrom = async (at: At, from: string): Promise<boolean> => {
  const dialled = dial(at, from)
  dialled.socket.end('hello')
  await dialled.ended
  return dialled.text() !== ''
}

const statusFrom = (at: At, from: string) =>
  asked(at, { localAddress: from }).then(
    ({ status }) => status === 200,
    () => false,
  )

const secureFrom = ({ address, port }: At, from: string) =>
  new Promise<boolean>((resolve) => {
    const options = { host: address, port, localAddress: from, rejectUnauthorized: false, agent: false } as const
    request(options, (incoming) => resolve(incoming.resume().statusCode === 200))
      .on('error', () => resolve(false))
      .end()
  })

async function answersFrom({ address, port }: At, from: string): Promise<boolean> {
  const socket = createSocket('udp4')
  onTestFinished(() => void socket.close())
  await new Promise<void>((resolve) => socket.bind(0, from, resolve))
  const answer = new Promise<boolean>((resolve) => socket.once('message', () => resolve(true)))
  socket.send('x', port, address)
  return Promise.race([answer, pause(60).then(() => false)])
}

const serving = async (made: PlaneListener) => {
  const plane = open(made)
  await pause(10)
  return plane
}

describe.each(LISTS)('with $name', ({ access, inside, outside }) => {
  test('tcp lets in whom it should', async () => {
    const made = listener('tcp', group([await tcpBackend('a')]), { access })
    await serving(made)
    expect([await bytesFrom(made, INSIDE), await bytesFrom(made, OUTSIDE)]).toEqual([inside, outside])
  })

  test('http lets in whom it should', async () => {
    const made = listener('http', group([await httpBackend('a')]), { access })
    await serving(made)
    expect([await statusFrom(made, INSIDE), await statusFrom(made, OUTSIDE)]).toEqual([inside, outside])
  })

  test('https lets in whom it should', async () => {
    const made = listener('https', group([await httpBackend('a')]), { access, certificate: selfSigned('a.example.com') })
    await serving(made)
    expect([await secureFrom(made, INSIDE), await secureFrom(made, OUTSIDE)]).toEqual([inside, outside])
  })

  test('udp answers whom it should', async () => {
    const made = listener('udp', group([await udpBackend('a')]), { access })
    await serving(made)
    expect(await Promise.all([answersFrom(made, INSIDE), answersFrom(made, OUTSIDE)])).toEqual([inside, outside])
  })
})

test('a list that changes counts for the next connection and cuts no open one', async () => {
  const made = listener('tcp', group([await tcpBackend('a')]))
  const plane = await serving(made)
  const before = dial(made, OUTSIDE)
  await expect.poll(() => before.text()).toBe('a:')
  plane.sync([{ ...made, access: [white] }])
  expect([await bytesFrom(made, INSIDE), await bytesFrom(made, OUTSIDE)]).toEqual([true, false])
  before.socket.end('still here')
  await before.ended
  expect(before.text()).toBe('a:still here')
  plane.sync([made])
  expect(await bytesFrom(made, OUTSIDE)).toBe(true)
})
