import { mkdtempSync, rmSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import nock from 'nock'
import { afterEach, describe, expect, test } from 'vitest'
import { connectEngine } from '../../src/swarm/client.ts'
import { EngineError, type EngineErrorKind } from '../../src/swarm/errors.ts'
import { type FakeEngine, json, startFakeEngine } from '../support/fake-engine.ts'

// These tests are about sockets: none of the interception that the setup file installs.
nock.restore()

let fake: FakeEngine | undefined
afterEach(async () => {
  await fake?.close()
  fake = undefined
})

const never = new AbortController().signal

/** Short only where an answer is spoiled: a busy machine may take its time over a good one. */
async function engineOf(answer?: RequestListener, callTimeoutMs = answer === undefined ? 10_000 : 300) {
  fake = await startFakeEngine()
  fake.answer('/services', answer)
  return connectEngine({ host: fake.host, callTimeoutMs })
}

const failure = async (call: Promise<unknown>) => {
  const error = await call.then(
    (value) => expect.unreachable(`answered ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(EngineError)
  return error as EngineError
}

test('reads lists, a node and info, asking for no API version', async () => {
  const engine = await engineOf()
  const [info, services, nodes] = await Promise.all([engine.info(never), engine.services(never), engine.nodes(never)])
  const self = await engine.node(info.Swarm.NodeID, never)
  expect(services.map((service) => service.Spec.Name)).toContain('web')
  expect(nodes.map((node) => node.ID)).toContain(self.ID)
  expect(fake?.requests.toSorted()).toEqual(['/info', '/nodes', `/nodes/${self.ID}`, '/services'])
})

test('speaks over a unix socket', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'engine-'))
  fake = await startFakeEngine({}, join(folder, 'docker.sock'))
  expect(await connectEngine({ host: fake.host }).services(never)).not.toEqual([])
  rmSync(folder, { recursive: true })
})

const NOT_MANAGER =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.'
const NO_LEADER = "rpc error: code = Unknown desc = The swarm does not have a leader. It's possible that too few managers are online."
const html: RequestListener = (_, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>proxy</html>')
const cut =
  (how: 'end' | 'resetAndDestroy'): RequestListener =>
  (_, response) => {
    response.writeHead(200, { 'content-length': 1000 }).write('[{"ID":')
    setTimeout(() => response.socket?.[how](), 20)
  }

describe('an answer that is no list of services is an error and never an empty list:', () => {
  const cases: readonly [name: string, answer: RequestListener, kind: EngineErrorKind, text: RegExp][] = [
    ['503 of an engine outside a swarm', json(503, { message: NOT_MANAGER }), 'notManager', /not a swarm manager/],
    ['500 without a leader', json(500, { message: NO_LEADER }), 'noLeader', /does not have a leader/],
    ['500 of a call that was under way when the quorum went', json(500, { message: 'context deadline exceeded' }), 'noLeader', /deadline/],
    ['500 of another kind', json(500, { message: 'disk full' }), 'refused', /GET \/services: 500 disk full$/],
    ['403 of a socket proxy in HTML', (_, r) => void r.writeHead(403).end('<html>\n\n  no  </html>'), 'refused', /403 /],
    ['200 with HTML', html, 'malformed', /not JSON/],
    ['200 with nothing', (_, r) => void r.writeHead(200).end(), 'malformed', /not JSON/],
    ['200 with null', json(200, null), 'malformed', /not JSON/],
    ['200 with an object', json(200, { message: 'hello' }), 'malformed', /at the top/],
    ['200 with a text', json(200, 'hello'), 'malformed', /at the top/],
    ['200 with one broken entry among good ones', json(200, [{ ID: 'a', CreatedAt: '', Spec: {} }]), 'malformed', /0\.Spec\.Name/],
    ['no answer at all', () => {}, 'timeout', /within 300 ms/],
    ['a body that is cut off', cut('end'), 'timeout', /within 300 ms/],
    ['a body whose connection is reset', cut('resetAndDestroy'), 'unreachable', /ECONNRESET|aborted/],
    ['headers and then silence', (_, r) => void r.writeHead(200).write('['), 'timeout', /within 300 ms/],
    ['a reset instead of an answer', (q) => void q.socket.resetAndDestroy(), 'unreachable', /ECONNRESET|socket hang up/],
    ['a redirect to where nobody listens', (_, r) => void r.writeHead(301, { location: 'http://127.0.0.1:1/' }).end(), 'refused', /301/],
    ['a redirect to nonsense', (_, r) => void r.writeHead(301, { location: 'ftp://127.0.0.1:1/' }).end(), 'refused', /301/],
  ]
  test.each(cases)('%s', async (_, answer, kind, text) => {
    const engine = await engineOf(answer)
    const error = await failure(engine.services(never))
    expect(error.kind).toBe(kind)
    expect(error.message).toMatch(text)
    expect(error.message.length).toBeLessThan(250)
  })

  test('nobody listening', async () => {
    const error = await failure(connectEngine({ host: 'unix:///nowhere/docker.sock' }).services(never))
    expect(error.kind).toBe('unreachable')
    expect(error.message).toBe('GET /services: connect ENOENT /nowhere/docker.sock')
  })
})

test.each([
  ['before the answer', () => {}],
  ['in the middle of the body', (_: unknown, response: Parameters<RequestListener>[1]) => void response.writeHead(200).write('[')],
])('an aborted call rejects with the reason and lets go of the connection, %s', async (_, answer) => {
  const engine = await engineOf(answer, 30_000)
  const stop = new AbortController()
  const reason = new Error('stopping')
  setTimeout(() => stop.abort(reason), 50)
  await expect(engine.services(stop.signal)).rejects.toBe(reason)
  await expect(engine.services(stop.signal)).rejects.toBe(reason)
  expect(fake?.requests).toEqual(['/services'])
})

test('an aborted event stream is destroyed, and a reset one does not end the process', async () => {
  const engine = await engineOf()
  const stop = new AbortController()
  const stream = await engine.events(stop.signal)
  stop.abort()
  await expect.poll(() => fake?.streams()).toBe(0)
  expect(stream.destroyed).toBe(true)

  const lost = await engine.events(never)
  fake?.cut('reset')
  await expect.poll(() => lost.destroyed).toBe(true)
})
