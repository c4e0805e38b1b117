// `simulate`: a stand-in for the cloud, for people without an account. Prints how to use it and runs until it is told to stop.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { readSome } from '../config.ts'
import { type Simulator, startSimulator } from '../simulator/simulator.ts'
import type { StateFile } from '../simulator/world.ts'
import { CommandError, type Flags, type Io, openLog } from './io.ts'

const optionsSchema = z.object({
  state: z.string().optional(),
  save: z.string().optional(),
  host: z.string(),
  apiPort: z.number(),
  controlPort: z.number(),
  metadataPort: z.number(),
  /** Milliseconds. */
  latency: z.number(),
  dataPlane: z.boolean(),
  /** `id=address` each. */
  instance: z.array(z.string()).default([]),
})

type SimulateOptions = z.output<typeof optionsSchema>

/** Used where no file says what exists. */
const FIRST_STATE: StateFile = { loadBalancers: [{ id: 'lb-simulated', name: 'my-slb', addressType: 'internet' }] }
/** The key that is accepted where the environment names none. It opens nothing but this simulator. */
const KEY = { id: 'LTAI5tSimulatedKeyId', secret: 'simulated-access-key-secret' }

/** `given` as the command line gives it. */
export async function simulate(flags: Flags, given: unknown, io: Io): Promise<number> {
  const options = optionsSchema.parse(given)
  const settings = readSome({ env: io.env, flags }, ['logLevel', 'logFormat', 'accessKeyId', 'accessKeySecret'])
  const { accessKeyId: id, accessKeySecret: secret } = settings
  const ownKey = id === undefined || secret === undefined ? undefined : { id: id.reveal(), secret: secret.reveal() }
  const key = ownKey ?? KEY
  const simulator = await startSimulator({
    host: options.host,
    apiPort: options.apiPort,
    controlPort: options.controlPort,
    metadataPort: options.metadataPort,
    state: firstState(options),
    accessKeys: { [key.id]: key.secret },
    dataPlane: options.dataPlane,
    settings: { latencyMs: options.latency },
    log: await openLog(io, settings, secret === undefined ? [] : [secret]),
  })
  try {
    io.out.write(usage(simulator, ownKey === undefined))
    if (!io.signal.aborted) await once(io.signal, 'abort')
    if (options.save !== undefined) await simulator.save(options.save)
  } finally {
    await simulator.close()
  }
  return 0
}

function firstState({ state, instance }: SimulateOptions): StateFile {
  const base: StateFile = state === undefined ? FIRST_STATE : readState(state)
  const added = instance.map((text) => {
    const [, id, privateIp] = /^([^=\s]+)=(\S+)$/.exec(text) ?? []
    if (id === undefined || privateIp === undefined) throw new CommandError(`--instance ${text}: expected ID=ADDRESS`)
    return { id, privateIp }
  })
  return { ...base, instances: [...(base.instances ?? []), ...added] }
}

/** The simulator checks what the file holds. */
function readState(path: string): StateFile {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (err) {
    throw new CommandError(`--state ${path}: ${err instanceof Error ? err.message : err}`)
  }
}

/** Comments and exports, so that a shell can evaluate all of it. Only the simulator's own key is printed. */
function usage({ apiUrl, controlUrl, metadataUrl, state }: Simulator, simulatorsKey: boolean): string {
  const variables = {
    SLB_ENDPOINT: apiUrl,
    ECS_ENDPOINT: apiUrl,
    METADATA_ENDPOINT: metadataUrl,
    ALIBABA_CLOUD_REGION_ID: state.regionId,
    SLB_VPC_ID: state.vpcId,
    SLB_ID: state.loadBalancers.map(({ id }) => id).join(','),
    ...(simulatorsKey ? { ALIBABA_CLOUD_ACCESS_KEY_ID: KEY.id, ALIBABA_CLOUD_ACCESS_KEY_SECRET: KEY.secret } : {}),
  }
  return [
    '# A simulated cloud is running.',
    ...state.loadBalancers.map(({ id, name, address }) => `# Load balancer ${id} (${name}) on ${address}`),
    `# Control port ${controlUrl}: GET /state /requests /health, PATCH /settings, POST /faults`,
    '# To use it:',
    ...Object.entries(variables).map(([name, value]) => `export ${name}=${value}`),
    '',
  ].join('\n')
}
