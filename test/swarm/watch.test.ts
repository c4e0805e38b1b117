import { setTimeout as sleep } from 'node:timers/promises'
import nock from 'nock'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { connectEngine } from '../../src/swarm/client.ts'
import { type Watch, watchSwarm } from '../../src/swarm/watch.ts'
import { createTally } from '../../src/tally.ts'
import { type FakeEngine, fixtureText, json, startFakeEngine } from '../support/fake-engine.ts'

nock.restore()

const BACKOFF = { minMs: 20, maxMs: 100 }

let fake: FakeEngine
let stop: AbortController
let running: Promise<void>
let woken: string[]
let logged: { readonly level: string; readonly message: string; readonly err?: string }[]
const tally = () => counters.read().counts
let counters = createTally()

beforeEach(async () => {
  fake = await startFakeEngine()
  stop = new AbortController()
  running = Promise.resolve()
  woken = []
  logged = []
  counters = createTally()
})
afterEach(async () => {
  stop.abort()
  await running
  await expect.poll(() => fake.streams()).toBe(0)
  await fake.close()
})

function start(options: { readonly recycleMs?: number; readonly callTimeoutMs?: number; readonly backoff?: typeof BACKOFF } = {}): Watch {
  const { callTimeoutMs = 300, ...rest } = options
  const write = (line: string) => void logged.push(JSON.parse(line))
  const watch = watchSwarm({
    engine: connectEngine({ host: fake.host, callTimeoutMs }),
    onEvent: (kind) => woken.push(kind),
    log: pino({ level: 'debug', messageKey: 'message', formatters: { level: (level) => ({ level }) } }, { write }),
    tally: counters,
    now: () => performance.now(),
    backoff: BACKOFF,
    ...rest,
  })
  running = watch.run(stop.signal)
  return watch
}

/** Waits until a stream is open, and forgets what that woke. */
async function opened(watch: Watch) {
  await watch.opened
  await expect.poll(() => fake.streams()).toBe(1)
  woken.length = 0
}

describe('the event stream', () => {
  test('wakes for both kinds when it is open, for a full reading that misses nothing', async () => {
    const watch = start()
    expect(watch.state()).toEqual({ openedAt: undefined, lastEventAt: {} })
    await watch.opened
    expect(fake.streams()).toBe(1)
    expect(woken).toEqual(['service', 'node'])
    expect(watch.state()).toEqual({ openedAt: expect.any(Number), lastEventAt: {} })
    expect(tally().reconnects).toEqual([])
  })

  test('does not keep the first reading waiting where it cannot be opened', async () => {
    fake.answer('/events', (_, response) => void response.writeHead(500).end('{"message":"no events here"}'))
    const watch = start()
    await watch.opened
    expect([fake.streams(), woken]).toEqual([0, []])
    expect(logged.filter(({ level }) => level === 'warn')).toHaveLength(1)
  })

  test('wakes once for each event by its kind and counts it by type and action', async () => {
    const watch = start()
    await opened(watch)
    const text = fixtureText('events.jsonl')
    const kinds = text
      .trim()
      .split('\n')
      .map((line): string => JSON.parse(line).Type)
    fake.send(text)
    await expect.poll(() => woken).toEqual(kinds)
    expect(watch.state().lastEventAt).toEqual({ service: expect.any(Number), node: expect.any(Number) })
    expect(tally().events).toEqual(
      expect.arrayContaining([
        { labels: { type: 'service', action: 'create' }, value: 1 },
        { labels: { type: 'service', action: 'remove' }, value: 1 },
        { labels: { type: 'node', action: 'create' }, value: 1 },
      ]),
    )
  })

  test('may split lines and characters anywhere', async () => {
    await opened(start())
    const bytes = Buffer.from('{"Type":"service","Action":"update","Actor":{"Attributes":{"name":"Zürich-東京"}}}\n')
    for (let at = 0; at < bytes.length; at += 7) {
      fake.send(bytes.subarray(at, at + 7))
      await sleep(2)
    }
    await expect.poll(() => woken).toEqual(['service'])
  })

  test('may carry events of other types and empty lines, which wake nobody', async () => {
    await opened(start())
    fake.emit('network', 'create')
    fake.send('\n{"status":"legacy"}\n')
    fake.emit('node', 'update')
    await expect.poll(() => woken).toEqual(['node'])
  })

  test('may replay hundreds of old events, which only wake', async () => {
    const watch = start()
    await opened(watch)
    const old =
      '{"Type":"service","Action":"remove","Actor":{"ID":"gone","Attributes":{"name":"gone"}},"scope":"swarm","time":1600000000}\n'
    fake.send(old.repeat(300))
    await expect.poll(() => woken.length).toBe(300)
    expect(new Set(woken)).toEqual(new Set(['service']))
    expect(fake.requests).toEqual(['/events'])
  })

  test('may bring actions that nobody knows, which are counted together', async () => {
    await opened(start())
    fake.emit('service', 'one')
    fake.emit('service', 'two')
    await expect.poll(() => tally().events).toEqual([{ labels: { type: 'service', action: 'other' }, value: 2 }])
  })
})

describe('a stream that is lost is opened again, and the opening wakes:', () => {
  test.each(['end', 'reset'] as const)('by the engine (%s)', async (how) => {
    const watch = start()
    await opened(watch)
    fake.cut(how)
    await expect.poll(() => woken).toEqual(['service', 'node'])
    expect(tally().reconnects).toEqual([{ labels: {}, value: 1 }])
    fake.emit('node', 'update')
    await expect.poll(() => woken.at(-1)).toBe('node')
  })

  test('by a line that is not JSON', async () => {
    await opened(start())
    fake.send('<html>\n')
    await expect.poll(() => woken).toEqual(['service', 'node'])
    expect(logged.some(({ err }) => err === 'GET /events: a line that is no event')).toBe(true)
  })

  test('on request, because it turned out to be deaf', async () => {
    const watch = start()
    await opened(watch)
    watch.missed(['service', 'node'])
    await expect.poll(() => woken).toEqual(['service', 'node'])
    await expect.poll(() => fake.streams()).toBe(1)
    expect(tally()).toMatchObject({ missedEvents: [{ labels: {}, value: 2 }], reconnects: [{ labels: {}, value: 1 }] })
  })

  test('in time before a proxy would cut it, and nobody is told', async () => {
    const watch = start({ recycleMs: 80 })
    await opened(watch)
    await expect.poll(() => fake.requests.length).toBe(3)
    expect(woken.slice(0, 4)).toEqual(['service', 'node', 'service', 'node'])
    expect(tally().reconnects).toEqual([])
    expect(logged.filter(({ level }) => level !== 'debug')).toEqual([])
  })

  test('at once and quietly where it had lasted, as behind a proxy with a short limit', async () => {
    await opened(start({ backoff: { minMs: 20, maxMs: 30 } }))
    await sleep(40)
    fake.cut('end')
    await expect.poll(() => woken).toEqual(['service', 'node'])
    expect(logged.filter(({ level }) => level !== 'debug')).toEqual([])
  })
})

describe('an engine that gives no stream is asked again, with growing waits:', () => {
  test.each([
    ['it answers 500', json(500, { message: 'no' })],
    ['it never answers', () => {}],
    ['it ends every stream at once', (_: unknown, response: { end(): void }) => response.end()],
  ] as const)('%s', async (_, answer) => {
    fake.answer('/events', answer)
    const watch = start({ callTimeoutMs: 50, backoff: { minMs: 20, maxMs: 40 } })
    await expect.poll(() => fake.requests.length, { timeout: 3000 }).toBeGreaterThanOrEqual(4)
    expect(logged.filter(({ level }) => level === 'warn')).toHaveLength(1)
    fake.answer('/events', undefined)
    await expect.poll(() => watch.state().openedAt, { timeout: 3000 }).toBeTypeOf('number')
    fake.emit('node', 'update')
    await expect.poll(() => watch.state().lastEventAt.node).toBeTypeOf('number')
    expect(logged.at(-1)).toMatchObject({ level: 'info', message: 'event stream of the engine is open again' })
  })

  test('and nothing runs on after the stop', async () => {
    fake.answer('/events', json(500, { message: 'no' }))
    const watch = start()
    await expect.poll(() => fake.requests.length).toBeGreaterThan(0)
    stop.abort()
    await running
    await watch.opened
    // One may have been on its way.
    await sleep(200)
    const { length } = fake.requests
    await sleep(3 * BACKOFF.maxMs)
    expect(fake.requests).toHaveLength(length)
  })
})
