// The life of one load balancer in steps: each says what is done, and what is there afterwards.
import { type Change, DEFAULT_GROUP, type ListenerSpec, type LoadBalancer, type Member, type Target } from '../../src/core/model.ts'
import type { Settings } from '../../src/core/options.ts'
import { settingsFor } from '../../src/core/settings.ts'
import { NOTE, type Picture, PREFIX, sorted } from './provider-contract-picture.ts'

const WEB = `${PREFIX}web/80-tcp`
const API = `${PREFIX}api/9000-tcp`
const DNS = `${PREFIX}dns/53-udp`

/** Complete, as the core makes them; extensions are no settings of the listener, but things of their own. */
export const complete = (protocol: ListenerSpec['protocol'], given: Settings = {}): Settings => {
  const { 'domain-extensions': _apart, ...settings } = settingsFor(protocol, given, { defaultBandwidth: -1 }).settings
  return settings
}

const TCP = complete('tcp')
const UDP = complete('udp')
export const HTTP = complete('http', { 'health-check-uri': '/license.txt' })
const PROBE: Settings = { 'health-check-uri': '/license.txt', 'health-check-domain': '', 'health-check-httpcode': 'http_2xx,http_3xx' }
const STICKY: Settings = { 'sticky-session': 'on', 'sticky-session-type': 'insert', 'cookie-timeout': 1800 }

export type Context = {
  readonly lb: LoadBalancer
  readonly before: Picture
  readonly servers: readonly string[]
  /** Ids of two certificates that exist. */
  readonly certificates: readonly [string, string]
}
export type Step = {
  readonly name: string
  readonly changes: (context: Context) => readonly Change[]
  readonly expected: (context: Context) => Picture
}

const member = (server: string, port?: number, weight = 100, note = NOTE): Member => ({ server, port, weight, note })
export const refOf = ({ lb }: Context, name: string) => lb.groups.find((group) => group.name === name)?.ref ?? name
export const spec = (protocol: ListenerSpec['protocol'], port: number, note: string, target: Target, settings: Settings): ListenerSpec => ({
  key: `${protocol === 'udp' ? 'udp' : 'tcp'}:${port}`,
  ...{ protocol, port, note, target, settings },
})
export const running = ({ protocol, note, settings }: ListenerSpec, target: string) => ({
  protocol,
  note,
  settings,
  target,
  status: 'running' as const,
  rules: [],
  extensions: [],
})
const toDefault = { kind: 'default', port: 30000 } as const
const web = (group: string) => spec('http', 8080, WEB, { kind: 'group', group }, HTTP)
const api = spec('tcp', 9000, API, toDefault, TCP)
const dns = spec('udp', 9000, DNS, toDefault, UDP)

/** A change of one listener's settings, as the diff makes it. */
function update({ before }: Context, key: 'tcp:8080' | 'tcp:9000' | 'udp:9000', settings: Settings, more: object = {}): Change {
  const was = before.listeners[key]?.settings ?? {}
  const changed = Object.entries(settings).filter(([name, value]) => was[name as keyof Settings] !== value)
  const protocol = before.listeners[key]?.protocol ?? 'tcp'
  return { kind: 'updateListener', key, protocol, set: Object.fromEntries(changed), was, settings, ...more }
}

export const withListener = ({ before }: Context, key: string, more: object): Picture => {
  const old = before.listeners[key]
  if (old === undefined) throw new Error(`no listener ${key}`)
  return { ...before, listeners: { ...before.listeners, [key]: { ...old, ...more } } }
}

const settingsStep = (name: string, key: 'tcp:8080' | 'tcp:9000' | 'udp:9000', settings: Settings): Step => ({
  name,
  changes: (context) => [update(context, key, settings)],
  expected: (context) => withListener(context, key, { settings }),
})

/** Where there are fewer servers than members, a server is there with several ports. */
const inWeb = (servers: readonly string[], count: number): readonly Member[] =>
  Array.from({ length: count }, (_, n) => member(servers[n % servers.length] ?? '', 30080 + 10 * Math.floor(n / servers.length)))

export const STEPS: readonly Step[] = [
  {
    name: 'creates a group of more members than one call takes, and a listener on it that runs',
    changes: ({ servers }) => [
      { kind: 'createGroup', name: WEB, members: inWeb(servers, 25) },
      { kind: 'createListener', listener: web(WEB) },
    ],
    expected: ({ before, servers }) => ({
      ...before,
      groups: { [WEB]: sorted(inWeb(servers, 25)) },
      listeners: { 'tcp:8080': running(web(WEB), WEB) },
    }),
  },
  {
    name: 'fills the default group, and puts a tcp and a udp listener of one port on it',
    changes: ({ servers }) => [
      { kind: 'addBackends', group: DEFAULT_GROUP, name: DEFAULT_GROUP, members: servers.slice(0, 3).map((server) => member(server)) },
      { kind: 'createListener', listener: api },
      { kind: 'createListener', listener: dns },
    ],
    expected: ({ before, servers }) => ({
      ...before,
      members: sorted(servers.slice(0, 3).map((server) => member(server))),
      listeners: { ...before.listeners, 'tcp:9000': running(api, 'default:30000'), 'udp:9000': running(dns, 'default:30000') },
    }),
  },
  {
    name: 'writes down that it set a weight to 0, in both kinds of group',
    changes: (context) => {
      const [first = ''] = context.servers
      const own = member(first, 30080, 0, `${NOTE}/0`)
      return [
        { kind: 'setWeights', group: refOf(context, WEB), name: WEB, members: [own], was: [] },
        { kind: 'setWeights', group: DEFAULT_GROUP, name: DEFAULT_GROUP, members: [{ ...own, port: undefined }], was: [] },
      ]
    },
    expected: ({ before, servers: [first] }) => {
      const closed = (one: Member) =>
        one.server === first && (one.port ?? 30080) === 30080 ? { ...one, weight: 0, note: `${NOTE}/0` } : one
      return { ...before, groups: { [WEB]: (before.groups[WEB] ?? []).map(closed) }, members: before.members.map(closed) }
    },
  },
  {
    name: 'has a server in one group with two ports, and takes one of them away again with five others',
    changes: (context) => {
      const second = context.servers.slice(0, 1).map((server) => member(server, 30081))
      const group = { group: refOf(context, WEB), name: WEB }
      return [
        { kind: 'addBackends', ...group, members: second },
        { kind: 'removeBackends', ...group, members: [...second, ...inWeb(context.servers, 25).slice(20)] },
      ]
    },
    expected: ({ before, servers }) => {
      const gone = inWeb(servers, 25).slice(20)
      const kept = (one: Member) => !gone.some(({ server, port }) => server === one.server && port === one.port)
      return { ...before, groups: { [WEB]: (before.groups[WEB] ?? []).filter(kept) } }
    },
  },
  settingsStep('switches stickiness on', 'tcp:8080', { ...HTTP, ...STICKY }),
  settingsStep('follows a cookie of the application', 'tcp:8080', {
    ...HTTP,
    'sticky-session': 'on',
    'sticky-session-type': 'server',
    cookie: 'JSESSIONID',
  }),
  settingsStep('switches stickiness off', 'tcp:8080', HTTP),
  settingsStep('probes with another host, port and method', 'tcp:8080', {
    ...HTTP,
    'health-check-domain': 'example.com',
    'health-check-connect-port': 8081,
    'health-check-method': 'get',
  }),
  settingsStep('probes as before', 'tcp:8080', HTTP),
  settingsStep('switches a health check off', 'tcp:8080', complete('http', { 'health-check-flag': 'off' })),
  settingsStep('switches it on with all it had', 'tcp:8080', HTTP),
  settingsStep('lets a tcp check speak http', 'tcp:9000', { ...TCP, 'health-check-type': 'http', ...PROBE }),
  settingsStep('lets it be tcp again', 'tcp:9000', TCP),
  settingsStep('gives a udp check a payload', 'udp:9000', { ...UDP, 'health-check-req': 'ping', 'health-check-exp': 'pong' }),
  settingsStep('changes scheduler, bandwidth and persistence', 'tcp:9000', {
    ...TCP,
    scheduler: 'rr',
    bandwidth: 5,
    'persistence-timeout': 60,
  }),
  {
    name: 'stops a listener and says who did',
    changes: () => [{ kind: 'stopListener', key: 'tcp:8080', protocol: 'http', note: `${WEB}/stopped` }],
    expected: (context) => withListener(context, 'tcp:8080', { status: 'stopped', note: `${WEB}/stopped` }),
  },
  {
    name: 'starts it with its own mark',
    changes: () => [{ kind: 'startListener', key: 'tcp:8080', protocol: 'http', note: WEB }],
    expected: (context) => withListener(context, 'tcp:8080', { status: 'running', note: WEB }),
  },
  {
    name: 'moves a listener from the default group to its own, with a new mark in the same call',
    changes: (context) => {
      const settings = context.before.listeners['tcp:9000']?.settings ?? {}
      return [
        { kind: 'createGroup', name: API, members: [] },
        update(context, 'tcp:9000', settings, { note: `${API}/x`, target: { kind: 'group', group: API } }),
      ]
    },
    expected: (context) => {
      const moved = withListener(context, 'tcp:9000', { target: API, note: `${API}/x` })
      return { ...moved, groups: { ...moved.groups, [API]: [] } }
    },
  },
  {
    name: 'replaces a listener by one of another protocol',
    changes: (context) => [
      { kind: 'replaceListener', was: 'tcp', listener: spec('http', 9000, API, { kind: 'group', group: refOf(context, API) }, HTTP) },
    ],
    expected: (context) => withListener(context, 'tcp:9000', { protocol: 'http', note: API, settings: HTTP }),
  },
  {
    name: 'deletes what it made, listener before group, once and again',
    changes: (context) => [
      { kind: 'deleteListener', key: 'tcp:8080', protocol: 'http' },
      { kind: 'deleteListener', key: 'tcp:8080', protocol: 'http' },
      { kind: 'deleteGroup', group: refOf(context, WEB), name: WEB },
      { kind: 'deleteListener', key: 'tcp:9000', protocol: 'http' },
      { kind: 'deleteListener', key: 'udp:9000', protocol: 'udp' },
      { kind: 'deleteGroup', group: refOf(context, API), name: API },
      { kind: 'removeBackends', group: DEFAULT_GROUP, name: DEFAULT_GROUP, members: context.before.members },
    ],
    expected: () => ({ listeners: {}, groups: {}, members: [] }),
  },
]
