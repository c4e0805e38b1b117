// What must hold where the daemon is done for now: nothing leads astray, and, once all time has passed, what is wanted is there and no more.
import type { ListenerKey, LoadBalancer } from '../../src/core/model.ts'
import { isFrozen, markOf, membersOf } from './properties.ts'
import { holderOf, type ModelService, type ModelSwarm } from './swarm.ts'
import { isGuest, keyOf, lbOf } from './wishes.ts'
import type { World } from './world.ts'

const transportOf = (key: ListenerKey) => (key.startsWith('udp') ? 'udp' : 'tcp')

/** Listeners, and rules on them, that lead to a port of another service. */
function astrayOn(lb: LoadBalancer, swarm: ModelSwarm): string[] {
  return lb.listeners.flatMap(({ key, note, status, target, rules }) => {
    const mark = markOf(note)
    if (mark === undefined || status !== 'running') return []
    const ways = [
      { whose: mark, members: membersOf(lb, target), port: target?.kind === 'default' ? target.port : undefined },
      ...rules.map(({ group }) => ({
        whose: markOf(lb.groups.find(({ ref }) => ref === group)?.name ?? ''),
        members: membersOf(lb, { kind: 'group', group }),
        port: undefined,
      })),
    ]
    return ways.flatMap(({ whose, members, port }) =>
      members.flatMap((member) => {
        const holder = holderOf(swarm, transportOf(key), member.port ?? port ?? 0, member.server)
        const astray = whose !== undefined && member.weight > 0 && holder !== undefined && holder !== whose.service
        return astray ? [`${lb.id} ${key} of ${whose.service} leads to ${holder} (${member.server}:${member.port ?? port})`] : []
      }),
    )
  })
}

/** A people's weight in a group of ours is theirs, so where it leads is too. */
export const astray = ({ provider, swarm }: World): string[] => [...provider.state.values()].flatMap((lb) => astrayOn(lb, swarm))

type Ask = {
  readonly service: ModelService
  readonly lb: string
  /** The label names the load balancer; in a pool any other will do otherwise. */
  readonly named: boolean
  readonly key: ListenerKey
  readonly guest: boolean
  readonly protocol: string
}

/** What services ask for that nothing keeps back. */
function asks(swarm: ModelSwarm): Ask[] {
  return swarm.services.flatMap((service) => {
    if (isFrozen(service) || !service.settled || !service.wish.enable) return []
    return service.wish.targets.map((target) => ({
      service,
      lb: lbOf(target),
      named: target.lb !== '',
      key: keyOf(target),
      guest: isGuest(service.wish, target),
      protocol: target.protocol,
    }))
  })
}

const ready = (swarm: ModelSwarm) =>
  swarm.nodes.filter(({ state, availability, weight }) => state === 'ready' && availability === 'active' && weight !== '0')

/** What leads to groups of other people keeps a listener from being made anew. */
const hasForeignRules = ({ rules }: LoadBalancer['listeners'][number], { groups }: LoadBalancer) =>
  rules.some(({ group }) => markOf(groups.find(({ ref }) => ref === group)?.name ?? '') === undefined)

/** A listener that one service alone asks for, and that nobody else has, is there and serves. */
function missingOn({ service, lb, key, guest, protocol }: Ask, all: readonly Ask[], world: World): string[] {
  const rivals = all.filter((other) => other.lb === lb && other.key === key && other.service !== service)
  const balancer = world.provider.lb(lb)
  const twice = all.some((other) => other.service === service && other.lb === lb && other.key === key && other.protocol !== protocol)
  if (rivals.length > 0 || guest || twice || service.mode === 'host' || ready(world.swarm).length < world.swarm.nodes.length) return []
  if (Object.keys(service.wish.options).includes('nodes')) return []
  const there = balancer.listeners.find((one) => one.key === key)
  if (there === undefined) return [`${lb} ${key} of ${service.name} is missing`]
  const mark = markOf(there.note)
  if (mark?.service !== service.name || mark.suffix === 'closed') return []
  // It has the wrong protocol, and what other people lead through it keeps it as it is.
  if (there.protocol !== protocol && hasForeignRules(there, balancer)) return []
  const members = membersOf(balancer, there.target)
  const port = there.target?.kind === 'default' ? there.target.port : undefined
  const serves = members.some((one) => one.weight > 0 && (one.port ?? port) === service.published)
  const zeroed = members.some(({ weight, note }) => weight === 0 && !note.endsWith('/0'))
  return [
    ...(there.protocol === protocol ? [] : [`${lb} ${key} of ${service.name} is ${there.protocol}`]),
    ...(there.status === 'running' ? [] : [`${lb} ${key} of ${service.name} is ${there.status}`]),
    ...(serves || zeroed ? [] : [`${lb} ${key} of ${service.name} does not lead to ${service.published}`]),
  ]
}

/** Whether a service has the listener here that it asks for, or a guest a rule on it. */
const servesOn = (lb: LoadBalancer, { service: { name }, key, protocol, guest }: Ask): boolean =>
  lb.listeners.some((one) => {
    const own = one.target?.kind === 'group' ? one.target.group : undefined
    const nameOf = (group: string) => lb.groups.find(({ ref }) => ref === group)?.name ?? ''
    const isShared = own !== undefined && markOf(nameOf(own))?.service === '-'
    const marks = [...(isShared ? [] : [one.note]), ...(guest ? one.rules.map(({ group }) => nameOf(group)) : [])]
    return one.key === key && one.protocol === protocol && one.status === 'running' && marks.some((text) => markOf(text)?.service === name)
  })

/** In a pool what names no load balancer goes to one that its service does not name for the same listener. */
function isServed(ask: Ask, all: readonly Ask[], { provider }: World, pool: boolean): boolean {
  const { service, key, lb: wanted, named } = ask
  // While who is to hold a listener may have no node, it is pending for all its guests: what they leave for it stays.
  if (all.some((other) => other.key === key && other.service !== service && 'nodes' in other.service.wish.options)) return false
  const taken = new Set(all.flatMap((one) => (one.service === service && one.key === key && one.named ? [one.lb] : [])))
  return [...provider.state.values()].filter(({ id }) => (pool && !named ? !taken.has(id) : id === wanted)).some((lb) => servesOn(lb, ask))
}

/** What is ours and nobody asks for. */
function leftOver(lb: LoadBalancer, all: readonly Ask[], world: World, pool: boolean): string[] {
  const { swarm } = world
  const keeps = (name: string) => swarm.services.some((one) => one.name === name && (isFrozen(one) || !one.settled))
  const listeners = lb.listeners.flatMap(({ key, note, rules }) => {
    const mark = markOf(note)
    if (mark === undefined || keeps(mark.service) || rules.length > 0) return []
    // What another service is to take over in place waits for it, and so does what its own service leaves for a place that is not up.
    const moves = (ask: Ask) => ask.service.name === mark.service && !isServed(ask, all, world, pool)
    const asked = all.some((ask) => (ask.key === key && (ask.service.name === mark.service || ask.lb === lb.id)) || moves(ask))
    return asked ? [] : [`${lb.id} ${key} of ${mark.service} is left over`]
  })
  const groups = lb.groups.flatMap(({ ref, name, listeners: users, rules }) =>
    markOf(name) === undefined || users.length > 0 || rules > 0 ? [] : [`${lb.id} group ${ref} (${name}) is left over`],
  )
  const names = lb.groups.map(({ name }) => name).filter((name) => markOf(name) !== undefined)
  const doubled = names.filter((name, index) => names.indexOf(name) !== index)
  return [...listeners, ...groups, ...doubled.map((name) => `${lb.id} has two groups ${name}`)]
}

/** @param pool where a port goes that names no load balancer is not for the model to say */
export function atTheEnd(world: World, pool: boolean): string[] {
  const all = asks(world.swarm)
  const here = pool ? [] : all.flatMap((ask) => missingOn(ask, all, world))
  const left = [...world.provider.state.values()].flatMap((lb) => leftOver(lb, all, world, pool))
  return [...astray(world), ...here, ...left]
}
