import { getEventListeners } from 'node:events'
import { expect, test, vi } from 'vitest'
import { probe } from '../../../src/simulator/dataplane/probes.ts'
import { check } from './builders.ts'
import { deadBackend, httpBackend, tcpBackend, udpBackend } from './support.ts'

test.each([
  { type: 'tcp', backend: () => tcpBackend('a'), good: true },
  { type: 'http', backend: () => httpBackend('a'), good: true },
  { type: 'udp', backend: () => udpBackend('a'), good: true },
  { type: 'tcp', backend: () => deadBackend(), good: false },
  { type: 'http', backend: () => deadBackend(), good: false },
  { type: 'udp', backend: () => deadBackend(), good: false },
] as const)('a $type probe that ends with $good leaves nothing on the signal of its check', async ({ type, backend, good }) => {
  const { signal } = new AbortController()
  const target = { ...(await backend()), source: undefined }
  for (let i = 0; i < 3; i += 1) expect(await probe(target, check({ type }), signal)).toBe(good)
  await vi.waitFor(() => expect(getEventListeners(signal, 'abort')).toEqual([]))
})

test.each(['http', 'udp'] as const)('a %s probe ends at once when its check is stopped', async (type) => {
  const stop = new AbortController()
  const silent = type === 'udp' ? await udpBackend('a', () => undefined) : await httpBackend('a', () => undefined)
  const probing = probe({ ...silent, source: undefined }, check({ type, timeoutMs: 60_000 }), stop.signal)
  stop.abort()
  expect(await probing).toBe(false)
})
