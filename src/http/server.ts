// The pages for people, probes and Prometheus. They only read the board, so a slow cloud or swarm cannot make a healthy daemon look dead.
import { networkInterfaces } from 'node:os'
import type { FastifyInstance } from 'fastify'
import type { Board } from '../board.ts'
import type { Logger } from '../log.ts'
import { type Address, formatAddress, parseAddress } from './address.ts'
import { createServer, send } from './plain-server.ts'
import { type AskHealth, addStatus } from './status.ts'

export { serveSocket } from './socket.ts'

export type HttpOptions = {
  /** As SLB_HTTP_ADDR writes it; port 0 lets the system choose, `off` starts nothing. */
  readonly address: string
  readonly board: Board
  /** Asked only for /status.json, at most every 5 s. */
  readonly health: AskHealth
  readonly log: Logger
}

export type Serving = { close(): Promise<void> }

const PAGES = `swarm-slb
/healthz       the loop turns
/readyz        the swarm answers and this node knows its part
/metrics       for Prometheus
/status.json   services, listeners, problems`

/** @throws Error naming the address where it cannot be listened on. */
export async function serveHttp({ address, board, health, log }: HttpOptions): Promise<Serving & { readonly address: string }> {
  if (address === 'off') return { address: '', close: async () => {} }
  const wanted = parseAddress(address)
  if (wanted === undefined) throw new Error(`not an address: ${address}`)
  const stop = new AbortController()
  const server = createServer()
  addStatus(server, board, health, stop.signal)
  server.get('/', (_request, reply) => send(reply, PAGES))
  server.get('/healthz', (_request, reply) => (board.alive() ? send(reply, 'ok') : send(reply.code(503), 'the loop is stuck')))
  server.get('/readyz', (_request, reply) => {
    const { role, reason } = board.page()
    return board.ready() ? send(reply, role) : send(reply.code(503), reason === '' ? role : reason)
  })
  addMetrics(server, board)
  const port = await listen(server, wanted)
  const bound = formatAddress({ host: wanted.host, port })
  log.debug({ address: bound }, 'http server listening')
  return {
    address: bound,
    close: async () => {
      stop.abort()
      await server.close()
    },
  }
}

/** prom-client is loaded when it is first asked for: most daemons start without anybody looking. */
function addMetrics(server: FastifyInstance, board: Board): void {
  let metrics: Promise<import('./metrics.ts').Metrics> | undefined
  server.get('/metrics', async (_request, reply) => {
    metrics ??= import('./metrics.ts').then(({ createMetrics }) => createMetrics(board))
    const { contentType, text } = await metrics
    return reply.type(contentType).send(await text())
  })
}

/** All addresses means IPv4 alone where the system has no IPv6. */
async function listen(server: FastifyInstance, { host, port }: Address): Promise<number> {
  const hasIpv6 = Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ family }) => family === 'IPv6'))
  try {
    await server.listen({ host: host === '::' && !hasIpv6 ? '0.0.0.0' : host, port })
  } catch (err) {
    const code = err instanceof Error && 'code' in err ? err.code : err
    throw new Error(`cannot listen on ${formatAddress({ host, port })} (SLB_HTTP_ADDR): ${code}`)
  }
  const bound = server.server.address()
  return typeof bound === 'object' && bound !== null ? bound.port : port
}
