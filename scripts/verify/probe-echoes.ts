// BackendServers in the answer of a change: all that are there after it, or only those that were sent. Each change is asked of a server
// group and of the default group.
import type { Params } from '../../src/providers/aliyun/flatten.ts'
import { type Bench, rows } from './bench.ts'
import type { Fact, Finding } from './facts.ts'
import { rowsIn, textOf } from './reading.ts'
import { Undecided } from './refusal.ts'

const PORT = 31_600

type Change = 'Add' | 'Set' | 'Remove'
type Place = { readonly name: string; readonly params: Params; readonly action: string; readonly port: { readonly Port?: number } }

export const ECHOES: readonly Fact[] = (['Add', 'Set', 'Remove'] as const).map((change) => ({
  question: `BackendServers in the answer of ${change}: all of them, or those that were sent`,
  ref: ['serversAnswer'],
  settings: ['unsure.backendServersAnswer'],
  probe: (bench) => listed(bench, change),
}))

async function listed(bench: Bench, change: Change): Promise<Finding> {
  const [group, own] = [await inGroup(bench, change), await inDefault(bench, change)]
  const seen = `server group: ${group}; default group: ${own}`
  if (group !== own) throw new Undecided(seen)
  return { values: { 'unsure.backendServersAnswer': group }, seen }
}

/** Both servers are there, or for Add the first. */
const before = ({ first, second }: Bench, change: Change) => (change === 'Add' ? [first] : [first, second])

async function inGroup(bench: Bench, change: Change): Promise<'full' | 'echo'> {
  const VServerGroupId = await bench.group(before(bench, change).map((ServerId) => ({ ServerId, Port: PORT })))
  const action = change === 'Set' ? 'SetVServerGroupAttribute' : `${change}VServerGroupBackendServers`
  return answered(bench, change, { name: 'server group', params: { VServerGroupId }, action, port: { Port: PORT } })
}

async function inDefault(bench: Bench, change: Change): Promise<'full' | 'echo'> {
  const both = rows([bench.first, bench.second].map((ServerId) => ({ ServerId })))
  bench.later('RemoveBackendServers', bench.on({ BackendServers: both }))
  await bench.ok('AddBackendServers', bench.on({ BackendServers: rows(before(bench, change).map((ServerId) => ({ ServerId }))) }))
  const place = { name: 'default group', params: bench.on(), action: `${change}BackendServers`, port: {} }
  const found = await answered(bench, change, place)
  await bench.undo()
  return found
}

/** Sends the second server. */
async function answered(bench: Bench, change: Change, { name, params, action, port }: Place): Promise<'full' | 'echo'> {
  const { first, second } = bench
  const BackendServers = rows([{ ServerId: second, ...port, ...(change === 'Set' ? { Weight: 50 } : {}) }])
  const answer = await bench.ok(action, { ...params, BackendServers })
  const ids = rowsIn(answer, 'BackendServers', 'BackendServer').map((row) => textOf(row, 'ServerId'))
  const all = change === 'Remove' ? [first] : [first, second]
  const same = (wanted: readonly string[]) => ids.toSorted().join() === wanted.toSorted().join()
  if (same(all)) return 'full'
  if (same([second])) return 'echo'
  throw new Undecided(`the answer for the ${name} lists ${ids.length} servers`)
}
