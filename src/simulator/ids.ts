// Names for new things, in the cloud's own form.
import { randomBytes, randomUUID } from 'node:crypto'

/** `lb-bp1…`, `rsp-bp1…`: the prefix tells the kind. */
export const newId = (prefix: string): string => `${prefix}-bp1${Array.from(randomBytes(17), (byte) => (byte % 36).toString(36)).join('')}`

export const newRequestId = (): string => randomUUID().toUpperCase()

/** `2026-01-01T00:00:00Z`: the cloud's times carry no fraction. */
export const isoTime = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`
