// Simulators that decide what the manuals leave open: as ours does by itself, and the other way in everything.
import { openAccount } from '../../scripts/verify/account.ts'
import { FACTS, type Fact, type Found, type Value } from '../../scripts/verify/facts.ts'
import { verify } from '../../scripts/verify/run.ts'
import { type Settings, type SettingsPatch, settingsSchema } from '../../src/simulator/settings.ts'
import type { Simulator } from '../../src/simulator/simulator.ts'

export const { unsure } = settingsSchema.parse({})

export const FLIPPED = {
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
  unsetBackendPort: 'zero',
  tcpCheckInterval: 3,
  udpCheckInterval: 5,
  httpCheckInterval: 4,
  longestRuleDomain: 253,
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

/** Otherwise in everything. */
export const otherwise = (): SettingsPatch => ({
  unsure: { ...FLIPPED, forwardCodes: [...FLIPPED.forwardCodes] },
  quotas: { backendBatch: 40 },
})

/** A run on a simulator with these settings, which `prepared` may change once the run has found all it needs. */
export async function run(settings: SettingsPatch, facts: readonly Fact[] = FACTS, prepared = (_: Simulator): void => {}) {
  const account = await openAccount({ env: {}, settings })
  const simulator = account.simulator as Simulator
  const actions: string[][] = []
  let before: number | undefined
  const say = () => {
    if (before === undefined) prepared(simulator)
    else actions.push(account.sent.slice(before).map(({ action }) => action))
    before = account.sent.length
  }
  const result = await verify(account, new AbortController().signal, say, facts)
  const { loadBalancers, certificates, acls } = simulator.state
  await account.close()
  return { ...result, actions, state: { loadBalancers, certificates, acls }, settings: simulator.settings }
}

/** What is in force in this simulator. */
function truth(settings: Settings, path: string): Value | undefined {
  const [group = '', name = ''] = path.split('.')
  const value = (settings as Readonly<Record<string, unknown>>)[group]
  return (name === '' ? value : (value as Readonly<Record<string, unknown>>)[name]) as Value | undefined
}

/** Decided, and not so. Questions without a setting are compared with what another run has seen. */
export const wrong = (found: readonly Found[], settings: Settings, seen: ReadonlyMap<string, string>): readonly string[] =>
  found
    .filter(({ decided }) => decided)
    .filter(({ question, values, seen: now }) =>
      values === undefined
        ? now !== seen.get(question)
        : Object.entries(values).some(([path, value]) => JSON.stringify(value) !== JSON.stringify(truth(settings, path))),
    )
    .map(({ question, seen: now }) => `${question}: ${now}`)
