// Which published ports go to which listeners, before any option is looked at: port labels first, SLB_EXPOSE where there are none.
import { advice, type Finding, fault, note, portList, portName } from './findings.ts'
import { formatTarget, isOwnLabel, type TargetText } from './grammar.ts'
import type { Protocol, PublishedPort, RuleWish, Service, Transport } from './model.ts'
import { inScope, type TargetLabel, type TargetWish } from './own-labels.ts'

export type ExposeRules = {
  /** SLB_EXPOSE */
  readonly expose: 'labelled' | 'published'
  /** SLB_PORTS; empty: all. */
  readonly ports: readonly (readonly [from: number, to: number])[]
}

/** A target whose listener port is settled as far as Swarm has allocated it. */
export type PortTarget = {
  readonly loadBalancer: string | undefined
  readonly protocol: Protocol
  readonly listenerPort: number | undefined
  readonly labelled: boolean
  /** The requests it is for, where the label of the target says so itself (`aliyun.routing.*`). */
  readonly rules?: readonly RuleWish[]
}

export type Exposure = { readonly targets: readonly PortTarget[] } | { readonly reason: string }

type Written = { readonly label: string; readonly targets: readonly TargetWish[]; readonly adds: boolean }
type Assigned = { readonly written: ReadonlyMap<PublishedPort, readonly Written[]>; readonly findings: readonly Finding[] }

/** What the cloud keeps for itself on udp. */
const RESERVED_UDP: readonly number[] = [250, 4789, 4790]
const DEFAULT_PORT: Readonly<Partial<Record<Protocol, number>>> = { http: 80, https: 443 }

const transportOf = (protocol: Protocol): Transport => (protocol === 'udp' ? 'udp' : 'tcp')

const listenerPort = (port: PublishedPort, { protocol, port: listener }: TargetText) => listener ?? DEFAULT_PORT[protocol] ?? port.published

/** The one port a target goes to: the scheme decides between tcp and udp, then ingress before host mode, then the service's order. */
function findPort(label: TargetLabel, target: TargetText, candidates: readonly PublishedPort[]): PublishedPort | Finding {
  const fitting = candidates.filter((port) => port.transport === transportOf(target.protocol))
  const [first] = fitting
  if (first === undefined) {
    const needed = `${label.port}/${transportOf(target.protocol)}`
    return fault(`${label.label}: ${formatTarget(target)} needs ${needed}, but published is only ${portList(candidates)}`, candidates)
  }
  return fitting.find(({ mode }) => mode === 'ingress') ?? fitting.find(({ published }) => published !== undefined) ?? first
}

/** In host mode without a fixed number every task has another port, and none is the listener's. */
function unnumbered(label: TargetLabel, port: PublishedPort, target: TargetText, { settled }: Service): Finding[] {
  if (port.mode !== 'host' || !settled || listenerPort(port, target) !== undefined) return []
  const better = formatTarget({ ...target, port: port.target })
  return [fault(`${label.label}: the tasks choose the node port of ${portName(port)}, so name the listener's: ${better}`, [port])]
}

function unpublished(label: TargetLabel, { ports, settled }: Service): Finding[] {
  if (!settled) return []
  const wanted = label.transport === undefined ? `${label.port}` : `${label.port}/${label.transport}`
  const published = ports.length === 0 ? 'the service publishes none' : `published: ${portList(ports)}`
  return [note(`${label.label}: container port ${wanted} is not published (${published})`)]
}

function twice(label: TargetLabel, port: PublishedPort, candidates: readonly PublishedPort[]): Finding[] {
  const same = candidates.filter((other) => other.transport === port.transport && other.mode === port.mode)
  if (same.length < 2) return []
  return [
    {
      ...note(`${label.label}: ${portName(port)} is published ${same.length} times; ${port.published ?? 'the first'} is used`, port),
      kind: 'port',
    },
  ]
}

function assignLabel(label: TargetLabel, service: Service, add: (port: PublishedPort, target: TargetWish) => void): Finding[] {
  const candidates = service.ports.filter((port) => inScope(label, port))
  if (candidates.length === 0) return unpublished(label, service)
  if (!label.targets.ok) return [fault(`${label.label}: ${label.targets.text}`, candidates)]
  const findings: Finding[] = []
  for (const target of label.targets.value) {
    const port = findPort(label, target, candidates)
    if ('freezes' in port) findings.push(port)
    else {
      add(port, target)
      findings.push(...twice(label, port, candidates), ...unnumbered(label, port, target, service))
    }
  }
  return findings
}

function assign(labels: readonly TargetLabel[], service: Service): Assigned {
  const written = new Map<PublishedPort, Written[]>()
  const findings = labels.flatMap((label) => {
    const mine = new Map<PublishedPort, TargetWish[]>()
    const found = assignLabel(label, service, (port, target) => void mine.set(port, [...(mine.get(port) ?? []), target]))
    for (const [port, targets] of mine)
      written.set(port, [...(written.get(port) ?? []), { label: label.label, targets, adds: label.adds === true }])
    return found
  })
  return { written, findings }
}

const toTarget = (port: PublishedPort, target: TargetWish): PortTarget => {
  const { protocol, loadBalancer, rules } = target
  return { loadBalancer, protocol, listenerPort: listenerPort(port, target), labelled: true, ...(rules === undefined ? {} : { rules }) }
}

/** One target per listener. Two protocols on one listener cannot be; the same target twice is once. */
function distinct(targets: readonly PortTarget[]): { readonly targets: readonly PortTarget[]; readonly clash: PortTarget | undefined } {
  const byPlace = new Map<string, PortTarget>()
  let clash: PortTarget | undefined
  for (const target of targets) {
    const place = `${target.loadBalancer ?? ''} ${target.listenerPort ?? ''}`
    const other = byPlace.get(place)
    if (other === undefined) byPlace.set(place, target)
    else if (other.protocol !== target.protocol) clash ??= target
  }
  return { targets: [...byPlace.values()], clash }
}

const written = ({ loadBalancer, protocol, listenerPort }: PortTarget): string =>
  formatTarget({ loadBalancer, protocol, port: listenerPort })

const sameTargets = (a: readonly PortTarget[], b: readonly PortTarget[]): boolean =>
  a.map(written).sort().join(';') === b.map(written).sort().join(';')

function reserved(label: string, port: PublishedPort, target: PortTarget): Finding[] {
  if (target.protocol !== 'udp' || target.listenerPort === undefined || !RESERVED_UDP.includes(target.listenerPort)) return []
  return [fault(`${label}: the cloud reserves udp port ${target.listenerPort}; choose another listener port`, [port])]
}

type PortReading = { readonly exposure: Exposure; readonly findings: readonly Finding[] }

/** What is written beside other labels gives way to a label of ours. */
function addTo({ exposure, findings }: PortReading, port: PublishedPort, own: string | undefined, adds: readonly Written[]): PortReading {
  const [first] = adds
  if (first === undefined) return { exposure, findings }
  if (own !== undefined)
    return { exposure, findings: [...findings, note(`${first.label} has no effect: ${own} says where the port goes`, port)] }
  const before = 'targets' in exposure ? exposure.targets : []
  const { targets, clash } = distinct([...before, ...adds.flatMap((one) => one.targets.map((target) => toTarget(port, target)))])
  const wrong =
    clash === undefined ? [] : [fault(`${first.label}: ${written(clash)} clashes with another target on the same listener`, [port])]
  return { exposure: { targets }, findings: [...findings, ...wrong] }
}

function readPort(port: PublishedPort, all: readonly Written[]): PortReading {
  const labels = all.filter(({ adds }) => !adds)
  const findings: Finding[] = []
  const readings = labels.map(({ label, targets }) => {
    const { targets: places, clash } = distinct(targets.map((target) => toTarget(port, target)))
    if (clash !== undefined) findings.push(fault(`${label}: ${written(clash)} clashes with another target on the same listener`, [port]))
    findings.push(...places.flatMap((target) => reserved(label, port, target)))
    return { label, places }
  })
  const [first, ...others] = readings
  const differing = others.find((other) => first !== undefined && !sameTargets(first.places, other.places))
  if (first !== undefined && differing !== undefined)
    findings.push(fault(`${first.label} and ${differing.label} name different targets; keep one of them`, [port]))
  const own = labels.find(({ label }) => isOwnLabel(label))?.label
  const adds = all.filter((one) => one.adds)
  return addTo({ exposure: { targets: first?.places ?? [] }, findings }, port, own, adds)
}

const inRanges = (ranges: ExposeRules['ports'], port: number): boolean =>
  ranges.length === 0 || ranges.some(([from, to]) => port >= from && port <= to)

/** A port that no label names. */
function unlabelled(port: PublishedPort, ports: readonly PublishedPort[], anyLabel: boolean, rules: ExposeRules): Exposure {
  const { published, transport } = port
  if (transport === 'sctp') return { reason: 'load balancers have no sctp listeners' }
  if (port.mode === 'host') return { reason: `in host mode, which needs a label; ${advice(port, ports)}` }
  if (anyLabel) return { reason: `only labelled ports of this service are exposed; ${advice(port, ports)}` }
  if (rules.expose === 'labelled') return { reason: `not labelled; ${advice(port, ports)}` }
  if (published !== undefined && !inRanges(rules.ports, published))
    return { reason: `published port ${published} is not in SLB_PORTS; ${advice(port, ports)}` }
  return { targets: [{ loadBalancer: undefined, protocol: transport, listenerPort: published, labelled: false }] }
}

export type Exposures = { readonly byPort: ReadonlyMap<PublishedPort, Exposure>; readonly findings: readonly Finding[] }

/** Every port of the service, with its targets or the reason why it has none. */
export function expose(service: Service, labels: readonly TargetLabel[], rules: ExposeRules): Exposures {
  const { written, findings } = assign(labels, service)
  const byPort = new Map<PublishedPort, Exposure>()
  const found: Finding[] = [...findings]
  const labelled = [...written.keys()]
  for (const port of service.ports) {
    const own = written.get(port)
    const twin = labelled.find((other) => other.target === port.target && other.transport === port.transport)
    const reading = own === undefined ? undefined : readPort(port, own)
    found.push(...(reading?.findings ?? []))
    if (reading !== undefined) byPort.set(port, reading.exposure)
    else if (twin !== undefined)
      byPort.set(port, {
        reason: `container port ${portName(port)} is published more than once; its listener uses ${twin.published ?? 'the first'}`,
      })
    else byPort.set(port, unlabelled(port, service.ports, labels.length > 0, rules))
  }
  for (const [port, exposure] of byPort) {
    for (const target of 'targets' in exposure ? exposure.targets : [])
      if (!target.labelled) found.push(...reserved(`published port ${port.published}`, port, target))
  }
  return { byPort, findings: found }
}
