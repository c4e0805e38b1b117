// Who called what, and what came of it. Secrets are left out before anything is kept.

export type RequestEntry = {
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

export type RequestCounts = {
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
      counts.total += 1
      if (isWrite(entry.action)) counts.writes += 1
      else counts.reads += 1
      count(counts.byAction, entry.action)
      count(counts.byCaller, `${entry.accessKeyId} ${entry.userAgent}`)
      count(counts.byCode, entry.code)
    },
    entries: () => entries.slice(-limit()),
    counts: () => structuredClone(counts),
    reset() {
      entries = []
      counts = emptyCounts()
    },
  }
}

const emptyCounts = () => ({
  total: 0,
  reads: 0,
  writes: 0,
  byAction: {} as Record<string, number>,
  byCaller: {} as Record<string, number>,
  byCode: {} as Record<string, number>,
})

function count(table: Record<string, number>, key: string): void {
  table[key] = (table[key] ?? 0) + 1
}
