// Reads what an answer holds without trusting its shape: the shape is among what is being found out.
import type { JsonObject } from '../../src/providers/aliyun/rpc.ts'

type Json = JsonObject[string]

const isObject = (value: Json | undefined): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value)

/** The objects of a list; with `inner` of a wrapped one, `{"Xs":{"X":[…]}}`. What is not there is an empty list. */
export function rowsIn(body: JsonObject, name: string, inner?: string): readonly JsonObject[] {
  const outer = body[name]
  const list = inner !== undefined && isObject(outer) ? outer[inner] : outer
  return Array.isArray(list) ? list.filter(isObject) : []
}

export const textOf = (row: JsonObject | undefined, name: string): string => {
  const value = row?.[name]
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

/** Numbers come as numbers or as words, depending on the call. */
export function numberOf(row: JsonObject | undefined, name: string): number | undefined {
  const text = textOf(row, name)
  return text === '' ? undefined : Number(text)
}

export const tagsOf = (row: JsonObject): ReadonlyMap<string, string> =>
  new Map(rowsIn(row, 'Tags', 'Tag').map((tag) => [textOf(tag, 'TagKey'), textOf(tag, 'TagValue')]))
