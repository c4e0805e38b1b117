// What still fits on one load balancer, counted while places are given away: nothing here asks or changes the cloud.
import type { PoolWant } from './claim.ts'
import type { Limits, Quotas } from './headroom.ts'
import { ownMark } from './holders.ts'
import { formatMark } from './marks.ts'
import type { ListenerKey, LoadBalancer, Protocol } from './model.ts'
import type { Backends } from './nodes.ts'
import { defaultGroupIsOurs, type TargetRules } from './targets.ts'

export type RoomRules = TargetRules & Limits

/** What is on one listener key. guests: only forwarding rules, so that a service may still name the listener itself. */
export type Slot = { readonly kind: 'foreign' | 'held' | 'guests'; readonly protocol: Protocol; readonly rules: number }

/** How often each server is in a server group, over all load balancers: the quota counts so. Shared by all rooms. */
export type Attached = Map<string, number>

export interface Room {
  slot(key: ListenerKey): Slot | undefined
  /** Why it does not fit, or undefined. */
  short(want: PoolWant): string | undefined
  take(want: PoolWant): void
  /** What is there already is only noted. */
  stay(want: PoolWant): void
}

type Quota = keyof Quotas

export function attachedTo(lbs: Iterable<LoadBalancer>): Attached {
  const attached: Attached = new Map()
  for (const lb of lbs) {
    for (const { server } of [...lb.members, ...lb.groups.flatMap((group) => group.members)])
      attached.set(server, (attached.get(server) ?? 0) + 1)
  }
  return attached
}

/** @param guests marks of service ports that have forwarding rules */
function slotsOf(lb: LoadBalancer, owner: string, guests: ReadonlySet<string>): Map<ListenerKey, Slot> {
  return new Map(
    lb.listeners.map((listener) => {
      const mark = ownMark(listener, owner)
      const kind = mark === undefined ? 'foreign' : guests.has(formatMark({ ...mark, suffix: '' })) ? 'guests' : 'held'
      return [listener.key, { kind, protocol: listener.protocol, rules: listener.rules.length }]
    }),
  )
}

const groupOf = ({ mark }: PoolWant) => formatMark({ ...mark, suffix: '' })

/** Servers that a new group would hold. */
const serversOf = (backends: Backends) => [...backends.wishes.values()].filter(({ add }) => add).map(({ server }) => server)

export function openRoom(lb: LoadBalancer, rules: RoomRules, backends: Backends, attached: Attached, guests: ReadonlySet<string>): Room {
  const { quotas } = rules
  const slots = slotsOf(lb, rules.owner, guests)
  const groups = new Set(lb.groups.map(({ name }) => name))
  const servers = serversOf(backends)
  const useDefault = rules.backends === 'auto' && defaultGroupIsOurs(lb, backends, rules).ours
  const used = {
    listeners: lb.listeners.length,
    groups: lb.groups.length,
    backends: lb.members.length + lb.groups.reduce((sum, group) => sum + group.members.length, 0),
  }
  const needsGroup = (want: PoolWant) => (want.ownGroup || !useDefault) && !groups.has(groupOf(want))
  const shortOf = (want: PoolWant): Quota | undefined => {
    const slot = slots.get(want.key)
    if (slot === undefined && used.listeners + 1 > quotas.listeners) return 'listeners'
    if (want.rules.length > 0 && (slot?.rules ?? 0) + want.rules.length > quotas.rules) return 'rules'
    if (!needsGroup(want)) return undefined
    if (used.groups + 1 > quotas.groups) return 'groups'
    if (used.backends + servers.length > quotas.backends) return 'backends'
    return servers.some((server) => (attached.get(server) ?? 0) + 1 > quotas.attachments) ? 'attachments' : undefined
  }
  return {
    slot: (key) => slots.get(key),
    short(want) {
      const quota = shortOf(want)
      return quota === undefined ? undefined : `quota ${rules.quotaNames[quota]} (${quotas[quota]}) is used up`
    },
    take(want) {
      const slot = slots.get(want.key)
      if (slot === undefined) used.listeners += 1
      if (needsGroup(want)) {
        used.groups += 1
        used.backends += servers.length
        for (const server of servers) attached.set(server, (attached.get(server) ?? 0) + 1)
        groups.add(groupOf(want))
      }
      const kind = want.rules.length === 0 ? 'held' : (slot?.kind ?? 'guests')
      slots.set(want.key, { kind, protocol: want.protocol, rules: (slot?.rules ?? 0) + want.rules.length })
    },
    stay(want) {
      const slot = slots.get(want.key)
      if (slot !== undefined && want.rules.length === 0) slots.set(want.key, { ...slot, kind: 'held' })
    },
  }
}
