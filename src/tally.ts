// Plain counters of what happened since the start, for the metrics page. Counting here costs nothing and knows no metrics library.

/** Everything that is counted, with the labels of each. */
export const COUNTERS = {
  reconciles: ['result'],
  changes: ['kind', 'result'],
  cloudRequests: ['action', 'code'],
  errors: ['source'],
  events: ['type', 'action'],
  reconnects: [],
  missedEvents: [],
  deletesBlocked: [],
} as const satisfies Record<string, readonly string[]>

export type CounterName = keyof typeof COUNTERS
export type LabelsOf<C extends CounterName> = Readonly<Record<(typeof COUNTERS)[C][number], string>>
type Count = { readonly labels: Readonly<Record<string, string>>; readonly value: number }

/** Upper bounds in seconds of the buckets of pass durations; one more bucket holds what took longer. */
export const BUCKETS: readonly number[] = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30]

export type Counters = {
  readonly counts: Readonly<Record<CounterName, readonly Count[]>>
  /** Passes by duration: bucket `i` took at most `BUCKETS[i]` seconds, and more than the bound before it. Sum in seconds. */
  readonly durations: { readonly buckets: readonly number[]; readonly sum: number; readonly count: number }
}

export interface Tally {
  count<C extends CounterName>(counter: C, labels: LabelsOf<C>, by?: number): void
  /** Duration of one pass in milliseconds. */
  took(ms: number): void
  read(): Counters
}

export function createTally(): Tally {
  const counts = mapCounters(() => new Map<string, Count>())
  const buckets = new Array<number>(BUCKETS.length + 1).fill(0)
  let sum = 0
  return {
    count: (counter, labels, by = 1) => {
      const key = JSON.stringify(Object.entries(labels).sort())
      const series = counts[counter]
      series.set(key, { labels, value: (series.get(key)?.value ?? 0) + by })
    },
    took: (ms) => {
      const at = BUCKETS.findIndex((bound) => ms / 1000 <= bound)
      const bucket = at === -1 ? BUCKETS.length : at
      buckets[bucket] = (buckets[bucket] ?? 0) + 1
      sum += ms / 1000
    },
    read: () => ({
      counts: mapCounters((counter) => [...counts[counter].values()]),
      durations: { buckets: [...buckets], sum, count: buckets.reduce((total, some) => total + some, 0) },
    }),
  }
}

const mapCounters = <T>(make: (counter: CounterName) => T): Record<CounterName, T> => ({
  reconciles: make('reconciles'),
  changes: make('changes'),
  cloudRequests: make('cloudRequests'),
  errors: make('errors'),
  events: make('events'),
  reconnects: make('reconnects'),
  missedEvents: make('missedEvents'),
  deletesBlocked: make('deletesBlocked'),
})
