// swarm-slb on a site as an operator installs it: deploy/stack.yml, with what tests and demonstrations set on top of it.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BALANCER, type Cloud, REGION, VPC } from './cloud.ts'
import type { Site } from './site.ts'

const DEPLOY = join(import.meta.dirname, '../../deploy')
/** Of the stack file. */
const SERVICE = 'swarm-slb'

export const DAEMON_STACK = 'swarm-slb'
/** The service as Swarm names it. */
export const DAEMON = `${DAEMON_STACK}_${SERVICE}`

export const SECRETS = { id: 'swarm-slb-key-id', secret: 'swarm-slb-key-secret' } as const

export interface Daemon {
  /** Runs a command of swarm-slb inside a running daemon; answers with its output, whatever its exit code. */
  command(args: readonly string[]): Promise<string>
  /** The same for a line of shell. */
  shell(line: string): Promise<string>
  logTail(lines?: number): Promise<string>
}

/** Endpoints of the simulated cloud, and graces so short that people and tests need not wait. */
const settingsFor = ({ apiUrl, metadataUrl }: Cloud) => ({
  SLB_VPC_ID: VPC,
  SLB_ENDPOINT: apiUrl,
  ECS_ENDPOINT: apiUrl,
  METADATA_ENDPOINT: metadataUrl,
  SLB_EXPOSE: 'published',
  SLB_REMOVAL_GRACE: '2s',
  SLB_DRAIN: '2s',
  SLB_RESYNC_INTERVAL: '10s',
})

export type DaemonOptions = {
  readonly environment?: Readonly<Record<string, string>>
  readonly volumes?: readonly object[]
  readonly user?: string
  /** Compose files of deploy/ between the stack file and what is set here. */
  readonly files?: readonly string[]
  /** Variables that these want. */
  readonly variables?: Readonly<Record<string, string>>
}

/** The stack file that people deploy, with a file on top of it. JSON is YAML, too. */
export async function deployDaemon(site: Site, cloud: Cloud, image: string, options: DaemonOptions = {}): Promise<Daemon> {
  for (const part of ['id', 'secret'] as const) await site.docker(['secret', 'create', SECRETS[part], '-'], { input: cloud.keys[part] })
  await updateDaemon(site, cloud, image, options)
  return daemonOf(site)
}

/** The same again with other options. */
export async function updateDaemon(site: Site, cloud: Cloud, image: string, options: DaemonOptions): Promise<void> {
  const { environment = {}, volumes = [], user, files = [], variables = {} } = options
  const placement = site.constraint === undefined ? {} : { deploy: { placement: { constraints: [site.constraint] } } }
  const own = user === undefined ? {} : { user }
  // Everything but how often the image is asked is as it is shipped.
  const healthcheck = { interval: '5s' }
  const service = { environment: { ...settingsFor(cloud), ...environment }, healthcheck, volumes, ...own, ...placement }
  const overlay = join(site.folder, 'swarm-slb.json')
  writeFileSync(overlay, JSON.stringify({ version: '3.8', services: { [SERVICE]: service } }, null, 2))
  const all = ['stack.yml', ...files].map((file) => join(DEPLOY, file)).concat(overlay)
  const env = { ...process.env, SWARM_SLB_IMAGE: image, SLB_ID: BALANCER.id, ALIBABA_CLOUD_REGION_ID: REGION, ...variables }
  const command = ['stack', 'deploy', '--resolve-image', 'never', ...all.flatMap((file) => ['--compose-file', file]), DAEMON_STACK]
  await site.docker(command, { env })
}

const daemonOf = (site: Site): Daemon => ({
  command: (args) => inDaemon(site, ['"$@" 2>&1 || true', 'sh', 'node', '/app/dist/main.js', ...args]),
  shell: (line) => inDaemon(site, [`{ ${line}; } 2>&1 || true`]),
  logTail: async (lines = 60) => {
    const logs = site.engines.map((docker) =>
      inContainer(docker, (id) => docker(['logs', '--tail', String(lines), id], { both: true, timeoutMs: 15_000 })),
    )
    return (await Promise.all(logs.map((log) => log.catch(String)))).join('\n\n')
  },
})

type Docker = Site['engines'][number]

async function inContainer(docker: Docker, use: (id: string) => Promise<string>): Promise<string> {
  const filter = ['--filter', `label=com.docker.swarm.service.name=${DAEMON}`]
  const id = (await docker(['ps', '--quiet', '--latest', ...filter], { timeoutMs: 10_000 })).split('\n')[0] ?? ''
  return id === '' ? '' : use(id)
}

/** On the first engine that runs a daemon. */
async function inDaemon(site: Site, script: readonly string[]): Promise<string> {
  for (const docker of site.engines) {
    const answer = await inContainer(docker, (id) => docker(['exec', id, 'sh', '-c', ...script], { timeoutMs: 20_000 })).catch(() => '')
    if (answer !== '') return answer
  }
  throw new Error('no engine runs the daemon')
}
