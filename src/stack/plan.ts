// What a stack file would expose, and what not: the labels are read as the daemon reads them, and compared with what the load balancers
// have now, where those could be asked.
import { type LabelRules, portName, readService, type WantedTarget } from '../core/labels.ts'
import { markService, parseMark } from '../core/marks.ts'
import type { ListenerKey, LoadBalancer, PublishedPort, Service } from '../core/model.ts'
import { OPTION_NAMES } from '../core/options.ts'
import { ruleKey } from '../core/rules-label.ts'
import { resolveSettings } from '../core/settings.ts'
import type { Stack } from '../stack-file.ts'

export type StackTarget = {
  readonly loadBalancer: string
  /** `http:8080`; `tcp:allocated` where it follows a port that Swarm chooses. */
  readonly listener: string
  /** Labels that ask for something else than the default. */
  readonly options: Readonly<Record<string, string>>
  readonly rules: readonly string[]
  readonly adopt: boolean
  /** What is there now; absent where no cloud was asked. */
  readonly now?: string
}

export type StackPort = {
  readonly service: string
  /** `80/tcp` */
  readonly port: string
  readonly published: number | 'allocated'
  readonly mode: PublishedPort['mode']
  readonly state: 'exposed' | 'frozen' | 'unexposed'
  readonly reason: string
  readonly targets: readonly StackTarget[]
}

export type StackReport = {
  readonly ports: readonly StackPort[]
  readonly problems: readonly string[]
  /** Nothing was compared with the cloud. */
  readonly offline: boolean
}

/** What is known of the load balancers, where they were asked. */
export type Ground = {
  /** Undefined: not allowed. */
  readonly find: (ref: string) => LoadBalancer | undefined
  readonly problemOf: (ref: string) => string
}

export type StackRules = {
  readonly labels: LabelRules
  /** SLB_ID; what names no load balancer goes to the first with room. */
  readonly defaults: readonly string[]
}

const place = ({ loadBalancer }: WantedTarget, defaults: readonly string[]): string => {
  if (loadBalancer !== undefined) return loadBalancer
  if (defaults.length === 0) return 'the default load balancer'
  return defaults.length === 1 ? (defaults[0] ?? '') : `the first of ${defaults.join(', ')} with room`
}

function optionsOf({ given, protocol, nodes, weights, access }: WantedTarget, rules: LabelRules): Readonly<Record<string, string>> {
  const defaults = resolveSettings(protocol, {}, rules).settings
  const changed = OPTION_NAMES.flatMap((option) => {
    const value = given[option]
    return value === undefined || value === defaults[option] ? [] : [[option, String(value)] as const]
  })
  const chosen = nodes.map(
    ({ field, label, equal, value }) => `node.${field === 'label' ? `labels.${label}` : field}${equal ? '==' : '!='}${value}`,
  )
  return {
    ...Object.fromEntries(changed),
    ...(chosen.length === 0 ? {} : { nodes: chosen.join(', ') }),
    ...(weights === 'kept' ? { weights: 'ignore' } : {}),
    ...(access === undefined ? {} : { [access.kind]: access.entries.join(', ') }),
  }
}

type Finding = { readonly text: string; readonly problem: boolean }

/** What stands on the wanted listener now. */
function standsThere(lb: LoadBalancer, key: ListenerKey, target: WantedTarget, service: Service): Finding {
  const listener = lb.listeners.find((one) => one.key === key)
  if (listener === undefined) return { text: 'new', problem: false }
  const mark = parseMark(listener.note)
  const name = `${listener.protocol}:${listener.port}`
  if (mark?.service === markService(service.name, mark?.owner ?? '')) {
    return listener.protocol === target.protocol ? { text: 'exists', problem: false } : { text: `replaces ${name}`, problem: false }
  }
  if (mark !== undefined && target.rules.length > 0 && listener.protocol === target.protocol)
    return { text: `joins ${name} of service ${mark.service}`, problem: false }
  if (mark !== undefined) return { text: `${name} is held by service ${mark.service} of owner ${mark.owner}`, problem: true }
  if (target.adopt) return { text: `takes over ${name}, which carries no mark`, problem: false }
  return { text: `${name} is there and carries no mark; to take it over add the label adopt`, problem: true }
}

function cloudFinding(target: WantedTarget, service: Service, { defaults }: StackRules, ground: Ground): Finding | undefined {
  if (target.loadBalancer === undefined && defaults.length !== 1) return undefined
  const ref = target.loadBalancer ?? defaults[0] ?? ''
  const lb = ground.find(ref)
  if (lb === undefined) return { text: ground.problemOf(ref), problem: true }
  if (target.listenerPort === undefined) return { text: '', problem: false }
  return standsThere(lb, `${target.protocol === 'udp' ? 'udp' : 'tcp'}:${target.listenerPort}`, target, service)
}

type Claimed = { readonly row: StackTarget; readonly service: string; readonly port: string }

/** Two services of the file that want one listener, and two that publish one port. */
function clashes(claimed: readonly Claimed[], services: readonly Service[]): string[] {
  const found: string[] = []
  const holders = new Map<string, Claimed>()
  for (const one of claimed) {
    const { listener, loadBalancer, rules } = one.row
    if (listener.endsWith(':allocated')) continue
    const key = `${loadBalancer} ${listener.startsWith('udp') ? 'udp' : 'tcp'}:${listener.split(':')[1]}`
    const other = holders.get(key)
    const shared = rules.length > 0 || (other?.row.rules.length ?? 0) > 0
    const same = other?.row.listener === listener
    if (other !== undefined && !(shared && same))
      found.push(`${one.service} ${one.port}: listener ${listener} on ${loadBalancer} is wanted by ${other.service} ${other.port} too`)
    if (other === undefined || (other.row.rules.length > 0 && rules.length === 0)) holders.set(key, one)
  }
  const publishers = new Map<string, string>()
  for (const { name, ports } of services) {
    for (const { published, transport, mode } of ports) {
      if (published === undefined || mode === 'host') continue
      const other = publishers.get(`${published}/${transport}`)
      if (other !== undefined) found.push(`${name}: port ${published}/${transport} is published by ${other} too`)
      publishers.set(`${published}/${transport}`, name)
    }
  }
  return found
}

export function planStack(stack: Stack, rules: StackRules, ground: Ground | undefined): StackReport {
  const problems = [...stack.problems, ...stack.unset.map((name) => `variable ${name} is not set: it is taken for empty`)]
  const claimed: Claimed[] = []
  const ports = stack.services.flatMap((service) => {
    const reading = readService(service, rules.labels)
    problems.push(...reading.problems.map(({ port, text }) => `${service.name}${port === undefined ? '' : ` ${port}`}: ${text}`))
    return reading.ports.map((one): StackPort => {
      const targets = (one.status === 'wanted' ? one.targets : []).map((target): StackTarget => {
        const finding = ground === undefined ? undefined : cloudFinding(target, service, rules, ground)
        const row: StackTarget = {
          loadBalancer: place(target, rules.defaults),
          listener: `${target.protocol}:${target.listenerPort ?? 'allocated'}`,
          options: optionsOf(target, rules.labels),
          rules: target.rules.map(ruleKey),
          adopt: target.adopt,
          ...(finding === undefined || finding.text === '' ? {} : { now: finding.text }),
        }
        claimed.push({ row, service: service.name, port: portName(one.port) })
        if (finding?.problem === true) problems.push(`${service.name} ${portName(one.port)}: ${row.loadBalancer}: ${finding.text}`)
        return row
      })
      const state = one.status === 'wanted' ? 'exposed' : one.status
      const reason = one.status === 'wanted' ? '' : one.reason
      const about = { service: service.name, port: portName(one.port), published: one.port.published ?? ('allocated' as const) }
      return { ...about, mode: one.port.mode, state, reason, targets }
    })
  })
  return { ports, problems: [...problems, ...clashes(claimed, stack.services)], offline: ground === undefined }
}
