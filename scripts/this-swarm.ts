// `--use-this-swarm`: the Docker Engine that is here, a leading manager, instead of a lab. What is put into it is taken out again.
// The load balancer has a network namespace of its own: its listeners may have the numbers of ports that the engine publishes.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DAEMON, DAEMON_STACK, SECRETS } from '../test/lab/daemon.ts'
import { claimGround } from '../test/lab/ground.ts'
import { addHubAddress, inside, openHub, routeHubToMachine } from '../test/lab/network.ts'
import { type RunOptions, run, start } from '../test/lab/process.ts'
import { BALANCER_HOST, type Machine, type Site } from '../test/lab/site.ts'
import { buildWebImage, WEB_IMAGE } from '../test/lab/web-image.ts'
import { IMAGE } from './image.ts'

const STACK = 'site'
const SERVICES = ['hello', DAEMON]

type Info = { readonly NodeID: string; readonly NodeAddr: string; readonly ControlAvailable: boolean }

export async function thisSwarmSite(progress: (line: string) => void): Promise<Site> {
  const docker = (args: readonly string[], options?: RunOptions): Promise<string> => run(['docker', ...args], options)
  const info = JSON.parse(await docker(['info', '--format', '{{json .Swarm}}'])) as Info
  if (!info.ControlAvailable)
    throw new Error('the Docker Engine here is not a swarm manager: run `docker swarm init` first, or leave --use-this-swarm out')
  if ((await docker(['node', 'inspect', 'self', '--format', '{{.ManagerStatus.Leader}}'])) !== 'true')
    throw new Error('the Docker Engine here does not lead its swarm: use --use-this-swarm on the leader, where the daemon writes')
  const taken = await docker(['service', 'ls', '--format', '{{.Name}}'])
  const clash = taken.split('\n').find((name) => [...SERVICES, `${STACK}_web`].includes(name))
  if (clash !== undefined) throw new Error(`this swarm has a service ${clash} already; the quickstart needs that name`)
  const machines = await listMachines(docker, info)
  progress(`using the swarm that is here: ${machines.map(({ name }) => name).join(', ')}; tasks run on this node, where the images are`)
  const ground = await claimGround(progress)
  try {
    const hub = await openHub(ground)
    await routeHubToMachine(hub)
    const constraint = `node.id==${info.NodeID}`
    const placement = join(ground.folder, 'placement.yml')
    writeFileSync(placement, `version: "3.8"\nservices:\n  web:\n    deploy:\n      placement:\n        constraints: ["${constraint}"]\n`)
    await buildWebImage(docker)
    return {
      folder: ground.folder,
      dockerHost: process.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock',
      cloudAddress: hub.address,
      balancerAddress: await addHubAddress(hub, BALANCER_HOST),
      machines,
      placement,
      constraint,
      docker,
      engines: [docker],
      spawn(name, command) {
        const child = start([...inside(hub.pid), ...command], join(ground.folder, `${name}.log`))
        ground.noteProcess(child.pid, name)
        return child
      },
      loadImage: async (archive) => void (await docker(['load', '--input', archive], { timeoutMs: 300_000 })),
      async down() {
        await docker(['stack', 'rm', STACK]).catch(() => '')
        await docker(['stack', 'rm', DAEMON_STACK]).catch(() => '')
        await docker(['service', 'rm', 'hello']).catch(() => '')
        await removeSecrets(docker)
        await removeImages(docker)
        await ground.clear()
      },
    }
  } catch (error) {
    await ground.clear()
    throw error
  }
}

async function listMachines(docker: (args: readonly string[]) => Promise<string>, info: Info): Promise<readonly Machine[]> {
  const ids = (await docker(['node', 'ls', '--quiet'])).split('\n')
  const rows = await docker(['node', 'inspect', ...ids, '--format', '{{.ID}} {{.Description.Hostname}} {{.Status.Addr}}'])
  return rows.split('\n').map((row) => {
    const [id, name = '', address = ''] = row.split(' ')
    return { name, address: id === info.NodeID ? info.NodeAddr : address }
  })
}

/** Swarm refuses while a task still uses them. */
async function removeSecrets(docker: (args: readonly string[]) => Promise<string>): Promise<void> {
  const names = Object.values(SECRETS)
  for (let tries = 0; tries < 60; tries += 1) {
    await docker(['secret', 'rm', ...names]).catch(() => '')
    const left = (await docker(['secret', 'ls', '--format', '{{.Name}}'])).split('\n').filter((name) => names.some((ours) => ours === name))
    if (left.length === 0) return
    await sleep(500)
  }
}

/** Containers of removed services linger for a moment and hold their images. */
async function removeImages(docker: (args: readonly string[]) => Promise<string>): Promise<void> {
  for (let tries = 0; tries < 60; tries += 1) {
    const gone = await docker(['image', 'rm', IMAGE, WEB_IMAGE]).then(
      () => true,
      () => false,
    )
    if (gone || (await docker(['image', 'ls', '--quiet', IMAGE])) + (await docker(['image', 'ls', '--quiet', WEB_IMAGE])) === '') return
    await sleep(500)
  }
}
