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
    logTail: (lines = 60) =>
      site.docker(['service', 'logs', '--raw', '--tail', String(lines), DAEMON], { timeoutMs: 15_000 }).catch(String),
  }
}

/** The first engine that runs one; a daemon that just started may not answer yet. */
async function inDaemon(site: Site, args: readonly string[]): Promise<string> {
  const filter = `label=com.docker.swarm.service.name=${DAEMON}`
  for (const docker of site.engines) {
    const [container] = (await docker(['ps', '--quiet', '--filter', filter]).catch(() => '')).split('\n')
    if (container === undefined || container === '') continue
    const script = 'node /app/dist/main.js "$@" 2>&1 || true'
    return docker(['exec', container, 'sh', '-c', script, 'swarm-slb', ...args], { timeoutMs: 20_000 })
  }
  throw new Error('no engine runs the daemon')
}
