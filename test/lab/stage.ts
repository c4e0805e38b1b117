// Everything at once for tests of the whole: a lab, the simulated cloud with a listener made by hand, and the daemon.
import { join } from 'node:path'
import { provideImage } from '../../scripts/image.ts'
import type { Listener } from '../../src/simulator/world.ts'
import { BALANCER, balancer, type Cloud, instanceId, startCloud } from './cloud.ts'
import { type Daemon, deployDaemon } from './daemon.ts'
import { getText } from './http.ts'
import type { Lab } from './lab.ts'
import { labSite, type Machine, type Site } from './site.ts'
import { found, type Look, notYet, until } from './wait.ts'
import { WEB_IMAGE } from './web-image.ts'

export type Stage = { readonly site: Site; readonly lab: Lab; readonly cloud: Cloud; readonly daemon: Daemon }

export const HAND_MADE_PORT = 2222
/** Until the daemons of a new swarm are healthy, the writer has waited, and the first page answers: half a minute where nothing else runs. */
export const FIRST_MS = 120_000
const EXAMPLE = join(import.meta.dirname, '../../deploy/examples/wordpress-like.yml')
/** Addresses of machines that may join later. */
const SPARE_HOSTS = [14, 15]

/** `volumes`: further ones of the daemon, made once the folder of the site is known. */
export async function setStage(
  env: Readonly<Record<string, string>> = {},
  volumes: (site: Site) => readonly object[] = () => [],
): Promise<Stage> {
  const image = await provideImage(() => {})
  const site = await labSite({ managers: 3, alone: true })
  try {
    await site.loadImage(image.archive)
    const [first] = site.machines
    const server = { serverId: first === undefined ? '' : instanceId(first), port: 22 }
    const group = { id: 'rsp-by-hand', name: 'by hand', servers: [server] }
    const listener = { port: HAND_MADE_PORT, protocol: 'tcp', status: 'running', description: 'by hand', vServerGroupId: group.id } as const
    const spare: Machine[] = SPARE_HOSTS.map((host) => ({ name: `spare-${host}`, address: `${site.lab.hub.prefix}.${host}` }))
    const cloud = await startCloud(site, { groups: [group], listeners: [listener] }, spare)
    return { site, lab: site.lab, cloud, daemon: await deployDaemon(site, cloud, image.tag, { environment: env, volumes: volumes(site) }) }
  } catch (error) {
    await site.down()
    throw error
  }
}

export async function deployExample({ site }: Stage): Promise<void> {
  const command = ['stack', 'deploy', '--resolve-image', 'never', '--compose-file', EXAMPLE, 'site']
  await site.docker(command, { env: { ...process.env, WEB_IMAGE } })
}

export const createService = ({ site }: Stage, name: string, ...args: readonly string[]): Promise<string> =>
  site.docker(['service', 'create', '--detach', '--no-resolve-image', '--name', name, ...args, WEB_IMAGE])

export async function findListener({ cloud }: Stage, port: number): Promise<Listener | undefined> {
  return (await balancer(cloud)).listeners.find((listener) => listener.port === port)
}

/** Waits until a page behind the load balancer answers 200. */
export function pageAnswers({ cloud }: Stage, port: number, timeoutMs: number, path = '/license.txt'): Promise<string> {
  const url = `http://${cloud.address}:${port}${path}`
  return until(`${url} answers`, timeoutMs, async () => {
    const { status, body } = await getText(url)
    return status === 200 ? found(body) : notYet(`${status} ${body}`)
  })
}

export function listenerGone(stage: Stage, port: number, timeoutMs: number): Promise<boolean> {
  return until(`listener ${port} is removed`, timeoutMs, async () => {
    const listener = await findListener(stage, port)
    return listener === undefined ? found(true) : notYet(`it is ${listener.status}`)
  })
}

/** Waits until the servers behind a listener are exactly these: weight by node name. */
export function weightsAre(stage: Stage, wanted: Readonly<Record<string, number>>, timeoutMs: number, port = 8080): Promise<boolean> {
  const names = new Map(stage.lab.nodes().map((node) => [instanceId(node), node.name]))
  const text = (weights: readonly string[]): string => [...new Set(weights)].toSorted().join(' ')
  const want = text(Object.entries(wanted).map(([name, weight]) => `${name}=${weight}`))
  return until(`weights behind ${port} are ${want}`, timeoutMs, async (): Promise<Look<boolean>> => {
    const { listeners, groups, backendServers } = await balancer(stage.cloud)
    const own = listeners.find((listener) => listener.port === port)?.vServerGroupId
    const servers = own === undefined ? backendServers : (groups.find(({ id }) => id === own)?.servers ?? [])
    const have = text(servers.map(({ serverId, weight }) => `${names.get(serverId) ?? serverId}=${weight}`))
    return have === want ? found(true) : notYet(have)
  })
}

export const BALANCER_ID = BALANCER.id
