// The load balancer that a run may use: whether it is meant for that, two servers for it, and how it is left as it was found.
import { setTimeout as sleep } from 'node:timers/promises'
import { taggedOwner } from '../../src/core/marks.ts'
import type { JsonObject } from '../../src/providers/aliyun/rpc.ts'
import { type Account, PERMISSION_TAG } from './account.ts'
import { isOurs, leftovers, MARK, read } from './leftovers.ts'
import { rowsIn, tagsOf, textOf } from './reading.ts'
import { Refusal } from './refusal.ts'

export type Ground = {
  readonly account: Account
  readonly id: string
  readonly name: string
  readonly servers: readonly [string, string]
}

/** Kubernetes' controller lives on load balancers with these. */
const TAKEN_TAGS = ['kubernetes.do.not.delete', 'ack.aliyun.com']
const ROUNDS = 6

/**
 * Finds the load balancer and two servers, and removes what a run before this one has left.
 * @throws Refusal when the load balancer is not tagged for this, is in use, or there are no two servers for it.
 */
export async function prepare(account: Account): Promise<Ground> {
  const id = await findLoadBalancer(account)
  const attribute = await read(account, 'DescribeLoadBalancerAttribute', { LoadBalancerId: id })
  const groups = await read(account, 'DescribeVServerGroups', { LoadBalancerId: id })
  const reasons = reasonsAgainst(attribute, groups)
  if (reasons.length > 0) throw new Refusal(`${id} is left alone: ${reasons.join('; ')}`)
  const servers = await findServers(account, textOf(attribute, 'VpcId') || account.vpcId)
  const ground = { account, id, name: textOf(attribute, 'LoadBalancerName'), servers }
  const left = await clear(ground)
  if (left.length > 0) throw new Refusal(`${id} still has what an earlier run made: ${left.join('; ')}`)
  return ground
}

async function findLoadBalancer({ provider, loadBalancer }: Account): Promise<string> {
  const found = (await provider.resolve([loadBalancer], new AbortController().signal)).get(loadBalancer)
  if (found?.status !== 'found') throw new Refusal(found?.text ?? `there is no load balancer ${loadBalancer}`)
  return found.id
}

/** Why this load balancer is not to be touched; empty: it may be. */
function reasonsAgainst(attribute: JsonObject, groups: JsonObject): readonly string[] {
  const tags = tagsOf(attribute)
  const owners = [...tags.keys()].filter((key) => taggedOwner(key) !== undefined || TAKEN_TAGS.includes(key))
  const foreign = (rows: readonly JsonObject[], text: string, what: (row: JsonObject) => string) =>
    rows.filter((row) => !isOurs(textOf(row, text))).map(what)
  const status = textOf(attribute, 'LoadBalancerStatus')
  return [
    ...(tags.has(PERMISSION_TAG) ? [] : [`it has no tag ${PERMISSION_TAG}: give it one, with any value, if it serves nobody`]),
    ...owners.map((key) => `its tag ${key} says that it is in use`),
    ...(status === 'active' ? [] : [`it is ${status}`]),
    ...foreign(
      rowsIn(attribute, 'ListenerPortsAndProtocol', 'ListenerPortAndProtocol'),
      'Description',
      (row) => `it has a listener ${textOf(row, 'ListenerProtocol')} ${textOf(row, 'ListenerPort')} that was not made here`,
    ),
    ...foreign(
      rowsIn(groups, 'VServerGroups', 'VServerGroup'),
      'VServerGroupName',
      (row) => `it has a server group ${textOf(row, 'VServerGroupId')} that was not made here`,
    ),
    ...foreign(
      rowsIn(attribute, 'BackendServers', 'BackendServer'),
      'Description',
      (row) => `its default server group has ${textOf(row, 'ServerId')}, which was not put there by this`,
    ),
  ]
}

async function findServers(account: Account, VpcId: string | undefined): Promise<readonly [string, string]> {
  if (VpcId === undefined) throw new Refusal('the load balancer is in no VPC: set SLB_VPC_ID to the one its servers are in')
  const { body, status, code } = await account.call('DescribeInstances', { VpcId, Status: 'Running', PageSize: 10 }, 'ecs')
  if (status !== 200) throw new Refusal(`DescribeInstances: ${status} ${code}`)
  const [first, second] = rowsIn(body, 'Instances', 'Instance').map((row) => textOf(row, 'InstanceId'))
  if (first === undefined || second === undefined) throw new Refusal(`two running instances are needed in ${VpcId}`)
  return [first, second]
}

/** Removes what carries our marks. Answers with what is still there, and why. */
export async function clear(ground: Ground): Promise<readonly string[]> {
  const why = new Map<string, string>()
  for (let round = 0; round < ROUNDS; round += 1) {
    const left = await leftovers(ground)
    if (left.length === 0) return []
    // What was just let go may be held for a moment longer.
    if (round > 0) await sleep(ground.account.live ? 2_000 : 20)
    for (const { what, action, params } of left) {
      const reason = await ground.account.call(action, params).then(
        ({ status, code, message }) => (status === 200 ? undefined : `${code} ${message}`),
        (error: unknown) => String(error),
      )
      if (reason !== undefined) why.set(what, reason)
    }
  }
  return (await leftovers(ground)).map(({ what }) => `${what}${why.has(what) ? ` (${why.get(what)})` : ''}`)
}

export const mark = (text: string): string => `${MARK}/${text}`
