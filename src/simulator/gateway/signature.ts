// The vendor's RPC signature, version 1.0: what a signed call must carry so that the holder of the secret can be told from anybody else.
import { createHmac, timingSafeEqual } from 'node:crypto'

/** RFC 3986: `encodeURIComponent` leaves `!'()*` alone, the cloud does not. */
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)

/** Keys in byte order; `Signature` itself is not part of what is signed. */
export function stringToSign(method: string, params: Iterable<readonly [string, string]>): string {
  const pairs = [...params].filter(([key]) => key !== 'Signature').sort(([a], [b]) => (a < b ? -1 : 1))
  const canonical = pairs.map(([key, value]) => `${encode(key)}=${encode(value)}`).join('&')
  return `${method}&%2F&${encode(canonical)}`
}

export const sign = (text: string, secret: string): string => createHmac('sha1', `${secret}&`).update(text).digest('base64')

export function sameSignature(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}
