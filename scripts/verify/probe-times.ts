// How late reads are, and what one write keeps from happening beside it. One measurement is an indication, not a bound.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Bench, rows } from './bench.ts'
import type { Fact, Finding } from './facts.ts'
import { numberOf, rowsIn } from './reading.ts'
import { Undecided } from './refusal.ts'

const PORT = 31_000
const LONGEST_MS = 30_000

export const TIMES: readonly Fact[] = [
  {
    question: 'How long after a write a read still shows what was before',
    ref: ['readLag'],
    settings: ['readLagMs'],
    probe: readLag,
  },
  {
    question: 'What is locked while a write is carried out, and the code of the refusal',
    ref: ['locks'],
    settings: ['busy.scope', 'busy.code', 'busy.durationMs'],
    probe: lockScope,
  },
]

async function readLag(bench: Bench): Promise<Finding> {
  const VServerGroupId = await bench.group([{ ServerId: bench.first, Port: PORT }])
  const BackendServers = rows([{ ServerId: bench.first, Port: PORT, Weight: 37 }])
  // A group that no read shows yet cannot be changed for sure; the weight of one that is there can.
  await until(async () => (await weightIn(bench, VServerGroupId)) === 100)
  await bench.ok('SetVServerGroupAttribute', { VServerGroupId, BackendServers })
  const began = performance.now()
  let reads = 0
  const late = await until(async () => {
    reads += 1
    return (await weightIn(bench, VServerGroupId)) === 37
  })
  const ms = reads === 1 ? 0 : Math.ceil(late - began)
  bench.settleMs = Math.max(bench.settleMs, 2 * ms)
  return { values: { readLagMs: ms }, seen: ms === 0 ? 'the first read showed the write' : `the write showed after ${ms} ms` }
}

async function weightIn(bench: Bench, VServerGroupId: string): Promise<number | undefined> {
  const { status, code, body } = await bench.call('DescribeVServerGroupAttribute', { VServerGroupId })
  // 404: what was just made is not shown yet.
  if (status !== 200 && status !== 404) throw new Undecided(`DescribeVServerGroupAttribute was refused: ${status} ${code}`)
  return numberOf(rowsIn(body, 'BackendServers', 'BackendServer')[0], 'Weight')
}

/** Asks again and again; answers with the time at which it was so. */
async function until(holds: () => Promise<boolean>): Promise<number> {
  const began = performance.now()
  while (!(await holds())) {
    if (performance.now() - began > LONGEST_MS) throw new Undecided(`it was not so after ${LONGEST_MS / 1000} s`)
    await sleep(20)
  }
  return performance.now()
}

type Beside = { readonly busy: readonly string[]; readonly ms: number }

async function lockScope(bench: Bench): Promise<Finding> {
  const ids = [await bench.group([{ ServerId: bench.first, Port: PORT }]), await bench.group([{ ServerId: bench.first, Port: PORT }])]
  const quietMs = bench.ground.account.live ? 5_000 : 400
  await sleep(quietMs)
  const apart = await together(bench, [ids[0] ?? '', ids[1] ?? ''])
  await sleep(quietMs)
  const same = await together(bench, [ids[0] ?? '', ids[0] ?? ''])
  const scope = apart.busy.length > 0 ? 'instance' : same.busy.length > 0 ? 'object' : 'none'
  const [code] = [...apart.busy, ...same.busy]
  if (code === undefined) return { values: { 'busy.scope': scope }, seen: 'four writes in two pairs, none was refused as busy' }
  const { ms } = scope === 'instance' ? apart : same
  return {
    values: { 'busy.scope': scope, 'busy.code': code, 'busy.durationMs': Math.round(ms) },
    seen: `of two writes at once to ${scope === 'instance' ? 'two groups' : 'one group'} one was refused (${code}); both were done after ${Math.round(ms)} ms`,
  }
}

/** Writes to these groups at the same moment. */
async function together(bench: Bench, ids: readonly string[]): Promise<Beside> {
  const began = performance.now()
  const write = async (VServerGroupId: string, n: number) => {
    const BackendServers = rows([{ ServerId: bench.first, Port: PORT, Weight: 10 + n }])
    const answer = await bench.call('SetVServerGroupAttribute', { VServerGroupId, BackendServers })
    if (answer.status !== 200) throw new Undecided(`SetVServerGroupAttribute was refused: ${answer.status} ${answer.code}`)
    return answer
  }
  const answers = await Promise.all(ids.map(write))
  return { busy: answers.flatMap(({ busy }) => busy), ms: performance.now() - began }
}
