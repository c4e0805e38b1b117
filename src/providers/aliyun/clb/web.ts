// Reads what only http and https listeners of ours have: forwarding rules and further certificates. A quiet pass costs no call, because
// DescribeVServerGroups, which is read anyway, names every rule with its group: while those are the rules we know, nothing is read.
import type { ActualListener, DomainExtension, ListenerKey, Protocol, Rule } from '../../../core/model.ts'
import { CallError, type OpenOptions } from '../../provider.ts'
import type { Rpc } from '../rpc.ts'
import { DESCRIBE_EXTENSIONS, toExtensions } from './extensions.ts'
import { createKept, type Kept } from './kept.ts'
import { DESCRIBE_RULES, toRules } from './rules.ts'
import { type GroupRow, malformed } from './wire.ts'

export interface Web {
  /** The listeners with their rules and extensions. Throws CallError. */
  read(
    id: string,
    listeners: readonly ActualListener[],
    groups: readonly GroupRow[],
    how: OpenOptions,
    signal: AbortSignal,
  ): Promise<readonly ActualListener[]>
  /** We wrote to it, or tried to: the next reading asks. */
  changed(id: string, key: ListenerKey): void
  /** It was deleted, and what it had with it. */
  gone(id: string, key: ListenerKey): void
  clear(): void
}

type Place = { readonly key: ListenerKey; readonly port: number; readonly protocol: Protocol }

/** Another protocol is another listener, with nothing of the old one. */
const nameOf = (id: string, { key, protocol }: Place) => `${id} ${key} ${protocol}`
const namesOf = (id: string, key: ListenerKey) => [`${id} ${key} http`, `${id} ${key} https`]

type Memory = {
  readonly rpc: Rpc
  readonly rules: Kept<readonly Rule[]>
  readonly extensions: Kept<readonly DomainExtension[]>
  /** Written to since they were read. */
  readonly unsure: Set<string>
  /** By load balancer: rules that are on none of our listeners. */
  readonly elsewhere: Map<string, ReadonlySet<string>>
}

/** Rule id to group id. */
type Associated = ReadonlyMap<string, string>

const associatedIn = (groups: readonly GroupRow[]): Associated =>
  new Map(groups.flatMap((row) => row.AssociatedObjects.Rules.map(({ RuleId }): [string, string] => [RuleId, row.VServerGroupId])))

const params = (id: string, { port, protocol }: Place) => ({ LoadBalancerId: id, ListenerPort: port, ListenerProtocol: protocol })

async function askRules(memory: Memory, id: string, place: Place, groups: readonly GroupRow[], signal: AbortSignal) {
  const { rpc, rules, unsure } = memory
  const listed = new Set(groups.map(({ VServerGroupId }) => VServerGroupId))
  const associated = associatedIn(groups)
  const reply = await rpc(DESCRIBE_RULES, params(id, place), { kind: 'read', signal, share: id })
  const found = toRules(reply)
  const stray = found.find(({ group }) => !listed.has(group))
  if (stray !== undefined)
    throw malformed(DESCRIBE_RULES, `rule ${stray.name} points at group ${stray.group}, which is not listed`, reply.requestId)
  const there = new Set(found.map(({ ref }) => ref))
  const lost = rules.get(nameOf(id, place))?.find(({ ref, group }) => associated.get(ref) === group && !there.has(ref))
  if (lost !== undefined) throw malformed(DESCRIBE_RULES, `rule ${lost.name} is named by its group, but not listed`, reply.requestId)
  rules.put(nameOf(id, place), found)
  unsure.delete(nameOf(id, place))
}

const fits = (rules: readonly Rule[] | undefined, associated: Associated) =>
  rules?.every(({ ref, group }) => associated.get(ref) === group) === true

/** Which listener a new rule is on is not said: those that we wrote to are asked first, all others only when that does not explain it. */
async function refreshRules(
  memory: Memory,
  id: string,
  own: readonly Place[],
  groups: readonly GroupRow[],
  how: OpenOptions,
  signal: AbortSignal,
) {
  const { rules, unsure, elsewhere } = memory
  const associated = associatedIn(groups)
  const names = own.map((place) => nameOf(id, place))
  const audited = how.members === 'audit' ? rules.audit(names) : new Set<string>()
  const isDue = (place: Place) => {
    const name = nameOf(id, place)
    if (unsure.has(name)) return true
    // No rule at all is named: that is asked about only where there were some.
    if (associated.size === 0) return (rules.get(name)?.length ?? 0) > 0
    return how.members === 'fresh' || audited.has(name) || !fits(rules.get(name), associated)
  }
  const ask = (places: readonly Place[]) => Promise.all(places.map((place) => askRules(memory, id, place, groups, signal)))
  const unexplained = () => {
    const ours = new Set(names.flatMap((name) => rules.get(name) ?? []).map(({ ref }) => ref))
    return [...associated.keys()].filter((rule) => !ours.has(rule))
  }
  const due = own.filter(isDue)
  if (associated.size === 0) for (const place of own) if (!due.includes(place)) rules.put(nameOf(id, place), [])
  await ask(due)
  const known = elsewhere.get(id)
  if (unexplained().some((rule) => known?.has(rule) !== true)) await ask(own.filter((place) => !due.includes(place)))
  elsewhere.set(id, new Set(unexplained()))
}

/** Load balancers without a guaranteed performance have none. */
const none = (error: unknown): readonly DomainExtension[] => {
  if (error instanceof CallError && error.status === 'failed' && error.code === 'DomainExtensionNotSupport') return []
  throw error
}

async function refreshExtensions(memory: Memory, id: string, own: readonly Place[], how: OpenOptions, signal: AbortSignal) {
  const { rpc, extensions } = memory
  const audited = how.members === 'audit' ? extensions.audit(own.map((place) => nameOf(id, place))) : new Set<string>()
  const isDue = (name: string) => how.members === 'fresh' || audited.has(name) || extensions.get(name) === undefined
  const ask = async (place: Place) => {
    const where = { LoadBalancerId: id, ListenerPort: place.port }
    const found = await rpc(DESCRIBE_EXTENSIONS, where, { kind: 'read', signal, share: id }).then(toExtensions).catch(none)
    extensions.put(nameOf(id, place), found)
  }
  await Promise.all(own.filter((place) => isDue(nameOf(id, place))).map(ask))
}

/** Everything is read again at least once in `every` audits. */
export function createWeb(rpc: Rpc, every: number): Web {
  const memory: Memory = { rpc, rules: createKept(every), extensions: createKept(every), unsure: new Set(), elsewhere: new Map() }
  const { rules, extensions, unsure, elsewhere } = memory
  const drop = (id: string, key: ListenerKey) => {
    for (const name of namesOf(id, key)) for (const kept of [rules, extensions]) kept.drop(name)
  }
  return {
    async read(id, listeners, groups, how, signal) {
      const ours = listeners.filter(({ note, target }) => target !== undefined && how.owned(note))
      const secure = ours.filter(({ protocol }) => protocol === 'https')
      const web = ours.filter(({ protocol }) => protocol === 'http' || protocol === 'https')
      await Promise.all([refreshRules(memory, id, web, groups, how, signal), refreshExtensions(memory, id, secure, how, signal)])
      return listeners.map((listener) => ({
        ...listener,
        rules: web.includes(listener) ? (rules.get(nameOf(id, listener)) ?? []) : [],
        extensions: secure.includes(listener) ? (extensions.get(nameOf(id, listener)) ?? []) : [],
      }))
    },
    changed(id, key) {
      drop(id, key)
      for (const name of namesOf(id, key)) unsure.add(name)
    },
    gone(id, key) {
      drop(id, key)
      for (const name of namesOf(id, key)) unsure.delete(name)
    },
    clear() {
      rules.clear()
      extensions.clear()
      elsewhere.clear()
    },
  }
}
