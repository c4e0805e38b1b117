// What an engine, or a proxy in front of it, may send: events cut anywhere, broken characters, endless lines, JSON of any shape.

import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { toNode, toService, toTask } from '../../src/swarm/convert.ts'
import { EndpointError, resolveEndpoint } from '../../src/swarm/endpoint.ts'
import { toEngineError } from '../../src/swarm/errors.ts'
import { readLines } from '../../src/swarm/lines.ts'
import { wire } from '../../src/swarm/wire.ts'
import { fuzz } from './measure.ts'
import { anyJson, anyText, like, mutated } from './texts.ts'

async function* chunked(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Buffer> {
  let from = 0
  for (const cut of [...cuts.map((one) => one % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]) {
    yield bytes.subarray(from, cut)
    from = cut
  }
}

async function linesOf(bytes: Buffer, cuts: readonly number[], most: number): Promise<string[] | 'too long'> {
  const lines: string[] = []
  try {
    for await (const line of readLines(chunked(bytes, cuts), most)) lines.push(line)
  } catch {
    return 'too long'
  }
  return lines
}

const piece = fc.oneof(
  anyText.map((text) => Buffer.from(text)),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  fc.constantFrom('{"Type":"service","Action":"create"}\n', '\n', '\r\n', '\n\n', 'é', '漢', '😀').map((text) => Buffer.from(text)),
)
const stream = fc.record({
  bytes: fc.array(piece, { maxLength: 8 }).map((all) => Buffer.concat(all)),
  cuts: fc.array(fc.nat(4000), { maxLength: 8 }),
})

test('lines are the same wherever the stream is cut', async () => {
  await fuzz({
    name: 'lines',
    inputs: stream,
    count: 10_000,
    run: async ({ bytes, cuts }) => {
      const whole = bytes.toString('utf8').split('\n').slice(0, -1)
      expect(await linesOf(bytes, cuts, 1_000_000)).toEqual(whole.filter((line) => line.trim() !== ''))
    },
  })
})

test('a line without an end is no event stream, and is not kept', async () => {
  await fuzz({
    name: 'long lines',
    inputs: stream,
    count: 3000,
    run: async ({ bytes, cuts }) => {
      const lines = await linesOf(bytes, cuts, 100)
      if (lines !== 'too long') expect((bytes.toString('utf8').split('\n').at(-1) ?? '').length).toBeLessThanOrEqual(100)
    },
  })
})

const FOLDER = new URL('../fixtures/engine/', import.meta.url)
const captured = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.json'))
  .map((name): unknown => JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')))
const lists = captured.flatMap((one): unknown[] => (Array.isArray(one) ? one : [one]))

test('services, nodes and tasks are read from any answer, or not at all', async () => {
  await fuzz({
    name: 'answers',
    inputs: fc.oneof({ weight: 5, arbitrary: mutated(fc.constantFrom(...lists)) }, { weight: 1, arbitrary: anyJson }),
    count: 8000,
    run: (body) => {
      const [services, nodes, tasks] = [wire.services.safeParse([body]), wire.nodes.safeParse([body]), wire.tasks.safeParse([body])]
      for (const one of services.data?.map(toService) ?? []) expect(typeof one.name).toBe('string')
      for (const one of nodes.data?.map(toNode) ?? []) expect(typeof one.hostname).toBe('string')
      for (const one of tasks.data?.map(toTask) ?? []) expect(typeof one.nodeId).toBe('string')
      wire.info.safeParse(body)
    },
  })
})

test('errors of any shape become one short line', async () => {
  await fuzz({
    name: 'engine errors',
    inputs: fc.oneof(
      anyJson,
      fc.record({ statusCode: fc.constantFrom(400, 403, 404, 500, 503), message: anyText, json: anyJson, code: anyText }),
    ),
    count: 4000,
    run: (raw) => {
      const error = toEngineError('GET /services', raw)
      return { size: error.message.length, most: 1000 }
    },
  })
})

test('an endpoint is one, or EndpointError says why not', async () => {
  await fuzz({
    name: 'endpoints',
    inputs: like('unix:///var/run/docker.sock', 'tcp://10.0.0.1:2375', 'http://[::1]:2375', 'ssh://host', 'npipe:////./pipe/x'),
    count: 3000,
    declared: (error) => error instanceof EndpointError,
    run: (host) => void resolveEndpoint({ host }),
  })
})
