// The grammar of our labels: keys (`slb.port.80/tcp.scheduler@lb-a`) and targets (`http://my-slb:8080;tcp://:80`).
// A URL parser will not do for targets: it lower-cases names and rejects `http://:8080`.
import type { Protocol, Transport } from './model.ts'
import { plain, quote } from './quote.ts'

export type LabelKey =
  | { readonly kind: 'target'; readonly port: number; readonly transport: Transport | undefined }
  | {
      readonly kind: 'option'
      readonly port: number
      readonly transport: Transport | undefined
      readonly option: string
      /** The load balancer of the one target it is for, as written there. */
      readonly at: string | undefined
    }
  | { readonly kind: 'service'; readonly option: string }

/** A target as written; undefined stands for the default load balancer, or the default listener port. */
export type TargetText = { readonly protocol: Protocol; readonly loadBalancer: string | undefined; readonly port: number | undefined }

export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly text: string }

export const isOwnLabel = (key: string): boolean => key.startsWith('slb.')

const PORT_KEY = /^slb\.port\.([1-9]\d{0,4})(?:\/(tcp|udp))?(?:\.([a-z0-9-]+)(?:@([A-Za-z0-9._/-]{1,80}))?)?$/
const SERVICE_KEY = /^slb\.([a-z0-9-]+)$/
const TARGET = /^(tcp|udp|http|https):\/\/([A-Za-z0-9._/-]{1,80})?(?::([1-9]\d{0,4}))?$/
const LONGEST = 4096

const TARGET_FORM = 'tcp|udp|http|https://[load balancer][:listener port], for example http://:8080'
export const KEY_FORM = 'slb.port.<container port>[/tcp|/udp][.<option>[@<load balancer>]] or slb.<option>'

const transportOf = (text: string | undefined): Transport | undefined => (text === 'tcp' || text === 'udp' ? text : undefined)

/** Undefined: the key fits no grammar. */
export function parseKey(key: string): LabelKey | undefined {
  const [, port, transport, option, at] = PORT_KEY.exec(key) ?? []
  if (port !== undefined) {
    const where = { port: Number(port), transport: transportOf(transport) }
    if (where.port > 65535) return undefined
    return option === undefined ? { kind: 'target', ...where } : { kind: 'option', ...where, option, at }
  }
  const [, name] = SERVICE_KEY.exec(key) ?? []
  return name === undefined ? undefined : { kind: 'service', option: name }
}

const isProtocol = (text: string | undefined): text is Protocol => text === 'tcp' || text === 'udp' || text === 'http' || text === 'https'

function parseTarget(entry: string): Parsed<TargetText> {
  const [, protocol, loadBalancer, port] = TARGET.exec(entry) ?? []
  if (isProtocol(protocol) && Number(port ?? 1) <= 65535) {
    return { ok: true, value: { protocol, loadBalancer, port: port === undefined ? undefined : Number(port) } }
  }
  return { ok: false, text: `${quote(entry)} is no target; expected ${TARGET_FORM}` }
}

/** One or more targets between semicolons; empty ones are skipped, spaces around them do not count. */
export function parseTargets(text: string): Parsed<readonly TargetText[]> {
  if (text.length > LONGEST) return { ok: false, text: `${quote(text)} is longer than ${LONGEST} characters` }
  const targets: TargetText[] = []
  for (const entry of text.split(';').map((part) => part.trim())) {
    if (entry === '') continue
    const target = parseTarget(entry)
    if (!target.ok) return target
    targets.push(target.value)
  }
  return targets.length === 0 ? { ok: false, text: `no target; expected ${TARGET_FORM}` } : { ok: true, value: targets }
}

export const formatTarget = ({ protocol, loadBalancer, port }: TargetText): string =>
  `${protocol}://${loadBalancer === undefined ? '' : plain(loadBalancer)}${port === undefined ? '' : `:${port}`}`

export function parseBoolean(text: string): Parsed<boolean> {
  const word = text.trim().toLowerCase()
  return word === 'true' || word === 'false'
    ? { ok: true, value: word === 'true' }
    : { ok: false, text: `${quote(text)} is neither true nor false` }
}
