// The daemon in a process of its own, with other rates and waits than those of production, which tells about itself when asked.
import { readdirSync } from 'node:fs'
import { createHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import { runDaemon, type Tuning } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { createLog } from '../../src/log.ts'

export type Report = {
  /** Bytes. */
  readonly rss: number
  readonly heapUsed: number
  /** Milliseconds between two turns of the event loop beyond what was asked for, since the last `reset`. */
  readonly delay: { readonly p50: number; readonly p99: number; readonly max: number }
  /** Milliseconds of CPU between two looks 10 ms apart, 99th percentile: what a turn takes at most, however busy the machine is. */
  readonly busy: number
  /** Milliseconds of CPU since the start. */
  readonly cpu: number
  readonly descriptors: number
  /** What keeps the event loop alive, by kind. */
  readonly resources: Readonly<Record<string, number>>
}

/** Milliseconds; the histogram counts them too. */
const RESOLUTION_MS = 10

const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
const turns = createHistogram()

/** A timer that cannot run while something else does. */
function watchTurns(): void {
  let before = process.threadCpuUsage()
  setInterval(() => {
    const now = process.threadCpuUsage()
    turns.record(Math.max(1, now.user + now.system - before.user - before.system))
    before = now
  }, RESOLUTION_MS).unref()
}

function report(): Report {
  const [resources, memory, cpu] = [process.getActiveResourcesInfo(), process.memoryUsage(), process.cpuUsage()]
  const ms = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS)
  return {
    rss: memory.rss,
    heapUsed: memory.heapUsed,
    delay: { p50: ms(histogram.percentile(50)), p99: ms(histogram.percentile(99)), max: ms(histogram.max) },
    busy: turns.percentile(99) / 1000,
    cpu: (cpu.user + cpu.system) / 1000,
    descriptors: readdirSync('/proc/self/fd').length,
    resources: Object.fromEntries(Object.entries(Object.groupBy(resources, (name) => name)).map(([name, all]) => [name, all?.length ?? 0])),
  }
}

async function main(): Promise<void> {
  const stop = new AbortController()
  process.on('message', (message) => {
    if (message === 'reset') {
      histogram.reset()
      turns.reset()
    }
    if (message === 'report') process.send?.(report())
  })
  // Who started it has ended: nobody else would stop it.
  process.once('disconnect', () => stop.abort())
  process.once('SIGTERM', () => stop.abort())
  const config = readConfig({ env: process.env, flags: {} })
  const write = (text: string) => void process.stderr.write(text)
  const log = await createLog({ level: config.logLevel, format: 'json', colour: false, secrets: [], write })
  histogram.enable()
  watchTurns()
  await runDaemon(config, log, stop.signal, JSON.parse(process.env['TUNING'] ?? '{}') as Tuning)
  histogram.disable()
  if (process.connected) process.disconnect()
}

await main()
