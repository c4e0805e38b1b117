// A signing client of ten lines for the simulator's tests: its own HMAC, so that a mistake in the simulator's signature cannot hide.
import { createHmac, randomUUID } from 'node:crypto'
import type { Simulator } from '../../src/simulator/simulator.ts'

export type Params = Readonly<Record<string, string | number | boolean>>
export type Reply = { readonly status: number; readonly body: Record<string, unknown>; readonly text: string }

const encode = (text: string) => encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)

export function signed(params: Params, method: 'GET' | 'POST', secret = 'testsecret'): string {
  const all: Record<string, string> = {
    Format: 'JSON',
    Version: '2014-05-15',
    AccessKeyId: 'testid',
    SignatureMethod: 'HMAC-SHA1',
    SignatureVersion: '1.0',
    SignatureNonce: randomUUID(),
    Timestamp: `${new Date().toISOString().slice(0, 19)}Z`,
    RegionId: 'cn-hangzhou',
    ...Object.fromEntries(Object.entries(params).map(([key, value]) => [key, String(value)])),
  }
  const canonical = Object.keys(all)
    .sort()
    .map((key) => `${encode(key)}=${encode(all[key] ?? '')}`)
    .join('&')
  const signature = createHmac('sha1', `${secret}&`)
    .update(`${method}&%2F&${encode(canonical)}`)
    .digest('base64')
  return `${canonical}&Signature=${encode(signature)}`
}

export async function send(simulator: Simulator, form: string, method: 'GET' | 'POST' = 'POST'): Promise<Reply> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded', 'user-agent': 'test-client' }
  const response =
    method === 'POST'
      ? await fetch(simulator.apiUrl, { method, headers, body: form })
      : await fetch(`${simulator.apiUrl}/?${form}`, { headers: { 'user-agent': 'test-client' } })
  const text = await response.text()
  return { status: response.status, text, body: parse(text) }
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}

/** A call that may fail. */
export const call = (simulator: Simulator, action: string, params: Params = {}): Promise<Reply> =>
  send(simulator, signed({ Action: action, ...params }, 'POST'))

/** A call that must work; answers its body. */
// biome-ignore lint/suspicious/noExplicitAny: tests reach deep into JSON
export async function ok(simulator: Simulator, action: string, params: Params = {}): Promise<any> {
  const { status, body } = await call(simulator, action, params)
  if (status !== 200) throw new Error(`${action}: ${status} ${body['Code']}: ${body['Message']}`)
  return body
}

/** A call that must be refused; answers `status code`, and the message where one code has several. */
export async function refusal(simulator: Simulator, action: string, params: Params = {}): Promise<string> {
  const { status, body } = await call(simulator, action, params)
  if (status === 200) throw new Error(`${action} was not refused`)
  return `${status} ${body['Code']}`
}

export const ecs = (params: Params = {}): Params => ({ Version: '2014-05-26', ...params })
