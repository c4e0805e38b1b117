// A Fastify server with everything trimmed that this program does not need: small limits, short answers, and nothing told to
// whoever sends nonsense.
import { type Server, STATUS_CODES } from 'node:http'
import { type FastifyInstance, type FastifyReply, fastify } from 'fastify'
import { plain } from '../terminal.ts'

/** Enough for an approval, which is the largest thing that is ever sent here. */
const BODY_LIMIT = 1024

/** Milliseconds. */
export type Limits = {
  /** Until all headers are there, and until the whole request is. */
  readonly headersMs: number
  readonly requestMs: number
  /** How often that is looked at. */
  readonly checkMs: number
}
const LIMITS: Limits = { headersMs: 5_000, requestMs: 5_000, checkMs: 2_000 }

export function createServer({ headersMs, requestMs, checkMs } = LIMITS): FastifyInstance {
  const server = fastify({
    bodyLimit: BODY_LIMIT,
    connectionTimeout: 10_000,
    requestTimeout: requestMs,
    keepAliveTimeout: 5_000,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 16 },
    http: { maxHeaderSize: 4096, headersTimeout: headersMs, connectionsCheckingInterval: checkMs },
    clientErrorHandler: (err, socket) => {
      const status = 'code' in err && err.code === 'HPE_HEADER_OVERFLOW' ? 431 : 400
      if (socket.writable) socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
      else socket.destroy()
    },
    frameworkErrors: (err, _request, reply) => short(reply, statusOf(err)),
  })
  limitConnections(server.server)
  server.addHook('onSend', async (_request, reply) => {
    reply.headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
  })
  server.setNotFoundHandler((_request, reply) => short(reply, 404))
  server.setErrorHandler((err, _request, reply) => short(reply, statusOf(err)))
  return server
}

/** Kept at a time; and some more that come from this machine, so that nobody else keeps its health check out. */
const CONNECTIONS = 64
const OWN_CONNECTIONS = 8

function limitConnections(server: Server): void {
  let others = 0
  server.maxConnections = CONNECTIONS + OWN_CONNECTIONS
  server.on('connection', (socket) => {
    // Who speaks to an address of its own machine comes from that address; over a unix socket there is none.
    if (socket.remoteAddress === socket.localAddress) return
    others += 1
    socket.once('close', () => {
      others -= 1
    })
    if (others > CONNECTIONS) socket.destroy()
  })
}

function statusOf(err: unknown): number {
  const status = typeof err === 'object' && err !== null && 'statusCode' in err ? Number(err.statusCode) : 500
  return status >= 400 && status < 600 ? status : 500
}

export const short = (reply: FastifyReply, status: number): FastifyReply => send(reply.code(status), STATUS_CODES[status] ?? String(status))

/** Reasons come from the engine and the cloud: each of them is one harmless line. */
export const send = (reply: FastifyReply, ...lines: readonly string[]): FastifyReply =>
  reply.type('text/plain; charset=utf-8').send(lines.map((line) => `${plain(line)}\n`).join(''))
