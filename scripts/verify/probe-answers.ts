// What answers look like: statuses, pages, and what a filter or a list leaves out.
import type { JsonObject } from '../../src/providers/aliyun/rpc.ts'
import { taken } from './bench.ts'
import type { Fact, Finding } from './facts.ts'
import { mark } from './ground.ts'
import { NAME } from './leftovers.ts'
import { numberOf, rowsIn, textOf } from './reading.ts'
import { Undecided } from './refusal.ts'

export const ANSWERS: readonly Fact[] = [
  {
    question: 'HTTP status where a load balancer is not there',
    ref: ['missingLoadBalancer'],
    settings: ['unsure.loadBalancerMissingStatus'],
    async probe(bench) {
      const { status, code } = await bench.call('DescribeLoadBalancerAttribute', { LoadBalancerId: 'lb-swarmslbverifynone' })
      if (!code.startsWith('InvalidLoadBalancerId')) throw new Undecided(`answered ${status} ${code}`)
      return { values: { 'unsure.loadBalancerMissingStatus': status }, seen: `${status} ${code}` }
    },
  },
  {
    question: 'Rows that DescribeLoadBalancers shows when not told',
    ref: ['pageSize'],
    settings: ['unsure.loadBalancerPageSize'],
    async probe(bench) {
      const size = numberOf(await bench.ok('DescribeLoadBalancers', {}), 'PageSize')
      if (size === undefined) throw new Undecided('the answer has no PageSize')
      return { values: { 'unsure.loadBalancerPageSize': size }, seen: `PageSize ${size}` }
    },
  },
  {
    question: 'Is the key Listeners there when a load balancer has none',
    ref: ['noListeners'],
    settings: ['unsure.emptyListeners'],
    async probe(bench) {
      const answer = await bench.read('DescribeLoadBalancerListeners', { LoadBalancerId: [bench.ground.id] })
      if (rowsIn(answer, 'Listeners').length > 0) throw new Undecided('it has listeners')
      const shown = answer['Listeners'] !== undefined
      return { values: { 'unsure.emptyListeners': shown ? 'shown' : 'absent' }, seen: shown ? 'an empty list' : 'no such key' }
    },
  },
  {
    question: 'The filter Description of DescribeLoadBalancerListeners: the whole text, or a part of it',
    ref: ['listenerFilter'],
    settings: ['unsure.descriptionFilter'],
    async probe(bench) {
      await bench.standing('TCP', { BackendServerPort: 31_700, Description: mark('filter-a') })
      return descriptionFilter(async (Description) =>
        rowsIn(await bench.read('DescribeLoadBalancerListeners', { LoadBalancerId: [bench.ground.id], Description }), 'Listeners'),
      )
    },
  },
  {
    question: 'The filter Description of DescribeVServerGroups: the whole name, or a part of it',
    ref: ['groupFilter'],
    settings: ['unsure.descriptionFilter'],
    async probe(bench) {
      await bench.group([], 'filter-a')
      return descriptionFilter(async (Description) =>
        rowsIn(await bench.read('DescribeVServerGroups', bench.on({ Description })), 'VServerGroups', 'VServerGroup'),
      )
    },
  },
  {
    question: 'LoadBalancerName finds names that only contain it',
    ref: ['nameFilter'],
    settings: [],
    async probe(bench) {
      const { name, id } = bench.ground
      if (name.length < 4) throw new Undecided('the name of the load balancer is too short')
      const finds = async (LoadBalancerName: string) =>
        rowsIn(await bench.ok('DescribeLoadBalancers', { LoadBalancerName, PageNumber: 1, PageSize: 100 }), ...LIST).some(
          (row) => textOf(row, 'LoadBalancerId') === id,
        )
      if (!(await finds(name))) throw new Undecided('the whole name does not find it')
      return { seen: (await finds(name.slice(0, -1))) ? 'yes' : 'no' }
    },
  },
  {
    question: 'A tag key that is there gets the new value',
    ref: ['tagOverwrite'],
    settings: [],
    async probe(bench) {
      const resource = { ResourceType: 'instance', ResourceId: [bench.ground.id] }
      bench.later('UntagResources', { ...resource, TagKey: [NAME] })
      for (const Value of ['1', '2']) await bench.ok('TagResources', { ...resource, Tag: [{ Key: NAME, Value }] })
      const tags = rowsIn(await bench.read('ListTagResources', resource), 'TagResources', 'TagResource')
      const value = textOf(
        tags.find((row) => textOf(row, 'TagKey') === NAME),
        'TagValue',
      )
      if (value === '') throw new Undecided('the tag is not listed')
      return { seen: value === '2' ? 'yes' : `no, it is ${value}` }
    },
  },
  {
    question: 'HTTP status of an action that is not known',
    ref: ['unknownAction'],
    settings: [],
    async probe(bench) {
      const answer = await bench.call('DescribeSwarmSlbVerify', {})
      if (taken(answer, /^InvalidAction\b/)) throw new Undecided('it is known')
      return { seen: `${answer.status} ${answer.code}` }
    },
  },
  {
    question: 'Code of a parameter that is missing',
    ref: ['missingParameter'],
    settings: [],
    async probe(bench) {
      const answer = await bench.call('DescribeVServerGroupAttribute', {})
      if (taken(answer, /^Missing/)) throw new Undecided('it was not missed')
      return { seen: `${answer.status} ${answer.code}` }
    },
  },
]

const LIST = ['LoadBalancers', 'LoadBalancer'] as const

/** Looks for something that is marked `filter-a`. */
async function descriptionFilter(find: (text: string) => Promise<readonly JsonObject[]>): Promise<Finding> {
  if ((await find(mark('filter-a'))).length === 0) throw new Undecided('the whole text finds nothing')
  if ((await find('filter-b')).length > 0) throw new Undecided('any text finds it')
  const found = (await find('filter-a')).length > 0
  return { values: { 'unsure.descriptionFilter': found ? 'contains' : 'exact' }, seen: found ? 'a part finds it' : 'a part finds nothing' }
}
