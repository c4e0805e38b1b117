// What fits under the cloud's quotas. What does not is a problem with the quota's name; the rest goes on.
import { type Chain, type Change, type ChangeOf, DEFAULT_GROUP, type LoadBalancer, type Member, type Plan, type Problem } from './model.ts'

/** Of one load balancer; Infinity where there is no limit. */
export type Quotas = { readonly listeners: number; readonly backends: number; readonly attachments: number; readonly groups: number }

type Use = { listeners: number; backends: number; groups: number; attachments: Map<string, number> }

export const QUOTA_IDS = {
  listeners: 'slb_quota_listeners_num',
  backends: 'slb_quota_backendservers_num',
  attachments: 'slb_quota_backendserver_attached_num',
  groups: 'server groups',
}

function useOf(lb: LoadBalancer): Use {
  const members = [...lb.members, ...lb.groups.flatMap((group) => group.members)]
  const attachments = new Map<string, number>()
  for (const { server } of members) attachments.set(server, (attachments.get(server) ?? 0) + 1)
  return { listeners: lb.listeners.length, backends: members.length, groups: lb.groups.length, attachments }
}

type Taken = { readonly change: Change | undefined; readonly short?: keyof Quotas }

/** Of added members as many as fit; the rest is left out. */
function takeMembers(change: ChangeOf<'addBackends'>, use: Use, quotas: Quotas): Taken {
  const members: Member[] = []
  let short: keyof Quotas | undefined
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

/** Takes room for one change, or says which quota has none. A new group is made whole or not at all. */
function take(change: Change, use: Use, quotas: Quotas): Taken {
  if (change.kind === 'addBackends') return takeMembers(change, use, quotas)
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

function problemOf(chain: Chain, lb: LoadBalancer, quotas: Quotas, short: keyof Quotas): Problem {
  const text = `quota ${QUOTA_IDS[short]} (${quotas[short]}) of ${lb.name} is used up: ${chain.id} is left out${chain.changes.length > 1 ? ' in part' : ''}`
  return { kind: 'quota', subject: chain.service ?? lb.name, text }
}

/** A full group swaps by itself: what it removes makes room for what it adds with the next pass. */
export function fitQuotas(plan: Plan, lb: LoadBalancer, quotas: Quotas): { readonly plan: Plan; readonly problems: readonly Problem[] } {
  const use = useOf(lb)
  const problems: Problem[] = []
  const dropped = new Set<string>()
  const kept: Chain[] = []
  for (const chain of plan) {
    if (chain.after.some((id) => dropped.has(id))) {
      dropped.add(chain.id)
      continue
    }
    const taken = chain.changes.map((change) => take(change, use, quotas))
    const changes = taken.flatMap(({ change }) => change ?? [])
    const short = taken.find((one) => one.short !== undefined)?.short
    const swaps = short === 'backends' && chain.changes.some(({ kind }) => kind === 'removeBackends')
    if (short !== undefined && !swaps) problems.push(problemOf(chain, lb, quotas, short))
    const whole = chain.changes[0]?.kind === 'createListener' || chain.changes[0]?.kind === 'createGroup'
    if (short !== undefined && (whole || isEmptied(chain, changes, lb))) dropped.add(chain.id)
    else if (changes.length > 0) kept.push({ ...chain, changes })
  }
  return { plan: kept, problems }
}
