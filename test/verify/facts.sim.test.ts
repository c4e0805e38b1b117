// Each question is put to simulators that decide it either way: a probe that cannot tell them apart is no probe.
import { expect, test } from 'vitest'
import { FACTS } from '../../scripts/verify/facts.ts'
import { differences, settingsOf } from '../../scripts/verify/report.ts'
import type { Simulator } from '../../src/simulator/simulator.ts'
import { FLIPPED, otherwise, run, unsure } from './simulated.ts'

const about = (setting: string) => FACTS.filter(({ settings }) => settings.includes(setting))

/** Once in the run it is said. */
const systemBusy = (simulator: Simulator) => simulator.faults.add({ action: 'StopLoadBalancerListener', as: { code: 'SystemBusy' } })

const quiet = { readLagMs: 0, busy: { scope: 'none' }, transitionMs: 0 }

test('a cloud as we take it to be is reported as such, and left as it was', async () => {
  const { found, left, calls, failure, state } = await run({}, FACTS, systemBusy)
  expect(failure).toBeUndefined()
  expect(left).toEqual([])
  expect(differences(found)).toEqual([])
  expect(settingsOf(found)).toEqual({ ...quiet, quotas: { backendBatch: 20 }, unsure })
  expect(state).toMatchObject({ loadBalancers: [{ listeners: [], groups: [], backendServers: [] }], certificates: [], acls: [] })
  expect(state.loadBalancers?.[0]?.tags).toEqual([{ key: 'swarm-slb:verify', value: 'simulator' }])
  expect(calls).toBeLessThan(250)
})

test('a cloud that does otherwise in everything is reported as such', async () => {
  const { found, left } = await run(otherwise(), FACTS, systemBusy)
  expect(settingsOf(found)).toEqual({ ...quiet, quotas: { backendBatch: 40 }, unsure: FLIPPED })
  expect(left).toEqual([])
})

test.each(['zero', '-520'] as const)('a check port that was never set may be %s', async (value) => {
  const { found } = await run({ unsure: { unsetCheckPort: value } }, about('unsure.unsetCheckPort'))
  expect(differences(found)).toEqual([`unsure.unsetCheckPort: "${value}", the simulator assumes "absent"`])
})

test.each(['instance', 'object'] as const)('a lock of the whole %s is found, and how late reads are', async (scope) => {
  const { found, left } = await run({ busy: { scope, durationMs: 150 }, readLagMs: 120 }, [...about('readLagMs'), ...about('busy.scope')])
  const { busy, readLagMs } = settingsOf(found) as { busy: Record<string, unknown>; readLagMs: number }
  expect(busy).toMatchObject({ scope, code: 'BackendServer.configuring' })
  expect(Number(busy['durationMs'])).toBeGreaterThanOrEqual(150)
  expect(readLagMs).toBeGreaterThan(60)
  expect(left).toEqual([])
})

test('how long a listener is between two states is measured', async () => {
  const { found, left } = await run({ transitionMs: 150 }, about('transitionMs'))
  const { transitionMs } = settingsOf(found)
  expect(transitionMs).toBeGreaterThan(100)
  expect(found).toMatchObject([{ seen: expect.stringMatching(/^configuring, starting; \d+ ms at most$/) }])
  expect(left).toEqual([])
})

test.each(['zero', '-520'] as const)('the port of default servers may be %s while a group is bound', async (value) => {
  const { found } = await run({ unsure: { backendPortWithGroup: value, unsetBackendPort: value } }, [
    ...about('unsure.backendPortWithGroup'),
    ...about('unsure.unsetBackendPort'),
  ])
  expect(differences(found)).toHaveLength(2)
  expect(settingsOf(found)).toEqual({ unsure: { backendPortWithGroup: value, unsetBackendPort: value } })
})
