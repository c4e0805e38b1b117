// What fits under the cloud's quotas. What does not is a problem with the quota's name; the rest goes on.
import type { Chain, Change, LoadBalancer, Plan, Problem } from './model.ts'

/** Of one load balancer; Infinity where there is no limit. */
export type Quotas = { readonly listeners: number; readonly backends: number; readonly attachments: number; readonly groups: number }

type Use = { listeners: number; backends: number; groups: number; attachments: Map<string, number> }

const QUOTA_IDS = {
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

/** Takes room for one change; answers the quota that has none, and then takes nothing. */
function take(change: Change, use: Use, quotas: Quotas): keyof Quotas | undefined {
  if (change.kind === 'createListener') {
    if (use.listeners + 1 > quotas.listeners) return 'listeners'
    use.listeners += 1
  }
  if (change.kind === 'createGroup') {
    if (use.groups + 1 > quotas.groups) return 'groups'
    use.groups += 1
  }
  if (change.kind === 'createGroup' || change.kind === 'addBackends') {
    if (use.backends + change.members.length > quotas.backends) return 'backends'
    if (change.members.some(({ server }) => (use.attachments.get(server) ?? 0) + 1 > quotas.attachments)) return 'attachments'
    use.backends += change.members.length
    for (const { server } of change.members) use.attachments.set(server, (use.attachments.get(server) ?? 0) + 1)
  }
  return undefined
}

/** Room that a chain gives back: what it removes does not count when what it adds is fitted in after the removal. */
const isSwap = (chain: Chain) =>
  chain.changes.some(({ kind }) => kind === 'addBackends') && chain.changes.some(({ kind }) => kind === 'removeBackends')

/** A group that is full swaps: the removal goes first, the addition with the next pass. */
function removalFirst(chain: Chain): Chain {
  return { ...chain, changes: chain.changes.filter(({ kind }) => kind !== 'addBackends') }
}

export function fitQuotas(plan: Plan, lb: LoadBalancer, quotas: Quotas): { readonly plan: Plan; readonly problems: readonly Problem[] } {
  const use = useOf(lb)
  const problems: Problem[] = []
  const dropped = new Set<string>()
  const kept: Chain[] = []
  for (const chain of plan) {
    const short = chain.after.some((id) => dropped.has(id))
      ? 'waits'
      : chain.changes.map((change) => take(change, use, quotas)).find((name) => name !== undefined)
    if (short === undefined) {
      kept.push(chain)
    } else if (short === 'backends' && isSwap(chain)) {
      kept.push(removalFirst(chain))
    } else {
      dropped.add(chain.id)
      if (short !== 'waits') {
        const text = `quota ${QUOTA_IDS[short]} (${quotas[short]}) of ${lb.name} is used up: ${chain.id} is left out`
        problems.push({ kind: 'quota', subject: chain.service ?? lb.name, text })
      }
    }
  }
  return { plan: kept, problems }
}
