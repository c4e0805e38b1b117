// The scenarios of a pool: five load balancers with the cloud's own quotas, and ports that name none of them.
import type { StateFile } from '../../src/simulator/world.ts'
import { swarmService } from '../support/stand.ts'
import type { Budget, Open, Scenario } from './scenario.ts'
import { type Measured, NODES, type World } from './world.ts'

const BALANCERS = 5
/** The published quota. */
const ROOM = 50
const LISTENERS = BALANCERS * ROOM

const IDS = Array.from({ length: BALANCERS }, (_, index) => `lb-${index + 1}`)

const state = (): StateFile => ({
  loadBalancers: IDS.map((id, index) => ({ id, name: `front-${index + 1}`, address: `127.0.0.${index + 1}` })),
})

const services = (count: number) =>
  Array.from({ length: count }, (_, index) =>
    swarmService(`app-${index + 1}`, 20_000 + index, { 'slb.port.80': `tcp://:${20_000 + index}` }),
  )

/** In the order of SLB_ID, each full before the next: so many run, on all nodes. */
function isFilled({ stand }: World, count: number): boolean {
  return stand.simulator.state.loadBalancers.every(({ listeners, backendServers }, index) => {
    const wanted = Math.min(ROOM, Math.max(0, count - index * ROOM))
    const served = backendServers.length === NODES && backendServers.every(({ weight }) => weight === 100)
    return listeners.length === wanted && listeners.every(({ status }) => status === 'running') && (wanted === 0 || served)
  })
}

const pool = (count: number): Omit<Parameters<Open>[0], 'from'> => ({
  services: services(count),
  state: state(),
  simulator: { settings: {} },
  env: { SLB_ID: IDS.join(), SLB_QUOTAS: '' },
  goal: (world) => isFilled(world, count),
})

async function coldStart(open: Open): Promise<Measured> {
  const world = await open({ from: 'empty', ...pool(LISTENERS) })
  return world.measure(world.start, () => isFilled(world, LISTENERS))
}

async function warmStart(open: Open): Promise<Measured> {
  const world = await open({ from: 'running', ...pool(LISTENERS) })
  await world.stand.stop()
  return world.measure(world.start, () => world.stand.simulator.requests.counts().total > 0)
}

async function oneMore(open: Open): Promise<Measured> {
  const world = await open({ from: 'running', ...pool(LISTENERS - 1) })
  const begin = () => world.stand.services(services(LISTENERS))
  return world.measure(begin, () => isFilled(world, LISTENERS))
}

/** All fit on default groups: a group of its own for each port would be 1,000 backends on a load balancer that takes 200. */
const inDefault = (budget: Budget): Scenario['budget'] => ({ 'default group': budget })

/** No write is refused: a port never goes where there is no room. */
const COLD = BALANCERS * 2 + LISTENERS * 2

export const POOL_SCENARIOS: readonly Scenario[] = [
  {
    name: 'pool of 5: 250 listeners, cold start',
    // Five load balancers without tags: whether they have none is asked twice, at the first look and at the second.
    budget: inDefault({ made: COLD, writes: COLD, reads: 50 }),
    peer: '',
    run: coldStart,
    balancers: BALANCERS,
  },
  {
    name: 'pool of 5: warm start, nothing to do',
    budget: inDefault({ made: 0, reads: 30 }),
    peer: '',
    run: warmStart,
    balancers: BALANCERS,
  },
  { name: 'pool of 5: one more port', budget: inDefault({ made: 2, writes: 2, reads: 5 }), peer: '', run: oneMore, balancers: BALANCERS },
]
