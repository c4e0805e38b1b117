// Reads the labels of one service: where each published port is wanted and with which settings, or why it stays as it is.
// A user's mistake is a problem and freezes what it speaks of; nothing is thrown. docs/labels.md describes the same for users.
import type { Access } from './access-label.ts'
import { sortAliyunLabels } from './aliyun-labels.ts'
import { type ExposeRules, type Exposure, expose, type PortTarget } from './exposure.ts'
import { type Finding, freezing, note, portName, toProblems } from './findings.ts'
import type { TargetText } from './grammar.ts'
import type { Problem, Protocol, PublishedPort, RuleWish, Service } from './model.ts'
import type { NodeChoice } from './node-choice.ts'
import type { Settings } from './options.ts'
import { type SortedLabels, sortOwnLabels, strayLabels } from './own-labels.ts'
import { configure, type PortOptions } from './port-options.ts'
import type { SettingsRules } from './settings.ts'

export type { Access } from './access-label.ts'
export { portName }

export type LabelRules = ExposeRules &
  SettingsRules & {
    /** SLB_ROUTING_LISTENERS */
    readonly routing?: readonly TargetText[] | undefined
  }

export type WantedTarget = {
  /** Name or id as written; undefined: the default one. */
  readonly loadBalancer: string | undefined
  readonly protocol: Protocol
  /** Undefined only while it follows a published port that Swarm has not allocated. */
  readonly listenerPort: number | undefined
  /**
   * `cert-id`, `ca-cert-id`, `acl-id` and `domain-extensions` as written: `file:<name>` is not resolved here. With `access` there is no
   * `acl-id` yet, but `acl-status` is on. A redirect has `forward-port` and nothing else.
   */
  readonly settings: Settings
  /** What labels set of them, without defaults and without what has no effect. */
  readonly given: Settings
  /** `slb.port.<n>.rules`; empty: the port names the listener itself. */
  readonly rules: readonly RuleWish[]
  readonly nodes: NodeChoice
  /** `slb.weights: ignore` keeps them. */
  readonly weights: 'managed' | 'kept'
  readonly access: Access | undefined
  /** Take over a listener that carries no mark. */
  readonly adopt: boolean
  /** False: exposed by SLB_EXPOSE=published. */
  readonly labelled: boolean
}

type PortReading =
  | { readonly status: 'wanted'; readonly port: PublishedPort; readonly targets: readonly WantedTarget[] }
  /** Nothing of it is created, changed or deleted. */
  | { readonly status: 'frozen'; readonly port: PublishedPort; readonly reason: string }
  /** The reason says what to add. */
  | { readonly status: 'unexposed'; readonly port: PublishedPort; readonly reason: string }

export type ServiceReading = {
  /** slb.enable */
  readonly enabled: boolean
  /** slb.freeze: not even backends are followed. */
  readonly frozen: boolean
  readonly ports: readonly PortReading[]
  readonly problems: readonly Problem[]
}

function wanted(port: PublishedPort, exposed: readonly PortTarget[], { byTarget }: PortOptions): PortReading {
  const targets = exposed.flatMap((target): WantedTarget[] => {
    const configured = byTarget.get(target)
    return configured === undefined ? [] : [{ ...target, ...configured }]
  })
  return { status: 'wanted', port, targets }
}

/** Freezing comes before withdrawing, and both before what the labels say; there is nothing to freeze where no listener can be. */
function readPort(
  port: PublishedPort,
  exposure: Exposure | undefined,
  labels: SortedLabels,
  options: PortOptions,
  findings: readonly Finding[],
): PortReading {
  const unexposed = exposure !== undefined && 'reason' in exposure ? exposure.reason : undefined
  if (port.transport === 'sctp') return { status: 'unexposed', port, reason: 'load balancers have no sctp listeners' }
  if (labels.frozen) return { status: 'frozen', port, reason: 'slb.freeze is true' }
  if (!labels.enabled) return { status: 'unexposed', port, reason: 'slb.enable is false' }
  const cause = freezing(findings, port)
  if (cause !== undefined) return { status: 'frozen', port, reason: cause.text }
  if (exposure !== undefined && 'targets' in exposure) return wanted(port, exposure.targets, options)
  return { status: 'unexposed', port, reason: unexposed ?? '' }
}

export function readService(service: Service, rules: LabelRules): ServiceReading {
  const own = sortOwnLabels(service)
  const aliyun = sortAliyunLabels(service, rules.routing)
  const exposures = expose(service, [...own.targets, ...aliyun.targets], rules)
  const before = [...own.findings, ...aliyun.findings, ...exposures.findings]
  const frozen = new Set(service.ports.filter((port) => freezing(before, port) !== undefined))
  const options = configure(service, exposures, [...own.options, ...aliyun.options], rules, frozen)
  const both = own.frozen && !own.enabled ? [note('slb.enable=false waits: slb.freeze leaves the service as it is')] : []
  const findings = [...before, ...options.findings, ...strayLabels(service), ...both]
  return {
    enabled: own.enabled,
    frozen: own.frozen,
    ports: service.ports.map((port) => readPort(port, exposures.byPort.get(port), own, options, findings)),
    problems: toProblems(service, findings),
  }
}
