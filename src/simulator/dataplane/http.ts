// http and https listeners: every request is routed by itself and forwarded over kept-alive connections to the backends.
import { Agent, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { PlaneListener } from '../plane.ts'
import type { Front, FrontOptions } from './front.ts'
import { answer, forward } from './proxy.ts'
import { type Routing, redirect, route } from './route.ts'
import { compileRules } from './rules.ts'
import { openStreamServer } from './stream-server.ts'
import { forwardUpgrade, refuseUpgrade } from './upgrade.ts'
import { createWebServer } from './web-server.ts'

/** Shorter than the usual keep-alive times of servers (5 s), so that few requests meet a connection that is just being closed. */
const BACKEND_IDLE_MS = 4_000

export function createHttpFront(initial: PlaneListener, protocol: 'http' | 'https', options: FrontOptions): Front {
  let routing: Routing = { listener: initial, rules: compileRules(initial.rules), options }
  const agent = new Agent({ keepAlive: true, timeout: BACKEND_IDLE_MS })
  const web = createWebServer(initial, protocol, (request, response) =>
    passable(
      () => serve(request, response, routing, agent),
      () => answer(response, 400),
    ),
  )
  web.server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) =>
    passable(
      () => serveUpgrade(request, socket, head, routing),
      () => refuseUpgrade(socket, 400),
    ),
  )
  const update = (listener: PlaneListener) => {
    if (listener.rules !== routing.listener.rules) routing = { ...routing, rules: compileRules(listener.rules) }
    routing = { ...routing, listener }
    options.onProblem('certificate', web.update(listener))
  }
  update(initial)
  const { close } = openStreamServer(web.server, initial, options)
  return {
    update,
    async close() {
      const closed = close()
      agent.destroy()
      await closed
    },
  }
}

function serve(request: IncomingMessage, response: ServerResponse, routing: Routing, agent: Agent): void {
  // The idle time is for waiting between requests; this one has the request timeout.
  request.socket.setTimeout(0)
  const { redirectTo } = routing.listener
  if (redirectTo !== undefined) {
    redirect(request, response, routing.listener, redirectTo)
    return
  }
  const found = route(request, routing)
  if (typeof found === 'number') answer(response, found)
  else forward({ ...found, response, agent })
}

function serveUpgrade(request: IncomingMessage, socket: Socket, head: Buffer, routing: Routing): void {
  socket.on('error', () => socket.destroy())
  const found = route(request, routing)
  if (typeof found === 'number') refuseUpgrade(socket, found)
  else forwardUpgrade({ ...found, socket, head })
}

/** Node's server reads some requests that cannot be written again (a form feed in the path): those are the client's mistake. */
function passable(pass: () => void, refuse: () => void): void {
  try {
    pass()
  } catch {
    refuse()
  }
}
