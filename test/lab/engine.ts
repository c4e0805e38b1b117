// One Docker Engine that takes its surroundings for a machine: own network, pids, mounts, host name and /run.
// All its containers live in its pid namespace, so ending its first process ends everything on it, as a power cut would.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ping } from './api.ts'
import type { Ground } from './ground.ts'
import type { Wire } from './network.ts'
import { attempt, childOf, ended, type Finished, type RunOptions, run, start } from './process.ts'

export interface Engine {
  readonly name: string
  /** Socket as seen from outside; inside it is also /run/docker.sock, as on any machine. */
  readonly socket: string
  /** Of dockerd, in the root pid namespace; undefined while it does not run. */
  pid(): number | undefined
  logTail(lines?: number): string
  start(): Promise<void>
  /** Ends dockerd in good order (containers stop), then its surroundings. */
  stop(): Promise<void>
  /** Ends everything at once. */
  kill(): Promise<void>
  signal(name: 'SIGSTOP' | 'SIGCONT'): void
  docker(args: readonly string[], options?: RunOptions): Promise<string>
  tryDocker(args: readonly string[], options?: RunOptions): Promise<Finished>
  /** Runs a command in the engine's network and mount namespaces. */
  within(command: readonly string[], options?: RunOptions): Promise<Finished>
}

/** resolv.conf: no name is looked up outside. /run: no containerd, plugin or lock of this machine is seen. */
const MACHINE = `
set -e
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/lock
[ -z "$1" ] || mount --bind "$1" /etc/resolv.conf
hostname "$2"
shift 2
dockerd "$@" &
wait $!
`

export type EngineOptions = {
  /** For dockerd. */
  readonly args?: readonly string[]
  /** Data that outlives the engine; default: a folder on the ground, gone with it. */
  readonly data?: string
  /** Look names up as this machine does; default: not at all. */
  readonly names?: boolean
}

/** `wire` undefined: in this machine's own network. */
export function createEngine(ground: Ground, wire: Wire | undefined, name: string, options: EngineOptions = {}): Engine {
  const folder = join(ground.folder, name)
  const data = options.data ?? join(ground.data, name)
  const socket = join(folder, 'docker.sock')
  const logFile = join(folder, 'dockerd.log')
  const cgroup = `swarm-slb-lab-${ground.number}-${name}`
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'resolv.conf'), 'nameserver 127.0.0.1\n')
  ground.noteCgroup(cgroup)
  const netns = wire?.pid ?? process.pid
  const command = machineCommand({ netns, name, folder, data, socket, cgroup, options })
  let machine: ReturnType<typeof start> | undefined

  const init = (): number | undefined => (machine === undefined ? undefined : childOf(machine.pid))
  const pid = (): number | undefined => {
    const first = init()
    return first === undefined ? undefined : childOf(first, 'dockerd')
  }
  const send = (target: number | undefined, signal: NodeJS.Signals): void => {
    if (target === undefined) throw new Error(`${name}: the engine does not run`)
    process.kill(target, signal)
  }
  const finish = async (target: number | undefined, signal: NodeJS.Signals): Promise<void> => {
    if (machine === undefined) return
    if (target === undefined) machine.kill('SIGKILL')
    else send(target, signal)
    await ended(machine)
    machine = undefined
  }
  const tryDocker = (args: readonly string[], options?: RunOptions) => attempt(['docker', '--host', `unix://${socket}`, ...args], options)

  return {
    name,
    socket,
    pid,
    logTail: (lines = 20) => readFileSync(logFile, 'utf8').split('\n').slice(-lines).join('\n'),
    async start() {
      if (machine !== undefined) throw new Error(`${name}: the engine runs already`)
      const begun = start(command, logFile)
      machine = begun
      ground.noteProcess(begun.pid, `${name} engine`)
      await answering(socket, () => begun.exitCode !== null || begun.signalCode !== null, logFile)
      const first = init()
      if (first !== undefined) ground.noteProcess(first, `${name} first process`)
    },
    stop: () => finish(pid(), 'SIGTERM'),
    kill: () => finish(init(), 'SIGKILL'),
    signal: (signal) => send(pid(), signal),
    docker: (args, options) => run(['docker', '--host', `unix://${socket}`, ...args], options),
    tryDocker,
    within: (inner, options) => attempt(['nsenter', '--target', String(init() ?? netns), '--net', '--mount', '--', ...inner], options),
  }
}

type MachineOptions = {
  readonly netns: number
  readonly name: string
  readonly folder: string
  readonly data: string
  readonly socket: string
  readonly cgroup: string
  readonly options: EngineOptions
}

/** nsenter and not `ip netns exec`: that one mounts another /sys, without the cgroups. */
function machineCommand({ netns, name, folder, data, socket, cgroup, options }: MachineOptions): string[] {
  const surroundings = ['unshare', '--uts', '--ipc', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--']
  const engine = [
    `--data-root=${data}`,
    '--pidfile=/run/docker.pid',
    '--host=unix:///run/docker.sock',
    `--host=unix://${socket}`,
    `--cgroup-parent=/${cgroup}`,
    '--exec-opt=native.cgroupdriver=cgroupfs',
    '--log-level=info',
    ...(options.args ?? []),
  ]
  const shell = ['sh', '-c', MACHINE, 'machine', options.names === true ? '' : join(folder, 'resolv.conf'), name]
  return ['nsenter', '--target', String(netns), '--net', '--', ...surroundings, ...shell, ...engine]
}

async function answering(socket: string, dead: () => boolean, logFile: string): Promise<void> {
  for (let waited = 0; waited < 60_000; waited += 100) {
    if (await ping(socket)) return
    if (dead()) break
    await sleep(100)
  }
  throw new Error(`dockerd does not answer on ${socket}:\n${readFileSync(logFile, 'utf8').split('\n').slice(-15).join('\n')}`)
}
