// Whose things stand on a load balancer, and whether another swarm is alive behind them.
import { parseBackendNote, parseMark } from './marks.ts'
import type { LoadBalancer, Member } from './model.ts'

/** Listener and server of each row of health that is normal. */
type Healthy = readonly { readonly listener: string; readonly server: string }[]

const membersOf = ({ members, groups }: LoadBalancer): readonly Member[] => [members, ...groups.map((group) => group.members)].flat()
const isOf = (owner: string) => (member: Member) => parseBackendNote(member.note)?.owner === owner

/** Has anything here the mark of that owner? */
export const isMarked = (lb: LoadBalancer, owner: string): boolean =>
  [...lb.listeners.map(({ note }) => note), ...lb.groups.map(({ name }) => name)].some((text) => parseMark(text)?.owner === owner) ||
  membersOf(lb).some(isOf(owner))

/** Servers that answer health checks of that owner's listeners and are no nodes of this swarm: another swarm is alive behind them. */
export function signsOfLife(lb: LoadBalancer, from: string, healthy: Healthy, ours: ReadonlySet<string>): readonly string[] {
  const keys = new Set<string>(lb.listeners.flatMap(({ key, note }) => (parseMark(note)?.owner === from ? [key] : [])))
  return [...new Set(healthy.flatMap(({ listener, server }) => (keys.has(listener) && !ours.has(server) ? [server] : [])))].sort()
}

/** The same of our own listeners, where servers that people put there count for nothing. */
export function othersAlive(lb: LoadBalancer, owner: string, healthy: Healthy, ours: ReadonlySet<string>): readonly string[] {
  const marked = new Set(
    membersOf(lb)
      .filter(isOf(owner))
      .map(({ server }) => server),
  )
  return signsOfLife(lb, owner, healthy, ours).filter((server) => marked.has(server))
}
