// What a run has made and not yet removed, as the calls that remove it, in an order that works. Told by marks alone, so that what a
// run that was killed has left is found by the next.
import type { Params } from '../../src/providers/aliyun/flatten.ts'
import type { JsonObject } from '../../src/providers/aliyun/rpc.ts'
import type { Account } from './account.ts'
import { rowsIn, tagsOf, textOf } from './reading.ts'
import { Undecided } from './refusal.ts'

/** Descriptions of listeners and backends and names of groups begin with it. The owner `verify` is reserved: no daemon has it. */
export const MARK = 'swarm-slb/verify'
/** Names and tag keys of what a region shares begin with it. */
export const NAME = 'swarm-slb-verify'
/** On certificates and access control lists that the provider made. */
const REGION_TAG = 'swarm-slb:verify'

export type Leftover = { readonly what: string; readonly action: string; readonly params: Params }
export type Place = { readonly account: Account; readonly id: string; readonly servers: readonly string[] }

export const isOurs = (text: string): boolean => text.startsWith(MARK)

/** @throws Undecided when a reading fails: then nobody knows what is left. */
export async function read(account: Account, action: string, params: Params): Promise<JsonObject> {
  const { status, code, message, body } = await account.call(action, params)
  if (status !== 200) throw new Undecided(`${action}: ${status} ${code} ${message}`)
  return body
}

export async function leftovers(place: Place): Promise<readonly Leftover[]> {
  const { account, id } = place
  const LoadBalancerId = id
  const [attribute, groups, tags, certificates, acls] = await Promise.all([
    read(account, 'DescribeLoadBalancerAttribute', { LoadBalancerId }),
    read(account, 'DescribeVServerGroups', { LoadBalancerId }),
    read(account, 'ListTagResources', { ResourceType: 'instance', ResourceId: [id] }),
    read(account, 'DescribeServerCertificates', {}),
    allAcls(account),
  ])
  return [
    ...listenersLeft(attribute, id),
    ...groupsLeft(groups),
    ...backendsLeft(attribute, place),
    ...tagsLeft(tags, id),
    ...statusLeft(attribute, id),
    ...certificatesLeft(certificates),
    ...aclsLeft(acls),
  ]
}

function listenersLeft(attribute: JsonObject, LoadBalancerId: string): Leftover[] {
  const rows = rowsIn(attribute, 'ListenerPortsAndProtocol', 'ListenerPortAndProtocol')
  const ours = rows.filter((row) => isOurs(textOf(row, 'Description')))
  // A redirect keeps the listener it leads to from being deleted.
  const redirects = ours.filter((row) => textOf(row, 'ListenerForward') === 'on')
  return [...redirects, ...ours.filter((row) => !redirects.includes(row))].map((row) => {
    const [ListenerPort, ListenerProtocol] = [textOf(row, 'ListenerPort'), textOf(row, 'ListenerProtocol')]
    return {
      what: `listener ${ListenerProtocol} ${ListenerPort}`,
      action: 'DeleteLoadBalancerListener',
      params: { LoadBalancerId, ListenerPort, ListenerProtocol },
    }
  })
}

const groupsLeft = (groups: JsonObject): Leftover[] =>
  rowsIn(groups, 'VServerGroups', 'VServerGroup')
    .filter((row) => isOurs(textOf(row, 'VServerGroupName')))
    .map((row) => {
      const VServerGroupId = textOf(row, 'VServerGroupId')
      return {
        what: `server group ${VServerGroupId} (${textOf(row, 'VServerGroupName')})`,
        action: 'DeleteVServerGroup',
        params: { VServerGroupId },
      }
    })

/** Nobody else's were there when the run began, so the servers it used count even where the cloud dropped their description. */
function backendsLeft(attribute: JsonObject, { id, servers }: Place): Leftover[] {
  const rows = rowsIn(attribute, 'BackendServers', 'BackendServer')
  const left = rows.filter((row) => isOurs(textOf(row, 'Description')) || servers.includes(textOf(row, 'ServerId')))
  if (left.length === 0) return []
  const ids = left.map((row) => textOf(row, 'ServerId'))
  const BackendServers = JSON.stringify(ids.map((ServerId) => ({ ServerId })))
  return [{ what: `backends ${ids.join(', ')}`, action: 'RemoveBackendServers', params: { LoadBalancerId: id, BackendServers } }]
}

function tagsLeft(tags: JsonObject, id: string): Leftover[] {
  const keys = rowsIn(tags, 'TagResources', 'TagResource').map((row) => textOf(row, 'TagKey'))
  const left = [...new Set(keys)].filter((key) => key.startsWith(NAME))
  if (left.length === 0) return []
  const params = { ResourceType: 'instance', ResourceId: [id], TagKey: left }
  return [{ what: `tags ${left.join(', ')}`, action: 'UntagResources', params }]
}

/** Deleting the last listener may have switched it off. */
const statusLeft = (attribute: JsonObject, LoadBalancerId: string): Leftover[] =>
  textOf(attribute, 'LoadBalancerStatus') === 'inactive'
    ? [
        {
          what: 'the load balancer is inactive',
          action: 'SetLoadBalancerStatus',
          params: { LoadBalancerId, LoadBalancerStatus: 'active' },
        },
      ]
    : []

const shared = (row: JsonObject, name: string): boolean => textOf(row, name).startsWith(NAME) || tagsOf(row).has(REGION_TAG)

const certificatesLeft = (certificates: JsonObject): Leftover[] =>
  rowsIn(certificates, 'ServerCertificates', 'ServerCertificate')
    .filter((row) => shared(row, 'ServerCertificateName'))
    .map((row) => {
      const ServerCertificateId = textOf(row, 'ServerCertificateId')
      return { what: `certificate ${ServerCertificateId}`, action: 'DeleteServerCertificate', params: { ServerCertificateId } }
    })

const aclsLeft = (rows: readonly JsonObject[]): Leftover[] =>
  rows
    .filter((row) => shared(row, 'AclName'))
    .map((row) => {
      const AclId = textOf(row, 'AclId')
      return { what: `access control list ${AclId}`, action: 'DeleteAccessControlList', params: { AclId } }
    })

async function allAcls(account: Account): Promise<readonly JsonObject[]> {
  const found: JsonObject[] = []
  for (let PageNumber = 1; ; PageNumber += 1) {
    const rows = rowsIn(await read(account, 'DescribeAccessControlLists', { PageNumber, PageSize: 50 }), 'Acls', 'Acl')
    found.push(...rows)
    if (rows.length < 50) return found
  }
}
