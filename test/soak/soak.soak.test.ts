// Three minutes of churn (SOAK_MINUTES: how many): what the daemon holds does not grow.
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { buildChild, startChild } from '../support/child.ts'
import type { Report } from '../support/child-main.ts'
import { churn, createDice, openSoak } from './scene.ts'
import { rise } from './trend.ts'

const MINUTES = Number(process.env['SOAK_MINUTES'] ?? 3)
/** Until every code path has run and V8 knows how much room it wants; at most half of the time. */
const WARM_UP_MS = Math.min(5, MINUTES / 3) * 60_000
const SAMPLE_MS = 250
const BEAT_MS = 250

const TUNING = {
  // Connections that nobody uses are given back at once: else how many there are tells of the busiest moment so far.
  rpc: { timeouts: { requestMs: 1000, idleMs: 500 }, waits: { firstMs: 10, maxMs: 100, totalMs: 1000 } },
  buckets: { unlimited: true },
  leaderWaitMs: 200,
  settleMs: { service: 20, node: 40 },
} as const

const count =
  (...names: readonly string[]) =>
  (report: Report) =>
    names.reduce((sum, name) => sum + (report.resources[name] ?? 0), 0)

/** What is watched, and how much its lowest may rise from the first third after the warm-up to the last. */
const WATCHED: readonly (readonly [name: string, of: (report: Report) => number, most: number])[] = [
  ['resident memory, MB', ({ rss }) => rss / 1e6, 10],
  ['sockets', count('TCPSocketWrap', 'TCPServerWrap', 'PipeWrap', 'TLSWrap'), 3],
  ['timers', count('Timeout', 'Immediate'), 5],
  ['file descriptors', ({ descriptors }) => descriptors, 3],
]

test(`${MINUTES} minutes of churn leave memory, sockets, timers and file descriptors flat`, {
  timeout: (MINUTES + 2) * 60_000,
}, async () => {
  await buildChild()
  const stand = await openSoak()
  const child = startChild({ env: stand.env, tuning: TUNING })
  const stop = new AbortController()
  const churning = churn(stand, BEAT_MS, stop.signal, createDice(20_260_101))
  const reports: Report[] = []
  try {
    const end = performance.now() + MINUTES * 60_000
    await sleep(WARM_UP_MS)
    while (performance.now() < end) {
      reports.push(await child.report())
      await sleep(SAMPLE_MS)
    }
  } finally {
    stop.abort()
    await churning
    await child.stop()
    await stand.close()
  }
  const calls = stand.simulator.requests.counts().total
  process.stdout.write(`${reports.length} samples, ${calls} calls to the cloud\n`)
  const grown = WATCHED.map(([name, of, most]) => {
    const values = reports.map(of)
    const gain = rise(values)
    const range = `${Math.min(...values).toFixed(0)} to ${Math.max(...values).toFixed(0)}`
    process.stdout.write(`${name}: ${range}, its lowest rises by ${gain.toFixed(1)} (at most ${most})\n`)
    return { name, ok: gain <= most }
  })
  expect(calls).toBeGreaterThan(MINUTES * 200)
  expect(grown.filter(({ ok }) => !ok)).toEqual([])
})
