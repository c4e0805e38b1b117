// The daemon in a process of its own, as it is run: how long it takes to watch, what it holds and what it burns at rest.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { run } from '../lab/process.ts'
import { type Figure, median, seconds } from './figures.ts'
import { loadedState, openWorld, quiet, services, type World } from './world.ts'

const MANY = 1000
const STARTS = 5
const IDLE_S = 30

export const PROCESS_FIGURES = ['start to watching', `resident memory, ${MANY} services`, 'idle CPU'] as const

/** Everything as in production: pages, default waits and rates. One resync falls into the time of rest. */
const ENV = { SLB_HTTP_ADDR: '127.0.0.1:0', SLB_RESYNC_INTERVAL: `${IDLE_S}s`, SLB_API_SHARE: '0.5', LOG_LEVEL: 'warn', LOG_FORMAT: 'json' }

/** Inside the project, so that the packages are found, and away from what `npm run build` makes. */
const BUILT = '.cache/bench'

async function build(): Promise<void> {
  mkdirSync(BUILT, { recursive: true })
  copyFileSync('package.json', `${BUILT}/package.json`)
  await run([process.execPath, 'node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', `${BUILT}/dist`])
}

type Child = ChildProcess & { readonly pid: number }

/** As in the image and the systemd unit. */
const FLAGS = ['--max-semi-space-size=2', '--optimize-for-size']

function spawnDaemon({ stand }: World): Child {
  const child = spawn(process.execPath, [...FLAGS, `${BUILT}/dist/main.js`, 'run'], {
    env: { PATH: process.env['PATH'] ?? '', ...stand.env },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  if (child.pid === undefined) throw new Error('the daemon did not start')
  return child as Child
}

async function end(child: Child): Promise<void> {
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
}

/** Milliseconds from spawn to the open event stream. */
async function watching(child: Child, { stand }: World): Promise<number> {
  const began = performance.now()
  while (stand.engine.streams() === 0) {
    if (child.exitCode !== null) throw new Error(`the daemon ended with ${child.exitCode}`)
    await sleep(1)
  }
  return performance.now() - began
}

/** Of /proc/<pid>/status, in MB. */
function memoryOf(pid: number, name: 'VmRSS' | 'VmHWM'): number {
  const line = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(line?.[1] ?? Number.NaN) / 1024
}

/** CPU time so far, in clock ticks; the name of the process may hold anything. */
function ticksOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return Number(fields[11]) + Number(fields[12])
}

async function atRest(child: Child, { stand }: World) {
  while (stand.simulator.requests.counts().total === 0) await sleep(20)
  await quiet(stand, 3000)
  const ticksASecond = Number(await run(['getconf', 'CLK_TCK']))
  const before = ticksOf(child.pid)
  await sleep(IDLE_S * 1000)
  const share = (ticksOf(child.pid) - before) / ticksASecond / IDLE_S
  return { share, now: memoryOf(child.pid, 'VmRSS'), most: memoryOf(child.pid, 'VmHWM') }
}

export async function measureProcess(): Promise<readonly Figure[]> {
  const [toWatching, memory, cpu] = PROCESS_FIGURES
  if (process.platform !== 'linux') return PROCESS_FIGURES.map((name) => ({ name, value: 'not measured: needs Linux (/proc)', aim: '' }))
  await build()
  const wanted = services(MANY, 1)
  const mode = { backends: 'default group', rates: 'off' } as const
  const state = await loadedState(mode.backends, wanted, MANY)
  const world = await openWorld({ mode, state, services: wanted, env: ENV })
  const times: number[] = []
  try {
    for (let n = 1; n < STARTS; n += 1) {
      const child = spawnDaemon(world)
      times.push(await watching(child, world))
      await end(child)
      while (world.stand.engine.streams() > 0) await sleep(5)
    }
    world.stand.simulator.requests.reset()
    const child = spawnDaemon(world)
    times.push(await watching(child, world))
    const rest = await atRest(child, world)
    await end(child)
    return [
      { name: toWatching, value: `${seconds(median(times))} (median of ${STARTS})`, aim: '< 1 s' },
      { name: memory, value: `${rest.now.toFixed(0)} MB (at most ${rest.most.toFixed(0)} MB since its start)`, aim: '<= 110 MB' },
      { name: cpu, value: `${(rest.share * 100).toFixed(1)} % of one core, over ${IDLE_S} s with one resync`, aim: '' },
    ]
  } finally {
    await world.close()
  }
}
