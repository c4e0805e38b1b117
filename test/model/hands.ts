// People and other tools at work in the console: they change load balancers without asking.
import type { ActualListener, Group, LoadBalancer, Member } from '../../src/core/model.ts'
import { group, listener, toDefault, toGroup } from '../support/build.ts'
import type { Hand } from './actions.ts'
import type { World } from './world.ts'

const pick = <T>(list: readonly T[], which: number): T | undefined => list[which % Math.max(1, list.length)]

const withListener = (lb: LoadBalancer, which: number, patch: (one: ActualListener) => Partial<ActualListener>): LoadBalancer => {
  const found = pick(lb.listeners, which)
  return found === undefined ? lb : { ...lb, listeners: lb.listeners.map((one) => (one === found ? { ...one, ...patch(one) } : one)) }
}

/** `which` 0 is the default group. */
const withMembers = (lb: LoadBalancer, which: number, change: (members: readonly Member[]) => readonly Member[]): LoadBalancer => {
  const found = which === 0 ? undefined : pick(lb.groups, which - 1)
  if (found === undefined) return { ...lb, members: change(lb.members) }
  return { ...lb, groups: lb.groups.map((one) => (one === found ? { ...one, members: change(one.members) } : one)) }
}

const withMember = (lb: LoadBalancer, { which, member }: { which: number; member: number }, patch: Partial<Member>): LoadBalancer =>
  withMembers(lb, which, (members) => {
    const found = pick(members, member)
    return members.map((one) => (one === found ? { ...one, ...patch } : one))
  })

function added(lb: LoadBalancer, { which, member }: { which: number; member: number }): LoadBalancer {
  return withMembers(lb, which, (members) => {
    const server = member < 2 ? `i-9${member}` : `i-n${member}`
    const port = which === 0 || lb.groups.length === 0 ? undefined : (members[0]?.port ?? 8000)
    return members.some((one) => one.server === server && one.port === port)
      ? members
      : [...members, { server, port, weight: 70, note: member === 0 ? 'database' : '' }]
  })
}

/** Numbers are never used twice, as ids of the cloud are not. */
const newRef = ({ clock, log }: World) => `rsp-hand-${clock.now}-${log.length}`

function listenerByHand(world: World, lb: LoadBalancer, port: number, redirect: boolean): LoadBalancer {
  if (lb.listeners.some(({ key }) => key === `tcp:${port}`)) return lb
  const ref = newRef(world)
  if (port === 81 && !redirect) return { ...lb, listeners: [...lb.listeners, listener('tcp', port, toDefault(22), 'by hand')] }
  const own: Group = group(ref, 'by hand', [{ server: 'i-77', port: 22, weight: 100, note: 'x' }], { listeners: [`tcp:${port}`] })
  const note = redirect ? 'swarm-slb/them/a/80-tcp' : 'ssh'
  return { ...lb, groups: [...lb.groups, own], listeners: [...lb.listeners, listener('tcp', port, toGroup(ref), note)] }
}

/** A rule of somebody else's on an http listener. */
function ruleByHand(world: World, lb: LoadBalancer, which: number): LoadBalancer {
  const web = pick(
    lb.listeners.filter(({ protocol }) => protocol === 'http'),
    which,
  )
  const domain = which < 2 ? 'hand.example.com' : 'a.example.com'
  if (web === undefined || web.rules.some((rule) => rule.domain === domain && rule.url === '')) return lb
  const ref = newRef(world)
  const rules = [...web.rules, { ref: `rule-${domain}`, name: 'hand', domain, url: '', group: ref, settings: undefined }]
  const own: Group = group(ref, 'by hand', [{ server: 'i-78', port: 80, weight: 100, note: 'x' }], { rules: 1 })
  return { ...lb, groups: [...lb.groups, own], listeners: lb.listeners.map((one) => (one === web ? { ...one, rules } : one)) }
}

const withoutRule = (lb: LoadBalancer, which: number) =>
  withListener(lb, which, ({ rules }) => ({ rules: rules.filter((rule) => rule !== pick(rules, which)) }))

const retargeted = (lb: LoadBalancer, which: number) =>
  withListener(lb, which, ({ target }) => {
    if (target?.kind === 'default') return { target: toDefault(target.port === 30000 ? 30001 : 30000) }
    const other = lb.groups.find(({ ref }) => target?.kind === 'group' && ref !== target.group)
    return other === undefined ? {} : { target: toGroup(other.ref) }
  })

function inGroups(world: World, lb: LoadBalancer, does: 'group' | 'rename' | 'deleteGroup', which: number): LoadBalancer {
  const found = pick(lb.groups, which)
  if (does === 'group') return { ...lb, groups: [...lb.groups, group(newRef(world), which < 2 ? 'by hand' : 'swarm-slb/me/a/80-tcp', [])] }
  if (found === undefined) return lb
  if (does === 'rename') return { ...lb, groups: lb.groups.map((one) => (one === found ? { ...one, name: 'renamed' } : one)) }
  const used = found.listeners.length > 0 || found.rules > 0
  return used ? lb : { ...lb, groups: lb.groups.filter((one) => one !== found) }
}

function tagged(lb: LoadBalancer, does: 'untag' | 'pause' | 'unpause'): LoadBalancer {
  const { 'swarm-slb:pause': _, ...tags } = lb.tags
  return { ...lb, tags: does === 'untag' ? {} : does === 'pause' ? { ...tags, 'swarm-slb:pause': 'true' } : tags }
}

const PATCHES: Record<'stop' | 'start' | 'edit' | 'release', (one: ActualListener) => Partial<ActualListener>> = {
  stop: () => ({ status: 'stopped' }),
  // Whoever starts it in the console takes the sign away with that.
  start: ({ note }) => ({ status: 'running', note: note.replace(/\/(closed|stopped)$/, '') }),
  edit: ({ settings }) => ({ settings: { ...settings, bandwidth: 7 } }),
  release: () => ({ note: 'mine now' }),
}

function edited(world: World, lb: LoadBalancer, hand: Hand): LoadBalancer {
  switch (hand.does) {
    case 'stop':
    case 'start':
    case 'edit':
    case 'release':
      return withListener(lb, hand.which, PATCHES[hand.does])
    case 'delete':
      return { ...lb, listeners: lb.listeners.filter((one) => one !== pick(lb.listeners, hand.which)) }
    case 'retarget':
      return retargeted(lb, hand.which)
    case 'zero':
      return withMember(lb, hand, { weight: 0 })
    case 'weigh':
      return withMember(lb, hand, { weight: 33 })
    case 'remove':
      return withMembers(lb, hand.which, (members) => members.filter((one) => one !== pick(members, hand.member)))
    case 'add':
      return added(lb, hand)
    case 'listener':
    case 'redirect':
      return listenerByHand(world, lb, hand.port, hand.does === 'redirect')
    case 'rule':
      return ruleByHand(world, lb, hand.which)
    case 'deleteRule':
      return withoutRule(lb, hand.which)
    case 'group':
    case 'rename':
    case 'deleteGroup':
      return inGroups(world, lb, hand.does, hand.which)
    default:
      return tagged(lb, hand.does)
  }
}

/** Which listeners and rules use a group is told by those. */
const linked = (lb: LoadBalancer): LoadBalancer => ({
  ...lb,
  groups: lb.groups.map((one) => ({
    ...one,
    listeners: lb.listeners.flatMap(({ key, target }) => (target?.kind === 'group' && target.group === one.ref ? [key] : [])),
    rules: lb.listeners.flatMap(({ rules }) => rules.filter((rule) => rule.group === one.ref)).length,
  })),
})

export function byHand(world: World, id: 'lb-1' | 'lb-2', hand: Hand): void {
  world.provider.edit((lb) => linked(edited(world, lb, hand)), id)
}
