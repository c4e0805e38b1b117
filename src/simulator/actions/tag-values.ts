// Tags as values: reading new ones, setting them, filtering by them, showing them.
import { ApiError } from '../gateway/api-error.ts'
import { type Params, type Tag, tags } from '../gateway/params.ts'
import type { Settings } from '../settings.ts'

const RESERVED = /^(aliyun|acs:)/i
const LINK = /https?:\/\//i

export function newTags(params: Params, { quotas }: Settings): Tag[] {
  const given = tags(params).map(({ key, value }) => ({ key, value: value ?? '' }))
  if (given.length > quotas.tags) throw new ApiError('SizeLimitExceeded.Tag', 'The maximum size of Tag is exceeded.')
  checkTags(given)
  return given
}

export function checkTags(given: readonly Tag[]): void {
  for (const { key, value } of given) {
    if (key.length > 64 || RESERVED.test(key) || LINK.test(key))
      throw new ApiError('InvalidParam.TagKey', 'The specified TagKey is invalid.')
    if (value.length > 128 || /^acs:/i.test(value) || LINK.test(value)) {
      throw new ApiError('InvalidParam.TagValue', 'The specified TagValue is invalid.')
    }
  }
  if (new Set(given.map(({ key }) => key)).size !== given.length) throw new ApiError('Duplicate.TagKey')
}

/** A key that is there already gets the new value. */
export function mergeTags(old: readonly Tag[], added: readonly Tag[]): Tag[] {
  const merged = new Map([...old, ...added].map((tag) => [tag.key, tag]))
  return [...merged.values()]
}

/** All filters must match; a filter without a value matches any value of its key. */
export const hasTags = (tagged: readonly Tag[], filters: readonly { key: string; value: string | undefined }[]): boolean =>
  filters.every((filter) => tagged.some(({ key, value }) => key === filter.key && (!filter.value || value === filter.value)))

export const tagRows = (tagged: readonly Tag[]) => tagged.map(({ key, value }) => ({ TagKey: key, TagValue: value }))

export const wrappedTags = (tagged: readonly Tag[]) => ({ Tag: tagRows(tagged) })
