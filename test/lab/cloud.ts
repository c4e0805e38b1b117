// The simulated cloud of a site: one load balancer, one instance for each machine, and a signed client to play the operator with.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Core from '@alicloud/pop-core'
import type { LoadBalancer, StateFile, World } from '../../src/simulator/world.ts'
import { getText } from './http.ts'
import type { Machine, Site } from './site.ts'

const MAIN = join(import.meta.dirname, '../../src/main.ts')
const PORTS = { api: 9780, control: 9781, metadata: 9782 } as const

export const REGION = 'cn-hangzhou'
export const VPC = 'vpc-bp1simulated0001'
export const BALANCER = { id: 'lb-bp1quickstart0001', name: 'front' } as const

export interface Cloud {
  readonly apiUrl: string
  readonly metadataUrl: string
  readonly controlUrl: string
  readonly keys: { readonly id: string; readonly secret: string }
  readonly address: string
  /** One call of the CLB API, signed. Fails with the cloud's code and message. */
  call(action: string, params?: Readonly<Record<string, string | number>>): Promise<Answer>
  /** Everything the simulated account holds now. */
  state(): Promise<World>
  log(): string
}

/** As the API answers; callers look at what they asked for. */
type Answer = Readonly<Record<string, unknown>>

/** Instance ids by address, so that a machine which joins later has one too. */
export const instanceId = ({ address }: Machine): string => `i-bp1lab${address.split('.').at(-1)?.padStart(6, '0')}`

export async function startCloud(
  site: Site,
  extra: Partial<NonNullable<StateFile['loadBalancers']>[number]> = {},
  spare: readonly Machine[] = [],
): Promise<Cloud> {
  const stateFile = join(site.folder, 'cloud.json')
  const state: StateFile = {
    regionId: REGION,
    vpcId: VPC,
    loadBalancers: [{ ...BALANCER, address: site.balancerAddress, addressType: 'intranet', ...extra }],
    instances: [...site.machines, ...spare].map((machine) => ({ id: instanceId(machine), name: machine.name, privateIp: machine.address })),
  }
  writeFileSync(stateFile, JSON.stringify(state, null, 2))
  const url = (port: number): string => `http://${site.cloudAddress}:${port}`
  const ports = ['--api-port', PORTS.api, '--control-port', PORTS.control, '--metadata-port', PORTS.metadata].map(String)
  const child = site.spawn('simulator', [process.execPath, MAIN, 'simulate', '--state', stateFile, '--host', site.cloudAddress, ...ports])
  const log = (): string => readFileSync(join(site.folder, 'simulator.log'), 'utf8')
  const metadataUrl = url(PORTS.metadata)
  for (
    let waited = 0;
    !(await getText(`${metadataUrl}/latest/meta-data/vpc-id`).then(
      ({ status }) => status < 500,
      () => false,
    ));
    waited += 100
  ) {
    if (child.exitCode !== null || waited > 20_000) throw new Error(`the simulator did not come up:\n${log()}`)
    await sleep(100)
  }
  const keys = { id: 'LTAI5tSimulatedKeyId', secret: 'simulated-access-key-secret' }
  const core = new Core({ accessKeyId: keys.id, accessKeySecret: keys.secret, endpoint: url(PORTS.api), apiVersion: '2014-05-15' })
  return {
    apiUrl: url(PORTS.api),
    metadataUrl,
    controlUrl: url(PORTS.control),
    keys,
    address: site.balancerAddress,
    call: (action, params = {}) => core.request<Answer>(action, { RegionId: REGION, ...params }, { method: 'POST', timeout: 5_000 }),
    state: async () => JSON.parse((await getText(`${url(PORTS.control)}/state`)).body) as World,
    log,
  }
}

/** The load balancer as it is now. */
export async function balancer(cloud: Cloud): Promise<LoadBalancer> {
  const found = (await cloud.state()).loadBalancers.find(({ id }) => id === BALANCER.id)
  if (found === undefined) throw new Error(`${BALANCER.id} is gone`)
  return found
}
