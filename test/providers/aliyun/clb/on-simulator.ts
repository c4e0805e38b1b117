// The provider against the simulator, over real HTTP through the real rpc.
import { createBuckets } from '../../../../src/providers/aliyun/buckets.ts'
import { type ClbOptions, createClbProvider } from '../../../../src/providers/aliyun/clb/provider.ts'
import { createRpc, type RpcOptions } from '../../../../src/providers/aliyun/rpc.ts'
import { type SimulatorOptions, startSimulator } from '../../../../src/simulator/simulator.ts'

export const SERVERS = Array.from({ length: 25 }, (_, i) => `i-${String(i + 1).padStart(2, '0')}`)
const instances = SERVERS.map((id, i) => ({ id, privateIp: `172.16.0.${i + 1}` }))
const NO_LIMITS = { listeners: 1_000, backendServers: 100_000, attachments: 10_000, groups: 10_000 }

type State = Exclude<NonNullable<SimulatorOptions['state']>, string>

export type Options = {
  readonly loadBalancers: NonNullable<State['loadBalancers']>
  /** Whatever else the account has. */
  readonly state?: State
  readonly settings?: SimulatorOptions['settings']
  readonly clb?: Partial<ClbOptions>
  readonly rpc?: Partial<RpcOptions>
}

export async function onSimulator({ loadBalancers, state, settings, clb, rpc: rpcOptions }: Options) {
  const simulator = await startSimulator({ state: { ...state, loadBalancers, instances }, settings: { quotas: NO_LIMITS, ...settings } })
  const rpc = createRpc({
    product: 'slb',
    endpoint: simulator.apiUrl,
    apiVersion: '2014-05-15',
    regionId: simulator.state.regionId,
    credentials: async () => ({ accessKeyId: 'testid', accessKeySecret: 'testsecret' }),
    userAgent: 'swarm-slb/test',
    timeouts: { requestMs: 1_000, idleMs: 500 },
    waits: { firstMs: 10, maxMs: 50, totalMs: 2_000 },
    buckets: createBuckets({ share: 1, unlimited: true }),
    ...rpcOptions,
  })
  const provider = createClbProvider({ rpc, waits: { gather: 2, lag: 20, insist: [10, 20] }, ...clb })
  return {
    simulator,
    provider,
    async close() {
      rpc.close()
      await simulator.close()
    },
  }
}
