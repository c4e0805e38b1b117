// How much of the machine somebody else uses while something is measured: times say something only where that is little.
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'

/** Of /proc/stat, in milliseconds since the start of the machine: all that was not idle or waiting for a disk, stolen time included. */
function busyMs(): number {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = readFileSync('/proc/stat', 'utf8')
    .slice('cpu'.length, 400)
    .trimStart()
    .split(/\s/)
    .map(Number)
  return (user + nice + system + irq + softirq + steal) * 10
}

const ownMs = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** Begins now; the answer is the share of all cores that went to others, 0..1. `moreMs`: CPU time of processes that belong to the measurement. */
export function watchOthers(): (moreMs: number) => number {
  const [began, busy, own] = [performance.now(), busyMs(), ownMs()]
  return (moreMs) => {
    const others = busyMs() - busy - (ownMs() - own) - moreMs
    return Math.max(0, others / ((performance.now() - began) * availableParallelism()))
  }
}
