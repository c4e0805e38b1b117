// Reading the flat parameters of a call. Names begin with a capital here, whatever the client wrote: old clients disagree on `healthCheckInterval`.
import { ApiError } from './api-error.ts'

export type Params = ReadonlyMap<string, string>

export type Tag = { key: string; value: string }

/** A parameter that was sent and is not empty. */
export function text(params: Params, name: string): string | undefined {
  const value = params.get(name)
  return value === '' ? undefined : value
}

/** For parameters that the gateway has already required. */
export function need(params: Params, name: string): string {
  const value = text(params, name)
  if (value === undefined) throw missing(name)
  return value
}

export function int(params: Params, name: string): number | undefined {
  const value = text(params, name)
  return value === undefined ? undefined : Number(value)
}

export const needInt = (params: Params, name: string): number => Number(need(params, name))

export const flag = (params: Params, name: string): boolean => params.get(name)?.toLowerCase() === 'true'

/** `Name.1`, `Name.2` … up to the first gap. */
export function list(params: Params, name: string): string[] {
  const values: string[] = []
  for (let n = 1; ; n++) {
    const value = params.get(`${name}.${n}`)
    if (value === undefined) return values
    values.push(value)
  }
}

/** `Tag.1.Key`, `Tag.1.Value` …; a tag without a value matches any value when it filters. */
export function tags(params: Params): { key: string; value: string | undefined }[] {
  const found: { key: string; value: string | undefined }[] = []
  for (let n = 1; params.has(`Tag.${n}.Key`) || params.has(`Tag.${n}.Value`); n++) {
    const key = text(params, `Tag.${n}.Key`)
    if (key === undefined) throw new ApiError('MissingParam.TagKey')
    found.push({ key, value: params.get(`Tag.${n}.Value`) })
  }
  return found
}

export const commaList = (value: string | undefined): string[] =>
  (value ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')

export const missing = (name: string): ApiError =>
  new ApiError('MissingParameter', `The input parameter "${name}" that is mandatory for processing this request is not supplied.`)
