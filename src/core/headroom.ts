// What fits under the cloud's quotas. What does not is a problem with the quota's name; the rest goes on.
import {
  type Chain,
  type Change,
  type ChangeOf,
  DEFAULT_GROUP,
  type ListenerKey,
  type LoadBalancer,
  type Member,
  type Plan,
  type Problem,
} from './model.ts'

/** Infinity where there is no limit. Rules and extensions are counted on one listener, the others on one load balancer. */
export type Quotas = {
  readonly listeners: number
  readonly backends: number
  readonly attachments: number
  readonly groups: number
  readonly rules: number
  readonly extensions: number
}

type Quota = keyof Quotas
/** What the cloud calls them. */
export type QuotaNames = Readonly<Record<Quota, string>>
export type Limits = { readonly quotas: Quotas; readonly quotaNames: QuotaNames }

type Use = {
  listeners: number
  backends: number
  groups: number
  readonly attachments: Map<string, number>
  readonly rules: Map<ListenerKey, number>
  readonly extensions: Map<ListenerKey, number>
}

function useOf(lb: LoadBalancer): Use {
  const members = [...lb.members, ...lb.groups.flatMap((group) => group.members)]
  const attachments = new Map<string, number>()
  for (const { server } of members) attachments.set(server, (attachments.get(server) ?? 0) + 1)
  return {
    listeners: lb.listeners.length,
    backends: members.length,
    groups: lb.groups.length,
    attachments,
    rules: new Map(lb.listeners.map(({ key, rules }) => [key, rules.length])),
    extensions: new Map(lb.listeners.map(({ key, extensions }) => [key, extensions.length])),
  }
}

type Taken = { readonly change: Change | undefined; readonly short?: Quota }

/** Of added members as many as fit; the rest is left out. */
function takeMembers(change: ChangeOf<'addBackends'>, use: Use, quotas: Quotas): Taken {
  const members: Member[] = []
  let short: Quota | undefined
  for (const member of change.members) {
    const attached = (use.attachments.get(member.server) ?? 0) + 1
    if (use.backends + 1 > quotas.backends) short ??= 'backends'
    else if (attached > quotas.attachments) short ??= 'attachments'
    else {
      use.backends += 1
      use.attachments.set(member.server, attached)
      members.push(member)
    }
  }
  return { change: members.length === 0 ? undefined : { ...change, members }, ...(short === undefined ? {} : { short }) }
}

/** Of new rules as many as fit: they are free of one another. */
function takeRules(change: ChangeOf<'createRules'>, use: Use, quotas: Quotas): Taken {
  const has = use.rules.get(change.key) ?? 0
  const rules = change.rules.slice(0, Math.max(0, quotas.rules - has))
  use.rules.set(change.key, has + rules.length)
  if (rules.length === change.rules.length) return { change }
  return { change: rules.length === 0 ? undefined : { ...change, rules }, short: 'rules' }
}

/** On one listener. */
function takeOnListener(change: Change, use: Use, quotas: Quotas): Taken | undefined {
  if (change.kind === 'createRules') return takeRules(change, use, quotas)
  if (change.kind === 'replaceListener') {
    use.rules.delete(change.listener.key)
    use.extensions.delete(change.listener.key)
  }
  if (change.kind !== 'createExtension') return undefined
  const has = use.extensions.get(change.key) ?? 0
  if (has + 1 > quotas.extensions) return { change: undefined, short: 'extensions' }
  use.extensions.set(change.key, has + 1)
  return { change }
}

/** Takes room for one change, or says which quota has none. A new group is made whole or not at all. */
function take(change: Change, use: Use, quotas: Quotas): Taken {
  if (change.kind === 'addBackends') return takeMembers(change, use, quotas)
  const taken = takeOnListener(change, use, quotas)
  if (taken !== undefined) return taken
  if (change.kind === 'createListener') {
    if (use.listeners + 1 > quotas.listeners) return { change: undefined, short: 'listeners' }
    use.listeners += 1
  }
  if (change.kind === 'createGroup') {
    if (use.groups + 1 > quotas.groups) return { change: undefined, short: 'groups' }
    if (use.backends + change.members.length > quotas.backends) return { change: undefined, short: 'backends' }
    const full = change.members.some(({ server }) => (use.attachments.get(server) ?? 0) + 1 > quotas.attachments)
    if (full) return { change: undefined, short: 'attachments' }
    use.groups += 1
    use.backends += change.members.length
    for (const { server } of change.members) use.attachments.set(server, (use.attachments.get(server) ?? 0) + 1)
  }
  return { change }
}

/** Nothing in the group that a chain would have filled: what waits for it must not go on. */
const isEmptied = (before: Chain, after: readonly Change[], lb: LoadBalancer) => {
  const add = before.changes.find((change) => change.kind === 'addBackends')
  if (add === undefined || after.some(({ kind }) => kind !== 'setWeights')) return false
  const members = add.group === DEFAULT_GROUP ? lb.members : (lb.groups.find(({ ref }) => ref === add.group)?.members ?? [])
  return members.length === 0
}

/** A chain that was left out whole did not do what the others wait for. */
const START: readonly Change['kind'][] = ['createListener', 'createGroup']

/** What a chain removes makes room for what it adds, with the next pass. */
const SWAPS: Readonly<Partial<Record<Quota, Change['kind']>>> = {
  backends: 'removeBackends',
  rules: 'deleteRules',
  extensions: 'deleteExtension',
}

function problemOf(chain: Chain, lb: LoadBalancer, { quotas, quotaNames }: Limits, short: Quota): Problem {
  const text = `quota ${quotaNames[short]} (${quotas[short]}) of ${lb.name} is used up: ${chain.id} is left out${chain.changes.length > 1 ? ' in part' : ''}`
  return { kind: 'quota', subject: chain.service ?? lb.name, text }
}

/** A full group swaps by itself: what it removes makes room for what it adds with the next pass. */
export function fitQuotas(plan: Plan, lb: LoadBalancer, limits: Limits): { readonly plan: Plan; readonly problems: readonly Problem[] } {
  const use = useOf(lb)
  const problems: Problem[] = []
  const dropped = new Set<string>()
  const kept: Chain[] = []
  for (const chain of plan) {
    if (chain.after.some((id) => dropped.has(id))) {
      dropped.add(chain.id)
      continue
    }
    const taken = chain.changes.map((change) => take(change, use, limits.quotas))
    const changes = taken.flatMap(({ change }) => change ?? [])
    const short = taken.find((one) => one.short !== undefined)?.short
    const swaps = short !== undefined && chain.changes.some(({ kind }) => kind === SWAPS[short])
    if (short !== undefined && !swaps) problems.push(problemOf(chain, lb, limits, short))
    const first = chain.changes[0]
    const whole = first !== undefined && START.includes(first.kind) && taken[0]?.change === undefined
    if (short !== undefined && (whole || isEmptied(chain, changes, lb))) dropped.add(chain.id)
    else if (changes.length > 0) kept.push({ ...chain, changes })
  }
  return { plan: kept, problems }
}
