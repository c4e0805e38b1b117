// A small HTTP server on a local port that answers as a test says, and remembers what it was asked.
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { inspect } from 'node:util'
import { createBuckets } from '../../../src/providers/aliyun/buckets.ts'
import type { Credentials } from '../../../src/providers/aliyun/credentials.ts'
import { type CallOptions, createRpc, type RpcOptions } from '../../../src/providers/aliyun/rpc.ts'
import { CallError } from '../../../src/providers/provider.ts'

export type Asked = {
  readonly method: string
  readonly url: string
  readonly headers: http.IncomingHttpHeaders
  readonly form: URLSearchParams
}
export type Answer = (asked: Asked, response: http.ServerResponse, number: number) => void | Promise<void>

export async function serve(answer: Answer) {
  const asked: Asked[] = []
  let connections = 0
  const server = http.createServer(async (request, response) => {
    const body = await text(request)
    const one = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, form: new URLSearchParams(body) }
    asked.push(one)
    await answer(one, response, asked.length)
  })
  server.on('connection', () => {
    connections += 1
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    connections: () => connections,
    open: () => new Promise<number>((resolve, reject) => server.getConnections((error, count) => (error ? reject(error) : resolve(count)))),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export const json = (response: http.ServerResponse, status: number, body: unknown) =>
  void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))

export const REQUEST_ID = '365F4154-92F6-4AE4-92F8-7FF34B540710'
export const ok = (response: http.ServerResponse, body: object = {}) => json(response, 200, { RequestId: REQUEST_ID, ...body })
export const refuse = (response: http.ServerResponse, status: number, Code: string, Message = 'Please try again later.') =>
  json(response, status, { RequestId: REQUEST_ID, HostId: 'slb.aliyuncs.com', Code, Message })

export const CREDENTIALS: Credentials = {
  accessKeyId: 'LTAI5tExampleKeyId',
  accessKeySecret: 'example/Secret+Value=',
  securityToken: 'CAISexample/Token+With=Signs',
}

/** Waits short enough for tests. */
const FAST = { firstMs: 4, maxMs: 20, totalMs: 300 }

export function testRpc(endpoint: string, options: Partial<RpcOptions> = {}) {
  return createRpc({
    product: 'slb',
    endpoint,
    apiVersion: '2014-05-15',
    regionId: 'cn-test',
    credentials: async () => CREDENTIALS,
    userAgent: 'swarm-slb/test (node-1)',
    timeouts: { requestMs: 5_000, idleMs: 250 },
    waits: FAST,
    buckets: createBuckets({ share: 1, unlimited: true }),
    ...options,
  })
}

export const reading = (more: Partial<CallOptions> = {}): CallOptions => ({ kind: 'read', signal: new AbortController().signal, ...more })
export const writing = (more: Partial<CallOptions> = {}): CallOptions => ({ kind: 'write', signal: new AbortController().signal, ...more })

/** The CallError that a call ends in; anything else fails the test. */
export async function failureOf(call: Promise<unknown>): Promise<CallError> {
  const ended = await call.then(
    () => new Error('the call succeeded'),
    (error: unknown) => error,
  )
  if (ended instanceof CallError) return ended
  throw ended
}

/** Everything that a log could make of an error. */
export const everything = (error: Error) =>
  [inspect(error, { depth: 20, showHidden: true }), JSON.stringify(error), error.stack, String(error.cause)].join('\n')
