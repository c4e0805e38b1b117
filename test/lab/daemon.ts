// swarm-slb on a site as an operator installs it: a global service on managers, keys as secrets, read-only root, the engine's socket.
import { BALANCER, type Cloud, REGION, VPC } from './cloud.ts'
import type { Site } from './site.ts'

export const DAEMON = 'swarm-slb'

export const SECRETS = { id: 'swarm-slb-key-id', secret: 'swarm-slb-key-secret' } as const
const SOCKET_DIR = '/run/swarm-slb'

export interface Daemon {
  /** Runs a command of swarm-slb inside a running daemon; answers with its output, whatever its exit code. */
  command(args: readonly string[]): Promise<string>
  logTail(lines?: number): Promise<string>
}

/** `env` is set on top; graces are short, so that people and tests need not wait. */
export async function deployDaemon(site: Site, cloud: Cloud, image: string, env: Readonly<Record<string, string>> = {}): Promise<Daemon> {
  for (const part of ['id', 'secret'] as const) await site.docker(['secret', 'create', SECRETS[part], '-'], { input: cloud.keys[part] })
  const settings = {
    SLB_ID: BALANCER.id,
    ALIBABA_CLOUD_REGION_ID: REGION,
    SLB_VPC_ID: VPC,
    SLB_ENDPOINT: cloud.apiUrl,
    ECS_ENDPOINT: cloud.apiUrl,
    METADATA_ENDPOINT: cloud.metadataUrl,
    ALIBABA_CLOUD_ACCESS_KEY_ID_FILE: `/run/secrets/${SECRETS.id}`,
    ALIBABA_CLOUD_ACCESS_KEY_SECRET_FILE: `/run/secrets/${SECRETS.secret}`,
    SLB_SOCKET: `${SOCKET_DIR}/swarm-slb.sock`,
    SLB_EXPOSE: 'published',
    SLB_REMOVAL_GRACE: '2s',
    SLB_DRAIN: '2s',
    SLB_RESYNC_INTERVAL: '10s',
    ...env,
  }
  const constraints = ['node.role==manager', ...(site.constraint === undefined ? [] : [site.constraint])]
  const place = ['--mode', 'global', ...constraints.flatMap((rule) => ['--constraint', rule]), '--stop-grace-period', '20s']
  const rights = ['--read-only', '--mount', `type=tmpfs,destination=${SOCKET_DIR}`]
  const socket = ['--mount', 'type=bind,source=/var/run/docker.sock,destination=/var/run/docker.sock,readonly']
  const secrets = Object.values(SECRETS).flatMap((name) => ['--secret', name])
  const variables = Object.entries(settings).flatMap(([name, value]) => ['--env', `${name}=${value}`])
  const options = ['--detach', '--no-resolve-image', '--name', DAEMON, ...place, ...rights, ...socket, ...secrets, ...variables]
  await site.docker(['service', 'create', ...options, image])
  return {
    command: (args) => inDaemon(site, args),
    logTail: async (lines = 60) => {
      const logs = site.engines.map((docker) =>
        inContainer(docker, (id) => docker(['logs', '--tail', String(lines), id], { both: true, timeoutMs: 15_000 })),
      )
      return (await Promise.all(logs.map((log) => log.catch(String)))).join('\n\n')
    },
  }
}

type Docker = Site['engines'][number]

async function inContainer(docker: Docker, use: (id: string) => Promise<string>): Promise<string> {
  const filter = ['--filter', `label=com.docker.swarm.service.name=${DAEMON}`]
  const id = (await docker(['ps', '--quiet', '--latest', ...filter], { timeoutMs: 10_000 })).split('\n')[0] ?? ''
  return id === '' ? '' : use(id)
}

/** On the first engine that runs a daemon. */
async function inDaemon(site: Site, args: readonly string[]): Promise<string> {
  const command = ['node', '/app/dist/main.js', ...args]
  for (const docker of site.engines) {
    const answer = await inContainer(docker, (id) =>
      docker(['exec', id, 'sh', '-c', '"$@" 2>&1 || true', 'sh', ...command], { timeoutMs: 20_000 }),
    ).catch(() => '')
    if (answer !== '') return answer
  }
  throw new Error('no engine runs the daemon')
}
