// The labels of Alibaba's former Swarm service, so that its stack files work as they are: `aliyun.lb.port_80`, `aliyun.probe.url`; those
// of its router are in routing-labels.ts.
// Whatever they say, a label of ours says it louder.
import { type Finding, fault, note, portList } from './findings.ts'
import { type Parsed, parseTargets, type TargetText } from './grammar.ts'
import type { PublishedPort, Service } from './model.ts'
import type { OptionLabel, TargetLabel } from './own-labels.ts'
import { plain, quote } from './quote.ts'
import { sortRoutingLabels } from './routing-labels.ts'

const LB_KEY = /^aliyun\.lb\.port_(\d{1,5})$/
/** Unlike ours, load balancer and listener port are mandatory. */
const LB_ENTRY = /^[a-z]{3,5}:\/\/[a-zA-Z0-9_/.-]{1,80}:[0-9]{1,5}$/
const LB_FORM = '<tcp|udp|http|https>://<load balancer>:<listener port>'
const PROBE = /^(?:(http):\/\/container(?::(\d{1,5}))?(\/.*)?|(tcp):\/\/container:(\d{1,5}))$/
const PROBE_FORM = 'http://container[:port][/path] or tcp://container:port'
const LONGEST = 4096

export type AliyunLabels = {
  readonly targets: readonly TargetLabel[]
  readonly options: readonly OptionLabel[]
  readonly findings: readonly Finding[]
}

function parseEntries(text: string): Parsed<readonly TargetText[]> {
  if (text.length > LONGEST) return { ok: false, text: `${quote(text)} is longer than ${LONGEST} characters` }
  const entries = text
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part !== '')
  const wrong = entries.find((entry) => !LB_ENTRY.test(entry))
  if (wrong !== undefined) return { ok: false, text: `${quote(wrong)} is no target; expected ${LB_FORM}` }
  return parseTargets(entries.map((entry) => entry.replace(/:0+(?=[1-9]\d*$)/, ':')).join(';'))
}

function readTargets(labels: readonly (readonly [string, string])[]): Pick<AliyunLabels, 'targets' | 'findings'> {
  const targets: TargetLabel[] = []
  const findings: Finding[] = []
  for (const [label, text] of labels) {
    if (!label.startsWith('aliyun.lb.')) continue
    const port = Number(LB_KEY.exec(label)?.[1] ?? 0)
    if (port < 1 || port > 65535)
      findings.push(fault(`${plain(label)} fits no form of label; expected aliyun.lb.port_<container port>`, 'service'))
    else targets.push({ label, port, transport: undefined, at: undefined, targets: parseEntries(text) })
  }
  return { targets, findings }
}

/** An option that a probe label stands for: below every label of ours, and silent where it has no use. */
const implied = (label: string, port: number, option: OptionLabel['option'], text: string): OptionLabel => {
  return { label, option, text, port, transport: 'tcp', at: undefined, rank: -1 }
}

type Probe = { readonly type: 'http' | 'tcp'; readonly port: number; readonly path: string }

function parseProbe(text: string): Probe | undefined {
  const [, http, httpPort, path, tcp, tcpPort] = text.length > LONGEST ? [] : (PROBE.exec(text.trim()) ?? [])
  if (http === undefined && tcp === undefined) return undefined
  return { type: http === undefined ? 'tcp' : 'http', port: Number(httpPort ?? tcpPort ?? 80), path: path ?? '/' }
}

function probeOptions(probe: Probe, seconds: string | undefined): OptionLabel[] {
  const url = 'aliyun.probe.url'
  const http = [
    implied(url, probe.port, 'health-check-uri', probe.path),
    implied(url, probe.port, 'health-check-httpcode', 'http_2xx,http_3xx'),
  ]
  const timeout = (['health-check-timeout', 'health-check-connect-timeout'] as const).map((option) =>
    implied('aliyun.probe.timeout_seconds', probe.port, option, seconds ?? ''),
  )
  return [
    implied(url, probe.port, 'health-check-type', probe.type),
    ...(probe.type === 'http' ? http : []),
    ...(seconds === undefined ? [] : timeout),
  ]
}

function readProbe(
  labels: ReadonlyMap<string, string>,
  { ports, settled }: Pick<Service, 'ports' | 'settled'>,
): Omit<AliyunLabels, 'targets'> {
  const findings: Finding[] = []
  if (labels.has('aliyun.probe.cmd')) {
    findings.push(
      note('aliyun.probe.cmd cannot run on a load balancer: its health check stays the default; use slb.health-check-* instead'),
    )
  }
  const url = labels.get('aliyun.probe.url')
  if (url === undefined) return { options: [], findings }
  const probe = parseProbe(url)
  const tcp = ports.filter((port) => port.transport === 'tcp')
  if (probe === undefined)
    return { options: [], findings: [...findings, fault(`aliyun.probe.url: ${quote(url)} is no probe; expected ${PROBE_FORM}`, tcp)] }
  if (!tcp.some((port) => port.target === probe.port))
    return { options: [], findings: [...findings, ...unpublished(probe, ports, settled)] }
  return { options: probeOptions(probe, labels.get('aliyun.probe.timeout_seconds')), findings }
}

/** A service that publishes nothing was never meant for a load balancer. */
function unpublished(probe: Probe, ports: readonly PublishedPort[], settled: boolean): Finding[] {
  if (ports.length === 0 || !settled) return []
  return [
    note(`aliyun.probe.url: container port ${probe.port}/tcp is not published (${portList(ports)}), so the health check stays the default`),
  ]
}

/** @param listeners SLB_ROUTING_LISTENERS */
export function sortAliyunLabels(
  service: Pick<Service, 'labels' | 'ports' | 'settled'>,
  listeners: readonly TargetText[] | undefined,
): AliyunLabels {
  const labels = Object.entries(service.labels)
    .filter(([label]) => label.startsWith('aliyun.'))
    .sort(([a], [b]) => (a < b ? -1 : 1))
  const { targets, findings } = readTargets(labels)
  const probe = readProbe(new Map(labels), service)
  const routing = sortRoutingLabels(service, listeners)
  return {
    targets: [...targets, ...routing.targets],
    options: [...probe.options, ...routing.options],
    findings: [...findings, ...probe.findings, ...routing.findings],
  }
}
