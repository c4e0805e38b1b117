// The event stream as an engine, or a proxy in front of it, may send it: cut anywhere, in the middle of a character too, with anything in it.
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Engine } from '../../src/swarm/client.ts'
import type { EventKind } from '../../src/swarm/missed.ts'
import { watchSwarm } from '../../src/swarm/watch.ts'
import { silent } from '../support/board.ts'
import { fuzz } from './measure.ts'
import { anyJson, anyText, like, mutated } from './texts.ts'

const event = (Type: string, Action: string) => ({ Type, Action, Actor: { ID: 'x', Attributes: { name: 'Zürich-東京😀' } } })
const EVENTS = [event('service', 'update'), event('node', 'create'), event('network', 'remove'), event('service', '__proto__')]

const line = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...EVENTS).map((one) => JSON.stringify(one)) },
  { weight: 2, arbitrary: mutated(fc.constantFrom(...EVENTS)).map((one) => JSON.stringify(one)) },
  { weight: 1, arbitrary: like(JSON.stringify(EVENTS[0]), '{"status":"legacy"}') },
  { weight: 1, arbitrary: anyJson.map((one) => JSON.stringify(one)) },
  { weight: 1, arbitrary: anyText },
)
const bytes = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(line, fc.constantFrom('\n', '\r\n', '\n\n', '')).map((parts) => Buffer.from(parts.join(''))) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 12 }).map((all) => Buffer.from(all)) },
)
const stream = fc.record({ parts: fc.array(bytes, { maxLength: 8 }), cuts: fc.array(fc.nat(3000), { maxLength: 10 }) })

function chunksOf({ parts, cuts }: { readonly parts: readonly Buffer[]; readonly cuts: readonly number[] }): readonly Buffer[] {
  const whole = Buffer.concat(parts)
  const at = [0, ...cuts.map((cut) => cut % (whole.length + 1)).toSorted((a, b) => a - b), whole.length]
  return at.slice(1).map((end, n) => whole.subarray(at[n], end))
}

/** What one stream woke, opening it apart. The second opening ends the watch. */
async function wokenBy(chunks: readonly Buffer[]): Promise<readonly EventKind[]> {
  const stop = new AbortController()
  const woken: EventKind[] = []
  let openings = 0
  const events: Engine['events'] = async (signal) => {
    openings += 1
    if (openings > 1) stop.abort()
    signal.throwIfAborted()
    return Readable.from(chunks)
  }
  const tally = { count: () => {} }
  const once = { onEvent: (kind: EventKind) => void woken.push(kind), log: silent, tally, now: () => 0, backoff: { minMs: 0, maxMs: 0 } }
  await watchSwarm({ ...once, engine: { events } as Engine }).run(stop.signal)
  expect(woken.slice(0, 2)).toEqual(['service', 'node'])
  return woken.slice(2)
}

/** Read at leisure: line by line, until one is no event. */
function expected(chunks: readonly Buffer[]): readonly string[] {
  const kinds: string[] = []
  for (const text of Buffer.concat(chunks).toString('utf8').split('\n').slice(0, -1)) {
    if (text.trim() === '') continue
    const kind = kindOf(text)
    if (kind === undefined) break
    if (kind === 'service' || kind === 'node') kinds.push(kind)
  }
  return kinds
}

/** Undefined: no event. */
function kindOf(text: string): string | undefined {
  try {
    const value = JSON.parse(text)
    if (Array.isArray(value) || typeof value !== 'object') return undefined
    const { Type = '', Action = '' } = value
    return typeof Type === 'string' && typeof Action === 'string' ? Type : undefined
  } catch {
    return undefined
  }
}

test('an event wakes for its kind wherever the stream is cut, and what is no event ends the stream', async () => {
  await fuzz({
    name: 'event streams',
    inputs: stream.map(chunksOf),
    count: 6000,
    run: async (chunks) => expect(await wokenBy(chunks)).toEqual(expected(chunks)),
  })
})
