// Access control lists, and the older white list that belongs to one listener. The data plane keeps to both.
import { isIP } from 'node:net'
import { ApiError, invalid } from '../gateway/api-error.ts'
import { commaList, int, need, tags, text } from '../gateway/params.ts'
import { isoTime, newId } from '../ids.ts'
import type { Acl, Listener, World } from '../world.ts'
import { parseRows } from './backend-rows.ts'
import { type Actions, type Body, type Call, namedLoadBalancer } from './call.ts'
import { portListener } from './find-listener.ts'
import { hasTags, newTags, wrappedTags } from './tag-values.ts'

type Entry = Acl['entries'][number]

function named({ world, params }: Call): Acl {
  const acl = world.acls.find(({ id }) => id === need(params, 'AclId'))
  if (acl === undefined) throw new ApiError('AclNotExist')
  return acl
}

function createAcl({ params, world, settings, now }: Call): Body {
  if (world.acls.length >= settings.quotas.acls) throw new ApiError('AclNumberOverLimit')
  const acl: Acl = {
    id: newId('acl'),
    name: need(params, 'AclName').slice(0, 80),
    addressIPVersion: text(params, 'AddressIPVersion') === 'ipv6' ? 'ipv6' : 'ipv4',
    resourceGroupId: text(params, 'ResourceGroupId') ?? 'rg-acfmx0000000001',
    createdAt: isoTime(now),
    tags: newTags(params, settings),
    entries: [],
  }
  world.acls.push(acl)
  return { AclId: acl.id }
}

function setAcl(call: Call): Body {
  named(call).name = need(call.params, 'AclName')
  return {}
}

function deleteAcl(call: Call): Body {
  const acl = named(call)
  if (users(call.world, acl).length > 0) throw new ApiError('OperationFailed.AclBindedWithVip')
  call.world.acls = call.world.acls.filter((each) => each !== acl)
  return {}
}

const users = (world: World, { id }: Acl): { loadBalancerId: string; listener: Listener }[] =>
  world.loadBalancers.flatMap((loadBalancer) =>
    loadBalancer.listeners
      .filter(({ aclIds, aclStatus }) => aclStatus === 'on' && aclIds.includes(id))
      .map((listener) => ({ loadBalancerId: loadBalancer.id, listener })),
  )

function sentEntries({ params, settings }: Call): Entry[] {
  const rows = parseRows(text(params, 'AclEntrys') ?? '[]', 'AclEntryIllegal')
  if (rows.length === 0) throw new ApiError('AclEntryEmpty')
  if (rows.length > settings.quotas.aclEntryBatch) throw new ApiError('AclEntryExceedLimit')
  return rows.map((row) => ({ entry: String(row['Entry'] ?? ''), comment: String(row['Comment'] ?? '') }))
}

function addEntries(call: Call): Body {
  const acl = named(call)
  const entries = sentEntries(call)
  for (const { entry } of entries) {
    const [address = '', prefix] = entry.split('/')
    const version = isIP(address)
    if (version === 0 || (prefix !== undefined && !(Number(prefix) >= 0 && Number(prefix) <= (version === 4 ? 32 : 128)))) {
      throw new ApiError('AclEntryIllegal', `The specified entry ${entry} is illegal.`)
    }
    if (`ipv${version}` !== acl.addressIPVersion) throw new ApiError('IllegalEntry')
    if (acl.entries.some((each) => each.entry === entry)) throw new ApiError('InvalidParam.AclEntryExists')
  }
  if (acl.entries.length + entries.length > call.settings.quotas.aclEntries) throw new ApiError('AclEntryExceedLimit')
  acl.entries.push(...entries)
  return {}
}

function removeEntries(call: Call): Body {
  const acl = named(call)
  const gone = new Set(sentEntries(call).map(({ entry }) => entry))
  acl.entries = acl.entries.filter(({ entry }) => !gone.has(entry))
  return {}
}

const row = (acl: Acl) => ({
  AclId: acl.id,
  AclName: acl.name,
  AddressIPVersion: acl.addressIPVersion,
  ResourceGroupId: acl.resourceGroupId,
  CreateTime: acl.createdAt,
  Tags: wrappedTags(acl.tags),
})

function describeAcls({ params, world }: Call): Body {
  const [name, version, filters] = [text(params, 'AclName'), text(params, 'AddressIPVersion'), tags(params)]
  const found = world.acls.filter(
    (acl) =>
      (name === undefined || acl.name.includes(name)) &&
      (version === undefined || acl.addressIPVersion === version) &&
      hasTags(acl.tags, filters),
  )
  const [page, size] = [int(params, 'PageNumber') || 1, int(params, 'PageSize') || 10]
  const rows = found.slice((page - 1) * size, page * size).map(row)
  return { Acls: { Acl: rows }, Count: rows.length, PageNumber: page, PageSize: size, TotalCount: found.length }
}

/** Pages by `Page`, not `PageNumber`. */
function describeAcl(call: Call): Body {
  const acl = named(call)
  const comment = text(call.params, 'AclEntryComment')
  const entries = acl.entries.filter((each) => comment === undefined || each.comment === comment)
  const [page, size] = [int(call.params, 'Page') || 1, Math.min(50, int(call.params, 'PageSize') || 50)]
  return {
    ...row(acl),
    AclEntrys: {
      AclEntry: entries.slice((page - 1) * size, page * size).map((each) => ({ AclEntryIP: each.entry, AclEntryComment: each.comment })),
    },
    RelatedListeners: {
      RelatedListener: users(call.world, acl).map(({ loadBalancerId, listener }) => ({
        LoadBalancerId: loadBalancerId,
        ListenerPort: listener.port,
        Protocol: listener.protocol,
        AclType: listener.aclType,
      })),
    },
    TotalAclEntry: entries.length,
  }
}

function setWhiteListStatus(call: Call): Body {
  const listener = portListener(namedLoadBalancer(call), call.params)
  const status = need(call.params, 'AccessControlStatus')
  if (status !== 'open_white_list' && status !== 'close') throw invalid('The specified AccessControlStatus is invalid.')
  listener.whiteList = { status, items: listener.whiteList?.items ?? [] }
  return {}
}

const changeWhiteList =
  (change: (items: string[], sent: string[]) => string[]) =>
  (call: Call): Body => {
    const listener = portListener(namedLoadBalancer(call), call.params)
    const { status, items } = listener.whiteList ?? { status: 'close' as const, items: [] }
    listener.whiteList = { status, items: change(items, commaList(need(call.params, 'SourceItems'))) }
    return {}
  }

function describeWhiteList(call: Call): Body {
  const { whiteList } = portListener(namedLoadBalancer(call), call.params)
  return { AccessControlStatus: whiteList?.status ?? 'close', SourceItems: (whiteList?.items ?? []).join(',') }
}

export const aclActions: Actions = {
  CreateAccessControlList: createAcl,
  SetAccessControlListAttribute: setAcl,
  DeleteAccessControlList: deleteAcl,
  AddAccessControlListEntry: addEntries,
  RemoveAccessControlListEntry: removeEntries,
  DescribeAccessControlLists: describeAcls,
  DescribeAccessControlListAttribute: describeAcl,
  SetListenerAccessControlStatus: setWhiteListStatus,
  AddListenerWhiteListItem: changeWhiteList((items, sent) => [...new Set([...items, ...sent])]),
  RemoveListenerWhiteListItem: changeWhiteList((items, sent) => items.filter((item) => !sent.includes(item))),
  DescribeListenerAccessControlAttribute: describeWhiteList,
}
