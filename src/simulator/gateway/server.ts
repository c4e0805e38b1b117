// The HTTP face of the API. Plain node:http: faults need the raw socket, and answers must be able to be wrong.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Answer, Gateway, IncomingCall } from './gateway.ts'

export type RunningServer = { readonly url: string; close(): Promise<void> }

const MAX_BODY = 4 * 1024 * 1024

export async function serveApi(gateway: Gateway, host: string, port: number): Promise<RunningServer> {
  const stop = new AbortController()
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    answerRequest(gateway, request, response, stop.signal).catch((err: unknown) => {
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' })
      response.end(String(err))
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const { address, port: bound } = server.address() as AddressInfo
  return {
    url: `http://${address.includes(':') ? `[${address}]` : address}:${bound}`,
    close: () =>
      new Promise((resolve) => {
        stop.abort()
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answerRequest(gateway: Gateway, request: IncomingMessage, response: ServerResponse, signal: AbortSignal): Promise<void> {
  const answer = await gateway.call(await readCall(request), signal)
  if (!signal.aborted) send(answer, request, response)
}

function send(answer: Answer, request: IncomingMessage, response: ServerResponse): void {
  if (answer.kind === 'hang') return
  if (answer.kind === 'reset') {
    request.socket.resetAndDestroy()
    return
  }
  const type = answer.type === 'json' ? 'application/json;charset=utf-8' : 'text/html'
  response.writeHead(answer.status, { 'content-type': type, 'content-length': Buffer.byteLength(answer.text) })
  response.end(answer.text)
}

/** Parameters may come in the query, in a form body, or in both. */
async function readCall(request: IncomingMessage): Promise<IncomingCall> {
  const query = new URL(request.url ?? '/', 'http://localhost').searchParams
  const body = new URLSearchParams(await readBody(request))
  return {
    method: request.method ?? 'GET',
    params: new Map([...query, ...body]),
    host: request.headers.host ?? '',
    userAgent: request.headers['user-agent'] ?? '',
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_BODY) throw new Error('request body too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
