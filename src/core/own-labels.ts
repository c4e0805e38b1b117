// Sorts the labels of a service that begin with `slb.`: where ports go, options, switches. A key that fits nothing freezes the service,
// because what it was meant to say is not known.
import { type Finding, fault } from './findings.ts'
import { isOwnLabel, KEY_FORM, type LabelKey, type Parsed, parseBoolean, parseKey, parseTargets, type TargetText } from './grammar.ts'
import type { PublishedPort, RuleWish, Service, Transport } from './model.ts'
import { nearest } from './nearest.ts'
import { hasScope, isLabelName, LABEL_NAMES, type LabelName } from './options.ts'
import { plain } from './quote.ts'

/** Which listeners a label speaks of; all undefined: those of the whole service. */
type Scope = { readonly port: number | undefined; readonly transport: Transport | undefined; readonly at: string | undefined }

/** Says where one container port goes. */
export type TargetLabel = Scope & {
  readonly label: string
  readonly targets: Parsed<readonly TargetWish[]>
  /** Beside what other labels say, not instead of it; a label of ours makes it void. */
  readonly adds?: true
}

/** A target that says itself which requests it is for. */
export type TargetWish = TargetText & { readonly rules?: readonly RuleWish[] }

export type OptionLabel = Scope & {
  readonly label: string
  readonly option: LabelName
  readonly text: string
  /** A higher one wins. */
  readonly rank: number
}

export type SortedLabels = {
  readonly enabled: boolean
  readonly frozen: boolean
  readonly targets: readonly TargetLabel[]
  readonly options: readonly OptionLabel[]
  readonly findings: readonly Finding[]
}

const SWITCHES = ['enable', 'freeze'] as const
const NODE_LABELS: readonly string[] = ['slb.instance-id', 'slb.weight', 'slb.exclude']
/** For so many misspelt keys a better one is looked for. */
const HINTS = 10

/** Service-wide, then the port, then the port with its transport; the one target's load balancer beats them all. */
const rankOf = ({ port, transport, at }: Scope): number =>
  (port === undefined ? 0 : 1) + (transport === undefined ? 0 : 2) + (at === undefined ? 0 : 4)

const PORT_PART = /^slb\.port\.\d{1,5}(?:\/[a-z]{1,4})?\./

/** The key that was probably meant. */
function meant(key: string, ports: readonly PublishedPort[]): string | undefined {
  const [prefix] = PORT_PART.exec(key) ?? []
  if (prefix !== undefined) {
    const option = nearest(key.slice(prefix.length), LABEL_NAMES)
    return option === undefined ? undefined : `${prefix}${option}`
  }
  return nearest(key, [
    ...new Set([
      ...ports.map((port) => `slb.port.${port.target}`),
      ...SWITCHES.map((name) => `slb.${name}`),
      ...LABEL_NAMES.map((name) => `slb.${name}`),
    ]),
  ])
}

/** A known label that stands where it cannot. */
function outOfScope(key: LabelKey | undefined): string | undefined {
  if (key === undefined || key.kind === 'target' || !isLabelName(key.option)) return undefined
  if (key.kind === 'service') return `${key.option} is for one port: slb.port.<container port>.${key.option}`
  return `${key.option} is for a whole port, not for one of its targets: slb.port.${key.port}.${key.option}`
}

function misspelt(key: string, ports: readonly PublishedPort[], hint: boolean): string {
  if (NODE_LABELS.includes(key)) return `${key} is a label of nodes, not of services`
  if (key === 'slb.pause')
    return 'slb.pause is for the service of swarm-slb itself (SLB_SERVICE_ID); slb.freeze leaves one service as it is'
  const scoped = outOfScope(parseKey(key))
  if (scoped !== undefined) return scoped
  const better = hint ? meant(key, ports) : undefined
  const known = parseKey(key) === undefined ? `fits no form of label; expected ${KEY_FORM}` : 'is no known option'
  return `${plain(key)} ${known}${better === undefined ? '' : `; did you mean ${better}?`}`
}

type Reading = { readonly label: string; readonly text: string; readonly key: LabelKey | undefined }

function readOption({ label, text, key }: Reading): OptionLabel | undefined {
  if (key === undefined || key.kind === 'target') return undefined
  const scope: Scope = key.kind === 'option' ? key : { port: undefined, transport: undefined, at: undefined }
  const { option } = key
  if (!isLabelName(option) || !hasScope(option, scope.port === undefined ? 'service' : scope.at === undefined ? 'port' : 'target'))
    return undefined
  return { label, text, option, port: scope.port, transport: scope.transport, at: scope.at, rank: rankOf(scope) }
}

function unknown(readings: readonly Reading[], ports: readonly PublishedPort[]): Finding[] {
  return readings.map(({ label, key }, index) => {
    const text = misspelt(label, ports, index < HINTS)
    if (key?.kind !== 'option') return fault(text, 'service')
    return fault(
      text,
      ports.filter((port) => inScope(key, port)),
    )
  })
}

function readSwitch(labels: Service['labels'], name: (typeof SWITCHES)[number], otherwise: boolean): { on: boolean; findings: Finding[] } {
  const label = `slb.${name}`
  const text = Object.hasOwn(labels, label) ? labels[label] : undefined
  const value: Parsed<boolean> = text === undefined ? { ok: true, value: otherwise } : parseBoolean(text)
  return value.ok ? { on: value.value, findings: [] } : { on: otherwise, findings: [fault(`${label}: ${value.text}`, 'service')] }
}

/** Whether a label speaks of this published port. */
export const inScope = (
  scope: { readonly port: number | undefined; readonly transport: Transport | undefined },
  port: PublishedPort,
): boolean =>
  (scope.port === undefined || scope.port === port.target) && (scope.transport === undefined || scope.transport === port.transport)

const isSwitch = ({ key }: Reading): boolean => key?.kind === 'service' && SWITCHES.some((name) => name === key.option)

export function sortOwnLabels({ labels, ports }: Pick<Service, 'labels' | 'ports'>): SortedLabels {
  const own = Object.entries(labels)
    .filter(([label]) => isOwnLabel(label))
    .sort(([a], [b]) => (a < b ? -1 : 1))
  const readings = own.map(([label, text]): Reading => ({ label, text, key: parseKey(label) })).filter((reading) => !isSwitch(reading))
  const options = readings.flatMap((reading) => readOption(reading) ?? [])
  const targets = readings.flatMap(({ label, text, key }): TargetLabel[] =>
    key?.kind === 'target' ? [{ label, port: key.port, transport: key.transport, at: undefined, targets: parseTargets(text) }] : [],
  )
  const rest = readings.filter((reading) => reading.key?.kind !== 'target' && readOption(reading) === undefined)
  const enable = readSwitch(labels, 'enable', true)
  const freeze = readSwitch(labels, 'freeze', false)
  return {
    enabled: enable.on,
    frozen: freeze.on,
    targets,
    options,
    findings: [...enable.findings, ...freeze.findings, ...unknown(rest, ports)],
  }
}

/** Labels of ours on the container: a stack file's `labels:` instead of `deploy.labels:`. */
export function strayLabels({ labels, containerLabels }: Service): Finding[] {
  const strays = Object.keys(containerLabels).filter(
    (key) => (isOwnLabel(key) || key.startsWith('aliyun.lb.')) && !Object.hasOwn(labels, key),
  )
  const [first] = strays.sort()
  if (first === undefined) return []
  const more = strays.length === 1 ? '' : ` and ${strays.length - 1} more`
  const text = `${plain(first)}${more} found on the container, where nothing reads it: put it under deploy.labels (docker service: --label)`
  return [{ kind: 'label', text, freezes: [] }]
}
