// The pages for people, probes and Prometheus. They only read the board, so a slow cloud or swarm cannot make a healthy daemon look dead.
import type { FastifyInstance } from 'fastify'
import type { Board } from '../board.ts'
import type { Logger } from '../log.ts'
import { type Address, formatAddress, parseAddress } from './address.ts'
import { addAlive } from './alive.ts'
import { createServer, type Limits, send } from './plain-server.ts'
import { type AskHealth, addStatus } from './status.ts'

export { serveSocket } from './socket.ts'

export type HttpOptions = {
  /** As SLB_HTTP_ADDR writes it; port 0 lets the system choose, `off` starts nothing. */
  readonly address: string
  readonly board: Board
  /** Asked only for /status.json, at most every 5 s. */
  readonly health: AskHealth
  readonly log: Logger
  readonly limits?: Limits
}

export type Serving = { close(): Promise<void> }

const PAGES = [
  'swarm-slb',
  '/healthz       the loop turns',
  "/taskz         the same, and no other manager's task has to write instead: for health checks of a swarm",
  '/readyz        the swarm answers and this node knows its part',
  '/metrics       for Prometheus',
  '/status.json   services, listeners, problems',
]

/** @throws Error naming the address where it cannot be listened on. */
export async function serveHttp(options: HttpOptions): Promise<Serving & { readonly address: string }> {
  if (options.address === 'off') return { address: '', close: async () => {} }
  const wanted = parseAddress(options.address)
  if (wanted === undefined) throw new Error(`not an address: ${options.address}`)
  const stop = new AbortController()
  const server = await listen(() => pages(options, stop.signal), wanted)
  const bound = server.server.address()
  const port = typeof bound === 'object' && bound !== null ? bound.port : wanted.port
  const address = formatAddress({ host: wanted.host, port })
  options.log.debug({ address }, 'http server listening')
  return {
    address,
    close: async () => {
      stop.abort()
      await server.close()
    },
  }
}

function pages({ board, health, limits }: HttpOptions, signal: AbortSignal): FastifyInstance {
  const server = createServer(limits)
  addStatus(server, board, health, signal)
  addMetrics(server, board)
  addAlive(server, board)
  server.get('/', (_request, reply) => send(reply, ...PAGES))
  server.get('/readyz', (_request, reply) => {
    const { role, reason } = board.page()
    return board.ready() ? send(reply, role) : send(reply.code(503), reason === '' ? role : reason)
  })
  return server
}

/** prom-client is loaded when it is first asked for: most daemons start without anybody looking. Many who ask at once get one page. */
function addMetrics(server: FastifyInstance, board: Board): void {
  let metrics: Promise<import('./metrics.ts').Metrics> | undefined
  let page: Promise<string> | undefined
  server.get('/metrics', async (_request, reply) => {
    metrics ??= import('./metrics.ts').then(({ createMetrics }) => createMetrics(board))
    const { contentType, text } = await metrics
    page ??= text().finally(() => {
      page = undefined
    })
    return reply.type(contentType).send(await page)
  })
}

/** All addresses means IPv4 alone where the system has no IPv6. */
async function listen(build: () => FastifyInstance, { host, port }: Address): Promise<FastifyInstance> {
  const server = build()
  try {
    await server.listen({ host, port })
    return server
  } catch (err) {
    await server.close()
    const code = err instanceof Error && 'code' in err ? err.code : err
    if (host === '::' && (code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL')) return listen(build, { host: '0.0.0.0', port })
    throw new Error(`cannot listen on ${formatAddress({ host, port })} (SLB_HTTP_ADDR): ${code}`)
  }
}
