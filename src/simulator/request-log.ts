// Who called what, and what came of it. Secrets are left out before anything is kept.

type RequestEntry = {
  readonly id: string
  /** Epoch milliseconds of arrival. */
  readonly time: number
  readonly action: string
  readonly version: string
  readonly params: Readonly<Record<string, string>>
  readonly userAgent: string
  readonly accessKeyId: string
  /** HTTP status; 0 when no answer was sent. */
  readonly status: number
  /** `OK`, the error code, or what happened instead of an answer. */
  readonly code: string
  readonly ms: number
}

type RequestCounts = {
  readonly total: number
  readonly reads: number
  readonly writes: number
  readonly byAction: Readonly<Record<string, number>>
  readonly byCaller: Readonly<Record<string, number>>
  readonly byCode: Readonly<Record<string, number>>
}

export type RequestLog = {
  add(entry: RequestEntry): void
  entries(): readonly RequestEntry[]
  counts(): RequestCounts
  reset(): void
}

const NOT_LOGGED = /^(Action|Version|Format|Timestamp|AccessKeyId|SecurityToken|Signature.*|PrivateKey)$/

export const loggedParams = (params: ReadonlyMap<string, string>): Record<string, string> =>
  Object.fromEntries([...params].filter(([name]) => !NOT_LOGGED.test(name)))

/** `limit` is asked each time: it can be changed while the simulator runs. */
export function createRequestLog(limit: () => number, isWrite: (action: string) => boolean): RequestLog {
  let entries: RequestEntry[] = []
  let counts = emptyCounts()
  return {
    add(entry) {
      entries.push(entry)
      // Cut rarely: moving a long list for every call would cost more than the call.
      if (entries.length > limit() * 1.25) entries = entries.slice(-limit())
      counts[isWrite(entry.action) ? 'writes' : 'reads'] += 1
      count(counts.byAction, entry.action)
      count(counts.byCaller, `${entry.accessKeyId} ${entry.userAgent}`)
      count(counts.byCode, entry.code)
    },
    entries: () => entries.slice(-limit()),
    counts: () => ({
      total: counts.reads + counts.writes,
      reads: counts.reads,
      writes: counts.writes,
      byAction: Object.fromEntries(counts.byAction),
      byCaller: Object.fromEntries(counts.byCaller),
      byCode: Object.fromEntries(counts.byCode),
    }),
    reset() {
      entries = []
      counts = emptyCounts()
    },
  }
}

/** Maps, because callers choose the keys. */
const emptyCounts = () => ({
  reads: 0,
  writes: 0,
  byAction: new Map<string, number>(),
  byCaller: new Map<string, number>(),
  byCode: new Map<string, number>(),
})

function count(table: Map<string, number>, key: string): void {
  table.set(key, (table.get(key) ?? 0) + 1)
}
