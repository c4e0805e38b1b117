// Where a demonstration or test of the whole takes place: some swarm, and an address beside it for the simulated cloud.

import { type Lab, type LabOptions, startLab } from './lab.ts'
import type { RunOptions } from './process.ts'
import { buildWebImage } from './web-image.ts'

export type Machine = { readonly name: string; readonly address: string }

export interface Site {
  /** For state files and logs. */
  readonly folder: string
  /** Where the cloud's APIs listen. */
  readonly cloudAddress: string
  /** Where the load balancer's listeners are reached. */
  readonly balancerAddress: string
  readonly machines: readonly Machine[]
  /** For `docker --host` on the command line. */
  readonly dockerHost: string
  /** Where tasks may run, if not everywhere: as a constraint, and as a compose file on top of the example. */
  readonly constraint?: string
  readonly placement?: string
  /** docker CLI on a manager. */
  docker(args: readonly string[], options?: RunOptions): Promise<string>
  /** docker CLI on every engine that may run tasks, in this order. */
  readonly engines: readonly ((args: readonly string[], options?: RunOptions) => Promise<string>)[]
  /** A program in the cloud's place, its output in `<folder>/<name>.log`; ended by `down`. */
  spawn(name: string, command: readonly string[]): { readonly pid: number; readonly exitCode: number | null }
  loadImage(archive: string): Promise<void>
  down(): Promise<void>
}

/** Last byte of the load balancer's address. */
export const BALANCER_HOST = 100

export async function labSite(options: LabOptions): Promise<Site & { readonly lab: Lab }> {
  const lab = await startLab(options)
  try {
    const balancerAddress = await lab.address(BALANCER_HOST)
    const nodes = lab.nodes().slice()
    await Promise.all(nodes.map((node) => buildWebImage((args) => lab.docker(node, args))))
    return {
      lab,
      folder: lab.folder,
      dockerHost: `unix://${nodes[0]?.engine.socket}`,
      cloudAddress: lab.hub.address,
      balancerAddress,
      machines: nodes.map(({ name, address }) => ({ name, address })),
      docker: (args, more) => lab.docker('manager', args, more),
      engines: nodes.map(
        ({ engine }) =>
          (args, more) =>
            engine.docker(args, more),
      ),
      spawn: (name, command) => lab.spawn('hub', name, command),
      loadImage: (archive) => lab.load(archive),
      down: () => lab.down(),
    }
  } catch (error) {
    await lab.down()
    throw error
  }
}
