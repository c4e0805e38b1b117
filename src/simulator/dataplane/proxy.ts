// One http request through the balancer: to the backend, and the answer back, both streamed. Errors become 502 and 504, or, once the
// answer has begun, a cut connection.
import { type Agent, type ClientRequest, type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import { callBackend, type Exchange, statusOf } from './backend-call.ts'
import { hasBody, responseHeaders } from './headers.ts'

export type HttpExchange = Exchange & { readonly response: ServerResponse; readonly agent: Agent }

/** A plain answer of the load balancer itself. */
export function answer(response: ServerResponse, status: 400 | 404 | 502 | 503 | 504): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  // A body that nobody is going to read must not hold up the next request.
  if (!response.req.complete) response.setHeader('Connection', 'close')
  // The reason is spelled out: a refused writeHead keeps the reason it was given.
  response.writeHead(status, STATUS_CODES[status], { 'Content-Type': 'text/plain' }).end(`${status} ${STATUS_CODES[status]}\n`)
}

export function forward(exchange: HttpExchange): void {
  const { request, response } = exchange
  const fail = (call: ClientRequest, status: 502 | 504) => {
    answer(response, status)
    stopReading(request)
    call.destroy()
  }
  const attempt = (agent: Agent | false) => {
    const call: ClientRequest = callBackend(exchange, { agent, upgrade: false, onTimeout: () => fail(call, 504) })
    const open = () => !repeated && !response.headersSent && !response.destroyed
    let repeated = false
    // However it ends: an answer of ours, the backend's, or a client that went away.
    response.once('close', () => call.destroy())
    call.once('response', (incoming) => {
      if (!open() || !relay(exchange, incoming)) fail(call, 502)
    })
    call.on('error', (err) => {
      if (!open()) return
      // The backend closed an idle connection while it was used again: the request was not begun there, and may be sent once more.
      repeated = call.reusedSocket && isReset(err) && repeatable(exchange)
      if (repeated) attempt(false)
      else fail(call, statusOf(err))
    })
    // Without an error, where the backend answers with an upgrade that nobody asked for.
    call.once('close', () => open() && fail(call, 502))
    if (hasBody(request)) request.pipe(call)
    else call.end()
  }
  attempt(exchange.agent)
}

/** RFC 9110 §9.2.2 */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'DELETE', 'PUT'])

const repeatable = ({ request }: HttpExchange) => IDEMPOTENT.has(request.method ?? '') && !hasBody(request)

const isReset = ({ code }: NodeJS.ErrnoException) => code === 'ECONNRESET' || code === 'EPIPE'

/** False for an answer that cannot be passed on: Node reads more than it writes (a status of 000, control characters). */
function relay({ request, response, sticky, backend }: HttpExchange, incoming: IncomingMessage): boolean {
  try {
    response.sendDate = false
    response.writeHead(incoming.statusCode ?? 0, incoming.statusMessage ?? '', [...responseHeaders(incoming, sticky, backend.id)])
  } catch {
    return false
  }
  incoming.on('error', () => response.destroy())
  incoming.pipe(response)
  response.once('finish', () => {
    if (!request.complete) stopReading(request)
  })
  return true
}

/** What is left of the request's body is taken off the connection, so that the next request can follow. */
function stopReading(request: IncomingMessage): void {
  request.unpipe()
  request.resume()
}
