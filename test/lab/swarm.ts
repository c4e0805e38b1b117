// Swarm membership of the lab's nodes, through whichever manager answers.
import { setTimeout as sleep } from 'node:timers/promises'
import { readApi } from './api.ts'
import type { Engine } from './engine.ts'

export type Role = 'manager' | 'worker'
export type Member = { readonly address: string; readonly engine: Engine }
type Info = { readonly Swarm: { readonly NodeID: string; readonly ControlAvailable: boolean } }
type NodeRecord = {
  readonly ID: string
  readonly Status: { readonly State: string }
  readonly ManagerStatus?: { readonly Leader?: boolean }
}
export type Control = { readonly engine: Engine; readonly leader: boolean }

/** Engines that answer as managers with a quorum. A frozen one costs 2 s, so all are asked at once. */
async function managers(engines: readonly Engine[]): Promise<readonly Control[]> {
  const asked = engines.map(async (engine): Promise<Control[]> => {
    if (engine.pid() === undefined) return []
    try {
      const { Swarm } = await readApi<Info>(engine.socket, '/info', 2_000)
      if (!Swarm.ControlAvailable) return []
      const record = await readApi<NodeRecord>(engine.socket, `/nodes/${Swarm.NodeID}`, 2_000)
      return [{ engine, leader: record.ManagerStatus?.Leader === true }]
    } catch {
      return []
    }
  })
  return (await Promise.all(asked)).flat()
}

/** An election takes 10 to 20 s, and a busy machine its time. */
const PATIENCE_MS = 30_000

/** The first that fits. Looks again where there is none: leadership may be about to change. */
export async function aManager(engines: readonly Engine[], what: string, fits: (one: Control) => boolean): Promise<Engine> {
  for (const end = Date.now() + PATIENCE_MS; ; ) {
    const one = (await managers(engines)).find(fits)
    if (one !== undefined) return one.engine
    if (Date.now() > end) throw new Error(`the lab has no ${what} that answers now`)
    await sleep(250)
  }
}

const anyManager = (engines: readonly Engine[]): Promise<Engine> => aManager(engines, 'manager', () => true)

const idOf = async (engine: Engine): Promise<string> => (await readApi<Info>(engine.socket, '/info')).Swarm.NodeID

export async function initSwarm({ engine, address }: Member): Promise<void> {
  await engine.docker(['swarm', 'init', '--advertise-addr', address])
}

/** In the swarm and `ready` when this returns. */
export async function joinSwarm({ engine, address }: Member, role: Role, engines: readonly Engine[]): Promise<void> {
  const manager = await anyManager(engines.filter((other) => other !== engine))
  const [token, remote] = await Promise.all([
    manager.docker(['swarm', 'join-token', '--quiet', role]),
    manager.docker(['info', '--format', '{{.Swarm.NodeAddr}}']),
  ])
  await engine.docker(['swarm', 'join', '--token', token, '--advertise-addr', address, `${remote}:2377`], { timeoutMs: 90_000 })
  const id = await idOf(engine)
  for (let waited = 0; waited < 60_000; waited += 200) {
    const record = await readApi<NodeRecord>(manager.socket, `/nodes/${id}`).catch(() => undefined)
    if (record?.Status.State === 'ready') return
    await sleep(200)
  }
  throw new Error(`${engine.name} joined but is not ready`)
}

/** As an operator does it: demote, leave, remove the record. */
export async function leaveSwarm({ engine }: Member, engines: readonly Engine[]): Promise<void> {
  const id = await idOf(engine)
  const manager = await anyManager(engines.filter((other) => other !== engine))
  await manager.tryDocker(['node', 'demote', id])
  await engine.docker(['swarm', 'leave', '--force'])
  await manager.docker(['node', 'rm', '--force', id])
}
