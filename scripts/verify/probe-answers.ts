// What answers look like: statuses, pages, and what a filter or a list leaves out.
import { type Bench, taken } from './bench.ts'
import type { Fact, Finding } from './facts.ts'
import { mark } from './ground.ts'
import { NAME } from './leftovers.ts'
import { numberOf, rowsIn, textOf } from './reading.ts'
import { Undecided } from './refusal.ts'

export const ANSWERS: readonly Fact[] = [
  {
    question: 'HTTP status where a load balancer is not there',
    settings: ['unsure.loadBalancerMissingStatus'],
    async probe(bench) {
      const { status, code } = await bench.call('DescribeLoadBalancerAttribute', { LoadBalancerId: 'lb-swarmslbverifynone' })
      if (!code.startsWith('InvalidLoadBalancerId')) throw new Undecided(`answered ${status} ${code}`)
      return { values: { 'unsure.loadBalancerMissingStatus': status }, seen: `${status} ${code}` }
    },
  },
  {
    question: 'Rows that DescribeLoadBalancers shows when not told',
    settings: ['unsure.loadBalancerPageSize'],
    async probe(bench) {
      const size = numberOf(await bench.ok('DescribeLoadBalancers', {}), 'PageSize')
      if (size === undefined) throw new Undecided('the answer has no PageSize')
      return { values: { 'unsure.loadBalancerPageSize': size }, seen: `PageSize ${size}` }
    },
  },
  {
    question: 'Is the key Listeners there when a load balancer has none',
    settings: ['unsure.emptyListeners'],
    async probe(bench) {
      const answer = await bench.read('DescribeLoadBalancerListeners', { LoadBalancerId: [bench.ground.id] })
      if (rowsIn(answer, 'Listeners').length > 0) throw new Undecided('it has listeners')
      const shown = answer['Listeners'] !== undefined
      return { values: { 'unsure.emptyListeners': shown ? 'shown' : 'absent' }, seen: shown ? 'an empty list' : 'no such key' }
    },
  },
  {
    question: 'The filter Description: the whole text, or a part of it',
    settings: ['unsure.descriptionFilter'],
    probe: descriptionFilter,
  },
  {
    question: 'LoadBalancerName finds names that only contain it',
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
    settings: [],
    async probe(bench) {
      const answer = await bench.call('DescribeSwarmSlbVerify', {})
      if (taken(answer, /^InvalidAction\b/)) throw new Undecided('it is known')
      return { seen: `${answer.status} ${answer.code}` }
    },
  },
]

const LIST = ['LoadBalancers', 'LoadBalancer'] as const

async function descriptionFilter(bench: Bench): Promise<Finding> {
  const whole = mark('filter-a')
  await bench.group([], 'filter-a')
  const find = async (Description: string) =>
    rowsIn(await bench.read('DescribeVServerGroups', bench.on({ Description })), 'VServerGroups', 'VServerGroup').length
  if ((await find(whole)) === 0) throw new Undecided('the whole name finds nothing')
  if ((await find('filter-b')) > 0) throw new Undecided('any text finds it')
  const found = (await find('filter-a')) > 0
  return { values: { 'unsure.descriptionFilter': found ? 'contains' : 'exact' }, seen: found ? 'a part finds it' : 'a part finds nothing' }
}
