// `ports:` of a service in a stack file, in its short and its long form, as docker turns them into published ports.
import type { PublishedPort } from '../core/model.ts'

export type Ports = { readonly ports: readonly PublishedPort[] } | { readonly problem: string }

type Range = { readonly from: number; readonly to: number }

const SHORT = /^(?:(?:\[[0-9a-fA-F:.]+\]|\d+(?:\.\d+){3}):)?(?:(\d{1,5}(?:-\d{1,5})?)?:)?(\d{1,5}(?:-\d{1,5})?)(?:\/(tcp|udp|sctp))?$/i
const FORM = 'expected [published:]target[/protocol], for example "8080:80" or "80"'

function rangeOf(text: string): Range | undefined {
  const [, first, last] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? []
  const [from, to] = [Number(first), Number(last ?? first)]
  return from >= 1 && from <= to && to <= 65535 ? { from, to } : undefined
}

const numbers = ({ from, to }: Range) => Array.from({ length: to - from + 1 }, (_, i) => from + i)
const transportOf = (text: string | undefined): PublishedPort['transport'] => {
  const word = text?.toLowerCase()
  return word === 'udp' || word === 'sctp' ? word : 'tcp'
}

/** Ranges go side by side; several published ports of one target are several ports. */
function pair(published: Range | undefined, target: Range): readonly (readonly [number, number | undefined])[] | undefined {
  const [inside, outside] = [numbers(target), published === undefined ? [] : numbers(published)]
  if (published === undefined) return inside.map((port) => [port, undefined] as const)
  if (inside.length === outside.length) return inside.map((port, i) => [port, outside[i]] as const)
  const [only] = inside
  return inside.length === 1 && only !== undefined ? outside.map((port) => [only, port] as const) : undefined
}

function short(text: string): Ports {
  const [, published, target, protocol] = SHORT.exec(text.trim()) ?? []
  const inside = target === undefined ? undefined : rangeOf(target)
  const outside = published === undefined ? undefined : rangeOf(published)
  if (inside === undefined || (published !== undefined && outside === undefined)) return { problem: `"${text}" is no port; ${FORM}` }
  const pairs = pair(outside, inside)
  if (pairs === undefined) return { problem: `"${text}": the ranges have different lengths` }
  const transport = transportOf(protocol)
  return { ports: pairs.map(([port, at]) => ({ target: port, published: at, transport, mode: 'ingress' })) }
}

const field = (entry: object, name: string): unknown => (entry as Readonly<Record<string, unknown>>)[name]

function long(entry: object): Ports {
  const [target, published, protocol, mode] = ['target', 'published', 'protocol', 'mode'].map((name) => field(entry, name))
  const inside = rangeOf(String(target))
  const none = published === undefined || published === null || published === '' || Number(published) === 0
  const outside = none ? undefined : rangeOf(String(published))
  if (inside === undefined || inside.from !== inside.to) return { problem: `target ${JSON.stringify(target)} is no port` }
  if (!none && outside === undefined) return { problem: `published ${JSON.stringify(published)} is no port` }
  if (mode !== undefined && mode !== 'ingress' && mode !== 'host')
    return { problem: `mode ${JSON.stringify(mode)} is neither ingress nor host` }
  const transport = transportOf(typeof protocol === 'string' ? protocol : undefined)
  return {
    ports: (pair(outside, inside) ?? []).map(([port, at]) => ({
      target: port,
      published: at,
      transport,
      mode: mode === 'host' ? 'host' : 'ingress',
    })),
  }
}

export function readPorts(entry: unknown): Ports {
  if (typeof entry === 'number' || typeof entry === 'string') return short(String(entry))
  return typeof entry === 'object' && entry !== null ? long(entry) : { problem: `${JSON.stringify(entry)} is no port; ${FORM}` }
}
