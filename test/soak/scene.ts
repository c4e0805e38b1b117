// A life without rest for a daemon in a process of its own: services and nodes come, change and go, and the cloud and the engine fail.
import { setTimeout as sleep } from 'node:timers/promises'
import type { FaultInput } from '../../src/simulator/faults.ts'
import { json } from '../support/fake-engine.ts'
import { type Stand, startStand, swarmNodes, swarmService } from '../support/stand.ts'

const BALANCERS = ['lb-1', 'lb-2', 'lb-3'] as const
const NODES = 6
const SERVICES = 60

/** Repeatable: a churn that fails can be run again. */
export function createDice(seed: number) {
  let state = seed
  return {
    /** 0..below-1 */
    roll(below: number): number {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return Math.floor((state / 2 ** 32) * below)
    },
  }
}
type Dice = ReturnType<typeof createDice>

export const openSoak = (): Promise<Stand> =>
  startStand({
    nodes: NODES,
    state: { loadBalancers: BALANCERS.map((id) => ({ id, name: `name-${id}` })) },
    env: {
      SLB_ID: BALANCERS.join(),
      SLB_MAX_DELETES: '100%',
      SLB_QUOTAS: 'unlimited',
      SLB_REMOVAL_GRACE: '500ms',
      SLB_DRAIN: '500ms',
      SLB_NODE_DOWN_GRACE: '500ms',
      SLB_RESYNC_INTERVAL: '2s',
      SLB_HTTP_ADDR: '127.0.0.1:0',
      LOG_LEVEL: 'info',
    },
    simulator: { settings: { latencyMs: 5, requestLogSize: 1000, quotas: { listeners: 1000, groups: 10_000 } } },
  })

const PROTOCOLS = ['tcp', 'http', 'udp'] as const

function someService(index: number, dice: Dice): object {
  const protocol = PROTOCOLS[index % PROTOCOLS.length] ?? 'tcp'
  const target = `${protocol}://${BALANCERS[dice.roll(3)]}:${9000 + index}`
  const labels = {
    'slb.port.80': target,
    ...(dice.roll(4) === 0 && { 'slb.port.80.health-check-interval': String(2 + dice.roll(20)) }),
    ...(dice.roll(20) === 0 && { 'slb.port.80.no-such-option': String(dice.roll(1000)) }),
    ...(dice.roll(6) === 0 && { 'slb.port.80.nodes': 'node.role==worker' }),
  }
  // A new number each time: what is kept for every number that ever was would grow.
  return swarmService(`app-${index}`, 20_000 + dice.roll(12_000), labels, [
    { target: 80, published: 20_000 + index + 100 * dice.roll(100), protocol: protocol === 'udp' ? 'udp' : 'tcp' },
  ])
}

const someNodes = (dice: Dice) =>
  swarmNodes(
    NODES - dice.roll(2),
    Object.fromEntries(
      Array.from({ length: NODES - 1 }, (_, index) => {
        const state = dice.roll(10) === 0 ? 'down' : 'ready'
        return [`node-${index + 2}`, { state, availability: dice.roll(10) === 0 ? 'drain' : 'active' }]
      }),
    ),
  )

const FAULTS: readonly FaultInput['as'][] = [
  '5xx',
  'html',
  'reset',
  'malformed-json',
  'wrong-shape',
  { code: 'Throttling.User' },
  { code: 'ServiceIsConfiguring' },
]

function spoil({ simulator, engine }: Stand, dice: Dice): void {
  const as = FAULTS[dice.roll(FAULTS.length)] ?? '5xx'
  if (dice.roll(3) > 0)
    simulator.faults.add({
      action: '*',
      nth: 1 + dice.roll(20),
      times: 1 + dice.roll(3),
      as,
      when: dice.roll(2) === 0 ? 'before' : 'after',
    })
  else if (dice.roll(2) === 0) engine.cut(dice.roll(2) === 0 ? 'end' : 'reset')
  else {
    engine.answer('/services', json(503, { message: 'busy' }))
    setTimeout(() => engine.answer('/services', undefined), 200).unref()
  }
}

/** Until it is aborted. Every beat replaces some services or nodes, or spoils something. */
export async function churn(stand: Stand, beatMs: number, signal: AbortSignal, dice: Dice = createDice(1)): Promise<void> {
  const services = new Map<number, object>()
  while (!signal.aborted) {
    for (let n = dice.roll(4); n >= 0; n -= 1) {
      const index = dice.roll(SERVICES)
      if (dice.roll(5) === 0) services.delete(index)
      else services.set(index, someService(index, dice))
    }
    stand.services([...services.values()])
    if (dice.roll(5) === 0) stand.nodes(someNodes(dice))
    if (dice.roll(8) === 0) spoil(stand, dice)
    stand.logged.length = 0
    await sleep(beatMs, undefined, { signal }).catch(() => {})
  }
}
