// Changes to what a region shares that the cloud refused. Each is left alone for a while by itself, so that nothing else waits for it; of
// what is made anew and refused for one and the same reason, such as a full quota, one at a time is tried, each in its turn.
import type { RegionChange } from './core/region.ts'
import { describeRegionChange } from './core/region-steps.ts'
import { nextPace, type Pace, STEADY } from './pace.ts'
import { CallError } from './providers/provider.ts'

export interface RegionRefusals {
  /** A change failed: refused, or without a certain answer. */
  note(change: RegionChange, error: Error): void
  done(change: RegionChange): void
  /** It was refused, and its time has not come. */
  waits(change: RegionChange): boolean
  /** When the next of them may be tried. */
  dueAt(): number | undefined
  /** What is not to be done any more is forgotten: wanted once more, it is tried at once. */
  keep(changes: readonly RegionChange[]): void
  /** One line each. */
  texts(): readonly string[]
  /** The next pass tells anew what has no certain answer. */
  begin(): void
}

/** One reason. */
type Refusal = { readonly pace: Pace; readonly until: number; readonly lines: readonly string[] }

export const isDelete = ({ kind }: RegionChange) => kind === 'deleteAcl' || kind === 'deleteCertificate'
const isCreate = ({ kind }: RegionChange) => kind === 'createAcl' || kind === 'uploadCertificate'

/** @param restMs somebody else uses what the cloud does not delete: it is left alone for so long */
export function createRegionRefusals(now: () => number, restMs: number): RegionRefusals {
  const refusals = new Map<string, Refusal>()
  const failures = new Map<string, string>()

  const refusalOf = (line: string) => [...refusals].find(([, { lines }]) => lines.includes(line))

  function drop(isDropped: (line: string) => boolean): void {
    for (const [reason, refusal] of refusals) {
      const lines = refusal.lines.filter((line) => !isDropped(line))
      if (lines.length === 0) refusals.delete(reason)
      else refusals.set(reason, { ...refusal, lines })
    }
  }

  return {
    note(change, error) {
      const line = describeRegionChange(change)
      failures.set(line, error.message)
      if (!(error instanceof CallError) || error.status !== 'failed') return
      const reason = isCreate(change) ? `${change.kind} ${error.code}` : line
      const before = refusals.get(reason)
      drop((one) => one === line)
      const lines = [...(before?.lines ?? []).filter((one) => one !== line), line]
      // Several that are refused in one pass are refused once.
      if (before !== undefined && now() < before.until) return void refusals.set(reason, { ...before, lines })
      const { pace, wait = 0 } = nextPace(before?.pace ?? STEADY, 'failed')
      refusals.set(reason, { pace, until: now() + (isDelete(change) ? restMs : wait), lines })
    },
    done(change) {
      const line = describeRegionChange(change)
      failures.delete(line)
      // What was refused for the same reason need not wait any more.
      const found = refusalOf(line)
      if (found !== undefined) refusals.delete(found[0])
    },
    waits(change) {
      const line = describeRegionChange(change)
      const refusal = refusalOf(line)?.[1]
      return refusal !== undefined && (now() < refusal.until || refusal.lines[0] !== line)
    },
    dueAt: () => (refusals.size === 0 ? undefined : Math.min(...[...refusals.values()].map(({ until }) => until))),
    keep(changes) {
      const lines = new Set(changes.map(describeRegionChange))
      drop((line) => !lines.has(line))
      for (const line of failures.keys()) if (!lines.has(line)) failures.delete(line)
    },
    texts: () => [...failures].map(([line, text]) => `${line}: ${text}`),
    begin() {
      for (const line of failures.keys()) if (refusalOf(line) === undefined) failures.delete(line)
    },
  }
}
