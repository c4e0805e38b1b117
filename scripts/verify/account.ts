// The account that is asked: with LIVE=1 the real one of the environment, else a simulator of our own. Both are reached in the same
// way, through the daemon's own client, at its share of the account's rates.
import { readConfig } from '../../src/config.ts'
import { createBuckets } from '../../src/providers/aliyun/buckets.ts'
import { type ClbOptions, type ClbProvider, createClbProvider } from '../../src/providers/aliyun/clb/provider.ts'
import { chooseCredentials } from '../../src/providers/aliyun/credential-choice.ts'
import { createCredentials } from '../../src/providers/aliyun/credentials.ts'
import type { Params } from '../../src/providers/aliyun/flatten.ts'
import { createMetadata } from '../../src/providers/aliyun/metadata.ts'
import { createRpc, type JsonObject, type RpcEvent } from '../../src/providers/aliyun/rpc.ts'
import { CallError } from '../../src/providers/provider.ts'
import type { SettingsPatch } from '../../src/simulator/settings.ts'
import { type Simulator, startSimulator } from '../../src/simulator/simulator.ts'
import { Refusal, Undecided } from './refusal.ts'

/** What one call came to. `code` is `OK`, or why the cloud did not do it. */
export type Answer = {
  readonly status: number
  readonly code: string
  readonly message: string
  readonly body: JsonObject
  /** Codes that said `not now` before this answer. */
  readonly busy: readonly string[]
}

export interface Account {
  readonly live: boolean
  /** Undefined where the account is real. */
  readonly simulator: Simulator | undefined
  /** SLB_ID: an id or a name. */
  readonly loadBalancer: string
  readonly vpcId: string | undefined
  readonly provider: ClbProvider
  /** Every request that was sent, repetitions too. */
  readonly sent: readonly RpcEvent[]
  /** Busy and throttled calls are repeated in place; what is refused is an answer. @throws Undecided without an answer. */
  call(action: string, params?: Params, product?: 'slb' | 'ecs'): Promise<Answer>
  close(): Promise<void>
}

export type AccountOptions = {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Of the simulator. */
  readonly settings?: SettingsPatch
  readonly clb?: Partial<ClbOptions>
}

export const PERMISSION_TAG = 'swarm-slb:verify'

const WRITES = /^(?!Describe|List)/
const KEY = { id: 'verify', secret: 'simulated' }
const RATES = { share: 1, unlimited: true }

const firstState = () => ({
  loadBalancers: [{ id: 'lb-verify', name: 'verify', tags: [{ key: PERMISSION_TAG, value: 'simulator' }] }],
  instances: ['1', '2'].map((n) => ({ id: `i-verify${n}`, privateIp: `172.16.0.${n}` })),
})

/** @throws ConfigError naming everything that the environment lacks; Refusal where it names no single load balancer. */
export async function openAccount({ env, settings, clb }: AccountOptions): Promise<Account> {
  if (env['LIVE'] === '1') return connect(env, undefined, clb)
  const simulator = await startSimulator({ state: firstState(), accessKeys: { [KEY.id]: KEY.secret }, ...(settings && { settings }) })
  return connect(variablesOf(simulator), simulator, clb)
}

const variablesOf = ({ apiUrl, metadataUrl, state }: Simulator) => ({
  SLB_ENDPOINT: apiUrl,
  ECS_ENDPOINT: apiUrl,
  METADATA_ENDPOINT: metadataUrl,
  ALIBABA_CLOUD_REGION_ID: state.regionId,
  ALIBABA_CLOUD_ACCESS_KEY_ID: KEY.id,
  ALIBABA_CLOUD_ACCESS_KEY_SECRET: KEY.secret,
  SLB_ID: 'lb-verify',
})

async function connect(env: AccountOptions['env'], simulator: Simulator | undefined, clb: Partial<ClbOptions> = {}): Promise<Account> {
  const config = readConfig({ env, flags: {} })
  const [loadBalancer, second] = config.loadBalancers
  if (loadBalancer === undefined || second !== undefined) throw new Refusal('SLB_ID must name exactly one load balancer')
  const sent: RpcEvent[] = []
  const [slb, ecs] = clientsOf(config, simulator === undefined ? { share: config.apiShare } : RATES, sent)
  return {
    ...{ live: simulator === undefined, simulator, loadBalancer, vpcId: config.vpcId, sent },
    provider: createClbProvider({ rpc: slb, ...(simulator && { waits: { gather: 2, lag: 20, insist: [10, 20] } }), ...clb }),
    async call(action, params = {}, product = 'slb') {
      const busy: string[] = []
      const how = { signal: new AbortController().signal, onBusy: (code: string) => void busy.push(code) }
      const kind = WRITES.test(action) ? 'write' : 'read'
      return settled((product === 'slb' ? slb : ecs)(action, params, { kind, ...how }), busy)
    },
    async close() {
      slb.close()
      ecs.close()
      await simulator?.close()
    },
  }
}

type Config = ReturnType<typeof readConfig>

function clientsOf(config: Config, rates: { readonly share: number }, sent: RpcEvent[]) {
  const { accessKey, vendorEnv, regionId, network } = config
  const metadata = createMetadata({ endpoint: config.metadataEndpoint })
  const credentials = createCredentials(chooseCredentials({ accessKey, env: vendorEnv, metadata, regionId, network }))
  const shared = {
    ...{ regionId, userAgent: 'swarm-slb/verify', buckets: createBuckets(rates) },
    credentials: () => credentials.get(),
    dropCredentials: credentials.invalidate,
    observe: (event: RpcEvent) => void sent.push(event),
  }
  return [
    createRpc({ ...shared, product: 'slb', endpoint: config.slbEndpoint, apiVersion: '2014-05-15' }),
    createRpc({ ...shared, product: 'ecs', endpoint: config.ecsEndpoint, apiVersion: '2014-05-26' }),
  ] as const
}

async function settled(call: Promise<{ readonly body: JsonObject }>, busy: readonly string[]): Promise<Answer> {
  try {
    return { status: 200, code: 'OK', message: '', body: (await call).body, busy }
  } catch (error) {
    if (!(error instanceof CallError)) throw error
    // Lost, late, or busy to the end: that is no statement of the cloud's.
    if (error.status !== 'failed' || error.httpStatus === undefined) throw new Undecided(`${error.action}: ${error.code} ${error.message}`)
    return { status: error.httpStatus, code: error.code, message: error.message, body: {}, busy }
  }
}
