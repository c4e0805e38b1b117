// The metrics page: every number is taken from the board when somebody asks, so that nothing else in the program knows of metrics.
import { Counter, Gauge, Registry } from 'prom-client'
import type { Board } from '../board.ts'
import { COUNTERS, type CounterName } from '../tally.ts'
import { plain } from '../terminal.ts'
import { PassDurations } from './durations.ts'
import { GAUGES, type Reading } from './gauges.ts'

const PREFIX = 'swarm_slb_'

const TOTALS = {
  reconciles: ['reconcile_total', 'Passes over the swarm and its load balancers, by result'],
  changes: ['changes_total', 'Changes to load balancers, by kind and result'],
  cloudRequests: ['cloud_api_requests_total', 'Requests to the cloud API, by action and answer code'],
  errors: ['errors_total', 'Errors by source: swarm, cloud or label'],
  events: ['events_total', 'Swarm events seen, by type and action'],
  reconnects: ['event_stream_reconnects_total', 'Times the event stream was opened again'],
  missedEvents: ['missed_events_total', 'Changes found by a resync that no event had announced'],
  deletesBlocked: ['deletes_blocked_total', 'Deletes that the guard held back'],
} as const satisfies Record<CounterName, readonly [name: string, help: string]>

export type Metrics = { readonly contentType: string; readonly text: () => Promise<string> }

export function createMetrics(board: Board): Metrics {
  const registry = new Registry()
  for (const [counter, [name, help]] of Object.entries(TOTALS)) {
    if (isCounter(counter)) addCounter(registry, board, counter, PREFIX + name, help)
  }
  for (const reading of GAUGES) addGauge(registry, board, reading)
  registry.registerMetric(new PassDurations(board, `${PREFIX}reconcile_duration_seconds`, 'Duration of a pass'))
  addProcess(registry)
  return { contentType: registry.contentType, text: () => registry.metrics() }
}

/** prom-client escapes what would end a value, line breaks too; names of load balancers may hold what steers a terminal. */
const harmless = (labels: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, value.split('\n').map(plain).join('\n')]))

const isCounter = (name: string): name is CounterName => name in COUNTERS

function addCounter(registry: Registry, board: Board, counter: CounterName, name: string, help: string): void {
  new Counter({
    name,
    help,
    labelNames: COUNTERS[counter],
    registers: [registry],
    collect() {
      this.reset()
      for (const { labels, value } of board.counters().counts[counter]) this.inc(harmless(labels), value)
    },
  })
}

function addGauge(registry: Registry, board: Board, { name, help, labels = [], read }: Reading): void {
  new Gauge({
    name: PREFIX + name,
    help,
    labelNames: labels,
    registers: [registry],
    collect() {
      this.reset()
      if (labels.length === 0) this.remove()
      for (const [given, value] of read(board.page(), board)) this.set(harmless(given), value)
    },
  })
}

/** Under the names every dashboard knows. prom-client's own collection keeps a 10 ms timer running, which an idle daemon does not need. */
function addProcess(registry: Registry): void {
  const startedAt = Date.now() / 1000 - process.uptime()
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read())
      },
    })
  gauge('process_resident_memory_bytes', 'Resident memory', () => process.memoryUsage.rss())
  gauge('process_start_time_seconds', 'Start of the process, in seconds since 1970', () => startedAt)
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'User and system CPU time',
    registers: [registry],
    collect() {
      const { user, system } = process.cpuUsage()
      this.reset()
      this.inc((user + system) / 1e6)
    },
  })
}
