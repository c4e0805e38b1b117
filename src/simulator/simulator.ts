// A stand-in for the load balancer, instance and metadata APIs of the cloud, with a data plane. Nothing in it comes from the daemon.
import { writeFile } from 'node:fs/promises'
import { isWrite } from './actions/call.ts'
import { serveControl } from './control/server.ts'
import { createDataPlane } from './dataplane/index.ts'
import { createFaults, type Faults } from './faults.ts'
import { type CredentialStore, createAuthentication } from './gateway/authentication.ts'
import { createGateway } from './gateway/gateway.ts'
import { type RunningServer, serveApi } from './gateway/server.ts'
import { createHealthTable, type HealthTable } from './health-table.ts'
import { readWorld } from './load-world.ts'
import { createRoleCredentials } from './metadata/role-credentials.ts'
import { serveMetadata } from './metadata/server.ts'
import type { DataPlane } from './plane.ts'
import { planeListeners } from './plane-view.ts'
import { createRequestLog, type RequestLog } from './request-log.ts'
import { type Settings, type SettingsPatch, settingsSchema } from './settings.ts'
import type { StateFile, World } from './world.ts'

type SimulatorLog = {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

export type SimulatorOptions = {
  /** Where the three servers listen; the data plane binds the load balancers' own addresses. */
  readonly host?: string
  /** 0 takes a free port. */
  readonly apiPort?: number
  readonly controlPort?: number
  readonly metadataPort?: number
  /** A state, or the path of a file that holds one; see world.ts. */
  readonly state?: StateFile | string | undefined
  /** Permanent keys: id to secret. */
  readonly accessKeys?: Readonly<Record<string, string>>
  readonly checkSignature?: boolean
  /** true: real sockets on the load balancers' addresses. A data plane of the caller's own is used as it is and closed with the rest. */
  readonly dataPlane?: boolean | DataPlane
  readonly log?: SimulatorLog
  readonly settings?: SettingsPatch
}

export type Simulator = {
  readonly apiUrl: string
  readonly controlUrl: string
  readonly metadataUrl: string
  /** The live account. After changing it by hand call `sync`. */
  readonly state: World
  readonly requests: RequestLog
  readonly settings: Settings
  readonly faults: Faults
  /** What DescribeHealthStatus answers where no data plane runs. */
  readonly health: HealthTable
  /** Hands the listeners to the data plane. */
  sync(): void
  /** Ports the data plane could not bind, and the like. */
  problems(): readonly string[]
  save(path: string): Promise<void>
  close(): Promise<void>
}

const SILENT: SimulatorLog = { info() {}, warn() {}, error() {} }

/** Throws ZodError for a state or settings that do not fit, and what node:http throws for a port that is taken. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { host = '127.0.0.1', apiPort = 0, controlPort = 0, metadataPort = 0, log = SILENT } = options
  const world = await readWorld(options.state)
  const settings = settingsSchema.parse(options.settings ?? {})
  const plane = choosePlane(options.dataPlane ?? false, log)
  const [faults, health, roleKeys] = [createFaults(), createHealthTable(), createRoleCredentials()]
  const requests = createRequestLog(() => settings.requestLogSize, isWrite)
  const syncing = createSync(world, plane)
  const credentials = allKeys(options.accessKeys ?? { testid: 'testsecret' }, roleKeys)
  const authentication = (options.checkSignature ?? true) ? createAuthentication(credentials) : undefined
  const planeHealth = plane === undefined ? undefined : (id: string) => plane.health(id)
  const gateway = createGateway({ world, settings, faults, requests, health, planeHealth, authentication, changed: syncing.soon, log })
  const parts = { state: world, settings, faults, requests, health, sync: syncing.now, problems: () => plane?.problems() ?? [] }
  const servers: RunningServer[] = []
  const close = async () => {
    syncing.stop()
    await Promise.all(servers.map((server) => server.close()))
    await plane?.close()
  }
  try {
    syncing.now()
    const api = await open(servers, serveApi(gateway, host, apiPort))
    const control = await open(servers, serveControl(parts, host, controlPort))
    const metadata = await open(servers, serveMetadata({ world, settings, credentials: roleKeys, host, port: metadataPort }))
    const urls = { apiUrl: api.url, controlUrl: control.url, metadataUrl: metadata.url }
    log.info({ ...urls, loadBalancers: world.loadBalancers.length }, 'simulator running')
    return { ...urls, ...parts, save: (path) => writeFile(path, `${JSON.stringify(world, null, 2)}\n`), close }
  } catch (err) {
    await close()
    throw err
  }
}

async function open(servers: RunningServer[], starting: Promise<RunningServer>): Promise<RunningServer> {
  const server = await starting
  servers.push(server)
  return server
}

function choosePlane(wanted: boolean | DataPlane, log: SimulatorLog): DataPlane | undefined {
  if (typeof wanted === 'object') return wanted
  return wanted ? createDataPlane({ log }) : undefined
}

const allKeys = (accessKeys: Readonly<Record<string, string>>, roleKeys: CredentialStore): CredentialStore => ({
  find(id) {
    const secret = Object.hasOwn(accessKeys, id) ? accessKeys[id] : undefined
    return secret === undefined ? roleKeys.find(id) : { secret }
  },
})

/** Many calls of one moment make one sync; it is done before the next call is read. */
function createSync(world: World, plane: DataPlane | undefined) {
  let due: NodeJS.Immediate | undefined
  const stop = () => {
    if (due !== undefined) clearImmediate(due)
    due = undefined
  }
  const now = () => {
    stop()
    plane?.sync(planeListeners(world))
  }
  return {
    now,
    stop,
    soon() {
      if (plane !== undefined) due ??= setImmediate(now)
    },
  }
}
