// `aliyun.routing.*`: hosts that a proxy of Alibaba's former Swarm service told apart. They become forwarding rules of the listeners that
// SLB_ROUTING_LISTENERS names, since the labels name none; a label of ours on the same port wins.
import { type Finding, fault, note } from './findings.ts'
import { parseBoolean, type TargetText } from './grammar.ts'
import type { PublishedPort, RuleWish, Service } from './model.ts'
import type { OptionLabel, TargetLabel, TargetWish } from './own-labels.ts'
import { plain, quote } from './quote.ts'
import { distinctRules, parseRule } from './rules-label.ts'

type Routing = {
  readonly targets: readonly TargetLabel[]
  readonly options: readonly OptionLabel[]
  readonly findings: readonly Finding[]
}

const PREFIX = 'aliyun.routing.'
const KEY = /^aliyun\.routing\.port_([1-9]\d{0,4})$/
const STICKY = 'aliyun.routing.session_sticky'
/** `http://wp.example.com`, `wp.example.com:/blog`, `https://wp.example.com/blog` */
const ENTRY = /^(?:(http|https|ws|wss|tcp):\/\/)?([^/:\s]+)(?::?(\/(?!\/)\S*))?$/
const FORM = '[http://|https://]<host>[/<path>] between semicolons'
const LONGEST = 4096
const ONE_PROTOCOL = { http: 'http', https: 'https', ws: 'http', wss: 'https' } as const

type Protocol = 'http' | 'https'
type Entry = { readonly protocol: Protocol; readonly rule: RuleWish } | { readonly skipped: string } | { readonly wrong: string }

const isWeb = (scheme: string): scheme is keyof typeof ONE_PROTOCOL => Object.hasOwn(ONE_PROTOCOL, scheme)

function readEntry(text: string): Entry {
  const [, scheme = 'http', host = '', path = ''] = ENTRY.exec(text) ?? []
  if (host === '') return { wrong: `${quote(text)} is no host; expected ${FORM}` }
  if (!isWeb(scheme)) return { skipped: `${quote(text)} has no host to tell apart; use slb.port.<container port>: tcp://:<listener port>` }
  if (!host.includes('.'))
    return { skipped: `${quote(host)} stood for a name under alicontainer.com, which is gone: write the whole host name` }
  if (/\.alicontainer\.com$/i.test(host)) return { skipped: `${quote(host)}: alicontainer.com is gone` }
  if (/\.local$/i.test(host)) return { skipped: `${quote(host)} was for use inside the cluster` }
  const rule = parseRule(`${host}${path}`)
  return rule.ok ? { protocol: ONE_PROTOCOL[scheme], rule: rule.value } : { wrong: `${rule.text}; expected ${FORM}` }
}

type Label = readonly [label: string, text: string]

/** One label: its rules on all listeners of their protocol. What has none is said, and the rest goes on. */
function readHosts([label, text]: Label, port: number, listeners: readonly TargetText[]): Pick<Routing, 'targets' | 'findings'> {
  const failed = (why: string): TargetLabel => ({
    label,
    port,
    transport: undefined,
    at: undefined,
    adds: true,
    targets: { ok: false, text: why },
  })
  if (text.length > LONGEST) return { targets: [failed(`${quote(text)} is longer than ${LONGEST} characters`)], findings: [] }
  const entries = text.split(';').map((part) => part.trim())
  const readings = entries.filter((entry) => entry !== '').map(readEntry)
  const wrong = readings.find((reading) => 'wrong' in reading)
  if (wrong !== undefined) return { targets: [failed(wrong.wrong)], findings: [] }
  const findings = readings.flatMap((reading) => ('skipped' in reading ? [note(`${label}: ${reading.skipped}`)] : []))
  const rulesOf = (protocol: string) =>
    distinctRules(readings.flatMap((reading) => ('rule' in reading && reading.protocol === protocol ? [reading.rule] : [])))
  for (const protocol of ['http', 'https'] as const) {
    if (rulesOf(protocol).length > 0 && !listeners.some((listener) => listener.protocol === protocol))
      findings.push(note(`${label}: SLB_ROUTING_LISTENERS names no ${protocol} listener for its ${protocol} hosts`))
  }
  const targets = listeners.map((listener): TargetWish => ({ ...listener, rules: rulesOf(listener.protocol) }))
  const used = targets.filter(({ rules }) => rules !== undefined && rules.length > 0)
  if (used.length === 0) return { targets: [], findings }
  return { targets: [{ label, port, transport: undefined, at: undefined, adds: true, targets: { ok: true, value: used } }], findings }
}

/** Cookie stickiness of the rules: below every label of ours. */
function readSticky(text: string | undefined, routed: readonly TargetLabel[], ports: readonly PublishedPort[]): Omit<Routing, 'targets'> {
  if (text === undefined) return { options: [], findings: [] }
  const value = parseBoolean(text)
  const numbers = routed.flatMap(({ port }) => port ?? [])
  if (!value.ok)
    return {
      options: [],
      findings: [
        fault(
          `${STICKY}: ${value.text}`,
          ports.filter(({ target }) => numbers.includes(target)),
        ),
      ],
    }
  if (numbers.length === 0)
    return { options: [], findings: [note(`${STICKY} has no effect without hosts in ${PREFIX}port_<container port>`)] }
  const one = (port: number): OptionLabel => {
    return { label: STICKY, option: 'sticky-session', text: value.value ? 'on' : 'off', port, transport: 'tcp', at: undefined, rank: -1 }
  }
  return { options: numbers.map(one), findings: [] }
}

function unusable(label: string): Finding {
  if (label.startsWith(`${PREFIX}port_`))
    return fault(`${plain(label)} fits no form of label; expected ${PREFIX}port_<container port>`, 'service')
  return note(`${plain(label)} has no counterpart on a load balancer, and no effect`)
}

/** @param listeners SLB_ROUTING_LISTENERS */
export function sortRoutingLabels(
  { labels, ports }: Pick<Service, 'labels' | 'ports'>,
  listeners: readonly TargetText[] | undefined,
): Routing {
  const routing = Object.entries(labels)
    .filter(([label]) => label.startsWith(PREFIX))
    .sort(([a], [b]) => (a < b ? -1 : 1))
  const [first] = routing
  if (first === undefined) return { targets: [], options: [], findings: [] }
  if (listeners === undefined) {
    const text = `${plain(first[0])} has no effect without SLB_ROUTING_LISTENERS, which names the listeners that its hosts go to, for example http:80`
    return { targets: [], options: [], findings: [note(text)] }
  }
  const parts = routing.map((label): Pick<Routing, 'targets' | 'findings'> => {
    const port = Number(KEY.exec(label[0])?.[1] ?? 0)
    if (label[0] === STICKY) return { targets: [], findings: [] }
    return port < 1 || port > 65535 ? { targets: [], findings: [unusable(label[0])] } : readHosts(label, port, listeners)
  })
  const targets = parts.flatMap((part) => part.targets)
  const sticky = readSticky(routing.find(([label]) => label === STICKY)?.[1], targets, ports)
  return { targets, options: sticky.options, findings: [...parts.flatMap(({ findings }) => findings), ...sticky.findings] }
}
