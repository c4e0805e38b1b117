// The status page with the health of backends, which is asked of the cloud only when somebody looks, and not more often than every
// few seconds however many look.
import type { FastifyInstance } from 'fastify'
import type { Board, StatusPage, StatusRow } from '../board.ts'
import { escapeJson } from '../terminal.ts'

export type ListenerHealth = { readonly loadBalancer: string; readonly listener: string; readonly healthy: number; readonly total: number }
export type AskHealth = (signal: AbortSignal) => Promise<readonly ListenerHealth[]>

type HealthCacheOptions = {
  readonly ask: AskHealth
  readonly keepMs: number
  readonly timeoutMs: number
  /** A clock in milliseconds that never goes back. */
  readonly now: () => number
}

/** One question at a time; its answer is good for `keepMs`. A failed one is an empty answer, kept as long: the cloud is not pressed. */
export function cacheHealth({
  ask,
  keepMs,
  timeoutMs,
  now,
}: HealthCacheOptions): (signal: AbortSignal) => Promise<readonly ListenerHealth[]> {
  let answer: Promise<readonly ListenerHealth[]> | undefined
  let goodUntil = 0
  return (signal) => {
    if (answer === undefined || now() >= goodUntil) {
      goodUntil = Infinity
      answer = ask(AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]))
        .catch(() => [])
        .finally(() => {
          goodUntil = now() + keepMs
        })
    }
    return answer
  }
}

function withHealth(page: StatusPage, health: readonly ListenerHealth[]): StatusPage {
  const keyed = new Map(health.map((entry) => [`${entry.loadBalancer} ${entry.listener}`, entry]))
  const ports = page.ports.map((row): StatusRow => {
    const found = keyed.get(`${row.loadBalancer} ${row.listener}`)
    // The listener of that port is another service's.
    return found === undefined || row.state === 'refused' ? row : { ...row, backends: { healthy: found.healthy, total: found.total } }
  })
  return { ...page, ports }
}

/** Answers GET /status.json; without `ask`, backends are left out. */
export function addStatus(server: FastifyInstance, board: Board, ask: AskHealth | undefined, signal: AbortSignal): void {
  const health = ask && cacheHealth({ ask, keepMs: 5_000, timeoutMs: 4_000, now: () => performance.now() })
  server.get('/status.json', async (_request, reply) => {
    const page = health === undefined ? board.page() : withHealth(board.page(), await health(signal))
    return reply.type('application/json; charset=utf-8').send(escapeJson(JSON.stringify(page)))
  })
}
