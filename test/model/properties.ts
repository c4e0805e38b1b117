// What must hold after every single write, whatever the swarm, people and the cloud did before.
import { describeChange } from '../../src/core/describe.ts'
import { type Mark, parseMark } from '../../src/core/marks.ts'
import { type ActualListener, DEFAULT_GROUP, type ListenerKey, type LoadBalancer, type Member, type Target } from '../../src/core/model.ts'
import { HOST_PORT, holderOf, type ModelService, type ModelSwarm } from './swarm.ts'
import { isGuest, isWrong, keyOf, lbOf } from './wishes.ts'
import type { World, Write } from './world.ts'

const OWNER = 'me'
const NOTES = [`swarm-slb/${OWNER}`, `swarm-slb/${OWNER}/0`]

export const markOf = (text: string): Mark | undefined => {
  const mark = parseMark(text)
  return mark?.owner === OWNER ? mark : undefined
}
export const membersOf = (lb: LoadBalancer, target: Target | undefined): readonly Member[] =>
  target === undefined ? [] : target.kind === 'default' ? lb.members : (lb.groups.find(({ ref }) => ref === target.group)?.members ?? [])

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)

/** Rules that lead to groups that are not ours. */
const foreignRules = (one: ActualListener, lb: LoadBalancer) =>
  one.rules.filter((rule) => markOf(lb.groups.find(({ ref }) => ref === rule.group)?.name ?? '') === undefined)

function foreignOf(lb: LoadBalancer, seen: ReadonlySet<string>, isAdopted: (key: ListenerKey) => boolean) {
  return {
    listeners: lb.listeners.filter(({ note, key }) => markOf(note) === undefined && !(parseMark(note) === undefined && isAdopted(key))),
    rules: lb.listeners.flatMap((one) => foreignRules(one, lb)),
    groups: lb.groups.flatMap(({ ref, name, members }) => (markOf(name) === undefined ? [{ ref, name, members }] : [])),
    guests: lb.groups.flatMap(({ ref, name, members }) =>
      markOf(name) === undefined ? [] : members.filter(({ note }) => !NOTES.includes(note)).map((member) => ({ ref, member })),
    ),
    members: lb.members.filter(({ note, server }) => !NOTES.includes(note) && !seen.has(server)),
    tags: Object.entries(lb.tags).filter(([key]) => key !== `swarm-slb:${OWNER}`),
  }
}

/** What may be adopted now: its service asks for exactly that. */
const adopters = (swarm: ModelSwarm, lb: string, key: ListenerKey) =>
  swarm.services.filter(
    ({ wish }) => wish.adopt && wish.targets.some((target) => keyOf(target) === key && (target.lb === '' || lbOf(target) === lb)),
  )

function foreign({ lb, change, before, after }: Write, { swarm }: World, seen: ReadonlySet<string>): string[] {
  const isAdopted = (key: ListenerKey) => adopters(swarm, lb, key).length > 0
  const [was, is] = [foreignOf(before, seen, isAdopted), foreignOf(after, seen, isAdopted)]
  // With a group of ours that nothing uses goes whatever is in it.
  const guests = was.guests.filter(({ ref }) => change.kind !== 'deleteGroup' || ref !== change.group)
  return [
    ...(['listeners', 'rules', 'groups', 'members', 'tags'] as const).flatMap((part) =>
      same(was[part], is[part]) ? [] : [`${part} that are not ours were touched`],
    ),
    ...(same(guests, is.guests) ? [] : ['backends that are not ours were touched']),
  ]
}

const transportOf = (key: ListenerKey) => (key.startsWith('udp') ? 'udp' : 'tcp')

type Serving = {
  readonly ref: string
  readonly port: number | undefined
  readonly mark: Mark
  readonly key: ListenerKey
  /** Of the listener itself, or of its rules. */
  readonly by: 'listener' | 'rules'
}

/** Who has a running listener, and what is behind it: its own target, and the groups of its rules. */
function serving(lb: LoadBalancer): Serving[] {
  return lb.listeners.flatMap(({ key, note, status, target, rules }) => {
    const mark = markOf(note)
    if (mark === undefined || status !== 'running') return []
    const where = target?.kind === 'default' ? { ref: DEFAULT_GROUP, port: target.port } : { ref: target?.group ?? '', port: undefined }
    // Where only guests share a listener nothing is behind it, and nothing ever was.
    const isShared = markOf(lb.groups.find(({ ref }) => ref === where.ref)?.name ?? '')?.service === '-'
    const own = target === undefined || isShared ? [] : [{ ...where, mark, key, by: 'listener' as const }]
    const others = rules.flatMap(({ group }) => {
      const whose = markOf(lb.groups.find(({ ref }) => ref === group)?.name ?? '')
      return whose === undefined ? [] : [{ ref: group, port: undefined, mark: whose, key, by: 'rules' as const }]
    })
    return [...own, ...others]
  })
}

const inGroup = (lb: LoadBalancer, ref: string) =>
  membersOf(lb, ref === DEFAULT_GROUP ? { kind: 'default', port: 0 } : { kind: 'group', group: ref })

/** Backends with a weight that lead to their own service, or to nobody: on a port of the mesh, where old tasks may still answer. */
function positive(lb: LoadBalancer, one: Serving, swarm: ModelSwarm): readonly Member[] {
  return inGroup(lb, one.ref).filter(({ server, weight, port }) => {
    const holder = holderOf(swarm, transportOf(one.key), port ?? one.port ?? 0, server)
    const isHost = (port ?? one.port) === HOST_PORT
    return weight > 0 && ((holder === undefined && !isHost) || holder === one.mark.service)
  })
}

/** Nothing that ran in front of backends runs in front of none. */
function emptied({ before, after }: Write, { swarm }: World): string[] {
  const nameOf = ({ key, mark, by }: Serving) => `${key} ${mark.service} ${by}`
  const was = new Map(serving(before).map((one) => [nameOf(one), one]))
  return serving(after).flatMap((one) => {
    const earlier = was.get(nameOf(one))
    if (earlier === undefined || positive(before, earlier, swarm).length === 0 || positive(after, one, swarm).length > 0) return []
    return [`${one.key} of ${one.mark.service} lost its last backend`]
  })
}

/** Withdrawing goes before a mistake, where the word for it is not the mistake itself. */
export const isFrozen = ({ wish }: ModelService) => wish.freeze || (isWrong(wish) && (wish.enable || 'slb.enable' in wish.wrong))

/** What a mistake or slb.freeze leaves as it is; only closing what leads to a stranger is allowed. */
function frozen({ change, before }: Write, { swarm }: World): string[] {
  if (change.kind === 'stopListener') return []
  const touched = 'key' in change ? [change.key] : change.kind === 'replaceListener' ? [change.listener.key] : []
  return touched.flatMap((key) => {
    const mark = markOf(before.listeners.find((one) => one.key === key)?.note ?? '')
    const service = swarm.services.find(({ name }) => name === mark?.service)
    const ofListener =
      change.kind === 'updateListener' ||
      change.kind === 'deleteListener' ||
      change.kind === 'replaceListener' ||
      change.kind === 'startListener'
    // What led to a stranger is closed already: guests that share it may have it.
    if (mark?.suffix === 'stopped') return []
    return service !== undefined && isFrozen(service) && ofListener ? [`${key} is frozen with ${service.name}`] : []
  })
}

/** Does its service name this very listener, for itself alone? In a pool only what names its load balancer says where it wants to be. */
const namesIt = ({ wish, settled }: ModelService, lb: string, key: ListenerKey, pool: boolean) =>
  settled &&
  wish.enable &&
  wish.targets.some((target) => keyOf(target) === key && !isGuest(wish, target) && lbOf(target) === lb && (target.lb !== '' || !pool))

/** Who holds a listener keeps it for as long as its service asks for it. */
function heldBy({ lb, change, before, after }: Write, { swarm }: World, pool: boolean): string[] {
  return before.listeners.flatMap(({ key, note }) => {
    const mark = markOf(note)
    const service = swarm.services.find(({ name }) => name === mark?.service)
    const next = markOf(after.listeners.find((one) => one.key === key)?.note ?? '')
    if (mark === undefined || service === undefined || change.kind === 'deleteListener' || next?.service === mark.service) return []
    // What led to a stranger is closed already: guests that share it may have it.
    if (mark.suffix === 'stopped') return []
    return namesIt(service, lb, key, pool) ? [`${key} was taken from ${mark.service}, which holds it`] : []
  })
}

const LISTENER_CHANGES = ['updateListener', 'startListener', 'stopListener', 'deleteListener'] as const

/** The cloud would find what it names. */
function known({ change, before }: Write): string[] {
  const missing =
    LISTENER_CHANGES.some((kind) => kind === change.kind) && 'key' in change && !before.listeners.some(({ key }) => key === change.key)
  return missing ? ['names a listener that is not there'] : []
}

/** Only our own process's writer writes, and not where somebody said that nothing is to be written. */
function allowed({ before, process }: Write, world: World): string[] {
  const { process: leads } = world.leader()
  return [
    ...(process === leads ? [] : ['a standby wrote']),
    ...(before.tags['swarm-slb:pause'] === undefined || world.trouble.handAt === world.clock.now ? [] : ['it is paused']),
  ]
}

/** @param seen servers that were ever nodes of this swarm: in the default group they are ours to weigh */
export function judge(write: Write, world: World, seen: ReadonlySet<string>, pool: boolean): string[] {
  const faults = [
    ...foreign(write, world, seen),
    ...emptied(write, world),
    ...frozen(write, world),
    ...heldBy(write, world, pool),
    ...known(write),
    ...allowed(write, world),
  ]
  return faults.map((fault) => `${write.lb}: ${describeChange(write.change)}: ${fault}`)
}
