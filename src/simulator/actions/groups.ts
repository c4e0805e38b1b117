// VServer groups: several a load balancer, servers with a port each. Names are not unique, and nothing here is idempotent.
import { ApiError, invalid } from '../gateway/api-error.ts'
import { flag, need, tags, text } from '../gateway/params.ts'
import { isoTime, newId } from '../ids.ts'
import { findGroup } from '../load-world.ts'
import { sameServer } from '../servers.ts'
import type { Backend, LoadBalancer, ServerGroup } from '../world.ts'
import { addServers, answered, serverCount, updateServers, without } from './attach.ts'
import { backendRows, describedRows, parseBackends, type SentBackend } from './backend-rows.ts'
import { type Actions, type Body, type Call, namedLoadBalancer, refuseLocked } from './call.ts'
import { matchesText } from './listener-views.ts'
import { hasTags, newTags, wrappedTags } from './tag-values.ts'

function sentMembers({ params, settings }: Call, name = 'BackendServers'): SentBackend[] {
  const sent = parseBackends(text(params, name), true, settings)
  const twice = sent.some((server, index) => sent.findIndex((other) => sameServer(server, other)) !== index)
  if (twice) throw invalid('The specified BackendServers contain duplicated value of ServerID and Port.')
  return sent
}

function namedGroup(call: Call) {
  const found = findGroup(call.world, need(call.params, 'VServerGroupId'))
  if (!call.action.startsWith('Describe')) refuseLocked(found.loadBalancer)
  return found
}

function readName({ params }: Call): string | undefined {
  const name = text(params, 'VServerGroupName')
  if (name !== undefined && name.length > 80) throw invalid('The specified VServerGroupName is invalid.')
  return name
}

function createVServerGroup(call: Call): Body {
  const loadBalancer = namedLoadBalancer(call)
  const sent = sentMembers(call)
  if (loadBalancer.groups.length >= call.settings.quotas.groups)
    throw new ApiError('QuotaLimitExceeds', 'The number of VServer groups exceeds the quota.')
  const id = newId('rsp')
  const servers: Backend[] = []
  const group: ServerGroup = {
    id,
    name: readName(call) ?? id,
    createdAt: isoTime(call.now),
    tags: newTags(call.params, call.settings),
    servers,
  }
  addServers(call, { loadBalancer, servers, elsewhere: serverCount(loadBalancer), kind: 'vServer' }, sent)
  loadBalancer.groups.push(group)
  return members(call, group, sent)
}

function setVServerGroup(call: Call): Body {
  const { group } = namedGroup(call)
  const name = readName(call)
  const sent = sentMembers(call)
  if (name === undefined && text(call.params, 'BackendServers') === undefined) {
    throw new ApiError('MissingParameter', 'The VServerGroupName or BackendServers is required at lease one.')
  }
  if (name !== undefined) group.name = name
  updateServers(call, group.servers, sent)
  return { ...members(call, group, sent), VServerGroupName: group.name }
}

function addMembers(call: Call): Body {
  const { group, loadBalancer } = namedGroup(call)
  const sent = sentMembers(call)
  const elsewhere = serverCount(loadBalancer) - group.servers.length
  addServers(call, { loadBalancer, servers: group.servers, elsewhere, kind: 'vServer' }, sent)
  return members(call, group, sent)
}

function removeMembers(call: Call): Body {
  const { group } = namedGroup(call)
  group.servers = without(group.servers, sentMembers(call))
  return members(call, group, [])
}

/** Out with the old and in with the new, in one call. */
function modifyMembers(call: Call): Body {
  const { group, loadBalancer } = namedGroup(call)
  const [gone, added] = [sentMembers(call, 'OldBackendServers'), sentMembers(call, 'NewBackendServers')]
  if (gone.length === 0 && added.length === 0) throw new ApiError('MissingParameter')
  const elsewhere = serverCount(loadBalancer) - group.servers.length
  const servers = without(group.servers, gone)
  addServers(call, { loadBalancer, servers, elsewhere, kind: 'vServer' }, added)
  group.servers = servers
  return members(call, group, added)
}

const members = (call: Call, group: ServerGroup, sent: readonly SentBackend[]): Body => ({
  VServerGroupId: group.id,
  BackendServers: { BackendServer: backendRows(answered(call, group.servers, sent), {}) },
})

function deleteVServerGroup(call: Call): Body {
  const { group, loadBalancer } = namedGroup(call)
  if (loadBalancer.listeners.some(({ vServerGroupId }) => vServerGroupId === group.id)) throw new ApiError('RspoolVipExist')
  if (loadBalancer.listeners.some(({ rules }) => rules.some(({ vServerGroupId }) => vServerGroupId === group.id))) {
    throw new ApiError('RspoolRuleExist')
  }
  loadBalancer.groups = loadBalancer.groups.filter((each) => each !== group)
  return {}
}

/** No paging and no servers here; listeners and rules only when asked for. */
function describeVServerGroups(call: Call): Body {
  const { params, settings } = call
  const loadBalancer = namedLoadBalancer(call)
  const [filters, name] = [tags(params), text(params, 'Description')]
  const users = usersByGroup(loadBalancer)
  const rows = loadBalancer.groups
    .filter(
      (group) => hasTags(group.tags, filters) && (name === undefined || matchesText(group.name, name, settings.unsure.descriptionFilter)),
    )
    .map((group) => ({
      VServerGroupId: group.id,
      VServerGroupName: group.name,
      CreateTime: group.createdAt,
      ServerCount: group.servers.length,
      Tags: wrappedTags(group.tags),
      AssociatedObjects: {
        Listeners: { Listener: flag(params, 'IncludeListener') ? (users.listeners.get(group.id) ?? []) : [] },
        Rules: { Rule: flag(params, 'IncludeRule') ? (users.rules.get(group.id) ?? []) : [] },
      },
    }))
  return { VServerGroups: { VServerGroup: rows } }
}

/** One walk over the listeners instead of one a group. */
function usersByGroup({ listeners }: LoadBalancer) {
  const byGroup = { listeners: new Map<string, object[]>(), rules: new Map<string, object[]>() }
  const put = (map: Map<string, object[]>, id: string, row: object) => {
    const rows = map.get(id)
    if (rows === undefined) map.set(id, [row])
    else rows.push(row)
  }
  for (const { port, protocol, vServerGroupId, rules } of listeners) {
    if (vServerGroupId !== undefined) put(byGroup.listeners, vServerGroupId, { Port: port, Protocol: protocol })
    for (const { id, name, domain, url, vServerGroupId: target } of rules) {
      put(byGroup.rules, target, { RuleId: id, RuleName: name, Domain: domain, Url: url })
    }
  }
  return byGroup
}

function describeVServerGroup(call: Call): Body {
  const { group, loadBalancer } = namedGroup(call)
  return {
    VServerGroupId: group.id,
    VServerGroupName: group.name,
    LoadBalancerId: loadBalancer.id,
    CreateTime: group.createdAt,
    Tags: wrappedTags(group.tags),
    BackendServers: { BackendServer: describedRows(call.world, group.servers, true, call.settings) },
  }
}

export const groupActions: Actions = {
  CreateVServerGroup: createVServerGroup,
  SetVServerGroupAttribute: setVServerGroup,
  AddVServerGroupBackendServers: addMembers,
  RemoveVServerGroupBackendServers: removeMembers,
  ModifyVServerGroupBackendServers: modifyMembers,
  DeleteVServerGroup: deleteVServerGroup,
  DescribeVServerGroups: describeVServerGroups,
  DescribeVServerGroupAttribute: describeVServerGroup,
}
