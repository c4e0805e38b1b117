// One full reading of the swarm. It counts only as a whole: both lists and the leadership from one and the same manager.
import type { Snapshot } from '../core/model.ts'
import type { Engine } from './client.ts'
import { toNode, toService } from './convert.ts'
import { EngineError, NO_LEADER, NotReady, WORKER } from './errors.ts'
import { readTasks } from './tasks.ts'
import type { EngineInfo } from './wire.ts'
import type { OwnTasks } from './writer.ts'

export type SwarmReading = Snapshot & {
  /** Tasks of our own service, where they were asked for. */
  readonly own: OwnTasks
}

/** A service that went between the list of services and that of its tasks makes the engine answer 404: so often it is read anew. */
const ATTEMPTS = 3

/**
 * Rejects with NotReady where this engine is no manager with a quorum or anything about the reading is incomplete, and with the signal's
 * reason once that is aborted. About 20 ms on a local engine. `ownId`: our own service, whose tasks are wanted too.
 */
export async function readSnapshot(engine: Engine, signal: AbortSignal, ownId?: string, convert = toService): Promise<SwarmReading> {
  for (let attempt = 1; ; attempt += 1) {
    const stop = new AbortController()
    try {
      return await readOnce(engine, ownId, convert, AbortSignal.any([signal, stop.signal]))
    } catch (error) {
      if (signal.aborted) throw signal.reason
      if (!(error instanceof EngineError)) throw error
      if (error.status !== 404 || attempt === ATTEMPTS) throw toNotReady(error)
    } finally {
      // One call failed: the others need not hold the engine any longer.
      stop.abort()
    }
  }
}

async function readOnce(engine: Engine, ownId: string | undefined, convert: typeof toService, signal: AbortSignal): Promise<SwarmReading> {
  const before = asManager(await engine.info(signal))
  const [listed, nodes, self] = await Promise.all([engine.services(signal), engine.nodes(signal), engine.node(before.nodeId, signal)])
  const services = listed.map((one) => convert(one))
  const tasks = await readTasks(engine, services, ownId, signal)
  const after = asManager(await engine.info(signal))
  if (after.nodeId !== before.nodeId || after.clusterId !== before.clusterId) {
    throw new NotReady('changed', `the engine became another node during the reading: ${before.nodeId}, then ${after.nodeId}`)
  }
  if (!nodes.some((node) => node.ID === before.nodeId)) throw new NotReady('changed', 'the list of nodes lacks the node that gave it')
  return { ...before, isLeader: self.ManagerStatus?.Leader ?? false, services, nodes: nodes.map(toNode), ...tasks }
}

type Manager = Pick<Snapshot, 'nodeId' | 'clusterId'>

/** ControlAvailable alone is not enough: without a quorum it stays true, and only Swarm.Error tells. */
function asManager({ Swarm }: EngineInfo): Manager {
  const clusterId = Swarm.Cluster?.ID ?? ''
  if (Swarm.LocalNodeState === 'locked') throw new NotReady('locked', 'the swarm is locked: docker swarm unlock')
  if (Swarm.Error !== '') throw new NotReady(NO_LEADER.test(Swarm.Error) ? 'noQuorum' : 'swarmError', Swarm.Error)
  if (Swarm.LocalNodeState !== 'active') throw new NotReady('notInSwarm', 'this engine is not part of a swarm')
  if (!Swarm.ControlAvailable) throw new NotReady('worker', 'this node is a worker')
  if (Swarm.NodeID === '' || clusterId === '') throw new NotReady('swarmError', 'the engine does not say which node and swarm it is')
  return { nodeId: Swarm.NodeID, clusterId }
}

function toNotReady(error: EngineError): NotReady {
  switch (error.kind) {
    case 'notManager':
      return new NotReady(WORKER.test(error.message) ? 'worker' : 'notInSwarm', error.message, error)
    case 'noLeader':
      return new NotReady('noQuorum', error.message, error)
    default:
      return new NotReady('engine', error.message, error)
  }
}
