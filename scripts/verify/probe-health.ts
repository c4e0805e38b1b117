// What DescribeHealthStatus has rows of. They come some time after a listener runs, and not all at once.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Params } from '../../src/providers/aliyun/flatten.ts'
import type { JsonObject } from '../../src/providers/aliyun/rpc.ts'
import { type Bench, rows } from './bench.ts'
import type { Fact, Finding } from './facts.ts'
import { rowsIn, textOf } from './reading.ts'
import { Undecided } from './refusal.ts'

const PORT = 31_400
const FIRST_MS = 60_000
/** Where one server is shown another one would be too, after as many seconds as some checks take. */
const patienceMs = ({ ground }: Bench): number => (ground.account.live ? 15_000 : 200)
const EVERY_MS = 100

export const HEALTH: readonly Fact[] = [
  {
    question: 'A server of weight 0 in DescribeHealthStatus',
    ref: ['weightZero'],
    settings: ['unsure.weightZeroHealth'],
    probe: weightZero,
  },
  {
    question: 'The groups of rules are in DescribeHealthStatus',
    ref: ['ruleHealth'],
    settings: [],
    probe: ruleHealth,
  },
]

async function weightZero(bench: Bench): Promise<Finding> {
  const VServerGroupId = await bench.group([{ ServerId: bench.first, Port: PORT }])
  await bench.ok('AddVServerGroupBackendServers', {
    VServerGroupId,
    BackendServers: rows([{ ServerId: bench.second, Port: PORT, Weight: 0 }]),
  })
  const ListenerPort = await bench.standing('TCP', { VServerGroupId })
  const of = (server: string) => (row: JsonObject) => textOf(row, 'ServerId') === server
  const isShown = await appears(bench, bench.on({ ListenerPort, ListenerProtocol: 'tcp' }), of(bench.second), of(bench.first))
  return {
    values: { 'unsure.weightZeroHealth': isShown ? 'shown' : 'absent' },
    seen: isShown ? 'it has a row' : 'only the other server has',
  }
}

async function ruleHealth(bench: Bench): Promise<Finding> {
  const group = (Port: number) => bench.group([{ ServerId: bench.first, Port }])
  const [own, other] = [await group(PORT), await group(PORT + 1)]
  const ListenerPort = await bench.standing('HTTP', { HealthCheck: 'on', VServerGroupId: own })
  const at = bench.on({ ListenerPort, ListenerProtocol: 'http' })
  await bench.ok('CreateRules', { ...at, RuleList: JSON.stringify([{ RuleName: 'one', Url: '/other', VServerGroupId: other }]) })
  const on = (port: number) => (row: JsonObject) => textOf(row, 'Port') === String(port)
  return { seen: (await appears(bench, at, on(PORT + 1), on(PORT))) ? 'yes' : "no, only the listener's own" }
}

type Row = (row: JsonObject) => boolean

/** Whether `wanted` gets a row once the listener runs; `surely` tells that there are rows at all. @throws Undecided where it gets none. */
async function appears(bench: Bench, at: Params, wanted: Row, surely: Row): Promise<boolean> {
  await bench.ok('StartLoadBalancerListener', at)
  const began = performance.now()
  let since: number | undefined
  for (;;) {
    const found = rowsIn(await bench.read('DescribeHealthStatus', at), 'BackendServers', 'BackendServer')
    if (found.some(wanted)) return true
    if (found.some(surely)) since ??= performance.now()
    if (since !== undefined && performance.now() - since > patienceMs(bench)) return false
    if (since === undefined && performance.now() - began > FIRST_MS) throw new Undecided(`no row at all after ${FIRST_MS / 1_000} s`)
    await sleep(EVERY_MS)
  }
}
