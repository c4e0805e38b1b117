// What the timed passes cost that find nothing to do.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Open } from './scenario.ts'
import { type Measured, quiet } from './world.ts'

const RESYNCS = 10
/** Between two resyncs; one is over when nothing was asked for half of that. */
const RESYNC_MS = 2500

/** The mean of ten resyncs, within which every own group must have been looked at. */
export async function resync(open: Open, how: Parameters<Open>[0]): Promise<Measured> {
  const world = await open({ ...how, env: { ...how.env, SLB_RESYNC_INTERVAL: `${RESYNC_MS}ms` } })
  const { requests } = world.stand.simulator
  const audited = new Set<string | undefined>()
  const begun = () => requests.counts().byAction['DescribeLoadBalancerAttribute'] ?? 0
  const next = async (): Promise<Measured & { readonly resyncs: number }> => {
    world.reset()
    while (requests.counts().total === 0) await sleep(5)
    await quiet(world.stand, RESYNC_MS / 2)
    for (const { action, params } of requests.entries()) {
      if (action === 'DescribeVServerGroupAttribute') audited.add(params['VServerGroupId'])
    }
    const first = Math.min(...requests.entries().map(({ time }) => time))
    // On a machine that is slow enough two resyncs are not told apart.
    return { ...world.count(first), resyncs: begun() }
  }
  world.start()
  await next() // the first reading
  audited.clear()
  const all: Awaited<ReturnType<typeof next>>[] = []
  const sum = (of: (one: (typeof all)[number]) => number) => all.reduce((total, one) => total + of(one), 0)
  while (sum(({ resyncs }) => resyncs) < RESYNCS) all.push(await next())
  const { groups } = world.stand.lb()
  if (audited.size !== groups.length) throw new Error(`${RESYNCS} resyncs looked at ${audited.size} of ${groups.length} groups`)
  const mean = (of: (one: Measured) => number) => sum(of) / sum(({ resyncs }) => resyncs)
  return {
    failed: 0,
    reads: mean((one) => one.reads),
    writes: mean((one) => one.writes),
    calls: mean((one) => one.calls),
    made: mean((one) => one.made),
    wallMs: mean((one) => one.wallMs),
  }
}
