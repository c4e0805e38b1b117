// What the contract looks at: a load balancer as a picture that can be compared.
import type { ActualListener, GroupRef, LoadBalancer, Member, Rule, Target } from '../../src/core/model.ts'

/** The owner `verify` is reserved: no daemon has it, so the contract can be kept on a real account, too. */
export const PREFIX = 'swarm-slb/verify/'
export const NOTE = 'swarm-slb/verify'

type PicturedListener = Pick<ActualListener, 'protocol' | 'status' | 'note' | 'settings'> & {
  readonly target: string
  readonly rules: readonly Omit<Rule, 'ref'>[]
  /** Domain and certificate. */
  readonly extensions: readonly string[]
}

/** What of a load balancer the contract is about; groups go by their name, since the cloud chooses the key. */
export type Picture = {
  readonly listeners: Readonly<Record<string, PicturedListener>>
  readonly groups: Readonly<Record<string, readonly Member[]>>
  readonly members: readonly Member[]
}

export const sorted = (members: readonly Member[]) =>
  members.toSorted((a, b) => a.server.localeCompare(b.server) || (a.port ?? 0) - (b.port ?? 0))

const groupName = ({ groups }: LoadBalancer, group: GroupRef) => groups.find(({ ref }) => ref === group)?.name ?? 'unlisted'

const targetName = (lb: LoadBalancer, target: Target | undefined): string => {
  if (target === undefined) return 'none'
  return target.kind === 'default' ? `default:${target.port}` : groupName(lb, target.group)
}

const rulesOf = (lb: LoadBalancer, rules: readonly Rule[]) =>
  rules
    .map(({ name, domain, url, group, settings }) => ({ name, domain, url, settings, group: groupName(lb, group) }))
    .toSorted((a, b) => a.name.localeCompare(b.name))

/** Of what is ours, or of everything else. */
export function pictureOf(lb: LoadBalancer, ours: boolean): Picture {
  const listeners = lb.listeners.filter(({ note }) => note.startsWith(PREFIX) === ours)
  const groups = lb.groups.filter(({ name }) => name.startsWith(PREFIX) === ours)
  return {
    listeners: Object.fromEntries(
      listeners.map(({ key, protocol, status, note, settings, target, rules, extensions }) => [
        key,
        {
          ...{ protocol, status, note, settings },
          target: targetName(lb, target),
          rules: rulesOf(lb, rules),
          extensions: extensions.map(({ domain, certificate }) => `${domain}:${certificate}`).sort(),
        },
      ]),
    ),
    groups: Object.fromEntries(groups.map(({ name, members }) => [name, sorted(members)])),
    members: sorted(lb.members.filter(({ note }) => note.startsWith(NOTE) === ours)),
  }
}
