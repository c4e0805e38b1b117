// The scene of all faults: a site under steady load through the load balancer and past it, and what is looked at meanwhile.
import { balancer } from '../cloud.ts'
import { BALANCER_ID, createService, findListener, pageAnswers, type Stage, setStage, weightsAre } from '../stage.ts'
import { found, type Look, notYet, until } from '../wait.ts'
import type { Control } from './judge.ts'
import { PATIENCE_MS, type Stream, startStream, visitEcho, visitPage } from './load.ts'
import { type Watching, watchBalancer } from './watching.ts'

export const PAGE = { listener: 8080, published: 8081 } as const
export const ECHO = { listener: 9107, published: 9108 } as const
/** Without visitors: here the test plays the one who changes things by hand. */
export const QUIET = 8300

/** Of each stream, through the load balancer and past it: a little more than the 20 a second that are asked for. */
const PER_SECOND = 22

type Load = {
  readonly page: Stream
  readonly echo: Stream
  readonly pageControls: readonly Control[]
  readonly echoControls: readonly Control[]
}

export interface Scene {
  readonly stage: Stage
  readonly load: Load
  readonly watching: Watching
  readonly nameOf: (nodeId: string) => string
  down(): Promise<void>
}

/** Which process is which task of which node: who writes is decided by it. */
const IDS = { SLB_SERVICE_ID: '{{.Service.ID}}', SLB_TASK_ID: '{{.Task.ID}}', SLB_NODE_ID: '{{.Node.ID}}' }
const GRACES = { SLB_REMOVAL_GRACE: '2s', SLB_DRAIN: '2s', SLB_NODE_DOWN_GRACE: '2s' }

export async function setScene(): Promise<Scene> {
  const stage = await setStage({ ...IDS, ...GRACES, SLB_RESYNC_INTERVAL: '5s' })
  try {
    await deploySites(stage)
    const names = await nodeNames(stage)
    const load = startLoad(stage)
    const watching = watchBalancer(stage.cloud, stage.site.machines)
    return {
      stage,
      load,
      watching,
      nameOf: (id) => names.get(id) ?? id,
      async down() {
        await Promise.allSettled([...streamsOf(load).map((stream) => stream.stop()), watching.stop()])
        await stage.site.down()
      },
    }
  } catch (error) {
    process.stderr.write(`swarm-slb, last lines:\n${await stage.daemon.logTail(40)}\n`)
    await stage.site.down()
    throw error
  }
}

async function deploySites(stage: Stage): Promise<void> {
  const ports = [PAGE, ECHO].flatMap(({ published }, index) => ['--publish', `${published}:${index === 0 ? 80 : 7}`])
  const labels = ['--label', `slb.port.80=http://:${PAGE.listener}`, '--label', `slb.port.7=tcp://:${ECHO.listener}`]
  await createService(stage, 'site', '--mode', 'global', '--restart-delay', '1s', ...ports, ...labels)
  await createService(stage, 'quiet', '--publish', '80', '--label', `slb.port.80=http://:${QUIET}`)
  await pageAnswers(stage, PAGE.listener, 90_000)
  await until('the echo answers', 30_000, async () => found(await visitEcho(stage.cloud.address, ECHO.listener, PATIENCE_MS.through)()))
  await until('the quiet listener runs', 30_000, async () =>
    (await findListener(stage, QUIET))?.status === 'running' ? found(true) : notYet(''),
  )
  await weightsAre(stage, everyNode(stage), 30_000)
  await until('the swarm is whole', 60_000, () => whole(stage))
}

export const everyNode = ({ lab }: Stage): Record<string, number> => Object.fromEntries(lab.nodes().map(({ name }) => [name, 100]))

async function nodeNames(stage: Stage): Promise<ReadonlyMap<string, string>> {
  const rows = await stage.site.docker(['node', 'ls', '--format', '{{.ID}} {{.Hostname}}'])
  return new Map(rows.split('\n').map((row) => row.split(' ') as [string, string]))
}

function startLoad({ cloud, lab }: Stage): Load {
  const nodes = lab.nodes()
  const control = (what: string, visit: (address: string) => () => Promise<void>): Control[] =>
    nodes.map(({ name, address }) => ({ node: name, stream: startStream(`${what} on ${name}`, PER_SECOND, visit(address)) }))
  return {
    page: startStream('http', PER_SECOND, visitPage(`http://${cloud.address}:${PAGE.listener}/license.txt`, PATIENCE_MS.through)),
    echo: startStream('tcp', PER_SECOND, visitEcho(cloud.address, ECHO.listener, PATIENCE_MS.through)),
    pageControls: control('page', (address) => visitPage(`http://${address}:${PAGE.published}/license.txt`, PATIENCE_MS.past)),
    echoControls: control('echo', (address) => visitEcho(address, ECHO.published, PATIENCE_MS.past)),
  }
}

const streamsOf = ({ page, echo, pageControls, echoControls }: Load): readonly Stream[] => [
  page,
  echo,
  ...[...pageControls, ...echoControls].map(({ stream }) => stream),
]

/** Every manager reachable, every node ready, every service with all its tasks. */
export async function whole({ site, lab }: Stage): Promise<Look<true>> {
  const nodes = await site.docker(['node', 'ls', '--format', '{{.Hostname}} {{.Status}} {{.ManagerStatus}}'])
  const ready = nodes.match(/ Ready (Leader|Reachable)$/gm)?.length === lab.nodes().length
  if (!ready || !/Leader$/m.test(nodes)) return notYet(nodes.replaceAll('\n', ', '))
  const services = (await site.docker(['service', 'ls', '--format', '{{.Name}} {{.Replicas}}'])).split('\n')
  const lacking = services.filter((row) => !/ (\d+)\/\1\b/.test(row))
  return lacking.length === 0 ? found(true) : notYet(lacking.join(', '))
}

/** For this long nobody failed or waited, neither through the load balancer nor past it, and each node gets visitors. */
export async function calm({ load, watching, stage }: Scene, forMs: number): Promise<Look<true>> {
  const failing = streamsOf(load).filter(
    ({ failures, waiting }) => waiting() > forMs || failures.some(({ endedAt }) => endedAt > Date.now() - forMs),
  )
  if (failing.length > 0) return notYet(failing.map(({ name }) => name).join(', '))
  const { inUse = {} } = watching.samples.at(-1) ?? {}
  const idle = [PAGE, ECHO].filter(({ listener }) => inUse[listener]?.length !== stage.lab.nodes().length)
  return idle.length === 0 ? found(true) : notYet(`not all nodes behind ${idle.map(({ listener }) => listener).join(', ')}`)
}

/** A check that somebody edits on the quiet listener: a wish for every daemon that takes itself for the writer. */
export const editByHand = ({ cloud }: Stage, uri: string): Promise<unknown> =>
  cloud.call('SetLoadBalancerHTTPListenerAttribute', { LoadBalancerId: BALANCER_ID, ListenerPort: QUIET, HealthCheckURI: uri })

export async function isMended({ cloud }: Stage): Promise<Look<true>> {
  const now = (await balancer(cloud)).listeners.find(({ port }) => port === QUIET)?.config['HealthCheckURI']
  return now === '/' ? found(true) : notYet(`the check is still ${now}`)
}
