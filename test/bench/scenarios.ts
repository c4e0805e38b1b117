// The scenarios of ports, nodes and faults on one load balancer.
import { setTimeout as sleep } from 'node:timers/promises'
import type { FaultInput } from '../../src/simulator/faults.ts'
import { swarmNodes, swarmService } from '../support/stand.ts'
import { POOL_SCENARIOS } from './pool-scenarios.ts'
import { resync } from './resync.ts'
import { both, either, NOTHING, type Open, type Scenario } from './scenario.ts'
import { WEB_SCENARIOS } from './web-scenarios.ts'
import { isComplete, LISTENERS, type Measured, NODES, SERVICES, type World, withJoined } from './world.ts'

async function coldStart(open: Open): Promise<Measured> {
  const world = await open({ from: 'empty' })
  return world.measure(world.start, () => isComplete(world, LISTENERS))
}

async function warmStart(open: Open): Promise<Measured> {
  const world = await open({ from: 'loaded' })
  return world.measure(world.start, () => world.stand.simulator.requests.counts().total > 0 && isComplete(world, LISTENERS))
}

async function oneJoins(open: Open): Promise<Measured> {
  const world = await open({ from: 'running' })
  const begin = () => world.stand.nodes(withJoined(1))
  return world.measure(begin, () => isComplete(world, LISTENERS, NODES + 1))
}

async function fiveJoin(open: Open): Promise<Measured> {
  const world = await open({ from: 'running' })
  const begin = async () => {
    for (const count of [1, 2, 3, 4, 5]) {
      world.stand.nodes(withJoined(count))
      if (count < 5) await sleep(200)
    }
  }
  return world.measure(begin, () => isComplete(world, LISTENERS, NODES + 5))
}

/** Longer than events of nodes settle. */
const LOOKED_MS = 3000

/** Changes that mean nothing to the load balancer. Only counts if the daemon really looked at the swarm after each. */
function withoutEffect(changes: readonly ((world: World) => void)[]): Scenario['run'] {
  return async (open) => {
    const world = await open({ from: 'running' })
    const looks = () => world.stand.engine.requests.filter((path) => path === '/services').length
    const begin = async () => {
      for (const change of changes) {
        const before = looks()
        change(world)
        await sleep(LOOKED_MS)
        if (looks() === before) throw new Error('the daemon did not look at the swarm')
      }
    }
    return world.measure(begin, () => isComplete(world, LISTENERS))
  }
}

type NodeFields = Parameters<typeof swarmNodes>[1]
const nodesWith = (over: NodeFields) => (world: World) => world.stand.nodes(swarmNodes(NODES, over))

/** Adds the n-th service to those of the start, one tcp port each. */
const addService = (world: World, n: number) => {
  const extra = Array.from({ length: n }, (_, index) =>
    swarmService(`one-more-${index + 1}`, 29_000 + index, { 'slb.port.80': `tcp://:${29_000 + index}` }),
  )
  const begin = () => world.stand.services([...SERVICES, ...extra])
  return world.measure(begin, () => isComplete(world, LISTENERS + n))
}

const TRIES = 3
const byTime = (some: readonly Measured[]) => some.toSorted((a, b) => a.wallMs - b.wallMs)
const middle = (some: readonly Measured[]) => byTime(some)[Math.floor(some.length / 2)] ?? NOTHING

/** One more service whose first calls to make a listener are refused: the slowest of three against the median without that. */
function recovery(code: string, times: number): Scenario['run'] {
  const fault: FaultInput = { action: 'CreateLoadBalancerTCPListener', times, as: { code } }
  return async (open) => {
    const world = await open({ from: 'running' })
    const runs: Measured[] = []
    for (let n = 1; n <= 2 * TRIES; n += 1) {
      if (n > TRIES) world.stand.simulator.faults.add(fault)
      runs.push(await addService(world, n))
    }
    const calm = middle(runs.slice(0, TRIES))
    const slowest = byTime(runs.slice(TRIES)).at(-1) ?? NOTHING
    return { ...slowest, wallMs: Math.max(0, slowest.wallMs - calm.wallMs) }
  }
}

const PORTS = 20

/** The middle one of three: what a busy machine adds by chance is not the daemon's. */
async function manyPortsLocked(open: Open): Promise<Measured> {
  const runs: Measured[] = []
  while (runs.length < TRIES) runs.push(await manyPortsOnce(open))
  return middle(runs)
}

/** One write at a time for the whole load balancer; each holds it for as long as it takes. */
async function manyPortsOnce(open: Open): Promise<Measured> {
  const world = await open({ from: 'running' })
  const ports = Array.from({ length: PORTS }, (_, index) => ({ target: 8000 + index, published: 29_000 + index }))
  const labels = Object.fromEntries(ports.map(({ target, published }) => [`slb.port.${target}`, `tcp://:${published}`]))
  world.stand.simulator.settings.busy.scope = 'instance'
  const begin = () => world.stand.services([...SERVICES, swarmService('many', 29_000, labels, ports)])
  return world.measure(begin, () => isComplete(world, LISTENERS + PORTS))
}

const NO_CALL = both({ calls: 0 })

export const SCENARIOS: readonly Scenario[] = [
  { name: 'cold start', budget: either({ calls: 415 }, { calls: 620 }), peer: '1,378 calls, 34.7 s', run: coldStart },
  {
    name: 'warm start, nothing to do',
    budget: either({ calls: 6, made: 0 }, { calls: 210, made: 0 }),
    peer: '570 calls, 20.6 s',
    run: warmStart,
  },
  {
    name: 'resync, nothing changed',
    budget: either({ calls: 4, made: 0 }, { calls: 26, made: 0 }),
    peer: 'has none',
    run: (open) => resync(open, { from: 'loaded' }),
  },
  { name: 'one node joins', budget: either({ calls: 8, made: 1 }, { calls: 215, made: 200 }), peer: '1,200 calls, 28 s', run: oneJoins },
  {
    name: 'five nodes join within a second',
    budget: either({ calls: 8, made: 1 }, { calls: 215, made: 200 }),
    peer: '715 calls, 14.6 s',
    run: fiveJoin,
  },
  {
    name: 'foreign node label changed',
    budget: NO_CALL,
    peer: '500 calls',
    run: withoutEffect([nodesWith({ 'node-7': { labels: { rack: 'a3' } } })]),
  },
  {
    name: 'node flaps to unknown and back',
    budget: NO_CALL,
    peer: '500 calls',
    run: withoutEffect([nodesWith({ 'node-7': { state: 'unknown' } }), nodesWith({})]),
  },
  {
    name: 'service update without effect',
    budget: NO_CALL,
    peer: '500 calls',
    run: withoutEffect([(world) => world.stand.services(SERVICES)]),
  },
  {
    name: 'one more service, one tcp port',
    budget: either({ made: 2, reads: 5 }, { made: 3, reads: 5 }),
    peer: '8-9 calls',
    run: async (open) => addService(await open({ from: 'running' }), 1),
  },
  { name: 'recover from one ServiceIsConfiguring', budget: both({ wallMs: 700 }), peer: '5 s', run: recovery('ServiceIsConfiguring', 1) },
  { name: 'recover from three Throttling', budget: both({ wallMs: 3000 }), peer: '35 s', run: recovery('Throttling', 3) },
  {
    name: '20 ports of one service, instance-wide lock',
    // 1.5 times the writes one after the other: 2 or 3 for each port, 100 ms each.
    budget: either({ wallMs: 1.5 * PORTS * 2 * 100 }, { wallMs: 1.5 * PORTS * 3 * 100 }),
    peer: '6 of 20 after 68 s',
    run: manyPortsLocked,
  },
  ...WEB_SCENARIOS,
  ...POOL_SCENARIOS,
]
