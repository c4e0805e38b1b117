// Each question is put to simulators that decide it either way: a probe that cannot tell them apart is no probe.
import { expect, test } from 'vitest'
import { openAccount } from '../../scripts/verify/account.ts'
import { FACTS } from '../../scripts/verify/facts.ts'
import { differences, settingsOf } from '../../scripts/verify/report.ts'
import { verify } from '../../scripts/verify/run.ts'
import { type SettingsPatch, settingsSchema } from '../../src/simulator/settings.ts'

const { unsure } = settingsSchema.parse({})
const FLIPPED = {
  loadBalancerMissingStatus: 400,
  systemBusyStatus: 449,
  startRunning: 'error',
  stopStopped: 'error',
  addPresentServer: 'ignore',
  addPresentMember: 'error',
  backendServersAnswer: 'echo',
  loadBalancerPageSize: 50,
  lastListenerInactivates: true,
  atomicBatches: false,
  unsetCheckPort: '-520',
  backendPortWithGroup: 'shown',
  emptyGroup: 'refuse',
  tcpUdpSamePort: false,
  capitalIntervalOnCreate: 'ignore',
  weightZeroHealth: 'absent',
  groupIdAlone: 'apply',
  keepSetDescriptions: false,
  ecsServerIp: 'absent',
  descriptionFilter: 'contains',
  emptyListeners: 'absent',
  redirectNeedsHealthCheck: false,
  forwardCodes: [301, 302],
} as const satisfies { readonly [K in keyof typeof unsure]: unknown }

const about = (setting: string) => FACTS.filter(({ settings }) => settings.includes(setting))

/** A run on a simulator with these settings, which once says SystemBusy. */
async function run(settings: SettingsPatch, facts = FACTS) {
  const account = await openAccount({ env: {}, settings })
  account.simulator?.faults.add({ action: 'StopLoadBalancerListener', as: { code: 'SystemBusy' } })
  const result = await verify(account, new AbortController().signal, () => {}, facts)
  const { loadBalancers, certificates, acls } = account.simulator?.state ?? {}
  await account.close()
  return { ...result, state: { loadBalancers, certificates, acls } }
}

const quiet = { readLagMs: 0, busy: { scope: 'none' } }

test('a cloud as we take it to be is reported as such, and left as it was', async () => {
  const { found, left, calls, failure, state } = await run({})
  expect(failure).toBeUndefined()
  expect(left).toEqual([])
  expect(differences(found)).toEqual([])
  expect(settingsOf(found)).toEqual({ ...quiet, quotas: { backendBatch: 20 }, unsure })
  expect(state).toMatchObject({ loadBalancers: [{ listeners: [], groups: [], backendServers: [] }], certificates: [], acls: [] })
  expect(state.loadBalancers?.[0]?.tags).toEqual([{ key: 'swarm-slb:verify', value: 'simulator' }])
  expect(calls).toBeLessThan(250)
})

test('a cloud that does otherwise in everything is reported as such', async () => {
  const { found, left } = await run({ unsure: { ...FLIPPED, forwardCodes: [...FLIPPED.forwardCodes] }, quotas: { backendBatch: 40 } })
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

test('every setting of the simulator that is a guess has its question', () => {
  const asked = new Set(FACTS.flatMap(({ settings }) => settings))
  expect(Object.keys(unsure).filter((key) => !asked.has(`unsure.${key}`))).toEqual([])
})
