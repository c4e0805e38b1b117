// Gives every listener of a service the options that labels set for it. A label that no listener takes is a mistake, and said to be one;
// one that fits some of its listeners is not.

import type { Exposures, PortTarget } from './exposure.ts'
import { advice, type Finding, fault, note, portList, portName } from './findings.ts'
import type { PublishedPort, Service } from './model.ts'
import { nearest } from './nearest.ts'
import { protocolsOf } from './options.ts'
import { inScope, type OptionLabel } from './own-labels.ts'
import { plain } from './quote.ts'
import type { SettingsRules } from './settings.ts'
import { type Configured, configureTarget, type Ledger } from './target-options.ts'
import { parseLabelValue } from './values.ts'

export type PortOptions = {
  readonly byTarget: ReadonlyMap<PortTarget, Configured>
  readonly findings: readonly Finding[]
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
  return [fault(`${name} is not for ${protocols} listeners, only for ${protocolsOf(label.option).join(', ')}`, freezes)]
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
    const value = parseLabelValue(label.option, label.text)
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
    for (const target of targets) byTarget.set(target, configureTarget(mine, { port, target, ledger }, rules))
  }
  const idle = labels.filter(
    (label) => label.rank >= 0 && !ledger.used.has(label) && !service.ports.some((port) => inScope(label, port) && frozen.has(port)),
  )
  ledger.findings.push(...idle.flatMap((label) => unused(label, exposed, service, ledger.idle.get(label))))
  return { byTarget, findings: [...ledger.findings, ...overruled(labels, ledger.wrong)] }
}
