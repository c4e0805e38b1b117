// The unix socket that `status`, `approve` and `healthcheck` speak to. Only its owner may open it (mode 0600): an approval is a right to delete.
import { chmod, lstat, mkdtemp, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Board, HeldDelete } from '../board.ts'
import type { Logger } from '../log.ts'
import { addAlive } from './alive.ts'
import { ask } from './client.ts'
import { createServer, short } from './plain-server.ts'
import { type AskHealth, addStatus } from './status.ts'

/** What was released. `error` says why nothing was, and is empty otherwise. */
type Approval = { readonly approved: readonly HeldDelete[]; readonly hash: string; readonly error: string }

export type SocketOptions = {
  /** `off` starts nothing. */
  readonly path: string
  readonly board: Board
  /** Releases the held deletes that the hash names; without one, all that are held now. */
  readonly approve: (hash: string | undefined) => Approval
  readonly health?: AskHealth
  readonly log: Logger
}

const APPROVAL = z.strictObject({ hash: z.string().min(1).max(128).optional() })

/** A socket that cannot be had is a warning, not an end: the daemon's work does not need it. */
export async function serveSocket({ path, board, approve, health, log }: SocketOptions): Promise<{ close(): Promise<void> }> {
  if (path === 'off') return { close: async () => {} }
  const stop = new AbortController()
  const server = createServer()
  addStatus(server, board, health, stop.signal)
  addAlive(server, board)
  server.post('/approve', (request, reply) => {
    const wish = APPROVAL.safeParse(request.body)
    if (!wish.success) return short(reply, 400)
    const answer = approve(wish.data.hash)
    return reply.code(answer.error === '' ? 200 : 409).send(answer)
  })
  try {
    await bind(server, path)
  } catch (err) {
    await server.close()
    log.warn({ path, err: reasonOf(err) }, 'no control socket: approve, status and healthcheck cannot reach this daemon through it')
    return { close: async () => {} }
  }
  return {
    close: async () => {
      stop.abort()
      await server.close()
      await rm(path, { force: true })
    },
  }
}

/**
 * Binds inside a private directory and moves the socket to its place, so that nobody can connect before its mode is set, and a
 * socket that a killed daemon left behind is replaced in one step.
 */
async function bind(server: FastifyInstance, path: string): Promise<void> {
  await assertFree(path)
  const directory = await mkdtemp(join(dirname(path), '.swarm-slb-'))
  try {
    const here = join(directory, basename(path))
    await server.listen({ path: here })
    await chmod(here, 0o600)
    await rename(here, path)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** Only a socket that nobody answers on may be replaced. */
async function assertFree(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined)
  if (found === undefined) return
  if (!found.isSocket()) throw new Error(`${path} exists and is not a socket`)
  const answered = await ask({ socketPath: path }, { path: '/', timeoutMs: 1000 }).then(
    () => true,
    () => false,
  )
  if (answered) throw new Error('another daemon answers on it')
}

const reasonOf = (err: unknown): string => (err instanceof Error ? err.message : String(err))
