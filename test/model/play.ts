// Plays one sequence and says what did not hold.
import { describeChange } from '../../src/core/describe.ts'
import type { Sequence } from './actions.ts'
import { MINUTE } from './actions.ts'
import { carryOut } from './deeds.ts'
import { astray, atTheEnd } from './end.ts'
import { newTally } from './guard.ts'
import { judge } from './properties.ts'
import { createWorld, type Mutant, type World } from './world.ts'

export class Broken extends Error {
  override readonly name = 'Broken'
}

/** Longer than anything waits: 10 minutes, half an hour, an hour of rest for drift. */
const LONG = 150 * MINUTE

function expectNothing(faults: readonly string[], world: World, moment: string): void {
  if (faults.length > 0) throw new Broken(`${moment}:\n  ${faults.join('\n  ')}\nlast writes:\n  ${world.log.slice(-12).join('\n  ')}`)
}

/** Nothing went wrong lately, and everything was looked at since a person last touched anything. */
function isCalm(world: World): boolean {
  const { trouble, clock, swarm, faults } = world
  const page = world.leader().board.page()
  return (
    !swarm.deaf &&
    !trouble.lookupFails &&
    faults.length === 0 &&
    trouble.failedReads === 0 &&
    clock.now - trouble.at > 2 * MINUTE &&
    clock.now - trouble.taggedAt >= 1000 &&
    trouble.syncedAt > trouble.handAt &&
    page.role === 'leader' &&
    page.reason === '' &&
    ![...world.provider.state.values()].some(({ tags }) => tags['swarm-slb:pause'] !== undefined)
  )
}

/** Faults end, engines answer, pauses are lifted: what is left is time. */
function calmDown(world: World): void {
  world.faults.length = 0
  world.trouble.failedReads = 0
  world.trouble.lookupFails = false
  world.swarm.deaf = false
  for (const id of ['lb-1', 'lb-2']) {
    world.provider.edit((lb) => {
      const { 'swarm-slb:pause': _, ...tags } = lb.tags
      return { ...lb, tags }
    }, id)
  }
}

export async function play({ setup, actions }: Sequence, mutant: Mutant = {}): Promise<{ readonly writes: number }> {
  const wrong: string[] = []
  const tally = newTally()
  const seen = new Set<string>()
  const world = createWorld(
    setup,
    {
      wrote: (write) => {
        // A load balancer gets our tag first, and is looked at again for the rest.
        if (write.change.kind === 'tagLoadBalancer') world.trouble.taggedAt = write.now
        world.log.push(`${Math.round((write.now - 1e9) / 1000)} s ${write.lb}: ${describeChange(write.change)}`)
        wrong.push(...judge(write, world, seen, setup.pool), ...tally.wrote(write, world))
      },
      refused: (change, error) => void wrong.push(`${describeChange(change)}: the cloud refused: ${error.message}`),
    },
    mutant,
  )
  const look = () => {
    for (const { server } of world.swarm.nodes) seen.add(server)
  }
  look()
  await world.advance(0)
  for (const { deed, wait } of actions) {
    world.log.push(`-- ${JSON.stringify(deed)}`)
    await carryOut(world, deed)
    look()
    if (wait === undefined) continue
    world.wake()
    await world.advance(wait)
    if (wait >= 31_000) await world.resync()
    if (isCalm(world)) wrong.push(...astray(world))
    expectNothing(wrong, world, `after ${JSON.stringify(deed)}`)
  }
  world.log.push('-- end')
  calmDown(world)
  world.wake()
  await world.advance(LONG)
  expectNothing(wrong, world, 'while time passed')
  await approveAll(world)
  expectNothing([...wrong, ...atTheEnd(world, setup.pool)], world, 'at the end')
  const before = world.log.length
  await world.resync()
  await world.resync()
  expectNothing(world.log.slice(before), world, 'a second pass')
  return { writes: world.log.filter((line) => !line.startsWith('--')).length }
}

/** All that is ever held for good is what nobody wants any more at all. */
async function approveAll(world: World): Promise<void> {
  const { held } = world.leader().board.page()
  if (held.deletes.length === 0) return
  if (!held.reason.startsWith('no service wants any')) expectNothing([`still held: ${held.reason}`], world, 'at the end')
  world.approve()
  world.wake()
  await world.advance(LONG)
}
