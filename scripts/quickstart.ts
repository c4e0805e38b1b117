// `npm run quickstart`: a real swarm, the simulated cloud and swarm-slb between them, until Ctrl-C. `--check` looks closer and ends.
// Whatever happens, nothing stays behind.
import { parseArgs } from 'node:util'
import { startCloud } from '../test/lab/cloud.ts'
import { DAEMON, type Daemon, deployDaemon } from '../test/lab/daemon.ts'
import { labSite, type Site } from '../test/lab/site.ts'
import { WEB_IMAGE } from '../test/lab/web-image.ts'
import { provideImage } from './image.ts'
import { providePackages } from './packages.ts'
import { checkTour, deployExample, type Stage } from './quickstart-tour.ts'
import { thisSwarmSite } from './this-swarm.ts'

const HELP = `usage: npm run quickstart [-- --check] [-- --use-this-swarm]
  --check            run through the checks, then end with exit code 0
  --use-this-swarm   use the Docker Engine that is here (a swarm manager) instead of three of its own
`

const began = Date.now()
const say = (line: string): void => void process.stdout.write(`[${((Date.now() - began) / 1000).toFixed(1).padStart(6)} s] ${line}\n`)

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { check: { type: 'boolean' }, 'use-this-swarm': { type: 'boolean' }, help: { type: 'boolean' } },
  })
  if (values.help === true) return void process.stdout.write(HELP)
  const stop = new AbortController()
  // Not once: npm passes on the Ctrl-C that the terminal already sent here, and the second one must not cut off the clearing away.
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) return
      say('stopping')
      stop.abort(new Error('interrupted'))
    })
  }
  const obstacle = await providePackages(say)
  if (obstacle !== undefined) throw new Error(`the quickstart cannot run here: ${obstacle}`)
  const image = await provideImage(say).catch((error: unknown) => {
    stop.signal.throwIfAborted()
    throw error
  })
  say(`image ${image.tag} is ready`)
  stop.signal.throwIfAborted()
  const site = values['use-this-swarm'] === true ? await thisSwarmSite(say) : await labSite({ managers: 3, progress: say })
  try {
    await site.loadImage(image.archive)
    say('image loaded')
    await play(site, image.tag, values.check === true, stop.signal)
  } finally {
    await site.down()
    say('everything is gone again')
  }
}

async function play(site: Site, image: string, check: boolean, signal: AbortSignal): Promise<void> {
  let daemon: Daemon | undefined
  try {
    signal.throwIfAborted()
    const cloud = await startCloud(site)
    say(`simulated cloud: CLB and ECS API ${cloud.apiUrl}, control ${cloud.controlUrl}, load balancer ${cloud.address}`)
    daemon = await deployDaemon(site, cloud, image)
    say('swarm-slb starts on every manager')
    const stage: Stage = { site, cloud, daemon, say, signal }
    await deployExample(stage)
    process.stdout.write(`\n${await daemon.command(['status'])}\n\n`)
    say(`open http://${cloud.address}:8080/ (any task) and http://${cloud.address}:8080/license.txt`)
    if (check) await checkTour(stage)
    else await rest(site, signal)
  } catch (error) {
    if (signal.aborted) return
    if (daemon !== undefined) process.stderr.write(`\nlast words of swarm-slb:\n${await daemon.logTail()}\n\n`)
    throw error
  }
}

function rest(site: Site, signal: AbortSignal): Promise<void> {
  const docker = `docker --host ${site.dockerHost}`
  say(`try: ${docker} service create --detach --no-resolve-image --publish 9000:80 --name hello ${WEB_IMAGE}`)
  say(`look: ${docker} exec $(${docker} ps -q -l -f label=com.docker.swarm.service.name=${DAEMON}) node /app/dist/main.js status`)
  say(`its log: ${docker} service logs ${DAEMON}`)
  say('running until Ctrl-C')
  const alive = setInterval(() => {}, 60_000)
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => {
      clearInterval(alive)
      resolve()
    })
  })
}

try {
  await main()
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
