// The scenarios of http and https: many services on one listener by rules, and a certificate that is renewed while clients come.
import { swarmService } from '../support/stand.ts'
import { renewal } from './renewal.ts'
import { resync } from './resync.ts'
import { both, type Open, type Scenario } from './scenario.ts'
import { type Measured, NODES, type World } from './world.ts'

/** As many as a listener takes rules. */
const GUESTS = 40

const guests = (count: number) =>
  Array.from({ length: count }, (_, index) =>
    swarmService(`shop-${index + 1}`, 20_000 + index, {
      'slb.port.80': 'http://:80',
      'slb.port.80.rules': `shop-${index + 1}.example.com`,
    }),
  )

/** One running listener with so many rules, each to a group of its own in which every node has its full weight. */
function areRouted({ stand }: World, count: number): boolean {
  const { listeners, groups } = stand.lb()
  const [listener] = listeners
  const full = new Set(
    groups.filter(({ servers }) => servers.length === NODES && servers.every(({ weight }) => weight === 100)).map(({ id }) => id),
  )
  const led = new Set(listener?.rules.map(({ vServerGroupId }) => vServerGroupId))
  return listeners.length === 1 && listener?.status === 'running' && led.size === count && [...led].every((group) => full.has(group))
}

const running = (count: number): Parameters<Open>[0] => ({
  from: 'running',
  services: guests(count),
  state: {},
  goal: (world) => areRouted(world, count),
})

async function coldStart(open: Open): Promise<Measured> {
  const world = await open({ from: 'empty', services: guests(GUESTS) })
  return world.measure(world.start, () => areRouted(world, GUESTS))
}

async function warmStart(open: Open): Promise<Measured> {
  const world = await open(running(GUESTS))
  await world.stand.stop()
  return world.measure(world.start, () => world.stand.simulator.requests.counts().total > 0)
}

async function oneMore(open: Open): Promise<Measured> {
  const world = await open(running(GUESTS - 1))
  const begin = () => world.stand.services(guests(GUESTS))
  return world.measure(begin, () => areRouted(world, GUESTS))
}

export const WEB_SCENARIOS: readonly Scenario[] = [
  // The tag, the empty group behind the listener, create and start; at most three for each service.
  { name: 'rules: 40 services on one listener', budget: both({ made: 4 + 2 * GUESTS, reads: 20 }), peer: '', run: coldStart },
  { name: 'rules: warm start, nothing to do', budget: both({ made: 0, reads: GUESTS + 8 }), peer: '', run: warmStart },
  {
    name: 'rules: resync, nothing changed',
    budget: both({ made: 0, reads: 10 }),
    peer: '',
    run: (open) => resync(open, { ...running(GUESTS), from: 'loaded' }),
  },
  { name: 'rules: one more service joins', budget: both({ made: 2, reads: 5 }), peer: '', run: oneMore },
  {
    name: 'certificate renewed under load',
    // Upload, switch, delete.
    budget: { 'default group': { made: 3, reads: 30, failed: 0, wallMs: 10_000 } },
    peer: 'has none',
    run: renewal,
    unlimitedOnly: true,
  },
]
