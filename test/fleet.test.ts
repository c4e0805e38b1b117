// All load balancers together: what one of them keeps the others from, and what is told of faults.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { createBoard } from '../src/board.ts'
import type { Service } from '../src/core/model.ts'
import { NO_WANTS } from '../src/core/region-wants.ts'
import type { Desire } from '../src/desired.ts'
import { createFleet } from '../src/fleet.ts'
import { createLog } from '../src/log.ts'
import { ServersRefused } from '../src/providers/provider.ts'
import { balancer, listener, MINUTE, markOf, NOW, port, remembers, threeMembers, toDefault, wantedBy, web } from './support/build.ts'
import { callError, type MemoryOptions, type MemoryProvider, memoryProvider } from './support/memory-provider.ts'
import { offerOf } from './support/passes.ts'
import { NO_CERTIFICATES } from './support/region.ts'

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
  const forgotten: string[] = []
  const fleet = createFleet({
    cloud: {
      provider,
      instances: { lookup: async () => new Map(), forget: (server) => void forgotten.push(server) },
      certificates: NO_CERTIFICATES,
      close: () => {},
    },
    board: createBoard({ version: '0', now, aliveMs: 1000 }),
    log,
    now,
    stop: stop.signal,
    giveUp: stop.signal,
    finished: () => {},
    due: (time) => void rechecks.push(time),
    dryRun: false,
    nodeName: () => 'node-1',
  })
  const desireOf = (services: readonly Service[], over: Partial<Desire> = {}): Desire => {
    const { wanted, backends, rules } = offerOf({ services })
    const claimsOf = (id: string) => (over.wanted ?? wanted).claims.filter(({ loadBalancer }) => loadBalancer === id)
    const ids = lbs.map(({ id }) => id)
    return {
      wanted,
      claimsOf,
      backends,
      rules,
      wants: NO_WANTS,
      loadBalancers: ids,
      unanswered: '',
      named: new Set(),
      problems: [],
      unresolved: [],
      recheckAt: undefined,
      ...over,
    }
  }
  const pass = async (desire: Desire) => {
    fleet.offer({ desire, mayWrite: true, resync: true, fresh: false, newOnly: false })
    await fleet.idle()
  }
  return { fleet, provider, clock, logged, rechecks, forgotten, desireOf, pass }
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

test('an instance that the cloud refuses is looked up again', async () => {
  const { pass, desireOf, forgotten } = await fleetOf({
    around: (change, effect) => {
      if (change.kind === 'addBackends') throw new ServersRefused(['i-2'], callError('failed', 'ObtainIpFail'))
      effect()
    },
  })
  await pass(desireOf([web()]))
  expect(forgotten).toEqual(['i-2'])
})

test('while a load balancer carries the sign of a takeover nothing there is deleted without approval, however long', async () => {
  const listeners = ['old', 'web'].map((name, index) => listener('tcp', 8080 + index, toDefault(30_000 + index), markOf(name)))
  const tags = { 'swarm-slb:me': 'cluster-1', 'swarm-slb:taken': 'me/cluster-0' }
  const { fleet, pass, desireOf, provider, clock } = await fleetOf({}, [balancer({ tags, members: threeMembers(), listeners })])
  const wanted = wantedBy([web({ 'slb.port.80': 'tcp://:8081' }, { ports: [port(30_001)] })], {
    memory: remembers(['web', 'old'], { old: clock.now - MINUTE }),
  })
  for (let minute = 0; minute < 60; minute++) {
    await pass(desireOf([], { wanted }))
    clock.now += MINUTE
  }
  expect(provider.lb().listeners).toHaveLength(2)
  expect([...fleet.shared.ledger.held.values()]).toMatchObject([{ key: 'tcp:8080', reason: expect.stringContaining('taken over') }])
  fleet.approve()
  await pass(desireOf([], { wanted }))
  await pass(desireOf([], { wanted }))
  expect(provider.lb()).toMatchObject({ listeners: [{ key: 'tcp:8081' }], tags: { 'swarm-slb:me': 'cluster-1' } })
  expect(provider.lb().tags['swarm-slb:taken']).toBeUndefined()
})

describe('what is held', () => {
  const listeners = ['old', 'older'].map((name, index) => listener('tcp', 8080 + index, toDefault(30_000 + index), markOf(name)))
  async function held() {
    const its = await fleetOf({}, [balancer({ members: threeMembers(), listeners })])
    const wanted = wantedBy([], { memory: remembers(['old', 'older'], { old: its.clock.now - MINUTE, older: its.clock.now - MINUTE }) })
    await its.pass(its.desireOf([], { wanted }))
    expect(its.fleet.heldHash()).not.toBe('')
    return { ...its, wanted }
  }

  test('is so no more on a load balancer that is not ours to write to: an approval would release nothing', async () => {
    const { fleet, pass, desireOf, provider, wanted } = await held()
    fleet.approve()
    provider.edit((lb) => ({ ...lb, tags: { 'swarm-slb:me': 'cluster-9' } }))
    await pass(desireOf([], { wanted }))
    expect([fleet.heldHash(), fleet.approve()]).toEqual(['', []])
    provider.edit((lb) => ({ ...lb, tags: { 'swarm-slb:me': 'cluster-1' } }))
    await pass(desireOf([], { wanted }))
    expect(provider.lb().listeners).toHaveLength(2)
  })

  test('is so no more on a load balancer that is not allowed any more', async () => {
    const { fleet, pass, desireOf, wanted } = await held()
    await pass(desireOf([], { wanted, loadBalancers: [] }))
    expect(fleet.heldHash()).toBe('')
  })
})

describe('deletes and load balancers that were never read', () => {
  const gone = (at: number) => ({
    wanted: wantedBy([web({ 'slb.port.80': 'tcp://:9090' })], { memory: remembers(['old'], { old: at - MINUTE }) }),
  })
  const old = listener('tcp', 8080, toDefault(30005), markOf('old'))
  const lbs = () => [balancer({ members: threeMembers(), listeners: [old] }), balancer({ id: 'lb-2', name: 'back' })]
  const keys = (provider: MemoryProvider) => provider.lb('lb-1').listeners.map(({ key }) => key)

  test('wait until the last one is read; then they are judged at once', async () => {
    const gate = Promise.withResolvers<void>()
    const { fleet, pass, desireOf, provider, rechecks, clock } = await fleetOf(
      { opens: (id) => (id === 'lb-2' ? gate.promise : undefined) },
      lbs(),
    )
    const first = pass(desireOf([], gone(clock.now)))
    await sleep(5)
    expect(keys(provider)).toContain('tcp:8080')
    expect([...fleet.shared.ledger.held.values()]).toMatchObject([{ reason: 'not all load balancers are read yet' }])
    expect(rechecks.filter((time) => time !== undefined)).toEqual([])
    gate.resolve()
    await first
    expect(rechecks).toContain(clock.now)
    await pass({ ...desireOf([], gone(clock.now)) })
    expect(keys(provider)).toEqual(['tcp:9090'])
  })

  test('do not wait for ever for one that cannot be read', async () => {
    const opens = (id: string) => {
      if (id === 'lb-2') throw callError('failed')
    }
    const { pass, desireOf, provider, clock } = await fleetOf({ opens }, lbs())
    const start = clock.now
    while (clock.now < start + 10 * MINUTE) {
      await pass(desireOf([], gone(start)))
      expect(keys(provider)).toContain('tcp:8080')
      clock.now += MINUTE
    }
    await pass(desireOf([], gone(start)))
    await pass(desireOf([], gone(start)))
    expect(keys(provider)).toEqual(['tcp:9090'])
  })

  test('are held until approved where no service is left, also when one cannot be read', async () => {
    const opens = (id: string) => {
      if (id === 'lb-2') throw callError('failed')
    }
    const more = listener('tcp', 8081, toDefault(30006), markOf('older'))
    const [first = balancer(), second = balancer()] = lbs()
    const { pass, desireOf, provider, clock } = await fleetOf({ opens }, [{ ...first, listeners: [old, more] }, second])
    const wanted = wantedBy([], { memory: remembers(['old', 'older'], { old: clock.now - MINUTE, older: clock.now - MINUTE }) })
    for (let minute = 0; minute < 60; minute++) {
      await pass(desireOf([], { wanted }))
      clock.now += MINUTE
    }
    expect(keys(provider)).toEqual(['tcp:8080', 'tcp:8081'])
  })
})

test('a standby asks for no pass for what only the writer does, even when its time is over', async () => {
  const { fleet, desireOf, pass, clock } = await fleetOf({
    opens: () => {
      throw callError('unknown')
    },
  })
  const desire = desireOf([web()])
  await pass(desire)
  clock.now += MINUTE
  expect(fleet.offer({ desire, mayWrite: false, resync: false, fresh: false, newOnly: true })).toEqual([undefined])
})
