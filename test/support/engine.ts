// One real Docker Engine for tests of the Swarm side: its own network namespace, data folder and containers, gone after stop().
import { createEngine } from '../lab/engine.ts'
import { claimGround } from '../lab/ground.ts'
import { openHub, plugIn } from '../lab/network.ts'
import type { Finished, RunOptions } from '../lab/process.ts'

export type TestEngine = {
  /** What it keeps on disk; gone after `stop`. */
  readonly folder: string
  /** Of dockerd. */
  readonly pid: () => number | undefined
  /** Path of its unix socket. */
  readonly socket: string
  /** Reachable from this machine, e.g. for a dockerd that also listens on tcp. */
  readonly address: string
  /** `docker swarm init`; answers with the id of the node. */
  readonly swarmInit: (...args: readonly string[]) => Promise<string>
  /** Runs the docker CLI against it; fails where the command fails. */
  readonly docker: (...args: readonly string[]) => Promise<string>
  readonly tryDocker: (args: readonly string[], options?: RunOptions) => Promise<Finished>
  /** SIGSTOP and SIGCONT on dockerd: the socket accepts, nothing answers. */
  readonly freeze: () => void
  readonly thaw: () => void
  /** Stops dockerd in good order and starts it again on the same data. */
  readonly restart: () => Promise<void>
  /** As a power cut; `start` brings it back on the same data. */
  readonly kill: () => Promise<void>
  readonly start: () => Promise<void>
  readonly logTail: (lines?: number) => string
  readonly stop: () => Promise<void>
}

/** Needs root and the packages that scripts/packages.ts installs. `args` go to dockerd. About 2 s. */
export async function startEngine(args: readonly string[] = []): Promise<TestEngine> {
  const ground = await claimGround(() => {})
  try {
    const hub = await openHub(ground)
    const wire = await plugIn(ground, hub, 'node-1', 11)
    const engine = createEngine(ground, wire, 'node-1', { args })
    await engine.start()
    return {
      folder: ground.folder,
      pid: engine.pid,
      socket: engine.socket,
      address: wire.address,
      swarmInit: async (...more) => {
        await engine.docker(['swarm', 'init', '--advertise-addr', wire.address, ...more])
        return engine.docker(['info', '--format', '{{.Swarm.NodeID}}'])
      },
      docker: (...command) => engine.docker(command),
      tryDocker: engine.tryDocker,
      freeze: () => engine.signal('SIGSTOP'),
      thaw: () => engine.signal('SIGCONT'),
      restart: async () => {
        await engine.stop()
        await engine.start()
      },
      kill: engine.kill,
      start: engine.start,
      logTail: engine.logTail,
      stop: async () => {
        await engine.kill()
        await ground.clear()
      },
    }
  } catch (error) {
    await ground.clear()
    throw error
  }
}
