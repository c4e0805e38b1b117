// Where a request goes: by the listener's rules to a group, by cookie or schedule to a backend. A number is the status to refuse it with.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { PlaneListener, PlaneRule } from '../plane.ts'
import type { Exchange } from './backend-call.ts'
import type { FrontOptions } from './front.ts'
import type { Pool } from './pool.ts'
import { hostName, type RuleTable } from './rules.ts'
import { stickyBackend } from './sticky.ts'

export type Routing = {
  readonly listener: PlaneListener
  readonly rules: RuleTable<PlaneRule>
  readonly options: Pick<FrontOptions, 'pool' | 'rulePool' | 'settings'>
}

export function route(request: IncomingMessage, { listener, rules, options }: Routing): Exchange | 404 | 503 {
  const match = rules.match(request.headers.host ?? '', request.url ?? '/')
  if (match.kind === 'notFound') return 404
  const pool: Pool | undefined = match.kind === 'own' ? options.pool : options.rulePool(match.rule.id)
  const { remoteAddress = '', remotePort = 0 } = request.socket
  const flow = { clientAddress: remoteAddress, clientPort: remotePort, address: listener.address, port: listener.port }
  const sticky = pool?.sticky() ?? { kind: 'off' }
  const backend = pool?.pick(flow, stickyBackend(sticky, request.headers.cookie))
  return backend === undefined ? 503 : { request, listener, flow, backend, sticky, settings: options.settings }
}

/** 301, as the cloud's redirect listeners answer unless told otherwise. */
export function redirect(request: IncomingMessage, response: ServerResponse, { address }: PlaneListener, port: number): void {
  const host = hostName(request.headers.host ?? address)
  const location = `https://${host}${port === 443 ? '' : `:${port}`}${request.url ?? '/'}`
  response.writeHead(301, { Location: location, 'Content-Length': 0 }).end()
}
