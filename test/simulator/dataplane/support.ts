// Real backends, clients and planes for the data plane's tests. Everything opened here is closed when the test ends.
import { createSocket, type RemoteInfo } from 'node:dgram'
import {
  Agent,
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type RequestOptions,
  request,
} from 'node:http'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import nock from 'nock'
import { expect, onTestFinished, vi } from 'vitest'
import { createDataPlane, type DataPlaneOptions } from '../../../src/simulator/dataplane/index.ts'
import type { DataPlane, PlaneBackend, PlaneListener } from '../../../src/simulator/plane.ts'
import { freshAddress } from './builders.ts'

// These tests are about sockets: resets, half-close, handles. nock stands between, so it steps aside; all addresses here are 127.x.
nock.restore()

// ---- planes ----------------------------------------------------------------------------------------------------

export type LogLine = { readonly level: string; readonly message: string } & Record<string, unknown>

export function testPlane(options: Omit<DataPlaneOptions, 'log'> = {}): { readonly plane: DataPlane; readonly lines: readonly LogLine[] } {
  const lines: LogLine[] = []
  const at = (level: string) => (fields: object, message: string) => void lines.push({ ...fields, level, message })
  const plane = createDataPlane({ rebindMs: 50, ...options, log: { info: at('info'), warn: at('warn'), error: at('error') } })
  onTestFinished(() => plane.close())
  return { plane, lines }
}

// ---- backends --------------------------------------------------------------------------------------------------

export type TestBackend = PlaneBackend & { readonly close: () => Promise<void> }

/** A port on which nobody listens. */
export async function deadBackend(server = 'dead'): Promise<PlaneBackend> {
  const backend = await tcpBackend(server)
  await backend.close()
  return backend
}

/** Greets with its name, echoes what it gets, and ends when the client has ended. */
export const tcpBackend = (
  server: string,
  onConnection = greet(server),
  at: { port?: number; address?: string } = {},
): Promise<TestBackend> => serve(server, createServer({ allowHalfOpen: true }, onConnection), at)

const greet = (name: string) => (socket: Socket) => {
  socket.write(`${name}:`)
  socket.pipe(socket)
}

/** Answers with its name, unless told otherwise. */
export const httpBackend = (
  server: string,
  onRequest?: RequestListener,
  at: { port?: number; address?: string } = {},
): Promise<TestBackend> => serve(server, createHttpServer(onRequest ?? ((_, response) => void response.end(server))), at)

export async function serve(server: string, listening: Server, at: { port?: number; address?: string } = {}): Promise<TestBackend> {
  const sockets = new Set<Socket>()
  listening.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined) // tcp probes end with a reset
    socket.on('close', () => sockets.delete(socket))
  })
  const address = at.address ?? freshAddress()
  await new Promise<void>((resolve, reject) => listening.once('error', reject).listen(at.port ?? 0, address, resolve))
  const close = () =>
    new Promise<void>((resolve) => {
      listening.close(() => resolve())
      for (const socket of sockets) socket.destroy()
    })
  onTestFinished(close)
  const { port } = listening.address() as AddressInfo
  return { server, address, port, weight: 100, close }
}

/** Answers each datagram with its name and the datagram, unless told otherwise; `talk` sends to whoever spoke last. */
export async function udpBackend(server: string, answer: (text: string) => string | undefined = (text) => `${server}:${text}`) {
  const socket = createSocket('udp4')
  const heard: string[] = []
  let last: RemoteInfo | undefined
  const talk = (text: string) => socket.send(text, last?.port, last?.address)
  socket.on('message', (bytes, from) => {
    last = from
    heard.push(bytes.toString())
    const reply = answer(bytes.toString())
    if (reply !== undefined) socket.send(reply, from.port, from.address)
  })
  const address = freshAddress()
  await new Promise<void>((resolve) => socket.bind(0, address, resolve))
  let open = true
  const close = async () => {
    if (open) await new Promise<void>((resolve) => socket.close(resolve))
    open = false
  }
  onTestFinished(close)
  const backend: TestBackend = { server, address, port: socket.address().port, weight: 100, close }
  return { ...backend, heard, talk }
}

// ---- clients ---------------------------------------------------------------------------------------------------

export interface Dialled {
  readonly socket: Socket
  /** What has arrived so far. */
  text(): string
  /** `end`, `reset` or another error code: how the other side closed. */
  readonly ended: Promise<string>
}

export function dial({ address, port }: { readonly address: string; readonly port: number }, localAddress?: string): Dialled {
  const socket = connect({ host: address, port, allowHalfOpen: true, ...(localAddress && { localAddress }) })
  onTestFinished(() => void socket.destroy())
  let text = ''
  socket.on('data', (bytes) => {
    text += bytes.toString()
  })
  const ended = new Promise<string>((resolve) => {
    socket.once('end', () => resolve('end'))
    socket.once('error', (err: NodeJS.ErrnoException) => resolve(err.code === 'ECONNRESET' ? 'reset' : String(err.code)))
  })
  return { socket, text: () => text, ended }
}

export type Answer = {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly rawHeaders: string[]
  readonly body: string
}

export type Ask = Omit<RequestOptions, 'host' | 'port'> & { readonly body?: string }

/** One http request on a connection of its own (or on that of `agent`). Rejects with the socket's error. */
export function ask(
  { address, port }: { readonly address: string; readonly port: number },
  { body, ...options }: Ask = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asking = request({ agent: false, ...options, host: address, port }, (incoming) => {
      let text = ''
      incoming.on('data', (bytes) => {
        text += String(bytes)
      })
      incoming.on('error', reject)
      incoming.on('end', () =>
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, rawHeaders: incoming.rawHeaders, body: text }),
      )
    })
    asking.on('error', reject)
    asking.end(body)
  })
}

/** Asks until the listener answers at all: for use right after a sync, while the port is being bound. */
export async function asked(at: { readonly address: string; readonly port: number }, options: Ask = {}): Promise<Answer> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await ask(at, options)
    } catch (err) {
      if ((err as NodeJS.ErrnoException).code !== 'ECONNREFUSED' || tries > 100) throw err
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
}

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

// ---- http ------------------------------------------------------------------------------------------------------

/** A plane with these listeners. */
export const open = (...listeners: PlaneListener[]) => {
  const { plane } = testPlane()
  plane.sync(listeners)
  return plane
}

/** One connection, used again. */
export const keptAlive = () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  onTestFinished(() => agent.destroy())
  return agent
}

/** Answers with the request as it arrived. */
export const mirror = () =>
  httpBackend('mirror', async (request, response) => {
    let body = ''
    for await (const bytes of request) body += String(bytes)
    response.setHeader('Content-Type', 'application/json')
    response.end(JSON.stringify({ method: request.method, url: request.url, raw: request.rawHeaders, headers: request.headers, body }))
  })

export type Mirrored = {
  readonly method: string
  readonly url: string
  readonly raw: readonly string[]
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

// ---- health ----------------------------------------------------------------------------------------------------

/** `server state` of each row of lb-1. */
export const states = (plane: DataPlane) => plane.health('lb-1').map(({ server, state }) => `${server} ${state}`)

/** Waits until health is this. */
export const settled = (plane: DataPlane, ...expected: string[]) =>
  vi.waitFor(() => expect(states(plane)).toEqual(expected), { interval: 5 })
