// What the text of a setting may be. Every schema takes a string and gives the value that the program uses.
import { z } from 'zod'
import { parseAddress } from '../http/address.ts'
import { Secret } from './secret.ts'

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }
const DAY_MS = 24 * 3_600_000

/** A parser as a schema: undefined from `parse` is the problem `expected`. */
const parsed = <T>(parse: (text: string) => T | undefined, expected: string) =>
  z.string().transform((text, context): T => {
    const value = parse(text.trim())
    if (value !== undefined) return value
    context.addIssue({ code: 'custom', message: `expected ${expected}` })
    return z.NEVER
  })

export const text = z.string().trim().min(1)
export const oneOf = <const T extends readonly [string, ...string[]]>(...values: T) =>
  z.enum(values, { error: `expected ${values.join(' or ')}` })
export const secret = z
  .string()
  .regex(/^[\x21-\x7e]+$/, 'expected printable ASCII without spaces')
  .transform((value) => new Secret(value))
export const matching = (pattern: RegExp, expected: string) => z.string().trim().regex(pattern, `expected ${expected}`)

/** Where it still is a template, nothing filled it in: those are for services only. */
export const swarmId = matching(/^[a-z0-9]{1,40}$/, "an id of Docker Swarm, which fills in its templates for a service's tasks only")

const BOOLEANS: ReadonlyMap<string, boolean> = new Map(
  Object.entries({
    true: true,
    false: false,
    1: true,
    0: false,
    yes: true,
    no: false,
    on: true,
    off: false,
  }),
)
export const boolean = parsed((value) => BOOLEANS.get(value.toLowerCase()), 'true or false')

/** The docker CLI's reading: any value at all means yes. */
export const dockerFlag = z.string().transform((value) => value !== '')

/** Milliseconds from `500ms`, `30s`, `1m30s`, `2h`. Only 0 may go without a unit. */
export const duration = (minMs = 0) =>
  parsed(
    (value) => {
      if (value === '0' && minMs === 0) return 0
      if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h))+$/.test(value)) return undefined
      const parts = [...value.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)]
      const total = Math.round(parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? ''] ?? Number.NaN), 0))
      return total >= minMs && total <= DAY_MS ? total : undefined
    },
    `a duration with a unit, such as 30s or 5m, from ${minMs === 0 ? '0s' : `${minMs / 1000}s`} to 24h`,
  )

const items = (value: string) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')

const isName = (item: string) => /^[^=\p{Cc}\p{Cf};"]{1,80}$/u.test(item)

/** Ids or names of load balancers. */
export const names = parsed((value) => {
  const list = [...new Set(items(value))]
  return list.length > 0 && list.every(isName) ? list : undefined
}, 'ids or names of load balancers, comma separated')

/** A tag is told from a name by its `=`, which names cannot have. Neither key nor value is longer than the cloud takes. */
const isTag = (item: string) => /^[^=\p{Cc}\p{Cf};"]{1,64}=[^\p{Cc}\p{Cf};"]{0,128}$/u.test(item)

/** Ids and names of load balancers, and tags `key=value`. */
export const namesAndTags = parsed((value) => {
  const list = [...new Set(items(value))]
  return list.length > 0 && list.every((item) => isTag(item) || isName(item)) ? list : undefined
}, 'ids or names of load balancers, or tags key=value, comma separated')

export type PortRange = { readonly from: number; readonly to: number }

export const portRanges = parsed((value) => {
  const ranges = items(value).map((item): PortRange | undefined => {
    const [, first, last] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(item) ?? []
    const [from, to] = [Number(first), Number(last ?? first)]
    return from >= 1 && from <= to && to <= 65535 ? { from, to } : undefined
  })
  const good = ranges.filter((range) => range !== undefined)
  return good.length > 0 && good.length === ranges.length ? good : undefined
}, 'ports and ranges, such as 80,443,30000-30010')

/** Deletes that need no waiting: the greater of a number and a share of the listeners owned. */
export type MaxDeletes = { readonly count: number; readonly percent: number }

export const maxDeletes = parsed((value): MaxDeletes | undefined => {
  const match = /^(\d{1,4})$|^(?:(\d{1,4}),)?(\d{1,3})%$/.exec(value.replaceAll(' ', ''))
  const [count, percent] = [Number(match?.[1] ?? match?.[2] ?? 0), Number(match?.[3] ?? 0)]
  return match === null || percent > 100 ? undefined : { count, percent }
}, 'a number, a share, or both: 5, 25% or 5,25%')

/** Limits of one load balancer; Infinity where there is none, or none is published. */
export type Quotas = {
  readonly listeners: number
  readonly backends: number
  readonly attachments: number
  readonly rules: number
  readonly extensions: number
  readonly groups: number
}

const NO_QUOTAS: Quotas = {
  listeners: Infinity,
  backends: Infinity,
  attachments: Infinity,
  rules: Infinity,
  extensions: Infinity,
  groups: Infinity,
}
/** The published defaults (user guide, quotas). No number is published for server groups. */
const PUBLISHED_QUOTAS: Quotas = { listeners: 50, backends: 200, attachments: 50, rules: 40, extensions: 3, groups: Infinity }

export const quotas = parsed((value): Quotas | undefined => {
  if (value === 'unlimited') return NO_QUOTAS
  const entries = items(value).map((item) => /^(listeners|backends|attachments|rules|extensions|groups)=(\d{1,6}|unlimited)$/.exec(item))
  if (entries.some((entry) => entry === null)) return undefined
  const given = entries.map((entry) => [entry?.[1] ?? '', entry?.[2] === 'unlimited' ? Infinity : Number(entry?.[2])])
  return { ...PUBLISHED_QUOTAS, ...Object.fromEntries(given) }
}, 'unlimited, or a list such as listeners=100,backends=400,attachments=50,rules=40,groups=unlimited')

export const number = (min: number, max: number, expected: string, also?: number) =>
  parsed((value) => {
    const result = value === '' ? Number.NaN : Number(value)
    return result === also || (result >= min && result <= max) ? result : undefined
  }, expected)

export const bandwidth = number(1, 5120, '-1 or 1 to 5120 Mbit/s', -1).refine(Number.isInteger, 'expected a whole number')

/** `http(s)://host[:port]`, without a path; https where no scheme is given. */
export const endpoint = parsed((value) => {
  const url = URL.parse(/^[a-z]+:\/\//i.test(value) ? value : `https://${value}`)
  const plain = url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === ''
  return plain && url.pathname === '/' && url.search === '' && url.hash === '' ? url.origin : undefined
}, 'a host name or URL without a path, such as https://slb.aliyuncs.com')

export const httpAddress = z
  .string()
  .trim()
  .refine((value) => value === 'off' || parseAddress(value) !== undefined, 'expected host:port, :port or off')

export const absolutePath = matching(/^(\/\S{1,90}|off)$/, 'an absolute path of at most 90 characters, or off')
