// Gives every listener of a service the options that labels set for it. A label that no listener takes is a mistake, and said to be one;
// one that fits some of its listeners is not.

import type { Exposures, PortTarget } from './exposure.ts'
import { advice, type Finding, fault, note, portList, portName } from './findings.ts'
import { parseBoolean } from './grammar.ts'
import type { PublishedPort, Service } from './model.ts'
import { nearest } from './nearest.ts'
import { knows, type OptionName, type Settings, specOf } from './options.ts'
import { inScope, type OptionLabel } from './own-labels.ts'
import { plain } from './quote.ts'
import { resolveSettings, type SettingsRules } from './settings.ts'
import { parseValue } from './values.ts'

type Configured = { readonly settings: Settings; readonly adopt: boolean }

export type PortOptions = {
  readonly byTarget: ReadonlyMap<PortTarget, Configured>
  readonly findings: readonly Finding[]
}

/** What became of each label so far. */
type Ledger = {
  /** Taken by a listener, or overruled by a closer label. */
  readonly used: Set<OptionLabel>
  /** Why a listener that knows the option has no use for it. */
  readonly idle: Map<OptionLabel, string>
  /** Their value is already a finding. */
  readonly wrong: Set<OptionLabel>
  readonly findings: Finding[]
}

/** The labels that count for this listener, the closest for each option. */
function closest(labels: readonly OptionLabel[], target: PortTarget, ledger: Ledger): ReadonlyMap<OptionLabel['option'], OptionLabel> {
  const chosen = new Map<OptionLabel['option'], OptionLabel>()
  for (const label of labels) {
    if (label.at !== undefined && label.at !== target.loadBalancer) continue
    if (label.option !== 'adopt' && !knows(label.option, target.protocol)) continue
    const other = chosen.get(label.option)
    if (other !== undefined) ledger.used.add(other)
    chosen.set(label.option, label)
  }
  return chosen
}

type Values = { readonly given: Settings; readonly adopt: boolean; readonly valid: boolean }

function readValues(
  chosen: ReadonlyMap<OptionLabel['option'], OptionLabel>,
  port: PublishedPort,
  target: PortTarget,
  ledger: Ledger,
): Values {
  const given: Partial<Record<OptionName, string | number>> = {}
  let adopt = false
  let valid = true
  for (const label of chosen.values()) {
    const { option } = label
    const value = option === 'adopt' ? parseBoolean(label.text) : parseValue(option, target.protocol, label.text)
    if (!value.ok) {
      valid = false
      ledger.wrong.add(label)
      const what = label.rank < 0 ? `${label.label}: ${option}` : plain(label.label)
      ledger.findings.push(fault(`${what}: ${value.text}`, [port]))
    } else if (typeof value.value === 'boolean') adopt = value.value
    else if (option !== 'adopt') given[option] = value.value
  }
  return { given, adopt, valid }
}

function configureOne(
  labels: readonly OptionLabel[],
  port: PublishedPort,
  target: PortTarget,
  rules: SettingsRules,
  ledger: Ledger,
): Configured {
  const chosen = closest(labels, target, ledger)
  const { given, adopt, valid } = readValues(chosen, port, target, ledger)
  const { settings, faults } = resolveSettings(target.protocol, given, rules)
  const idle = new Set<string>()
  for (const { kind, option, text } of valid ? faults : []) {
    const label = chosen.get(option)
    const name = label === undefined ? option : plain(label.label)
    if (kind === 'conflict') ledger.findings.push(fault(`${name} ${text}`, [port]))
    else if (label !== undefined) {
      idle.add(option)
      ledger.idle.set(label, text)
    }
  }
  for (const label of chosen.values()) if (!idle.has(label.option)) ledger.used.add(label)
  return { settings, adopt }
}

type Placed = { readonly port: PublishedPort; readonly targets: readonly PortTarget[] }

/** Why no listener takes this label. Freezes the ports it was written for; a service-wide one was written for none in particular. */
function unused(label: OptionLabel, exposed: readonly Placed[], service: Service, idle: string | undefined): Finding[] {
  const name = plain(label.label)
  const scope = service.ports.filter((port) => inScope(label, port))
  const placed = exposed.filter(({ port }) => scope.includes(port))
  const freezes = label.port === undefined ? [] : placed.map(({ port }) => port)
  const [first] = scope
  if (first === undefined) {
    if (!service.settled) return []
    const what =
      label.port === undefined ? ' has no effect: the service publishes no port' : `: container port ${label.port} is not published`
    return [note(`${name}${what}`)]
  }
  if (placed.length === 0) return [note(`${name} has no effect: ${portList(scope)} is not exposed; ${advice(first, service.ports)}`, first)]
  if (idle !== undefined) return [fault(`${name} ${idle}`, freezes)]
  const targets = placed.flatMap((one) => one.targets)
  if (label.at !== undefined && !targets.some((target) => target.loadBalancer === label.at))
    return [fault(`${name}: ${elsewhere(label.at, first, targets)}`, freezes)]
  if (label.option === 'adopt') return []
  const protocols = [...new Set(targets.map((target) => target.protocol))].join(', ')
  return [fault(`${name} is not for ${protocols} listeners, only for ${specOf(label.option).protocols.join(', ')}`, freezes)]
}

function elsewhere(at: string, port: PublishedPort, targets: readonly PortTarget[]): string {
  const names = targets.flatMap((target) => target.loadBalancer ?? [])
  const better = nearest(at, names)
  return `no target of ${portName(port)} names ${plain(at)}${better === undefined ? '' : `; did you mean @${plain(better)}?`}`
}

/** A wrong value is a mistake even where a closer label overrules it. */
function overruled(labels: readonly OptionLabel[], wrong: ReadonlySet<OptionLabel>): Finding[] {
  return labels.flatMap((label) => {
    if (label.rank < 0 || wrong.has(label)) return []
    const value = label.option === 'adopt' ? parseBoolean(label.text) : parseValue(label.option, undefined, label.text)
    return value.ok ? [] : [note(`${plain(label.label)}: ${value.text}`)]
  })
}

/** @param frozen ports that stay as they are: their labels are not judged */
export function configure(
  service: Service,
  { byPort }: Exposures,
  labels: readonly OptionLabel[],
  rules: SettingsRules,
  frozen: ReadonlySet<PublishedPort>,
): PortOptions {
  const ledger: Ledger = { used: new Set(), idle: new Map(), wrong: new Set(), findings: [] }
  const sorted = [...labels].sort((a, b) => a.rank - b.rank)
  const exposed = [...byPort].flatMap(([port, exposure]): Placed[] => ('targets' in exposure ? [{ port, targets: exposure.targets }] : []))
  const open = exposed.filter(({ port }) => !frozen.has(port))
  const byTarget = new Map<PortTarget, Configured>()
  for (const { port, targets } of open) {
    const mine = sorted.filter((label) => inScope(label, port))
    for (const target of targets) byTarget.set(target, configureOne(mine, port, target, rules, ledger))
  }
  const idle = labels.filter(
    (label) => label.rank >= 0 && !ledger.used.has(label) && !service.ports.some((port) => inScope(label, port) && frozen.has(port)),
  )
  ledger.findings.push(...idle.flatMap((label) => unused(label, exposed, service, ledger.idle.get(label))))
  return { byTarget, findings: [...ledger.findings, ...overruled(labels, ledger.wrong)] }
}
