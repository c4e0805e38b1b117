// All load balancers together: what one of them keeps the others from, and what is told of faults.
import { afterEach, expect, test } from 'vitest'
import { createBoard } from '../src/board.ts'
import type { Service } from '../src/core/model.ts'
import type { Desire } from '../src/desired.ts'
import { createFleet } from '../src/fleet.ts'
import { createLog } from '../src/log.ts'
import { balancer, NOW, web } from './support/build.ts'
import { type MemoryOptions, memoryProvider } from './support/memory-provider.ts'
import { offerOf } from './support/passes.ts'

const stops: AbortController[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop.abort()
})

async function fleetOf(options: MemoryOptions = {}, lbs = [balancer()]) {
  const provider = memoryProvider(lbs, options)
  const clock = { now: NOW }
  const logged: string[] = []
  const log = await createLog({ level: 'debug', format: 'json', colour: false, secrets: [], write: (line) => logged.push(line) })
  const stop = new AbortController()
  stops.push(stop)
  const now = () => clock.now
  const rechecks: (number | undefined)[] = []
  const fleet = createFleet({
    cloud: { provider, instances: { lookup: async () => new Map(), forget: () => {} }, close: () => {} },
    board: createBoard({ version: '0', now, aliveMs: 1000 }),
    log,
    now,
    stop: stop.signal,
    giveUp: stop.signal,
    finished: (_, __, recheckAt) => void rechecks.push(recheckAt),
    nodeName: () => 'node-1',
  })
  const desireOf = (services: readonly Service[], over: Partial<Desire> = {}): Desire => {
    const { wanted, backends, rules } = offerOf({ services })
    const claimsOf = (id: string) => wanted.claims.filter(({ loadBalancer }) => loadBalancer === id)
    const ids = lbs.map(({ id }) => id)
    return { wanted, claimsOf, backends, rules, loadBalancers: ids, named: new Set(), problems: [], recheckAt: undefined, ...over }
  }
  const pass = async (desire: Desire) => {
    fleet.offer({ desire, mayWrite: true, resync: true, fresh: false, newOnly: false })
    await fleet.idle()
  }
  return { fleet, provider, clock, logged, rechecks, desireOf, pass }
}

test('a fault of ours in one pass is told with the place where it happened; the next pass goes on', async () => {
  let broken = true
  const { pass, desireOf, provider, logged, clock } = await fleetOf({
    opens: () => {
      if (broken) throw new TypeError('no such thing')
    },
  })
  await pass(desireOf([web()]))
  const line = logged.find((text) => text.includes('unexpected error')) ?? ''
  expect(JSON.parse(line)).toMatchObject({
    level: 'error',
    lb: 'lb-1',
    err: expect.stringMatching(/TypeError: no such thing\n\s+at .*fleet\.test/),
  })
  broken = false
  clock.now += 200
  await pass(desireOf([web()]))
  expect(provider.lb().listeners).toHaveLength(1)
})
