// Pages for health checks: on the address for whoever watches from outside, and on the unix socket, where nobody can crowd out the
// health check that Swarm goes by.
import type { FastifyInstance } from 'fastify'
import type { Board } from '../board.ts'
import { send } from './plain-server.ts'

/** Answers GET /healthz and GET /taskz. */
export function addAlive(server: FastifyInstance, board: Board): void {
  server.get('/healthz', (_request, reply) => (board.alive() ? send(reply, 'ok') : send(reply.code(503), 'the loop is stuck')))
  server.get('/taskz', (_request, reply) => {
    const { makesWay } = board.page()
    if (!board.alive()) return send(reply.code(503), 'the loop is stuck')
    if (makesWay === undefined) return send(reply.code(503), 'the swarm has not been read yet')
    return makesWay === '' ? send(reply, 'ok') : send(reply.code(503), `makes way for another manager's task: ${makesWay}`)
  })
}
