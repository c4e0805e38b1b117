// Tags on every kind of resource (TagResources and its kin), and the older calls that know only load balancers.
import { ApiError } from '../gateway/api-error.ts'
import { flag, int, list, need, type Tag, tags, text } from '../gateway/params.ts'
import type { World } from '../world.ts'
import { parseRows } from './backend-rows.ts'
import { type Actions, type Body, type Call, namedLoadBalancer } from './call.ts'
import { checkTags, hasTags, mergeTags, newTags } from './tag-values.ts'

type Tagged = { tags: Tag[] }

/** Rows of one ListTagResources page. */
const PAGE = 50

/** Every taggable thing of a kind, by the id the tag calls use. */
function resources(world: World, type: string): [id: string, resource: Tagged][] {
  const byId = (items: readonly (Tagged & { id: string })[]): [string, Tagged][] => items.map((item) => [item.id, item])
  switch (type) {
    case 'instance':
      return byId(world.loadBalancers)
    case 'certificate':
      return [...byId(world.certificates), ...byId(world.caCertificates)]
    case 'acl':
      return byId(world.acls)
    case 'vservergroup':
      return world.loadBalancers.flatMap(({ groups }) => byId(groups))
    case 'masterslaveservergroup':
      return world.loadBalancers.flatMap(({ masterSlaveGroups }) => byId(masterSlaveGroups))
    case 'listener':
      return world.loadBalancers.flatMap(({ id, listeners }) =>
        listeners.map((listener): [string, Tagged] => [`${id}_${listener.protocol}_${listener.port}`, listener]),
      )
    default:
      throw new ApiError('InvalidParam.ResourceType')
  }
}

function namedResources({ world, params, settings }: Call): Tagged[] {
  const known = new Map(resources(world, need(params, 'ResourceType')))
  const ids = list(params, 'ResourceId')
  if (ids.length > settings.quotas.tags) throw new ApiError('SizeLimitExceeded.ResourceId')
  return ids.map((id) => {
    const resource = known.get(id)
    if (resource === undefined) throw new ApiError('ResourceNotExist', `The specified resource ${id} does not exist.`)
    return resource
  })
}

function tagResources(call: Call): Body {
  const found = namedResources(call)
  const added = newTags(call.params, call.settings)
  const merged = found.map((resource) => mergeTags(resource.tags, added))
  if (merged.some(({ length }) => length > call.settings.quotas.tags)) throw new ApiError('QuotaExceed.TagsPerResource')
  for (const [index, resource] of found.entries()) resource.tags = merged[index] ?? resource.tags
  return {}
}

function untagResources(call: Call): Body {
  const found = namedResources(call)
  const keys = list(call.params, 'TagKey')
  const all = keys.length === 0 && flag(call.params, 'All')
  for (const resource of found) resource.tags = resource.tags.filter(({ key }) => !all && !keys.includes(key))
  return {}
}

function listTagResources({ world, params }: Call): Body {
  const type = need(params, 'ResourceType')
  const [ids, filters] = [list(params, 'ResourceId'), tags(params)]
  if (ids.length === 0 && filters.length === 0) throw new ApiError('MissingParam.TagOrResourceId')
  const rows = resources(world, type)
    .filter(([id, resource]) => (ids.length === 0 || ids.includes(id)) && hasTags(resource.tags, filters))
    .flatMap(([id, resource]) =>
      resource.tags.map(({ key, value }) => ({ ResourceId: id, ResourceType: type, TagKey: key, TagValue: value })),
    )
  const start = readToken(text(params, 'NextToken'))
  const end = start + PAGE
  return {
    TagResources: { TagResource: rows.slice(start, end) },
    NextToken: end < rows.length ? Buffer.from(`tags ${end}`).toString('base64url') : '',
  }
}

function readToken(token: string | undefined): number {
  if (token === undefined) return 0
  const match = /^tags (\d+)$/.exec(Buffer.from(token, 'base64url').toString())
  if (match === null) throw new ApiError('InvalidParam.NextToken')
  return Number(match[1])
}

function legacyTags(json: string | undefined, most: number): Tag[] {
  if (json === undefined) return []
  const given = parseRows(json, 'InvalidParameter.TagKey').map((row) => ({
    key: String(row['TagKey']),
    value: String(row['TagValue'] ?? ''),
  }))
  if (given.length > most) throw new ApiError('QuotaExceeded.Tag')
  checkTags(given)
  return given
}

function addTags(call: Call): Body {
  const loadBalancer = namedLoadBalancer(call)
  const merged = mergeTags(loadBalancer.tags, legacyTags(need(call.params, 'Tags'), 5))
  if (merged.length > 10) throw new ApiError('QuotaExceed.TagsPerResource')
  loadBalancer.tags = merged
  return {}
}

function removeTags(call: Call): Body {
  const loadBalancer = namedLoadBalancer(call)
  const keys = legacyTags(need(call.params, 'Tags'), 10).map(({ key }) => key)
  loadBalancer.tags = loadBalancer.tags.filter(({ key }) => !keys.includes(key))
  return {}
}

function describeTags({ world, params }: Call): Body {
  const id = text(params, 'LoadBalancerId')
  const wanted = legacyTags(text(params, 'Tags'), 10)
  const distinct = flag(params, 'DistinctKey')
  const counts = new Map<string, { TagKey: string; TagValue: string; InstanceCount: number }>()
  for (const loadBalancer of world.loadBalancers) {
    if (id !== undefined && loadBalancer.id !== id) continue
    for (const { key, value } of loadBalancer.tags) {
      if (wanted.length > 0 && !wanted.some((tag) => hasTags([{ key, value }], [tag]))) continue
      const name = distinct ? key : `${key} ${value}`
      const row = counts.get(name) ?? { TagKey: key, TagValue: distinct ? '' : value, InstanceCount: 0 }
      counts.set(name, { ...row, InstanceCount: row.InstanceCount + 1 })
    }
  }
  const [page, size, rows] = [int(params, 'PageNumber') ?? 1, int(params, 'PageSize') ?? 50, [...counts.values()]]
  return {
    TagSets: { TagSet: rows.slice((page - 1) * size, page * size) },
    PageNumber: page,
    PageSize: size,
    TotalCount: rows.length,
  }
}

export const tagActions: Actions = {
  TagResources: tagResources,
  UntagResources: untagResources,
  ListTagResources: listTagResources,
  AddTags: addTags,
  RemoveTags: removeTags,
  DescribeTags: describeTags,
}
