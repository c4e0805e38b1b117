// What the quickstart shows: the example stack through the load balancer, and with --check that changes are followed.
import { join } from 'node:path'
import { balancer, type Cloud } from '../test/lab/cloud.ts'
import type { Daemon } from '../test/lab/daemon.ts'
import { getText } from '../test/lab/http.ts'
import type { Site } from '../test/lab/site.ts'
import { found, notYet, until } from '../test/lab/wait.ts'
import { WEB_IMAGE } from '../test/lab/web-image.ts'

export type Stage = {
  readonly site: Site
  readonly cloud: Cloud
  readonly daemon: Daemon
  readonly say: (line: string) => void
  readonly signal: AbortSignal
}

const EXAMPLE = join(import.meta.dirname, '../deploy/examples/wordpress-like.yml')
const STACK = 'site'
const SECOND = 'hello'
const FIRST_MS = 90_000
const CHANGE_MS = 30_000

export async function deployExample({ site, cloud, say, signal }: Stage): Promise<void> {
  const override = site.placement === undefined ? [] : ['--compose-file', site.placement]
  const command = ['stack', 'deploy', '--resolve-image', 'never', '--compose-file', EXAMPLE, ...override, STACK]
  await site.docker(command, { env: { ...process.env, WEB_IMAGE } })
  say('stack deployed: port 80 without a number, labels slb.port.80 and slb.port.80.health-check-uri')
  const url = `http://${cloud.address}:8080/license.txt`
  await until(`${url} answers`, FIRST_MS, () => answers(url), signal)
  say(`${url} answers through the load balancer`)
}

const answers = async (url: string) => {
  const { status, body } = await getText(url)
  return status === 200 ? found(body) : notYet(`${status} ${body}`)
}

export async function checkTour(stage: Stage): Promise<void> {
  const { site, cloud, say, signal } = stage
  const constraint = site.constraint === undefined ? [] : ['--constraint', site.constraint]
  await site.docker([
    'service',
    'create',
    '--detach',
    '--no-resolve-image',
    '--name',
    SECOND,
    ...constraint,
    '--publish',
    '9000:80',
    WEB_IMAGE,
  ])
  const second = `http://${cloud.address}:9000/license.txt`
  await until(`${second} answers`, CHANGE_MS, () => answers(second), signal)
  say('a second service without a label: its port 9000 answers through the load balancer')

  await site.docker(['service', 'scale', '--detach', `${STACK}_web=6`])
  const tasks = new Set<string>()
  await until('several tasks answer', CHANGE_MS, () => seeTasks(`http://${cloud.address}:8080/`, tasks), signal)
  say(`scaled to 6: ${tasks.size} tasks answered`)

  await removeService(stage, SECOND, 9000)
  await removeService(stage, `${STACK}_web`, 8080)
  say('all checks passed')
}

async function seeTasks(url: string, tasks: Set<string>) {
  const { status, body } = await getText(url)
  if (status === 200) tasks.add(body)
  return tasks.size >= 4 ? found(tasks.size) : notYet(`${tasks.size} tasks`)
}

/** The next one goes only when this listener is gone: removing the last of several at once is held for approval. */
async function removeService({ site, cloud, say, signal }: Stage, name: string, port: number): Promise<void> {
  await site.docker(['service', 'rm', name])
  await until(
    `listener ${port} is removed`,
    CHANGE_MS,
    async () => {
      const ports = await listenerPorts(cloud)
      return ports.includes(port) ? notYet(`listeners ${ports.join(', ')}`) : found(true)
    },
    signal,
  )
  say(`service ${name} removed: listener ${port} is gone`)
}

async function listenerPorts(cloud: Cloud): Promise<readonly number[]> {
  return (await balancer(cloud)).listeners.map(({ port }) => port)
}
