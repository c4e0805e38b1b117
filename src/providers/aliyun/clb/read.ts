// Reads one load balancer whole, in as few calls as the API allows. An answer that is partial or contradicts another is no answer.
import { setTimeout as sleep } from 'node:timers/promises'
import type { ActualListener, LoadBalancer, Member } from '../../../core/model.ts'
import { CallError, type OpenOptions } from '../../provider.ts'
import type { Params } from '../flatten.ts'
import type { Rpc } from '../rpc.ts'
import { keyOf, missing, toGroup, toListener, toLoadBalancer, toMember, toTags } from './convert.ts'
import type { ReadListeners } from './listeners.ts'
import type { MemberCache } from './members.ts'
import type { Web } from './web.ts'
import { type Attribute, attributeSchema, type GroupRow, groupSchema, groupsSchema, malformed, parse, tagsSchema } from './wire.ts'

export type Sources = {
  readonly rpc: Rpc
  readonly listeners: ReadListeners
  readonly members: MemberCache
  readonly web: Web
  /** Epoch milliseconds. */
  readonly now: () => number
  /** Milliseconds to wait before answers that contradict each other are read once more. */
  readonly lagMs: number
}

/** A load balancer has 20 tags at most. */
const MAX_PAGES = 20

type Look = { readonly attribute: Attribute; readonly listeners: readonly ActualListener[]; readonly groups: readonly GroupRow[] }

const isMissing = (error: unknown): boolean =>
  error instanceof CallError && error.status === 'failed' && /^InvalidLoadBalancerId(\.NotFound|\.NotExist|$)/.test(error.code)

async function readAttribute({ rpc }: Sources, id: string, signal: AbortSignal): Promise<Attribute> {
  const action = 'DescribeLoadBalancerAttribute'
  const reply = await rpc(action, { LoadBalancerId: id }, { kind: 'read', signal, share: id })
  const attribute = parse(action, attributeSchema, reply)
  if (attribute.LoadBalancerId !== id)
    throw malformed(action, `answered for "${attribute.LoadBalancerId}" instead of ${id}`, reply.requestId)
  return attribute
}

async function readGroups({ rpc }: Sources, id: string, signal: AbortSignal): Promise<readonly GroupRow[]> {
  const action = 'DescribeVServerGroups'
  const params: Params = { LoadBalancerId: id, IncludeListener: true, IncludeRule: true }
  return parse(action, groupsSchema, await rpc(action, params, { kind: 'read', signal, share: id })).VServerGroups
}

/** The three lists side by side; undefined where the load balancer is gone, which the first of them decides. */
async function look(sources: Sources, id: string, signal: AbortSignal): Promise<Look | undefined> {
  const [attribute, rows, groups] = await Promise.allSettled([
    readAttribute(sources, id, signal),
    sources.listeners(id, signal),
    readGroups(sources, id, signal),
  ])
  if (attribute.status === 'rejected' && isMissing(attribute.reason)) return undefined
  if (attribute.status === 'rejected') throw attribute.reason
  if (rows.status === 'rejected') throw rows.reason
  if (groups.status === 'rejected') throw groups.reason
  return { attribute: attribute.value, listeners: rows.value.map(toListener), groups: groups.value }
}

/** What the three answers say against each other: reads may lag behind writes, each by its own time. */
function contradictions({ attribute, listeners, groups }: Look): readonly string[] {
  const named = new Set(attribute.ListenerPortsAndProtocol.map((row) => keyOf(row.ListenerProtocol, row.ListenerPort)))
  const listed = new Set(listeners.map(({ key }) => key))
  const known = new Set(groups.map(({ VServerGroupId }) => VServerGroupId))
  return [
    ...(listed.size === listeners.length ? [] : ['one listener is listed twice']),
    ...[...named].filter((key) => !listed.has(key)).map((key) => `listener ${key} is named but not listed`),
    ...[...listed].filter((key) => !named.has(key)).map((key) => `listener ${key} is listed but not named`),
    ...listeners.flatMap(({ key, target }) =>
      target?.kind === 'group' && !known.has(target.group) ? [`listener ${key} points at group ${target.group}, which is not listed`] : [],
    ),
  ]
}

async function lookTwice(sources: Sources, id: string, signal: AbortSignal): Promise<Look | undefined> {
  const first = await look(sources, id, signal)
  if (first === undefined || contradictions(first).length === 0) return first
  await sleep(sources.lagMs, undefined, { signal }).catch(() => {})
  const second = await look(sources, id, signal)
  if (second === undefined) return undefined
  const [wrong] = contradictions(second)
  if (wrong !== undefined) throw malformed('DescribeLoadBalancerListeners', wrong)
  return second
}

/**
 * Tags come with the attribute. Where there are none they are asked for once more, of another action: without them nobody's load balancer
 * looks like ours, one of Kubernetes like any other, and a paused one as if it were not.
 */
async function readTags({ rpc }: Sources, { LoadBalancerId: id, Tags = [] }: Attribute, signal: AbortSignal) {
  if (Tags.length > 0) return toTags(Tags)
  const action = 'ListTagResources'
  const rows: { TagKey: string; TagValue: string }[] = []
  let token = ''
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const params = { ResourceType: 'instance', ResourceId: [id], ...(token === '' ? {} : { NextToken: token }) }
    const answer = parse(action, tagsSchema, await rpc(action, params, { kind: 'read', signal, share: id }))
    rows.push(...answer.TagResources.filter(({ ResourceId }) => ResourceId === id))
    token = answer.NextToken
    if (token === '') return toTags(rows)
  }
  throw malformed(action, `no end after ${MAX_PAGES} pages`)
}

const READ_MEMBERS = 'DescribeVServerGroupAttribute'

async function askMembers({ rpc }: Sources, id: string, group: string, signal: AbortSignal): Promise<readonly Member[]> {
  const reply = await rpc(READ_MEMBERS, { VServerGroupId: group }, { kind: 'read', signal, share: id })
  const answer = parse(READ_MEMBERS, groupSchema, reply)
  if (answer.VServerGroupId !== group)
    throw malformed(READ_MEMBERS, `answered for "${answer.VServerGroupId}" instead of ${group}`, reply.requestId)
  return answer.BackendServers.map(toMember)
}

/** None, where the list of groups counts some, is no answer. That some are missing does no harm, and what exactly is counted is not known. */
async function readMembers(sources: Sources, id: string, row: GroupRow, signal: AbortSignal): Promise<readonly Member[]> {
  const { VServerGroupId: group, VServerGroupName: name, ServerCount: count = 0 } = row
  let found = await askMembers(sources, id, group, signal)
  if (found.length === 0 && count > 0) {
    await sleep(sources.lagMs, undefined, { signal }).catch(() => {})
    found = await askMembers(sources, id, group, signal)
  }
  if (found.length === 0 && count > 0) throw malformed(READ_MEMBERS, `none of the ${count} members of group ${name} (${group}) are listed`)
  sources.members.put(group, found)
  return found
}

/** Members of our own groups: as last known, or read. Of foreign groups nothing is read and nothing is known. */
async function membersOf(sources: Sources, id: string, rows: readonly GroupRow[], how: OpenOptions, signal: AbortSignal) {
  const own = rows.filter(({ VServerGroupName }) => how.owned(VServerGroupName))
  const audited = how.members === 'audit' ? sources.members.audit(own.map(({ VServerGroupId }) => VServerGroupId)) : new Set<string>()
  const entries = own.map(async (row): Promise<[string, readonly Member[]]> => {
    const { VServerGroupId: group, ServerCount } = row
    const fresh = how.members === 'fresh' || audited.has(group)
    const cached = fresh ? undefined : sources.members.get(group, ServerCount)
    return [group, cached ?? (await readMembers(sources, id, row, signal))]
  })
  return new Map(await Promise.all(entries))
}

/** Throws CallError; `Malformed` where the answers cannot be trusted. A load balancer that is gone has the status `missing`. */
export async function readLoadBalancer(sources: Sources, id: string, how: OpenOptions, signal: AbortSignal): Promise<LoadBalancer> {
  const seen = await lookTwice(sources, id, signal)
  if (seen === undefined) return missing(id)
  const { attribute, groups: rows } = seen
  const [tags, members, listeners] = await Promise.all([
    readTags(sources, attribute, signal),
    membersOf(sources, id, rows, how, signal),
    sources.web.read(id, seen.listeners, rows, how, signal),
  ])
  const groups = rows.map((row) => toGroup(row, listeners, members.get(row.VServerGroupId) ?? []))
  return toLoadBalancer(attribute, { listeners, groups, tags }, sources.now())
}
