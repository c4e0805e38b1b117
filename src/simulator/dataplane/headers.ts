// Header rewriting between client and backend, on raw name-value lists: case, order and repeated headers stay as they came.
import type { PlaneListener, PlaneSticky } from '../plane.ts'
import type { Flow } from './scheduler.ts'
import { cookiesForBackend, stickyResponse } from './sticky.ts'

type Raw = readonly string[]

/** RFC 9110 §7.6.1: these speak of one connection. Expect is answered by us before the body arrives. */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'])

function endToEnd(raw: Raw, connection: string | undefined, drop: ReadonlySet<string>): string[] {
  const named = connection === undefined ? [] : connection.split(',').map((token) => token.trim().toLowerCase())
  const kept: string[] = []
  for (let at = 0; at < raw.length; at += 2) {
    const [name = '', value = ''] = [raw[at], raw[at + 1]]
    const lower = name.toLowerCase()
    if (!HOP_BY_HOP.has(lower) && !named.includes(lower) && !drop.has(lower)) kept.push(name, value)
  }
  return kept
}

/** What the listener tells the backend about the client; each replaces what the client sent under that name. */
function forwarded({ headers, protocol, loadBalancerId, address, port }: PlaneListener, flow: Flow, before: string | undefined): string[] {
  const all: [on: boolean, name: string, value: string][] = [
    [headers.for, 'X-Forwarded-For', before === undefined ? flow.clientAddress : `${before}, ${flow.clientAddress}`],
    [headers.proto, 'X-Forwarded-Proto', protocol],
    [headers.slbId, 'SLB-ID', loadBalancerId],
    [headers.slbIp, 'SLB-IP', address],
    [headers.slbPort, 'X-Forwarded-Port', String(port)],
    [headers.clientPort, 'X-Forwarded-Client-srcport', String(flow.clientPort)],
  ]
  return all.flatMap(([on, name, value]) => (on ? [name, value] : []))
}

export type Incoming = {
  readonly method?: string | undefined
  readonly rawHeaders: Raw
  readonly headers: { readonly connection?: string | undefined; readonly [name: string]: string | readonly string[] | undefined }
}

export const hasBody = ({ headers }: Incoming): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0

/** Raw headers of the request to the backend, which always names a host. `upgrade`: the connection is to become another protocol. */
export function requestHeaders(request: Incoming, listener: PlaneListener, sticky: PlaneSticky, flow: Flow, upgrade = false): string[] {
  const before = request.headers['x-forwarded-for']
  const added = forwarded(listener, flow, typeof before === 'string' ? before : undefined)
  const drop = new Set(['expect', ...added.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase())])
  const kept = endToEnd(request.rawHeaders, request.headers.connection, drop)
  for (let at = 0; at < kept.length; at += 2) {
    if (kept[at]?.toLowerCase() === 'cookie') kept[at + 1] = cookiesForBackend(sticky, kept[at + 1] ?? '')
  }
  const host = request.headers['host'] === undefined ? ['Host', listener.address] : []
  return [...host, ...kept, ...added, ...framing(request, upgrade)]
}

/** Node frames the body by these; a POST without any must not become chunked. */
function framing(request: Incoming, upgrade: boolean): readonly string[] {
  if (upgrade) return ['Connection', 'Upgrade', 'Upgrade', String(request.headers['upgrade'])]
  if (request.headers['transfer-encoding'] !== undefined) return ['Transfer-Encoding', 'chunked']
  const bodiless = request.method === 'GET' || request.method === 'HEAD' || request.headers['content-length'] !== undefined
  return bodiless ? [] : ['Content-Length', '0']
}

/** Raw headers of the answer to the client. */
export function responseHeaders(answer: Incoming, sticky: PlaneSticky, backend: string): Raw {
  return stickyResponse(sticky, endToEnd(answer.rawHeaders, answer.headers.connection, new Set()), backend)
}
