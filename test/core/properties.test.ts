// What holds for every swarm, every load balancer and every history, tried with random ones.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Claim } from '../../src/core/claims.ts'
import { describeChange } from '../../src/core/describe.ts'
import { parseMark } from '../../src/core/marks.ts'
import { type Change, DEFAULT_GROUP, type LoadBalancer, type Member, type Service } from '../../src/core/model.ts'
import { MINUTE, NOTE, node, OWNER } from '../support/build.ts'
import { historyOf, type Moment, someGround, type World, worldOf } from '../support/churn.ts'
import type { Written } from '../support/memory-provider.ts'

const RUNS = { numRuns: 150 }
const history = fc.oneof(
  historyOf([0, 1000, 31_000, 61_000, 11 * MINUTE], 8),
  historyOf([0, 1000, 31_000, 61_000, 11 * MINUTE], 8, 'guests'),
)

const lines = (written: readonly Written[]) => written.map(({ id, change }) => `${id}: ${describeChange(change)}`)

/** Passes until nothing is left to do; answers with what the last one wrote. */
async function settle(world: World, { services, nodes }: Moment): Promise<string[]> {
  for (let passes = 0; passes < 12; passes += 1) {
    const before = world.provider.written.length
    const { failed } = await world.pass(services, nodes)
    expect(failed).toEqual([])
    if (world.provider.written.length === before) return []
    if (passes === 11) return lines(world.provider.written.slice(before))
  }
  return []
}

type Lived = Written & { readonly services: readonly Service[] }

/** Answers with everything that was written, and in front of which services. */
async function live(world: World, steps: readonly Moment[]): Promise<readonly Lived[]> {
  const lived: Lived[] = []
  for (const one of steps) {
    world.clock.now += one.waits
    const before = world.provider.written.length
    expect(await settle(world, one), 'what a second pass still finds to do').toEqual([])
    lived.push(...world.provider.written.slice(before).map((written) => ({ ...written, services: one.services })))
  }
  return lived
}

const isOwn = (note: string) => parseMark(note)?.owner === OWNER

/** Everything without a mark of ours. Servers of the default group that are nodes of the swarm are ours to weigh (rule 1). */
const foreignOf = (lb: LoadBalancer) => ({
  listeners: lb.listeners.filter(({ note }) => !isOwn(note)),
  groups: lb.groups.filter(({ name }) => !isOwn(name)),
  members: lb.members.filter(({ note }) => note !== NOTE && note !== `${NOTE}/0`),
})

const positive = (members: readonly Member[]) => members.some(({ weight }) => weight > 0)
const membersOf = (lb: LoadBalancer, ref: string) =>
  ref === DEFAULT_GROUP ? lb.members : lb.groups.find((group) => group.ref === ref)?.members
const refOf = (change: Change) => ('group' in change && change.kind !== 'deleteGroup' ? change.group : undefined)

/** Does this node port belong to another service now? Then traffic there is nothing to protect. */
const isStrangers = ({ port }: Member, name: string, services: readonly Service[]) =>
  services.some((one) => one.settled && one.name !== parseMark(name)?.service && one.ports.some(({ published }) => published === port))

/** Whether a change took the last weight, or the last member, from a group. */
function emptied({ change, before, after, services }: Lived): boolean {
  const ref = refOf(change)
  if (ref === undefined || !('members' in change) || !('name' in change)) return false
  if (change.members.some((member) => isStrangers(member, change.name, services))) return false
  const [had, has] = [membersOf(before, ref) ?? [], membersOf(after, ref) ?? []]
  return (positive(had) && !positive(has)) || (had.length > 0 && has.length === 0)
}

const noAdoption = (steps: readonly Moment[]): Moment[] =>
  steps.map((one) => ({
    ...one,
    services: one.services.map((service) => ({ ...service, labels: { ...service.labels, 'slb.port.80.adopt': 'false' } })),
  }))

const withOneGoodNode = (steps: readonly Moment[]): Moment[] => steps.map((one) => ({ ...one, nodes: [...one.nodes, node('n9')] }))

const askedBy = ({ loadBalancer, key, service }: Claim) => `${loadBalancer} ${key} ${service}`

/**
 * One service may ask twice for one listener, by name and as the default: the first counts. Where it asks for two protocols, as itself and as
 * a guest, the one that is there already does, if any: neither is promised.
 */
function winners(claims: readonly Claim[]): readonly Claim[] {
  const groups = Map.groupBy(claims, askedBy).values()
  return [...groups].flatMap((same) => (new Set(same.map(({ protocol }) => protocol)).size === 1 ? same.slice(0, 1) : []))
}

/** Of a guest: what keeps its rules from being there, unless they are somebody else's. */
function ruleShortcomings(claim: Claim, lb: LoadBalancer): string[] {
  const there = lb.listeners.find(({ key }) => key === claim.key)
  if (there === undefined) return [`${claim.key} is missing`]
  if (parseMark(there.note)?.owner !== OWNER || there.protocol !== claim.protocol) return []
  return claim.rules.flatMap(({ domain, url }) => {
    const rule = there.rules.find((one) => one.domain === domain && one.url === url)
    const name = lb.groups.find(({ ref }) => ref === rule?.group)?.name ?? ''
    if (rule === undefined) return [`${claim.key}: no rule ${domain}${url}`]
    if (parseMark(name)?.service !== claim.mark.service) return []
    const ports = membersOf(lb, rule.group)?.flatMap(({ weight, port }) => (weight > 0 ? [port] : []))
    return ports?.includes(claim.nodePort) ? [] : [`${claim.key} ${domain}${url} does not lead to ${claim.nodePort}`]
  })
}

/** What keeps a claim from being served, where its listener is ours to give. */
function shortcomings(claim: Claim, lb: LoadBalancer): string[] {
  if (claim.rules.length > 0) return ruleShortcomings(claim, lb)
  const there = lb.listeners.find(({ key }) => key === claim.key)
  if (there === undefined) return [`${claim.key} is missing`]
  const mark = parseMark(there.note)
  if (mark?.owner !== OWNER || mark.service !== claim.mark.service || mark.port !== claim.mark.port) return []
  const { target } = there
  const members = target === undefined ? [] : (membersOf(lb, target.kind === 'group' ? target.group : DEFAULT_GROUP) ?? [])
  const ports = members.filter(({ weight }) => weight > 0).map(({ port }) => port ?? (target?.kind === 'default' ? target.port : undefined))
  const settings = Object.entries(claim.settings).filter(([name, value]) =>
    Object.entries(there.settings).every(([n, v]) => n !== name || v !== value),
  )
  return [
    ...(there.status === 'running' ? [] : [`${claim.key} is ${there.status}`]),
    ...(there.protocol === claim.protocol ? [] : [`${claim.key} is ${there.protocol}`]),
    ...settings.map(([name, value]) => `${claim.key}: ${name} is not ${value}`),
    ...(ports.includes(claim.nodePort) ? [] : [`${claim.key} does not lead to ${claim.nodePort}`]),
  ]
}

describe('for every swarm', { timeout: 60_000 }, () => {
  test('a pass leaves nothing for the next one to do, whatever was before', async () => {
    await fc.assert(
      fc.asyncProperty(someGround, history, async (ground, steps) => {
        await live(worldOf(ground), steps)
      }),
      RUNS,
    )
  })

  test('what has no mark of ours stays as it is, after any number of passes', async () => {
    await fc.assert(
      fc.asyncProperty(someGround, history.map(noAdoption), async (ground, steps) => {
        const world = worldOf(ground)
        await live(world, steps)
        for (const lb of ground) expect(foreignOf(world.provider.lb(lb.id))).toEqual(foreignOf(lb))
      }),
      RUNS,
    )
  })

  test('no group loses its last weight or its last member', async () => {
    await fc.assert(
      fc.asyncProperty(someGround, history, async (ground, steps) => {
        const lived = await live(worldOf(ground), steps)
        expect(lines(lived.filter(emptied))).toEqual([])
      }),
      RUNS,
    )
  })

  test('what is wanted is there: running, with its settings, in front of its port', async () => {
    await fc.assert(
      fc.asyncProperty(someGround, history.map(withOneGoodNode), async (ground, steps) => {
        const world = worldOf(ground)
        await live(world, steps)
        for (const claim of winners(world.claims())) expect(shortcomings(claim, world.provider.lb(claim.loadBalancer))).toEqual([])
      }),
      RUNS,
    )
  })

  test('within ten minutes no more listeners are deleted than are free', async () => {
    await fc.assert(
      fc.asyncProperty(someGround, historyOf([0, 1000, 31_000, 61_000], 9), async (ground, steps) => {
        const world = worldOf(ground)
        await live(world, steps)
        // A listener that came back and goes again for the same service counts once.
        const deleted = world.provider.written.flatMap(({ id, change, before }) => {
          if (change.kind !== 'deleteListener') return []
          const mark = parseMark(before.listeners.find(({ key }) => key === change.key)?.note ?? '')
          return [`${id} ${change.key} ${mark?.service}`]
        })
        expect(new Set(deleted).size).toBeLessThanOrEqual(5)
      }),
      RUNS,
    )
  })
})
