// What a load balancer has, by the service ports that it is for: a node port names its service, where a swarm is known.
import { parseMark } from '../core/marks.ts'
import { minimalOf } from '../core/minimal.ts'
import type { ActualListener, LoadBalancer, Rule, RuleWish, Service } from '../core/model.ts'
import type { Settings } from '../core/options.ts'
import { plain } from '../core/quote.ts'
import type { SettingsRules } from '../core/settings.ts'

/** One listener as one service port has it: all of it, or the requests of some rules. */
export type Use = {
  readonly listener: ActualListener
  readonly given: Settings
  readonly rules: readonly RuleWish[]
  /** Of the cloud, as they would be read back. */
  readonly settings: Settings
}

export type Part = {
  readonly service: string
  /** False: a name that stands for a service that is not known. */
  readonly known: boolean
  readonly port: number
  readonly transport: 'tcp' | 'udp'
  /** On the nodes. */
  readonly published: number
  readonly uses: readonly Use[]
  /** What labels cannot say, or what to know about it. */
  readonly notes: readonly string[]
}

export type Listing = {
  readonly parts: readonly Part[]
  /** What belongs to no service port. */
  readonly notes: readonly string[]
}

/** Instance id of every node that is known. */
export type Swarm = { readonly services: readonly Service[]; readonly servers: ReadonlySet<string> }

type Place = { readonly service: string; readonly known: boolean; readonly port: number }
type Found = { readonly published: number | undefined; readonly notes: readonly string[] }

export const listenerName = ({ protocol, port }: ActualListener) => `${protocol}:${port}`

function placeOf(published: number, listener: ActualListener, swarm: Swarm | undefined): Place {
  const transport = listener.protocol === 'udp' ? 'udp' : 'tcp'
  for (const { name, ports } of swarm?.services ?? []) {
    const port = ports.find((one) => one.mode === 'ingress' && one.published === published && one.transport === transport)
    if (port !== undefined) return { service: name, known: true, port: port.target }
  }
  return { service: `port-${published}${transport === 'udp' ? '-udp' : ''}`, known: false, port: published }
}

function weightNotes(members: LoadBalancer['members'], where: string): string[] {
  const odd = members.filter(({ weight }) => weight !== 100)
  if (odd.length === 0) return []
  const text = odd.map(({ server, weight }) => `${server} ${weight}`).join(', ')
  return [`weights other than 100 in ${where} (${text}) are no matter of labels of services: see the node label slb.weight`]
}

function strangers(members: LoadBalancer['members'], swarm: Swarm | undefined): string[] {
  const foreign =
    swarm === undefined ? [] : [...new Set(members.map(({ server }) => server))].filter((server) => !swarm.servers.has(server))
  return foreign.length === 0 ? [] : [`servers that are no nodes of this swarm are left out: ${foreign.join(', ')}`]
}

/** The port on the nodes behind a group: the one that most of its members have. */
function groupPort(ref: string, lb: LoadBalancer, swarm: Swarm | undefined): Found {
  const group = lb.groups.find((one) => one.ref === ref)
  const counts = new Map<number, number>()
  for (const { port } of group?.members ?? []) if (port !== undefined) counts.set(port, (counts.get(port) ?? 0) + 1)
  const [first, ...others] = [...counts].toSorted((a, b) => b[1] - a[1] || a[0] - b[0])
  if (group === undefined || first === undefined) return { published: undefined, notes: [] }
  const where = `group ${plain(group.name)}`
  const several =
    others.length === 0
      ? []
      : [`${where} has servers on several ports (${[first, ...others].map(([port]) => port).join(', ')}); only ${first[0]} is here`]
  return { published: first[0], notes: [...several, ...weightNotes(group.members, where), ...strangers(group.members, swarm)] }
}

function targetPort(listener: ActualListener, lb: LoadBalancer, swarm: Swarm | undefined): Found {
  const { target } = listener
  if (target?.kind === 'group') return groupPort(target.group, lb, swarm)
  if (target === undefined) return { published: undefined, notes: [] }
  return { published: target.port, notes: [...weightNotes(lb.members, 'the default server group'), ...strangers(lb.members, swarm)] }
}

type Entry = Place & { readonly published: number; readonly use: Use; readonly notes: readonly string[] }

const beyondNotes = (listener: ActualListener, beyond: ReturnType<typeof minimalOf>['beyond']) =>
  beyond.map(({ option, value }) => `${listenerName(listener)} has ${option} ${plain(String(value))}, which no label can say`)

/** As a label has them; the cloud lists them apart from the settings of the listener. */
function withExtensions({ settings, extensions }: ActualListener): Settings {
  if (extensions.length === 0) return settings
  const pairs = extensions.map(({ domain, certificate }) => `${domain}:${certificate}`)
  return { ...settings, 'domain-extensions': pairs.toSorted().join(',') }
}

function aboutListener(listener: ActualListener): string[] {
  const mark = parseMark(listener.note)
  const name = listenerName(listener)
  return [
    ...(mark === undefined ? [] : [`${name} carries the mark of service ${mark.service} of owner ${mark.owner}`]),
    ...(mark !== undefined || listener.note === '' ? [] : [`${name} is described as ${plain(listener.note)}`]),
    ...(listener.status === 'stopped' ? [`${name} is stopped; a listener that is adopted is started`] : []),
  ]
}

function ownEntry(listener: ActualListener, lb: LoadBalancer, swarm: Swarm | undefined, rules: SettingsRules): Entry | undefined {
  const { published, notes } = targetPort(listener, lb, swarm)
  if (published === undefined) return undefined
  const settings = withExtensions(listener)
  const { given, beyond } = minimalOf(listener.protocol, settings, rules)
  const about = [...aboutListener(listener), ...beyondNotes(listener, beyond), ...notes]
  return { ...placeOf(published, listener, swarm), published, use: { listener, given, settings, rules: [] }, notes: about }
}

/** Rules of one group are one use. */
function ruleEntries(listener: ActualListener, lb: LoadBalancer, swarm: Swarm | undefined, rules: SettingsRules): (Entry | string)[] {
  const byGroup = new Map<string, Rule[]>()
  for (const rule of listener.rules) byGroup.set(rule.group, [...(byGroup.get(rule.group) ?? []), rule])
  return [...byGroup].map(([ref, mine]) => {
    const { published, notes } = groupPort(ref, lb, swarm)
    const names = mine.map(({ domain, url }) => plain(`${domain}${url}`)).join(', ')
    if (published === undefined) return `rules ${names} of ${listenerName(listener)} lead to a group without servers`
    const [first] = mine
    const settings = first?.settings ?? {}
    const { given, beyond } = minimalOf(listener.protocol, settings, rules)
    const same = mine.every((rule) => JSON.stringify(rule.settings) === JSON.stringify(first?.settings))
    const differ = same
      ? []
      : [`rules ${names} of ${listenerName(listener)} have different settings; those of ${plain(`${first?.domain}${first?.url}`)} are here`]
    const use = { listener, given, settings, rules: mine.map(({ domain, url }) => ({ domain, url })) }
    return { ...placeOf(published, listener, swarm), published, use, notes: [...differ, ...beyondNotes(listener, beyond), ...notes] }
  })
}

/** A redirect has no servers: it goes with the service of the listener that it leads to. */
function redirectEntry(listener: ActualListener, entries: readonly Entry[]): Entry | string {
  const to = listener.settings['forward-port']
  const name = listenerName(listener)
  if (to === undefined) return `${name} uses a master-slave group, or is of a kind that labels cannot ask for`
  const aim = entries.find(({ use }) => use.listener.protocol === 'https' && use.listener.port === to && use.rules.length === 0)
  if (aim === undefined) return `${name} redirects to https:${to}, which leads to no service here`
  const note = `${name} is a redirect, which cannot be adopted: delete it by hand, and it is made anew`
  return {
    ...aim,
    use: { listener, given: { 'forward-port': to }, settings: listener.settings, rules: [] },
    notes: [...aboutListener(listener), note],
  }
}

function partsOf(entries: readonly Entry[]): Part[] {
  const parts = new Map<string, Part>()
  for (const { use, notes, ...place } of entries) {
    const transport = use.listener.protocol === 'udp' ? 'udp' : 'tcp'
    const key = `${place.service} ${place.port} ${transport}`
    const before = parts.get(key)
    parts.set(key, {
      ...place,
      transport,
      uses: [...(before?.uses ?? []), use],
      notes: [...new Set([...(before?.notes ?? []), ...notes])],
    })
  }
  return [...parts.values()].toSorted((a, b) => (a.service < b.service ? -1 : a.service > b.service ? 1 : a.port - b.port))
}

/** @param lb with the members of all its groups and the rules and extensions of all its listeners */
export function listingOf(lb: LoadBalancer, swarm: Swarm | undefined, rules: SettingsRules): Listing {
  const listeners = lb.listeners.toSorted((a, b) => a.port - b.port || (a.protocol < b.protocol ? -1 : 1))
  const notes: string[] = []
  const entries: Entry[] = []
  const add = (entry: Entry | string) => (typeof entry === 'string' ? notes.push(entry) : entries.push(entry))
  for (const listener of listeners.filter(({ target }) => target !== undefined)) {
    const own = ownEntry(listener, lb, swarm, rules)
    if (own !== undefined) add(own)
    else if (listener.rules.length === 0) add(`${listenerName(listener)} leads to a group without servers`)
    for (const entry of ruleEntries(listener, lb, swarm, rules)) add(entry)
  }
  for (const listener of listeners.filter(({ target }) => target === undefined)) add(redirectEntry(listener, entries))
  return { parts: partsOf(entries), notes }
}
