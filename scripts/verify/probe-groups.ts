// Servers in groups: what is there twice, what an answer lists, how many a call takes, and what is kept of a description.

import type { Answer } from './account.ts'
import { type Bench, rows, type Server, taken } from './bench.ts'
import type { Fact, Finding } from './facts.ts'
import { mark } from './ground.ts'
import { numberOf, rowsIn, textOf } from './reading.ts'
import { Undecided } from './refusal.ts'

const PORT = 31_100
/** The same call was taken the first time, so that only the repetition can be what is wrong with it. */
const PRESENT = /^InvalidParameter\b|Already|Duplicat/
const TOO_MANY = /^TooManyBackendServers\b/
const UNKNOWN = 'i-swarmslbverifynone'

export const GROUPS: readonly Fact[] = [
  {
    question: 'Adding a server that is in the default group',
    ref: ['presentServer'],
    settings: ['unsure.addPresentServer'],
    async probe(bench) {
      await addServer(bench, bench.first)
      const again = await bench.call('AddBackendServers', bench.on({ BackendServers: rows([{ ServerId: bench.first }]) }))
      return refusedOr('unsure.addPresentServer', 'ignore', again, PRESENT)
    },
  },
  {
    question: 'Adding a member that is in the server group',
    ref: ['presentMember'],
    settings: ['unsure.addPresentMember'],
    async probe(bench) {
      const add = { VServerGroupId: await bench.group([]), BackendServers: rows([{ ServerId: bench.first, Port: PORT }]) }
      await bench.ok('AddVServerGroupBackendServers', add)
      return refusedOr('unsure.addPresentMember', 'ignore', await bench.call('AddVServerGroupBackendServers', add), PRESENT)
    },
  },
  {
    question: 'Servers that one call takes',
    ref: ['batch'],
    settings: ['quotas.backendBatch'],
    probe: batch,
  },
  {
    question: 'AddVServerGroupBackendServers with one bad server: nothing, or the part before it',
    ref: ['atomicServers'],
    settings: ['unsure.atomicBatches'],
    async probe(bench) {
      const VServerGroupId = await bench.group([])
      const sent = rows([bench.first, UNKNOWN].map((ServerId) => ({ ServerId, Port: PORT })))
      const answer = await bench.call('AddVServerGroupBackendServers', { VServerGroupId, BackendServers: sent })
      if (taken(answer, /^(InvalidServerId|ObtainIpFail)\b/)) throw new Undecided('the unknown server was not refused')
      const count = (await members(bench, VServerGroupId)).length
      return { values: { 'unsure.atomicBatches': count === 0 }, seen: `${answer.code}; ${count} of the servers before it are in` }
    },
  },
  {
    question: 'Does SetVServerGroupAttribute change the description of a server',
    ref: ['setDescription'],
    settings: ['unsure.keepSetDescriptions'],
    async probe(bench) {
      const server: Server = { ServerId: bench.first, Port: PORT }
      const VServerGroupId = await bench.group([server])
      const BackendServers = rows([{ ...server, Weight: 7, Description: mark('changed') }])
      await bench.ok('SetVServerGroupAttribute', { VServerGroupId, BackendServers })
      const [row] = await members(bench, VServerGroupId)
      if (numberOf(row, 'Weight') !== 7) throw new Undecided('the weight that was set is not shown')
      const text = textOf(row, 'Description')
      return { values: { 'unsure.keepSetDescriptions': text === mark('changed') }, seen: text === '' ? 'no description' : text }
    },
  },
  {
    question: 'Is ServerIp of an ecs server in the answers',
    ref: ['serverAddress'],
    settings: ['unsure.ecsServerIp'],
    async probe(bench) {
      const [row] = await members(bench, await bench.group([{ ServerId: bench.first, Port: PORT }]))
      if (row === undefined) throw new Undecided('the server is not shown')
      const address = textOf(row, 'ServerIp')
      return { values: { 'unsure.ecsServerIp': address === '' ? 'absent' : 'shown' }, seen: address === '' ? 'no' : 'yes' }
    },
  },
  {
    question: 'BackendServers with single quotes and small first letters',
    ref: ['serversGrammar'],
    settings: [],
    async probe(bench) {
      const VServerGroupId = await bench.group([])
      const quotes = `[{'ServerId':'${bench.first}','Port':'${PORT}','Weight':'7'}]`
      const small = JSON.stringify([{ serverId: bench.second, port: PORT, weight: 7 }])
      const both = [quotes, small].map((BackendServers) => ({ VServerGroupId, BackendServers }))
      const seen: string[] = []
      for (const params of both) {
        const answer = await bench.call('AddVServerGroupBackendServers', params)
        seen.push(taken(answer, /^(BackendServersMalformed|InvalidParameter)\b/) ? 'taken' : answer.code)
      }
      return {
        seen: `single quotes: ${seen[0]}; small letters: ${seen[1]}; in the group: ${(await members(bench, VServerGroupId)).length}`,
      }
    },
  },
]

async function addServer(bench: Bench, ServerId: string): Promise<void> {
  const BackendServers = rows([{ ServerId }])
  await bench.ok('AddBackendServers', bench.on({ BackendServers }))
  bench.later('RemoveBackendServers', bench.on({ BackendServers }))
}

const members = async (bench: Bench, VServerGroupId: string) =>
  rowsIn(await bench.read('DescribeVServerGroupAttribute', { VServerGroupId }), 'BackendServers', 'BackendServer')

/** Whether what could be overlooked is refused. @throws Undecided when it is refused for another reason than `because`. */
export const refusedOr = (path: string, fine: string, answer: Answer, because: RegExp): Finding => ({
  values: { [path]: taken(answer, because) ? fine : 'error' },
  seen: `${answer.status} ${answer.code}`,
})

/** The manual says 20, a client in production sends 40; what is between the two is not asked. */
async function batch(bench: Bench): Promise<Finding> {
  const VServerGroupId = await bench.group([])
  const sent = (count: number) =>
    rows(Array.from({ length: count }, (_, n) => ({ ServerId: n % 2 === 0 ? bench.first : bench.second, Port: PORT + n })))
  const add = (count: number) => bench.call('AddVServerGroupBackendServers', { VServerGroupId, BackendServers: sent(count) })
  const many = await add(40)
  if (taken(many, TOO_MANY)) return { values: { 'quotas.backendBatch': 40 }, seen: '40 are taken' }
  const few = await add(21)
  if (taken(few, TOO_MANY)) throw new Undecided(`21 are taken, 40 are refused: ${many.code}`)
  return { values: { 'quotas.backendBatch': 20 }, seen: `21 are refused: ${few.status} ${few.code}` }
}
