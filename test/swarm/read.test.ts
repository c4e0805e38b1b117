import nock from 'nock'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { connectEngine } from '../../src/swarm/client.ts'
import { NotReady } from '../../src/swarm/errors.ts'
import { readSnapshot } from '../../src/swarm/read.ts'
import { infoJson, nodeJson } from '../support/engine-json.ts'
import { type FakeEngine, fixture, json, startFakeEngine } from '../support/fake-engine.ts'

nock.restore()

let fake: FakeEngine
beforeEach(async () => {
  fake = await startFakeEngine()
})
afterEach(() => fake.close())

const never = new AbortController().signal
const read = (signal = never) => readSnapshot(connectEngine({ host: fake.host, callTimeoutMs: 300 }), signal)
const reason = async () =>
  read().then(
    () => 'ready',
    (error: unknown) => (error instanceof NotReady ? `${error.reason}: ${error.message}` : String(error)),
  )

test('a snapshot has both lists, the swarm and the leadership, with /info first and last', async () => {
  const snapshot = await read()
  expect(snapshot).toMatchObject({ clusterId: 'ogilzvd65vtq003jflxy55ygd', nodeId: 'y49oao301hopbfksw8luvjm1b', isLeader: true })
  expect(snapshot.services.map(({ name }) => name).sort()).toEqual(['blog', 'dns', 'plain', 'web'])
  expect(snapshot.nodes.map(({ hostname }) => hostname)).toEqual(['node-1', 'node-0'])
  expect([fake.requests[0], fake.requests.at(-1), fake.requests.length]).toEqual(['/info', '/info', 5])
})

test('a manager that does not lead reads the same snapshot as a standby', async () => {
  fake.state.nodes = [
    nodeJson({ id: 'a', address: '10.0.0.1', managerAddress: '10.0.0.1:2377' }),
    nodeJson({ id: 'b', address: '10.0.0.2', managerAddress: '10.0.0.2:2377', leader: true }),
  ]
  fake.state.info = infoJson({ nodeId: 'a' })
  const snapshot = await read()
  expect(snapshot.isLeader).toBe(false)
  expect(snapshot.nodes.map(({ leader }) => leader)).toEqual([false, true])
})

test('an empty list of services from a manager is believed', async () => {
  fake.state.services = []
  expect((await read()).services).toEqual([])
})

test.each([
  ['info-worker', 'worker: this node is a worker'],
  ['info-inactive', 'notInSwarm: this engine is not part of a swarm'],
  ['info-noquorum', /^noQuorum: .*does not have a leader/],
])('an engine that answers with %s is not ready', async (name, expected) => {
  fake.state.info = fixture(name)
  expect(await reason()).toMatch(expected)
  expect(fake.requests).toEqual(['/info'])
})

test.each([
  ['locked', { Swarm: { LocalNodeState: 'locked' } }, /^locked: /],
  ['an error of another kind', infoJson({ nodeId: 'a', error: 'certificate expired' }), /^swarmError: certificate expired/],
  ['no cluster', infoJson({ nodeId: 'a', clusterId: '' }), /^swarmError: /],
])('an engine whose swarm is %s is not ready', async (_, info, expected) => {
  fake.state.info = info
  expect(await reason()).toMatch(expected)
})

test.each([
  ['/services', 503, "This node is not a swarm manager. Worker nodes can't be used", /^worker: /],
  ['/nodes', 503, 'This node is not a swarm manager. Use "docker swarm init"', /^notInSwarm: /],
  ['/services', 500, 'The swarm does not have a leader.', /^noQuorum: /],
  ['/nodes', 500, 'disk full', /^engine: GET \/nodes: 500 disk full/],
])('one failed call ends the reading: %s answers %i %s', async (path, status, message, expected) => {
  fake.answer(path, json(status, { message }))
  expect(await reason()).toMatch(expected)
})

test('an engine that became another node during the reading gives no snapshot', async () => {
  fake.answer('/services', (request, response) => {
    fake.state.info = infoJson({ nodeId: 'another', clusterId: 'ogilzvd65vtq003jflxy55ygd' })
    json(200, [])(request, response)
  })
  expect(await reason()).toBe('changed: the engine became another node during the reading: y49oao301hopbfksw8luvjm1b, then another')
})

test('nor one that joined another swarm during the reading', async () => {
  fake.answer('/services', (request, response) => {
    fake.state.info = infoJson({ nodeId: 'y49oao301hopbfksw8luvjm1b', clusterId: 'another' })
    json(200, [])(request, response)
  })
  expect(await reason()).toMatch(/^changed: /)
})

test('an engine that lost its quorum during the reading gives no snapshot', async () => {
  fake.answer('/services', (request, response) => {
    fake.state.info = fixture('info-noquorum')
    json(200, [])(request, response)
  })
  expect(await reason()).toMatch(/^noQuorum: /)
})

test('a list of nodes without the own node is not believed', async () => {
  fake.answer('/nodes', json(200, []))
  expect(await reason()).toMatch(/^changed: the list of nodes lacks/)
})

test('a failed call lets the others go instead of waiting for them', async () => {
  const closed = Promise.withResolvers<void>()
  fake.answer('/services', (_, response) => void response.on('close', closed.resolve))
  fake.answer('/nodes', json(500, { message: 'no' }))
  expect(await reason()).toMatch(/^engine: /)
  await closed.promise
})

test('an aborted reading rejects with the reason of the abort', async () => {
  fake.answer('/services', () => {})
  const stop = new AbortController()
  setTimeout(() => stop.abort(new Error('stopping')), 30)
  await expect(read(stop.signal)).rejects.toThrow('stopping')
})
