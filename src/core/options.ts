// The one table of listener options. Labels, validation, defaults, diff, docs/labels.md and the nearest-name hint all read it.
// Names are those of Alibaba's Kubernetes controller; new ones only where it has none (bandwidth, health-check-req, health-check-exp).
import type { Protocol } from './model.ts'

/** What a label value may be. `int` is canonical as a number, everything else as a string. */
type OptionType =
  | { readonly type: 'int'; readonly min: number; readonly max: number; readonly also?: readonly number[] }
  | {
      readonly type: 'enum'
      readonly values: readonly string[]
      readonly byProtocol?: Readonly<Partial<Record<Protocol, readonly string[]>>>
    }
  | { readonly type: 'set'; readonly values: readonly string[] }
  | { readonly type: 'text'; readonly pattern: RegExp; readonly expected: string; readonly means?: Readonly<Record<string, string>> }

export type OptionSpec = OptionType & {
  readonly protocols: readonly Protocol[]
  /** Value without a label; undefined: the option is not sent. A function sees the port's other settings. */
  readonly default: string | number | undefined | ((context: DefaultContext) => string | number | undefined)
  /** Only sent, and only allowed, while this holds for the other settings. */
  readonly when?: readonly [option: string, value: string]
  readonly unit?: string
  readonly help: string
}

type DefaultContext = {
  readonly protocol: Protocol
  readonly defaultBandwidth: number
  /** What labels set for this port. */
  readonly given: Readonly<Record<string, string | number>>
}

const L4: readonly Protocol[] = ['tcp', 'udp']
const L7: readonly Protocol[] = ['http', 'https']
const ALL: readonly Protocol[] = ['tcp', 'udp', 'http', 'https']
const ON_OFF = ['on', 'off'] as const
const HTTP_CODES = ['http_2xx', 'http_3xx', 'http_4xx', 'http_5xx'] as const

/** A port with its own check path is held to it; without one, anything that speaks HTTP at all is alive. */
const httpCodes = ({ given, protocol }: DefaultContext) =>
  protocol === 'tcp' || given['health-check-uri'] !== undefined ? 'http_2xx,http_3xx' : 'http_2xx,http_3xx,http_4xx'

export const OPTIONS = {
  scheduler: {
    type: 'enum',
    values: ['wrr', 'rr', 'sch', 'tch', 'qch'],
    byProtocol: { tcp: ['wrr', 'rr', 'sch', 'tch'], udp: ['wrr', 'rr', 'sch', 'tch', 'qch'], http: ['wrr', 'rr'], https: ['wrr', 'rr'] },
    protocols: ALL,
    default: 'wrr',
    help: 'how connections are spread over the nodes',
  },
  bandwidth: {
    type: 'int',
    min: 1,
    max: 5120,
    also: [-1],
    protocols: ALL,
    default: ({ defaultBandwidth }) => defaultBandwidth,
    unit: 'Mbit/s',
    help: 'limit of this listener; -1 is unlimited',
  },
  'persistence-timeout': {
    type: 'int',
    min: 0,
    max: 3600,
    protocols: ['tcp'],
    default: 0,
    unit: 's',
    help: 'one client address stays on one node; 0 is off',
  },
  'sticky-session': { type: 'enum', values: ON_OFF, protocols: L7, default: 'off', help: 'cookie stickiness' },
  'sticky-session-type': {
    type: 'enum',
    values: ['insert', 'server'],
    protocols: L7,
    default: 'insert',
    when: ['sticky-session', 'on'],
    help: 'insert: the load balancer sets the cookie; server: it follows the cookie of the application',
  },
  'cookie-timeout': {
    type: 'int',
    min: 1,
    max: 86400,
    protocols: L7,
    default: 1800,
    when: ['sticky-session-type', 'insert'],
    unit: 's',
    help: 'life of the inserted cookie',
  },
  cookie: {
    type: 'text',
    pattern: /^(?!\$)[!-+\--:<-~]{1,200}$/,
    expected: '1-200 ASCII characters without comma, semicolon or space, not starting with $',
    protocols: L7,
    default: undefined,
    when: ['sticky-session-type', 'server'],
    help: 'name of the application cookie; needed with sticky-session-type server',
  },
  'health-check-switch': { type: 'enum', values: ON_OFF, protocols: L4, default: 'on', help: 'health check of a tcp or udp listener' },
  'health-check-flag': { type: 'enum', values: ON_OFF, protocols: L7, default: 'on', help: 'health check of an http or https listener' },
  'health-check-type': {
    type: 'enum',
    values: ['tcp', 'http'],
    protocols: ['tcp'],
    default: 'tcp',
    when: ['health-check-switch', 'on'],
    help: 'probe of a tcp listener',
  },
  'health-check-uri': {
    type: 'text',
    pattern: /^\/[A-Za-z0-9\-/.%?#&_~;=:@!$'()*+,]{0,79}$/,
    expected: '1-80 characters, starting with /',
    protocols: ['tcp', 'http', 'https'],
    default: '/',
    when: ['health-check', 'http'],
    help: 'path of the http probe',
  },
  'health-check-domain': {
    type: 'text',
    pattern: /^(\$_ip|[A-Za-z0-9.-]{1,80})$/,
    expected: 'a host name of up to 80 characters, or $_ip',
    means: { $_ip: '' },
    protocols: ['tcp', 'http', 'https'],
    default: '',
    when: ['health-check', 'http'],
    help: 'Host header of the http probe; empty is the address of the node',
  },
  'health-check-httpcode': {
    type: 'set',
    values: HTTP_CODES,
    protocols: ['tcp', 'http', 'https'],
    default: httpCodes,
    when: ['health-check', 'http'],
    help: 'answers that count as healthy, comma separated',
  },
  'health-check-method': {
    type: 'enum',
    values: ['head', 'get'],
    protocols: L7,
    default: 'head',
    when: ['health-check-flag', 'on'],
    help: 'method of the http probe',
  },
  'health-check-req': {
    type: 'text',
    pattern: /^[A-Za-z0-9]{1,64}$/,
    expected: '1-64 letters or digits',
    protocols: ['udp'],
    default: '',
    when: ['health-check-switch', 'on'],
    help: 'payload of the udp probe; goes with health-check-exp',
  },
  'health-check-exp': {
    type: 'text',
    pattern: /^[A-Za-z0-9]{1,64}$/,
    expected: '1-64 letters or digits',
    protocols: ['udp'],
    default: '',
    when: ['health-check-switch', 'on'],
    help: 'expected answer of the udp probe; goes with health-check-req',
  },
  'health-check-connect-port': {
    type: 'int',
    min: 1,
    max: 65535,
    protocols: ALL,
    default: 0,
    when: ['health-check', 'on'],
    help: 'port of the probe on the node; without it the published port',
  },
  'health-check-interval': {
    type: 'int',
    min: 1,
    max: 50,
    protocols: ALL,
    default: 5,
    when: ['health-check', 'on'],
    unit: 's',
    help: 'time between probes',
  },
  'health-check-connect-timeout': {
    type: 'int',
    min: 1,
    max: 300,
    protocols: L4,
    default: 3,
    when: ['health-check-switch', 'on'],
    unit: 's',
    help: 'a probe of a tcp or udp listener fails after this',
  },
  'health-check-timeout': {
    type: 'int',
    min: 1,
    max: 300,
    protocols: L7,
    default: 3,
    when: ['health-check-flag', 'on'],
    unit: 's',
    help: 'a probe of an http or https listener fails after this',
  },
  'healthy-threshold': {
    type: 'int',
    min: 2,
    max: 10,
    protocols: ALL,
    default: 2,
    when: ['health-check', 'on'],
    help: 'good probes in a row before a node gets traffic again',
  },
  'unhealthy-threshold': {
    type: 'int',
    min: 2,
    max: 10,
    protocols: ALL,
    default: 3,
    when: ['health-check', 'on'],
    help: 'bad probes in a row before a node gets none',
  },
} as const satisfies Record<string, OptionSpec>

export type OptionName = keyof typeof OPTIONS

export const isOption = (name: string): name is OptionName => Object.hasOwn(OPTIONS, name)
/** In the order of the table: an option comes after those that its `when` speaks of. */
export const OPTION_NAMES: readonly OptionName[] = Object.keys(OPTIONS).filter(isOption)
export const specOf = (option: OptionName): OptionSpec => OPTIONS[option]
export const knows = (option: OptionName, protocol: Protocol): boolean => specOf(option).protocols.includes(protocol)

/**
 * Settings of one listener in canonical form. In a desired listener every option of its protocol that applies is present (defaults
 * filled in); an absent one is not ours to manage. `''` and 0 stand for "the cloud's own choice" (no host header, the backend's port).
 */
export type Settings = Readonly<Partial<Record<OptionName, string | number>>>
