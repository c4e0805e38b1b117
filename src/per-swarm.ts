// A daemon is of one swarm. Where its engine shows another one than before, what was remembered says nothing of it: that daemon ends, and
// one begins as after a start. Only what the tags of load balancers said outlives it, since it tells whose they were.
import type { Clusters } from './core/usable.ts'
import type { Daemon } from './daemon.ts'
import type { Loop, Why } from './loop.ts'

export type SwarmDaemon = Omit<Daemon, 'pass'> & { pass(loop: Loop, why: Why): Promise<void> }

/** @param begin makes a daemon that begins nothing more once its signal is aborted */
export function perSwarm(begin: (stop: AbortSignal, clusters: Clusters) => Daemon, stop: AbortSignal): SwarmDaemon {
  const clusters: Clusters = new Map()
  let end = new AbortController()
  let daemon = begin(AbortSignal.any([stop, end.signal]), clusters)
  return {
    known: () => daemon.known(),
    approve: (hash) => daemon.approve(hash),
    lost: (answer) => daemon.lost(answer),
    idle: () => daemon.idle(),
    async pass(loop, why) {
      if ((await daemon.pass(loop, why)) === 'done') return
      end.abort()
      await daemon.idle()
      end = new AbortController()
      daemon = begin(AbortSignal.any([stop, end.signal]), clusters)
      await daemon.pass(loop, why)
    },
  }
}
