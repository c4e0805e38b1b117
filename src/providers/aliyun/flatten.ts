// Parameters as the RPC style of the API wants them: lists as Name.1, objects as Name.Key, and nothing for what is absent.
// pop-core's own flattening sends `[object Object]` and the words `undefined` and `null`, so it never sees any of those.

type ParamValue = string | number | boolean | null | undefined | readonly ParamValue[] | { readonly [key: string]: ParamValue }
/** Names are sent as they are spelled here. Parameters that are one JSON string (BackendServers) are given as that string. */
export type Params = { readonly [name: string]: ParamValue }

export function flatten(params: Params): Record<string, string> {
  const flat: Record<string, string> = {}
  const put = (name: string, value: ParamValue): void => {
    if (value === undefined || value === null) return
    if (typeof value !== 'object') flat[name] = String(value)
    else if (isList(value)) for (const [index, item] of value.entries()) put(`${name}.${index + 1}`, item)
    else for (const [key, item] of Object.entries(value)) put(`${name}.${key}`, item)
  }
  for (const [name, value] of Object.entries(params)) put(name, value)
  return flat
}

const isList = (value: ParamValue): value is readonly ParamValue[] => Array.isArray(value)
